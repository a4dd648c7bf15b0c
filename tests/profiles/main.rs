//! Keeps the profiles of national guidelines true to the guidelines' own rows.
//!
//! `cases/PROFILE.yaml` is a table: an observation, rows of the guideline, and
//! the verdicts that follow from what these rows say. See [`cases`] for what a
//! case may say.

// A test that cannot go on should stop at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cases;
mod rows;

use scrutineer::content::Content;

fn content() -> Content {
    Content::load(&[], &[]).unwrap_or_else(|faults| panic!("{}", faults.render(false, 120)))
}
