//! The built program, run as its users run it.

// A test that cannot go on should stop at once.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod bad_input;
mod contacts;
mod crowd;
mod har;
mod hostile;
mod many;
mod origin;
mod profiles;
mod scanning;
mod seeds;
mod support;
mod web;
