//! Judges observations made by hand, from facts to the findings document.

mod command;
mod common;
mod entries;
mod fingerprints;
mod gate;
mod whole;
