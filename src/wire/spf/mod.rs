//! SPF (RFC 7208): records, macros, and the check of a sender.
//!
//! There is one evaluation, in [`check_host`] for a message and in [`survey`]
//! for a sender that no term lists. Neither asks DNS: both get a function that
//! answers what is known already, and say what else they need. Who calls them
//! asks that, and calls again.

mod check;
mod client;
mod evaluation;
mod macros;
mod question;
mod record;
mod survey;
mod terms;
#[cfg(test)]
mod tests;

pub use check::{Checked, check_host};
pub use client::Client;
pub use macros::DomainSpec;
pub use question::{Fate, Kind, LookUp, Question, Reply, Verdict};
pub use record::{Directive, Mechanism, Prefixes, Problem, Qualifier, SpfRecord, is_record, parse};
pub use survey::{End, Found, SURVEY_LOOKUPS_MAX, Survey, survey};

/// Most terms with a look-up that a receiver follows (section 4.6.4).
pub const LOOKUPS_MAX: usize = 10;
/// Most look-ups without an answer that a receiver takes (section 4.6.4).
pub const VOID_LOOKUPS_MAX: usize = 2;
