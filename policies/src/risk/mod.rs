//! The evidence score and verdict, with its arithmetic.
