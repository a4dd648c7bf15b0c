//! What participants of an exchange hand each other: made with the built
//! program, and attacked.

// A test that cannot go on should stop at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod attacks;
mod comparing;
mod create;
mod office;
