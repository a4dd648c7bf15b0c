//! Every reason not to trust a document, with one sentence each.

use jiff::Timestamp;
use std::fmt;

use super::{canonical::Fault, kind::DocumentKind};
use crate::wire::text::clean;

/// Longest piece of a received document in a message, in characters.
const LONGEST: usize = 120;

/// Why a document is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The file is no DSSE envelope.
    NotAnEnvelope(String),
    /// The envelope or its payload is no strict, canonical JSON.
    Malformed(Fault),
    /// The envelope says that it holds something else.
    PayloadType(String),
    /// The payload is no in-toto Statement v1.
    NotAStatement(String),
    /// The Statement is of another kind.
    PredicateType {
        /// What it should be.
        expected: DocumentKind,
        /// What it says it is.
        found: String,
    },
    /// The Statement is of no kind that this program knows.
    UnknownKind(String),
    /// The payload breaks a rule of its kind.
    Content(String),
    /// Nobody signed.
    NotSigned,
    /// No key of the roster made a signature; what the envelope says about its key.
    UnknownKey(String),
    /// A key is named, but the signature does not fit it.
    BadSignature(String),
    /// The signature covers the bare payload.
    NoPreAuthentication,
    /// An SSH signature of another namespace.
    Namespace {
        /// What it should be.
        expected: DocumentKind,
        /// What it says.
        found: String,
    },
    /// One key signed twice.
    SignedTwice(String),
    /// The key has ended, and the roster does not list the document.
    RevokedKey {
        /// Fingerprint of the key.
        key: String,
        /// Whose it was.
        participant: String,
    },
    /// The key is another participant's.
    WrongParticipant {
        /// Whose the key is.
        key_of: String,
        /// Whom the document names.
        claimed: String,
    },
    /// The document names a participant that the roster does not.
    UnknownParticipant(String),
    /// The document belongs to another exchange.
    OtherExchange {
        /// The roster's.
        expected: String,
        /// The document's.
        found: String,
    },
    /// The reader is not in the audience.
    WrongAudience {
        /// Who reads.
        reader: String,
    },
    /// The document never leaves.
    Red,
    /// Made in the future.
    Future(Timestamp),
    /// The period is not in the calendar.
    NoSuchPeriod(String),
    /// The window of the period is open, or not even that.
    PeriodOpen {
        /// The period.
        period: String,
        /// When its window closes.
        closes: Timestamp,
    },
    /// The roster does not list the document.
    Unlisted,
    /// The roster lists another document of this participant for this period.
    SecondDocument {
        /// The period.
        period: String,
        /// Digest of the listed document.
        listed: String,
    },
    /// A correction names a document that is not the listed one.
    ReplacesUnlisted(String),
    /// The roster lists a correction of this document.
    Replaced(String),
    /// The document was withdrawn; why.
    Withdrawn(String),
    /// The roster has expired.
    RosterExpired(Timestamp),
    /// The roster's term is longer than the rules allow.
    TermTooLong,
    /// The roster is older than one seen before.
    Rollback {
        /// Highest version seen.
        seen: u64,
        /// Version of this one.
        found: u64,
    },
    /// Versions between the one seen before and this one are missing.
    MissingVersion {
        /// Highest version seen.
        seen: u64,
        /// Version of this one.
        found: u64,
    },
    /// Another roster has the same version.
    Fork(u64),
    /// The roster does not continue the one before.
    PreviousDigest(u64),
    /// Too few root keys signed.
    TooFewRoots {
        /// How many signed.
        signed: usize,
        /// Whether the keys of the version before are meant.
        old: bool,
    },
    /// The root keys are not three distinct ones.
    Roots(String),
    /// No root fingerprint was told, and none is known.
    NotTrusted(String),
    /// The root keys are others than told.
    Fingerprint {
        /// What the reader was told.
        told: String,
        /// What the roster has.
        found: String,
    },
    /// A participant's key changed, without the old key and without the mark.
    NotRecovered(String),
    /// What an earlier roster listed is changed or gone.
    HistoryChanged(String),
    /// Keys of a rehearsal outside the exchange `demo`.
    Simulated(String),
    /// A participant signed what the stewards must sign; whose key it is.
    NotASteward(String),
    /// Its label is lower, and the document that it takes the place of is not at hand.
    LabelUnproven,
    /// Its label is lower, and it is not the same document under another label; what differs.
    OtherCells(&'static str),
    /// The document names no exchange, so that it cannot be signed for one.
    NoExchange,
    /// What a period pins is something else.
    NotPinned {
        /// The period.
        period: String,
        /// What: `checks`, or `profile`.
        what: &'static str,
        /// The digest that the roster pins.
        pinned: String,
        /// The document's.
        found: String,
    },
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Malformed(fault)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |text: &String| clean(text, LONGEST);
        match self {
            Self::NotAnEnvelope(why) => write!(f, "it is not a DSSE envelope: {}", cut(why)),
            Self::Malformed(fault) => write!(f, "{fault}"),
            Self::PayloadType(found) => write!(
                f,
                "wrong payload type: its envelope says \"{}\", expected \"{}\"",
                cut(found),
                super::kind::PAYLOAD_TYPE
            ),
            Self::NotAStatement(why) => {
                write!(f, "its payload is not an in-toto Statement v1: {}", cut(why))
            }
            Self::PredicateType { expected, found } => write!(
                f,
                "wrong predicate type: it holds \"{}\", expected \"{}\"",
                cut(found),
                expected.predicate_type()
            ),
            Self::UnknownKind(found) => {
                write!(f, "unknown predicate type: it holds \"{}\"", cut(found))
            }
            Self::Content(why) => write!(f, "it breaks a rule of its kind: {}", clean(why, 300)),
            Self::NotSigned => f.write_str("it is not signed"),
            Self::UnknownKey(hint) if hint.is_empty() => {
                f.write_str("unknown key: no key of the roster made its signature")
            }
            Self::UnknownKey(hint) => write!(
                f,
                "unknown key: no key of the roster made its signature, which names {}",
                cut(hint)
            ),
            Self::BadSignature(key) => write!(
                f,
                "bad signature: it names key {}, but does not fit it; the document was changed, or signed by another key",
                cut(key)
            ),
            Self::NoPreAuthentication => f.write_str(
                "its signature lacks the pre-authentication encoding (DSSE v1): it covers the bare payload and could be moved to another type",
            ),
            Self::Namespace { expected, found } => write!(
                f,
                "wrong namespace: its SSH signature is for \"{}\", expected \"{}\"",
                cut(found),
                expected.ssh_namespace()
            ),
            Self::SignedTwice(key) => write!(
                f,
                "one key signed twice: {}; every signature must be of another key",
                cut(key)
            ),
            Self::RevokedKey { key, participant } => write!(
                f,
                "revoked key: {} of participant \"{}\" has ended, and the roster does not list this document",
                cut(key),
                cut(participant)
            ),
            Self::WrongParticipant { key_of, claimed } => write!(
                f,
                "wrong participant: the key is of \"{}\", the document speaks for \"{}\"",
                cut(key_of),
                cut(claimed)
            ),
            Self::UnknownParticipant(id) => {
                write!(f, "unknown participant: the roster has no \"{}\"", cut(id))
            }
            Self::OtherExchange { expected, found } => write!(
                f,
                "other exchange: it belongs to \"{}\", the roster is of \"{}\"",
                cut(found),
                cut(expected)
            ),
            Self::WrongAudience { reader } => write!(
                f,
                "wrong audience: \"{}\" is not among those who may read it",
                cut(reader)
            ),
            Self::Red => f.write_str("it is labelled TLP:RED, which never leaves its source"),
            Self::Future(created) => write!(
                f,
                "date in the future: it says {created}, more than a day ahead of this machine's clock"
            ),
            Self::NoSuchPeriod(period) => write!(
                f,
                "unknown period: \"{}\" is not in the roster's calendar",
                cut(period)
            ),
            Self::PeriodOpen { period, closes } => write!(
                f,
                "period not closed: the window of {} closes at {closes}",
                cut(period)
            ),
            Self::Unlisted => f.write_str(
                "pending: the roster does not list it yet, so it is not compared",
            ),
            Self::SecondDocument { period, listed } => write!(
                f,
                "second document for period {}: the roster lists {}; a correction must name it in `replaces`",
                cut(period),
                cut(listed)
            ),
            Self::ReplacesUnlisted(named) => write!(
                f,
                "it replaces {}, which is not what the roster lists for its participant and period",
                cut(named)
            ),
            Self::Replaced(by) => {
                write!(f, "replaced: the roster lists a correction, {}", cut(by))
            }
            Self::Withdrawn(why) => write!(f, "withdrawn: {}", cut(why)),
            Self::RosterExpired(when) => write!(
                f,
                "roster expired: it ended at {when}, and nothing new is accepted; ask the stewards for the next version"
            ),
            Self::TermTooLong => write!(
                f,
                "the roster's term is too long: it may last {} months from its creation",
                super::roster::TERM_MONTHS
            ),
            Self::Rollback { seen, found } => write!(
                f,
                "rollback: the roster has version {found}, and version {seen} was seen before"
            ),
            Self::MissingVersion { seen, found } => write!(
                f,
                "missing roster version: the roster has version {found}, the last one seen is {seen}; give those between as well, in order"
            ),
            Self::Fork(version) => write!(
                f,
                "two rosters with version {version}: this one is not the one seen before; ask the stewards which one holds"
            ),
            Self::PreviousDigest(version) => write!(
                f,
                "broken chain: the roster names another previous version than the version {version} seen before"
            ),
            Self::TooFewRoots { signed, old: false } => write!(
                f,
                "too few signatures: {signed} of its root keys signed, 2 of 3 must"
            ),
            Self::TooFewRoots { signed, old: true } => write!(
                f,
                "too few signatures: {signed} of the root keys of the version before signed, 2 of 3 must"
            ),
            Self::Roots(why) => write!(f, "wrong root keys: {}", cut(why)),
            Self::NotTrusted(exchange) => write!(
                f,
                "not trusted yet: no roster of exchange \"{}\" was trusted here; compare its root fingerprint with what the stewards told you, then `roster trust FILE --fingerprint ...`",
                cut(exchange)
            ),
            Self::Fingerprint { told, found } => write!(
                f,
                "wrong root fingerprint: the roster has {}, told was {}",
                cut(found),
                cut(told)
            ),
            Self::NotRecovered(participant) => write!(
                f,
                "a key of \"{}\" is new, is not marked `recovered`, and no earlier key of that participant signed the roster",
                cut(participant)
            ),
            Self::HistoryChanged(what) => {
                write!(f, "history changed: {}", cut(what))
            }
            Self::Simulated(what) => write!(
                f,
                "simulated: {} belongs to a rehearsal, which only the exchange \"demo\" takes",
                cut(what)
            ),
            Self::NotASteward(participant) => write!(
                f,
                "not a steward's key: \"{}\" signed, and 2 of the 3 root keys must",
                cut(participant)
            ),
            Self::LabelUnproven => f.write_str(
                "lower label: give the document that it takes the place of (--replaced FILE), whose cells it must have",
            ),
            Self::OtherCells(what) => write!(
                f,
                "lower label: the source signs the same cells again, and {what}"
            ),
            Self::NoExchange => f.write_str(
                "no exchange: it says of none that it is meant for it; build it with --exchange FILE",
            ),
            Self::NotPinned {
                period,
                what,
                pinned,
                found,
            } => write!(
                f,
                "not pinned: {} pins {what} with the digest {}, and this has {}",
                cut(period),
                cut(pinned),
                cut(found)
            ),
        }
    }
}

impl std::error::Error for Refusal {}
