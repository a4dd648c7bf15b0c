//! Finds, loads and lints checks, controls and profiles.
