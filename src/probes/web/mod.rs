//! The web probe.

pub mod facts;
mod kinds;
