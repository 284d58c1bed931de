//! Whole agent against whole server over loopback.
