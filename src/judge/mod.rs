//! Judges an observation under a profile. Pure.
//!
//! [`judge`] says how one target stands; [`Standing`] takes these results one by
//! one and ends in the findings document of the whole run.
//!
//! * Each distinct check is judged once for each target, for whichever entries ask for it.
//! * An entry holds for a target when one of its groups passes as a whole
//!   ([`rollup`]); outside its dates, and for other roles, it does not apply.
//! * A `must` that fails is a failure, a `should` that fails a warning, and a
//!   `may` decides nothing. What cannot be told stays open and is never a pass.
//! * The [`gate`] turns that into an exit code.

mod address;
pub mod against;
mod calendar;
mod compare;
mod controls;
pub mod diff;
mod difference;
mod digest;
mod evidence;
pub mod gate;
mod instance;
mod interner;
mod judging;
mod matrix;
mod place;
mod products;
mod profile;
pub mod rollup;
mod standing;
mod tally;
mod target;
pub mod waivers;

pub use calendar::{Calendar, Turn};
pub use difference::difference;
pub use digest::{digest, hex};
pub use matrix::matrix;
pub use profile::{ResolvedCheck, ResolvedEntry, ResolvedProfile};
pub use rollup::EntryOutcome;
pub use standing::Standing;
pub use tally::{Crosswalk, Tally};
pub use target::{Dates, Defect, Observed, TargetResult, judge, not_reached};
