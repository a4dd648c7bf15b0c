//! The TLS probe.

pub mod facts;
