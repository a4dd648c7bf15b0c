//! Holds a signed document against the roster.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

use super::{
    document::{Aggregate, Baseline, Predicate, Statement, payload_digest},
    envelope::Envelope,
    key::PublicKey,
    kind::DocumentKind,
    refusal::Refusal,
    roster::{Accepted, Roster},
    statement,
    trust::not_ahead,
};
use crate::model::tlp::Tlp;

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// Id of the reader; `None` for one who belongs to no audience.
    pub id: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
    /// Digests of documents that were accepted here before. They stay readable
    /// when the roster has expired.
    pub seen: &'a BTreeSet<String>,
}

/// A document whose signature holds and which obeys every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<P> {
    /// The document.
    pub statement: Statement<P>,
    /// Digest of its payload.
    pub digest: String,
    /// Fingerprint of the key that signed.
    pub key: String,
    /// Whose key it is; `None` for a root key.
    pub signer: Option<String>,
    /// Whether the key has ended since.
    pub key_ended: bool,
    /// Whether the key was put in the place of a lost one without its signature.
    pub recovered: bool,
    /// Whether the roster has expired: later withdrawals may be missing.
    pub stale: bool,
}

/// Verifies a baseline that the roster lists.
///
/// # Errors
/// A refusal for each rule that it breaks; [`Refusal::Unlisted`] when it breaks
/// none and is not listed yet.
pub fn baseline(
    envelope: &Envelope,
    roster: &Roster,
    reader: Reader<'_>,
) -> Result<Verified<Baseline>, Refusal> {
    let verified = signed_baseline(envelope, roster, reader)?;
    listed(
        &verified,
        Some(&verified.statement.predicate.participant),
        roster,
    )?;
    Ok(verified)
}

/// Verifies a baseline that the stewards may accept: it breaks no rule, and is
/// not listed yet.
///
/// # Errors
/// A refusal for each rule that it breaks, and for one that is listed.
pub fn candidate(
    envelope: &Envelope,
    roster: &Roster,
    reader: Reader<'_>,
) -> Result<Verified<Baseline>, Refusal> {
    let verified = signed_baseline(envelope, roster, reader)?;
    let participant = verified.statement.predicate.participant.clone();
    pending(verified, Some(&participant), roster)
}

/// Verifies an aggregate that the roster lists.
///
/// # Errors
/// As [`baseline`].
pub fn aggregate(
    envelope: &Envelope,
    roster: &Roster,
    reader: Reader<'_>,
) -> Result<Verified<Aggregate>, Refusal> {
    let verified = signed_aggregate(envelope, roster, reader)?;
    listed(&verified, None, roster)?;
    Ok(verified)
}

/// Verifies an aggregate that the stewards may accept.
///
/// # Errors
/// As [`candidate`].
pub fn aggregate_candidate(
    envelope: &Envelope,
    roster: &Roster,
    reader: Reader<'_>,
) -> Result<Verified<Aggregate>, Refusal> {
    let verified = signed_aggregate(envelope, roster, reader)?;
    pending(verified, None, roster)
}

fn signed_baseline(
    envelope: &Envelope,
    roster: &Roster,
    reader: Reader<'_>,
) -> Result<Verified<Baseline>, Refusal> {
    let keys: Vec<&PublicKey> = roster.participant_keys().collect();
    let verified: Verified<Baseline> =
        signed(envelope, DocumentKind::Baseline, &keys, roster, reader.now)?;
    let claimed = &verified.statement.predicate.participant;
    common(&verified, roster, reader)?;
    if !roster.participants.contains_key(claimed) {
        return Err(Refusal::UnknownParticipant(claimed.clone()));
    }
    match &verified.signer {
        Some(signer) if signer == claimed => Ok(verified),
        signer => Err(Refusal::WrongParticipant {
            key_of: signer.clone().unwrap_or_default(),
            claimed: claimed.clone(),
        }),
    }
}

fn signed_aggregate(
    envelope: &Envelope,
    roster: &Roster,
    reader: Reader<'_>,
) -> Result<Verified<Aggregate>, Refusal> {
    let roots = roster.roots.iter().map(|root| &root.key);
    let keys: Vec<&PublicKey> = roots.chain(roster.participant_keys()).collect();
    let verified: Verified<Aggregate> =
        signed(envelope, DocumentKind::Aggregate, &keys, roster, reader.now)?;
    common(&verified, roster, reader)?;
    let accepted = |digest: &String| {
        let counts = |one: &Accepted| one.payload == *digest && one.withdrawn.is_none();
        roster.accepted.iter().any(counts)
    };
    match verified
        .statement
        .predicate
        .payloads
        .iter()
        .find(|digest| !accepted(digest))
    {
        Some(digest) => Err(Refusal::Content(format!(
            "it is made from {digest}, which the roster does not list"
        ))),
        None => Ok(verified),
    }
}

/// Signatures first, then the payload.
fn signed<P: Predicate + DeserializeOwned>(
    envelope: &Envelope,
    kind: DocumentKind,
    keys: &[&PublicKey],
    roster: &Roster,
    now: Timestamp,
) -> Result<Verified<P>, Refusal> {
    let signers = envelope.signers(kind, keys)?;
    let key = signers.first().ok_or(Refusal::NotSigned)?;
    let statement: Statement<P> = statement::read(&envelope.payload, kind)?;
    if statement.predicate.head().label == Tlp::Red {
        return Err(Refusal::Red);
    }
    statement
        .check()
        .map_err(|wrong| Refusal::Content(wrong.to_string()))?;
    let owner = roster.owner(key);
    Ok(Verified {
        statement,
        digest: payload_digest(&envelope.payload),
        key: key.fingerprint(),
        signer: owner.map(|(id, _)| id.to_owned()),
        key_ended: owner.is_some_and(|(_, key)| key.ended.is_some()),
        recovered: owner.is_some_and(|(_, key)| key.recovered),
        stale: roster.is_expired(now),
    })
}

/// Rules for documents of both kinds.
fn common<P: Predicate>(
    verified: &Verified<P>,
    roster: &Roster,
    reader: Reader<'_>,
) -> Result<(), Refusal> {
    let head = verified.statement.predicate.head();
    if head.exchange != roster.exchange.id {
        return Err(Refusal::OtherExchange {
            expected: roster.exchange.id.clone(),
            found: head.exchange.to_owned(),
        });
    }
    if head.simulated != roster.exchange.simulated {
        return Err(match head.simulated {
            true => Refusal::Simulated("the document".to_owned()),
            false => {
                Refusal::Content("`simulated` must be true in the exchange \"demo\"".to_owned())
            }
        });
    }
    not_ahead(head.created, reader.now)?;
    let Some(period) = roster.exchange.calendar.period(head.period) else {
        return Err(Refusal::NoSuchPeriod(head.period.to_owned()));
    };
    if !period.is_closed(reader.now) {
        return Err(Refusal::PeriodOpen {
            period: period.id.clone(),
            closes: period.closes_at(),
        });
    }
    if head.created < period.opens_at() {
        return Err(Refusal::Content(
            "it was made before the window of its period opened".to_owned(),
        ));
    }
    if head.label != Tlp::Clear && !reader.id.is_some_and(|id| head.audience.contains(id)) {
        return Err(Refusal::WrongAudience {
            reader: reader.id.unwrap_or("somebody without --as").to_owned(),
        });
    }
    if roster.is_expired(reader.now) && !reader.seen.contains(&verified.digest) {
        return Err(Refusal::RosterExpired(roster.expires));
    }
    Ok(())
}

/// The document is listed and counts.
fn listed<P: Predicate>(
    verified: &Verified<P>,
    participant: Option<&str>,
    roster: &Roster,
) -> Result<(), Refusal> {
    let entry = roster
        .accepted
        .iter()
        .find(|one| one.payload == verified.digest);
    let head = verified.statement.predicate.head();
    match entry {
        Some(entry) => {
            // What the list says and what the document says must be one thing.
            if (entry.period.as_str(), entry.participant.as_deref()) != (head.period, participant) {
                return Err(Refusal::Content(
                    "the roster lists it for another participant or period".to_owned(),
                ));
            }
            if let Some(why) = &entry.withdrawn {
                return Err(Refusal::Withdrawn(why.clone()));
            }
            match roster.listed(&entry.period, participant) {
                Some(newest) if newest.payload != entry.payload => {
                    Err(Refusal::Replaced(newest.payload.clone()))
                }
                _ => Ok(()),
            }
        }
        None => Err(unlisted(verified, participant, roster)),
    }
}

/// The document may be accepted.
fn pending<P: Predicate>(
    verified: Verified<P>,
    participant: Option<&str>,
    roster: &Roster,
) -> Result<Verified<P>, Refusal> {
    match listed(&verified, participant, roster) {
        Err(Refusal::Unlisted) => Ok(verified),
        Err(refusal) => Err(refusal),
        Ok(()) => Err(Refusal::Content("the roster lists it already".to_owned())),
    }
}

/// Why a document that is not listed does not count.
fn unlisted<P: Predicate>(
    verified: &Verified<P>,
    participant: Option<&str>,
    roster: &Roster,
) -> Refusal {
    if verified.key_ended {
        return Refusal::RevokedKey {
            key: verified.key.clone(),
            participant: verified.signer.clone().unwrap_or_default(),
        };
    }
    let head = verified.statement.predicate.head();
    let listed = roster.listed(head.period, participant);
    match (listed, head.replaces) {
        (Some(listed), None) => Refusal::SecondDocument {
            period: head.period.to_owned(),
            listed: listed.payload.clone(),
        },
        (listed, Some(named)) if listed.is_none_or(|one| one.payload != named) => {
            Refusal::ReplacesUnlisted(named.to_owned())
        }
        _ => Refusal::Unlisted,
    }
}
