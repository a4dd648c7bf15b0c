//! Judges observations made by hand, from facts to the findings document.

// A test that cannot go on should stop at once.
#![allow(clippy::unwrap_used, clippy::panic, clippy::type_complexity)]

mod against;
mod command;
mod common;
mod entries;
mod fingerprints;
mod gate;
mod matrix;
mod profile_diff;
mod saved;
mod waivers;
mod whole;
