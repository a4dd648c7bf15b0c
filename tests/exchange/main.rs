//! An exchange between offices, with the built program: what they hand each
//! other, who is trusted, what is refused and why, and what other programs make
//! of the files.

// A test that cannot go on should stop at once.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod attacks;
mod commands;
mod comparing;
mod corpus;
mod create;
mod demo;
mod guide;
mod interop;
mod keys;
mod killed;
mod labels;
mod marks;
mod office;
mod packs;
mod panels;
mod refusals;
mod reporting;
mod rosters;
mod support;
