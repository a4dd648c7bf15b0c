//! The built program, run as its users run it.

mod bad_input;
mod crowd;
mod many;
mod scanning;
mod support;
