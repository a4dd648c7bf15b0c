//! What allies exchange: how participants stand, and never which target fails.
//!
//! * [`exchange`] is what participants agree on: a profile, a calendar, pins.
//! * [`document`] is what they hand each other, inside an in-toto statement.
//! * [`ledger`] remembers what was cut, so that no period is cut twice.
//!
//! Everything here is pure. A document holds no row and no name of a target,
//! and each number that could tell one is a band. These are rules and not
//! differential privacy: who knows most of a fleet can infer the rest.

pub mod document;
pub mod exchange;
pub mod ledger;
pub mod names;
