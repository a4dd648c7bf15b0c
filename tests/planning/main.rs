//! Plans: what they say, and whether following them leads to where they promise.

// A test that cannot go on should stop at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod following;
mod profiles;
mod support;
