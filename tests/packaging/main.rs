//! Packages, templates, generated pages, and the first minutes of a new user.
//!
//! What needs a program that is not there is left out, and says so loudly.

// A test that cannot go on should stop at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod debian;
mod documents;
mod first_run;
mod reference;
mod release;
mod sent;
mod standalone;
mod start;
mod support;
mod templates;
mod terminal;
mod units;
