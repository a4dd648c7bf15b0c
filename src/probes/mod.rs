//! Probes: each looks at one area of a target and writes facts. None says "bad".
//!
//! A probe is one folder and one line in [`REGISTRY`]. `facts.rs` holds the
//! types that it writes, from which schema, path lint and reference come;
//! `jobs.rs` its bounded exchanges; `fold.rs` turns answers into facts without
//! touching the network.

pub mod dns;
pub mod mail;
pub mod registry;
pub mod tls;
pub mod web;
