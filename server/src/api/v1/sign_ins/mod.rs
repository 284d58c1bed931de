//! Sign-ins at the identity provider, handed in by a program.

pub(in crate::api) mod hand_in;
