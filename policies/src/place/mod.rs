//! The place evaluation: is the device where it should be?
