//! Judges an observation under a profile. Pure.

mod address;
mod digest;
mod instance;
mod profile;
mod rollup;

pub use digest::{digest, hex};
pub use profile::{ResolvedCheck, ResolvedEntry, ResolvedProfile};
pub use rollup::EntryOutcome;
