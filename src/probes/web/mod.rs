//! The web probe.

pub mod facts;
