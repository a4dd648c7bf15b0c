//! Whom a document may be encrypted to: a label alone hides nothing.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{
    document::{Aggregate, Baseline, Predicate, Statement},
    kind::DocumentKind,
    refusal::Refusal,
    roster::Roster,
    statement,
};
use crate::model::tlp::Tlp;

/// The keys of an audience.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// SSH public keys, each followed by the id of its participant.
    pub keys: Vec<String>,
    /// Ids in the audience for which there is no key.
    pub without: Vec<String>,
}

/// The recipients of a document that somebody is about to hand out.
///
/// # Errors
/// A label that does not leave, another exchange, an audience of nobody, a
/// roster that has expired.
pub fn of(payload: &[u8], roster: &Roster, now: Timestamp) -> Result<Recipients, Refusal> {
    match statement::kind_of(payload)? {
        DocumentKind::Baseline => read::<Baseline>(payload, DocumentKind::Baseline, roster, now),
        DocumentKind::Aggregate => read::<Aggregate>(payload, DocumentKind::Aggregate, roster, now),
        other => Err(Refusal::Content(format!("a {other} has no audience"))),
    }
}

fn read<P: Predicate + DeserializeOwned>(
    payload: &[u8],
    kind: DocumentKind,
    roster: &Roster,
    now: Timestamp,
) -> Result<Recipients, Refusal> {
    let statement: Statement<P> = statement::read(payload, kind)?;
    let head = statement.predicate.head();
    if head.label == Tlp::Red {
        return Err(Refusal::Red);
    }
    statement
        .check()
        .map_err(|wrong| Refusal::Content(wrong.to_string()))?;
    if head.exchange != roster.exchange.id {
        return Err(Refusal::OtherExchange {
            expected: roster.exchange.id.clone(),
            found: head.exchange.to_owned(),
        });
    }
    if roster.is_expired(now) {
        return Err(Refusal::RosterExpired(roster.expires));
    }
    let mut found = Recipients::default();
    for id in head.audience {
        let who = roster.participants.get(id);
        let keys = who.into_iter().flat_map(|who| &who.keys);
        let before = found.keys.len();
        for key in keys.filter(|key| key.ended.is_none() && !key.key.is_on_security_key()) {
            found.keys.push(format!("{} {id}", key.key.line()));
        }
        if found.keys.len() == before {
            found.without.push(id.clone());
        }
    }
    match found.keys.is_empty() {
        true => Err(Refusal::Content(
            "its audience is nobody with a key".to_owned(),
        )),
        false => Ok(found),
    }
}
