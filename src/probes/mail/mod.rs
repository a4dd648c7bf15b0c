//! The mail probe.

pub mod facts;
