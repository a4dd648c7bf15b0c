//! The roster: who takes part in an exchange, and which documents count.
//!
//! One signed file. Its root keys belong to the stewards, of whom two of three
//! must sign each version.

pub mod draft;

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    canonical,
    document::{Statement, Subject, payload_digest},
    exchange::{DEMO, Exchange, MOST_PERIODS, NOT_A_DIGEST, NOT_A_LINE, NOT_AN_ID, Wrong, is_line},
    key::PublicKey,
    kind::DocumentKind,
    names,
    refusal::Refusal,
};
use crate::judge::hex;
use sha2::{Digest, Sha256};

/// Version of the roster's format.
pub const ROSTER_SCHEMA: &str = "scrutineer.roster/1";
/// Number of root keys.
pub const ROOTS: usize = 3;
/// How many of them must sign.
pub const THRESHOLD: usize = 2;
/// Longest term of a version, in months. After it nothing new is accepted.
pub const TERM_MONTHS: i32 = 8;
/// Most participants.
pub const MOST_PARTICIPANTS: usize = 1_000;
/// Most keys of a participant, ended ones included.
pub const MOST_KEYS: usize = 64;
/// Most documents that are listed.
pub const MOST_LISTED: usize = MOST_PARTICIPANTS * MOST_PERIODS;

/// A version of the roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// Always [`ROSTER_SCHEMA`].
    pub schema: String,
    /// Counts from 1, each version one up.
    pub version: u64,
    /// Payload digest of the version before; `null` for the first.
    pub previous: Option<String>,
    /// When this version was drafted; whole seconds.
    pub created: Timestamp,
    /// When its term ends.
    pub expires: Timestamp,
    /// The root keys.
    pub roots: Vec<Root>,
    /// What participants agreed on.
    pub exchange: Exchange,
    /// Participants by id.
    pub participants: BTreeMap<String, Participant>,
    /// Documents that count, or did, in the order in which they were accepted.
    pub accepted: Vec<Accepted>,
    /// Entries of the profile that turned out to be broken. Their cells are not compared.
    pub withdrawn_entries: Vec<WithdrawnEntry>,
}

/// A root key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// The key.
    pub key: PublicKey,
    /// Whose it is.
    pub organisation: String,
    /// Whether it is made for a rehearsal.
    #[serde(default, skip_serializing_if = "is_false")]
    pub simulated: bool,
}

/// A participant and its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// Its name for people.
    pub name: String,
    /// Its keys, in the order in which they were added. Those that ended stay,
    /// since documents of their time were signed with them.
    pub keys: Vec<ParticipantKey>,
}

/// A key of a participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParticipantKey {
    /// The key.
    pub key: PublicKey,
    /// When it ended and why; `null` while it may sign.
    pub ended: Option<Ended>,
    /// Whether the stewards put it in the place of a lost key, without that key's signature.
    #[serde(default, skip_serializing_if = "is_false")]
    pub recovered: bool,
    /// Whether it is made for a rehearsal.
    #[serde(default, skip_serializing_if = "is_false")]
    pub simulated: bool,
}

/// The end of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// When the stewards ended it.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// A document that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The period.
    pub period: String,
    /// Whose baseline it is; `null` for the period's aggregate.
    pub participant: Option<String>,
    /// Digest of its payload.
    pub payload: String,
    /// Digest of the payload that it takes the place of.
    pub replaces: Option<String>,
    /// Why it was withdrawn; `null` while it counts.
    pub withdrawn: Option<String>,
}

/// An entry of the profile that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawnEntry {
    /// Digest of the entry.
    pub entry: String,
    /// Why.
    pub reason: String,
}

impl Roster {
    /// The Statement with this roster, about the agreement that it carries out.
    ///
    /// # Errors
    /// When the agreement has no canonical form.
    pub fn statement(&self) -> Result<Statement<Self>, Refusal> {
        Ok(Statement {
            statement_type: super::document::STATEMENT.to_owned(),
            subject: vec![self.subject()?],
            predicate_type: DocumentKind::Roster.predicate_type().to_owned(),
            predicate: self.clone(),
        })
    }

    /// The payload that is signed.
    ///
    /// # Errors
    /// When it has no canonical form.
    pub fn payload(&self) -> Result<Vec<u8>, Refusal> {
        Ok(canonical::write(&self.statement()?)?)
    }

    fn subject(&self) -> Result<Subject, Refusal> {
        let agreement = canonical::write(&self.exchange)?;
        Ok(Subject::new("exchange", payload_digest(&agreement)))
    }

    /// Reads a payload and holds it against the rules that need no other document.
    /// Trusts nothing: verify its signatures first.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(payload: &[u8]) -> Result<Self, Refusal> {
        let statement: Statement<Self> = super::statement::read(payload, DocumentKind::Roster)?;
        let roster = statement.predicate;
        roster.check_rules()?;
        if statement.subject != [roster.subject()?] {
            return Err(Refusal::Content(
                "`subject` is not the digest of its exchange".to_owned(),
            ));
        }
        Ok(roster)
    }

    /// Holds the roster against the rules that need no other document.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_rules(&self) -> Result<(), Refusal> {
        self.check_roots()?;
        self.check_rehearsal()?;
        self.check()
            .map_err(|wrong| Refusal::Content(wrong.to_string()))?;
        if self.expires > term_end(self.created) {
            return Err(Refusal::TermTooLong);
        }
        Ok(())
    }

    fn check_roots(&self) -> Result<(), Refusal> {
        let keys: BTreeSet<_> = self.roots.iter().map(|root| root.key.identity()).collect();
        let refused = |why: &str| Err(Refusal::Roots(why.to_owned()));
        if self.roots.len() != ROOTS {
            return refused("there must be three");
        }
        if keys.len() != ROOTS {
            return refused("one key stands twice");
        }
        let used = self.participants.values().flat_map(|who| &who.keys);
        if used
            .into_iter()
            .any(|key| keys.contains(&key.key.identity()))
        {
            return refused("a root key is a participant's key as well");
        }
        Ok(())
    }

    fn check_rehearsal(&self) -> Result<(), Refusal> {
        let keys = self.participants.values().flat_map(|who| &who.keys);
        let simulated = (self.roots.iter().map(|root| (&root.key, root.simulated)))
            .chain(keys.map(|key| (&key.key, key.simulated)))
            .find(|(_, simulated)| *simulated);
        match simulated {
            _ if self.exchange.id == DEMO && !self.exchange.simulated => Err(Refusal::Content(
                "the exchange \"demo\" is for rehearsals: it must be simulated".to_owned(),
            )),
            _ if self.exchange.id == DEMO => Ok(()),
            _ if self.exchange.simulated => Err(Refusal::Simulated(format!(
                "exchange \"{}\"",
                self.exchange.id
            ))),
            Some((key, _)) => Err(Refusal::Simulated(format!("key {}", key.fingerprint()))),
            None => Ok(()),
        }
    }

    fn check(&self) -> Result<(), Wrong> {
        let wrong = |at: &str, why: &str| Err(Wrong::new(at, why));
        if self.schema != ROSTER_SCHEMA {
            return Err(Wrong::new("schema", format!("is not {ROSTER_SCHEMA}")));
        }
        self.exchange.check()?;
        match (self.version, &self.previous) {
            (0, _) => return wrong("version", "counts from 1"),
            (1, Some(_)) => return wrong("previous", "must be null in version 1"),
            (2.., None) => return wrong("previous", "is missing"),
            (_, Some(digest)) if !names::is_digest(digest) => {
                return wrong("previous", NOT_A_DIGEST);
            }
            _ => {}
        }
        let times = [self.created, self.expires];
        if times.iter().any(|time| time.subsec_nanosecond() != 0) {
            return wrong("created", "must be whole seconds, as `expires`");
        }
        if self.expires <= self.created {
            return wrong("expires", "is not after `created`");
        }
        if !self.roots.iter().all(|root| is_line(&root.organisation)) {
            return wrong("roots", NOT_A_LINE);
        }
        self.check_participants()?;
        self.check_accepted()?;
        let mut entries = BTreeSet::new();
        for one in &self.withdrawn_entries {
            if !names::is_digest(&one.entry) || !entries.insert(&one.entry) {
                return wrong("withdrawn_entries", "must be digests, each once");
            }
            if !is_line(&one.reason) {
                return wrong("withdrawn_entries", NOT_A_LINE);
            }
        }
        Ok(())
    }

    fn check_participants(&self) -> Result<(), Wrong> {
        if self.participants.len() > MOST_PARTICIPANTS {
            return Err(Wrong::new("participants", "has too many"));
        }
        let mut keys = BTreeSet::new();
        for (id, who) in &self.participants {
            let at = format!("participants/{id}");
            if !names::is_id(id) {
                return Err(Wrong::new("participants", NOT_AN_ID));
            }
            if !is_line(&who.name) {
                return Err(Wrong::new(at, NOT_A_LINE));
            }
            if who.keys.is_empty() || who.keys.len() > MOST_KEYS {
                return Err(Wrong::new(at, "must have 1 to 64 keys"));
            }
            for key in &who.keys {
                if !keys.insert(key.key.identity()) {
                    return Err(Wrong::new(at, "has a key that stands twice in the roster"));
                }
                if key.ended.as_ref().is_some_and(|end| !is_line(&end.reason)) {
                    return Err(Wrong::new(at, NOT_A_LINE));
                }
            }
        }
        Ok(())
    }

    fn check_accepted(&self) -> Result<(), Wrong> {
        if self.accepted.len() > MOST_LISTED {
            return Err(Wrong::new("accepted", "has too many"));
        }
        let mut digests = BTreeSet::new();
        let mut current: BTreeMap<(&str, Option<&str>), &str> = BTreeMap::new();
        for (index, one) in self.accepted.iter().enumerate() {
            let wrong =
                |key: &str, why: &str| Err(Wrong::new(format!("accepted/{index}/{key}"), why));
            if self.exchange.calendar.period(&one.period).is_none() {
                return wrong("period", "is not in the calendar");
            }
            if !names::is_digest(&one.payload) || !digests.insert(&one.payload) {
                return wrong("payload", "must be a digest that stands once");
            }
            if one
                .participant
                .as_ref()
                .is_some_and(|id| !self.participants.contains_key(id))
            {
                return wrong("participant", "is not in the roster");
            }
            if one.withdrawn.as_ref().is_some_and(|why| !is_line(why)) {
                return wrong("withdrawn", NOT_A_LINE);
            }
            let place = (one.period.as_str(), one.participant.as_deref());
            if current.get(&place).copied() != one.replaces.as_deref() {
                return wrong(
                    "replaces",
                    "must name the one listed before, and nothing else",
                );
            }
            current.insert(place, &one.payload);
        }
        Ok(())
    }

    /// The document that counts for a participant and a period, or was the last that did.
    pub fn listed(&self, period: &str, participant: Option<&str>) -> Option<&Accepted> {
        self.accepted
            .iter()
            .rev()
            .find(|one| one.period == period && one.participant.as_deref() == participant)
    }

    /// The name of a participant.
    pub fn name_of(&self, id: &str) -> Option<String> {
        let participant = self.participants.get(id);
        participant.map(|participant| participant.name.clone())
    }

    /// Whether an entry was withdrawn.
    pub fn is_entry_withdrawn(&self, entry: &str) -> bool {
        self.withdrawn_entries.iter().any(|one| one.entry == entry)
    }

    /// Whether the term has ended.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires <= now
    }

    /// The fingerprint of the root keys together, which the stewards tell by another way.
    pub fn root_fingerprint(&self) -> String {
        let mut lines: Vec<String> = self.roots.iter().map(|root| root.key.line()).collect();
        lines.sort();
        grouped(&hex(&Sha256::digest(lines.join("\n"))))
    }

    /// The participant with a key, and that key.
    pub fn owner(&self, key: &PublicKey) -> Option<(&str, &ParticipantKey)> {
        self.participants.iter().find_map(|(id, who)| {
            let own = who.keys.iter().find(|own| own.key == *key)?;
            Some((id.as_str(), own))
        })
    }

    /// Every key of every participant, ended ones included.
    pub fn participant_keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.participants
            .values()
            .flat_map(|who| who.keys.iter().map(|key| &key.key))
    }
}

/// When the longest term of a version that is drafted now ends.
pub fn term_end(created: Timestamp) -> Timestamp {
    created
        .to_zoned(TimeZone::UTC)
        .checked_add(TERM_MONTHS.months())
        .map_or(Timestamp::MAX, |end| end.timestamp())
}

/// Groups of eight digits, which people can read to each other.
fn grouped(digits: &str) -> String {
    let groups: Vec<_> = digits
        .as_bytes()
        .chunks(8)
        .map(String::from_utf8_lossy)
        .collect();
    groups.join("-")
}

/// Whether two fingerprints are the same; spaces, dashes and case do not count.
pub fn same_fingerprint(one: &str, other: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_hexdigit)
            .map(|digit| digit.to_ascii_lowercase())
            .collect()
    };
    let one = plain(one);
    one.len() == 64 && one == plain(other)
}

fn is_false(value: &bool) -> bool {
    !value
}
