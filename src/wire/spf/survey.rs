//! What a domain's SPF says of a sender that it does not list, and what it
//! takes to find that out.

use super::{
    evaluation::{Evaluation, Place},
    question::{LookUp, Question, Reply, Verdict},
    record::Qualifier,
};

/// Most look-ups that are followed; a receiver stops after 10.
pub const SURVEY_LOOKUPS_MAX: usize = 40;

/// What the end of a record says of all other senders, redirects followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The qualifier of `all`; `None` when there is none, which counts as neutral.
    Says(Option<Qualifier>),
    /// A record on the way could not be seen.
    Unseen,
}

/// A fault, or something unwise, in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// A name of [`super::Problem`], or `multiple_records`, `include_loop`,
    /// `include_without_spf`, `redirect_without_spf`, `include_passes_all`,
    /// `exists_passes_all`, `too_many_exchangers`, `invalid_name`.
    pub name: &'static str,
    /// The terms that lead to the record.
    pub way: Vec<String>,
    /// The part that is wrong; may be empty.
    pub detail: String,
}

/// The records of a domain, followed to their ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// What a receiver concludes of a sender that no term lists; `None` when
    /// that is not known. A record that lists all addresses lists this one too.
    pub stranger: Option<Verdict>,
    /// What the end of the record says.
    pub end: End,
    /// Terms with a look-up, in the order in which a receiver comes to them.
    pub lookups: Vec<LookUp>,
    /// Faults and what is unwise.
    pub found: Vec<Found>,
    /// Whether there are more look-ups than are followed.
    pub cut: bool,
    /// Questions whose answer is not known yet. The rest holds once there are none.
    pub unasked: Vec<Question>,
}

/// Follows all terms of the record of a domain, and of what it includes.
/// `lookup` answers what is known, as with [`super::check_host`].
pub fn survey(domain: &str, lookup: &dyn Fn(&Question) -> Reply) -> Survey {
    let mut evaluation = Evaluation::new(lookup, None, domain);
    let (outcome, _) = evaluation.domain(Place {
        domain,
        way: &[],
        above: &[],
    });
    Survey {
        stranger: outcome.verdict,
        end: outcome.end,
        lookups: evaluation.lookups,
        found: evaluation.found,
        cut: evaluation.cut,
        unasked: evaluation.unasked,
    }
}
