//! Runs on disk: JSON Lines, a header and then an observation a target.
//!
//! A line is written with one call once its target is finished, so that a run
//! can be stopped at any moment, by `kill -9` too: at worst the last line is
//! torn, and then its target counts as not reached.
//!
//! What is remembered between commands lies in a [`StateFolder`], and changes
//! [at once](atomic) or not at all.

pub mod atomic;
mod error;
mod findings;
mod read;
mod shape;
mod state;
mod write;

pub use error::StoreError;
pub use findings::{MAX_FINDINGS, kind_of, read_findings};
pub use read::{FactReader, KnownFacts, MAX_LINE, RunEnd, RunReader};
pub use state::{StateFolder, usual_folder};
pub use write::{RunWriter, resume};
