//! The same cells under another label. Only the source lowers its label: it
//! signs its cells again, says why, and names the document that it takes the
//! place of.

use jiff::Timestamp;

use super::document::{Baseline, Statement};
use super::measure::Refused;
use super::refusal::Refusal;
use crate::model::tlp::Tlp;

/// The document again, under another label.
///
/// # Errors
/// When it has that label already, when the label is one that never leaves, and
/// when the reason is no line.
pub fn relabel(
    old: &Statement<Baseline>,
    label: Tlp,
    reason: &str,
    created: Timestamp,
) -> Result<Statement<Baseline>, Refused> {
    let before = &old.predicate;
    if before.label == label {
        return Err(Refused(format!("the document is {label} already")));
    }
    let created = Timestamp::from_second(created.as_second()).unwrap_or(created);
    if created < before.created {
        return Err(Refused(format!(
            "the document was made at {}, which is later",
            before.created
        )));
    }
    let mut new = old.clone();
    new.predicate.label = label;
    new.predicate.reason = Some(reason.to_owned());
    new.predicate.replaces = Some(old.digest());
    new.predicate.created = created;
    match new.check() {
        Ok(()) => Ok(new),
        Err(wrong) => Err(Refused(format!("the document would not be valid: {wrong}"))),
    }
}

/// Holds a document with a lower label against the one that it takes the place
/// of: apart from label, reason and date, they must say the same.
///
/// # Errors
/// [`Refusal::OtherCells`], with what differs.
pub fn same_cells(old: &Statement<Baseline>, new: &Statement<Baseline>) -> Result<(), Refusal> {
    let differs = |what: &'static str| Err(Refusal::OtherCells(what));
    if new.predicate.replaces.as_deref() != Some(old.digest().as_str()) {
        return differs("it names another document in `replaces`");
    }
    if new.predicate.participant != old.predicate.participant {
        return differs("it is of another participant");
    }
    if new.predicate.cells != old.predicate.cells {
        return differs("its cells are others");
    }
    let mut like = new.clone();
    like.predicate.label = old.predicate.label;
    like.predicate.reason.clone_from(&old.predicate.reason);
    like.predicate.replaces.clone_from(&old.predicate.replaces);
    like.predicate.created = old.predicate.created;
    match like == *old {
        true => Ok(()),
        false => differs("it differs in more than label, reason and date"),
    }
}
