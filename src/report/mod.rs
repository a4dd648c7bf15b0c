//! One file an output format. Pure: from the findings document to bytes.
//!
//! Whatever leaves is cleaned here once more, though probes clean what they
//! save: a run file may come from elsewhere. What is open is never written as
//! passed, in no format.

pub mod comparison;
pub mod csv;
pub mod diff;
pub mod difference;
pub mod gate;
pub mod html;
pub mod json;
mod json_text;
pub mod jsonl;
pub mod junit;
pub mod markdown;
mod marks;
pub mod matrix;
pub mod observatory;
pub mod openmetrics;
pub mod oscal;
pub mod pack_diff;
pub(crate) mod page;
pub mod period;
pub mod plan_markdown;
pub mod plan_table;
mod plan_words;
mod points;
pub mod sarif;
mod sheet;
pub mod spoofing;
pub mod stix;
pub mod table;
mod target;
pub mod tls_grade;
pub mod tree;
mod uuid;
mod wording;
mod wrap;

pub use table::TableOptions;

#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
