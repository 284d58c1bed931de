//! The suite that every store passes. An engine calls [`run`] with a maker of empty stores.
