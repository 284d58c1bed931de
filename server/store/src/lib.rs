//! What the server remembers: traits and their conformance suite.
