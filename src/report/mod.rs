//! One file an output format. Pure: from the findings document to bytes.
//!
//! Whatever goes to a terminal is cleaned here once more, though probes clean
//! what they save: a run file may come from elsewhere.

pub mod json;
mod page;
pub mod table;
mod target;
mod wrap;

pub use table::TableOptions;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
