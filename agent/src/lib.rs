//! The agent: collects, evaluates, signs, spools, sends.
