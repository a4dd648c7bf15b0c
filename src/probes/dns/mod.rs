//! The DNS probe.

pub mod facts;
