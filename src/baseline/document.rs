//! The documents that participants exchange: a baseline, and an aggregate of
//! several, each as the predicate of an in-toto statement.
//!
//! `baseline create` writes the whole unsigned [`Statement`] as canonical JSON
//! (RFC 8785). Signing takes these bytes as the DSSE payload and changes none
//! of them, so that the digest of a document is known before it is signed:
//! the SHA-256 of its bytes ([`Statement::to_bytes`]).

mod aggregate;

pub use aggregate::{Aggregate, AggregateCell, FEWEST_PARTICIPANTS, MOST_PAYLOADS, MOST_WAYS};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

use super::exchange::{
    MOST_AUDIENCE, MOST_TABLES, NOT_A_DIGEST, NOT_A_LINE, NOT_A_PERIOD, NOT_AN_ID, Wrong, is_line,
};
use super::names;
use crate::judge::hex;
use crate::model::{
    cell::{Cell, Judged, Kind, Panel, Passing, RowName},
    level::{Area, Level},
    tlp::Tlp,
};

/// The type of every in-toto statement, version 1.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// `predicateType` of a baseline.
pub const BASELINE: &str = "urn:scrutineer:baseline:1";
/// `predicateType` of an aggregate.
pub const AGGREGATE: &str = "urn:scrutineer:aggregate:1";
/// Largest document that is read, in bytes.
pub const MOST_BYTES: usize = 4 << 20;
/// Most cells of a document.
pub const MOST_CELLS: usize = 4_096;
/// Most rows or controls that a cell names.
pub const MOST_NAMES: usize = 64;
/// Largest integer of a canonical document (RFC 7493 section 2.2).
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// An in-toto statement, version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement<P> {
    /// Always [`STATEMENT`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// What the predicate is about. Of a baseline: the salted manifest of its
    /// runs, which stays at home. Of an aggregate: the payloads it is made from.
    pub subject: Vec<Subject>,
    /// [`BASELINE`] or [`AGGREGATE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// The document.
    pub predicate: P,
}

/// A subject of a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What it is: `manifest`, or `payload`.
    pub name: String,
    /// Its digest.
    pub digest: SubjectDigest,
}

/// The digest of a subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigest {
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl Subject {
    /// A subject by its SHA-256.
    pub fn new(name: &str, sha256: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            digest: SubjectDigest {
                sha256: sha256.into(),
            },
        }
    }
}

/// A predicate that knows its type and its bounds.
pub trait Predicate: Serialize {
    /// Its `predicateType`.
    const TYPE: &'static str;

    /// Says what is wrong with it beyond its types: the first thing found.
    ///
    /// # Errors
    /// Values that the rules do not allow, and lists that are unsorted or too long.
    fn check(&self) -> Result<(), Wrong>;

    /// What both kinds of documents say of themselves.
    fn head(&self) -> Head<'_>;

    /// Digests of what the statement must name as its subjects; `None` where
    /// it is one that only its maker knows.
    fn subjects(&self) -> Option<Vec<Subject>>;
}

/// What documents of both kinds say of themselves.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Id of the exchange.
    pub exchange: &'a str,
    /// Whether the exchange is made up.
    pub simulated: bool,
    /// Id of the period.
    pub period: &'a str,
    /// When it was made.
    pub created: Timestamp,
    /// Who may read it.
    pub audience: &'a BTreeSet<String>,
    /// Its label.
    pub label: Tlp,
    /// Digest of the payload that it takes the place of.
    pub replaces: Option<&'a str>,
}

impl<P: Predicate> Statement<P> {
    /// A statement about subjects.
    pub fn new(subject: Vec<Subject>, predicate: P) -> Self {
        Self {
            statement_type: STATEMENT.to_owned(),
            subject,
            predicate_type: P::TYPE.to_owned(),
            predicate,
        }
    }

    /// Its canonical bytes (RFC 8785): what is signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json_canonicalizer::to_vec(self)
            .expect("documents hold no floats and no keys but texts")
    }

    /// SHA-256 of its canonical bytes: how rosters and ledgers name it.
    pub fn digest(&self) -> String {
        payload_digest(&self.to_bytes())
    }

    /// Says what is wrong with the statement or its predicate: the first thing found.
    ///
    /// # Errors
    /// Another type, subjects that do not fit, and what [`Predicate::check`] finds.
    pub fn check(&self) -> Result<(), Wrong> {
        if self.statement_type != STATEMENT {
            return Err(Wrong::new("_type", format!("is not {STATEMENT}")));
        }
        if self.predicate_type != P::TYPE {
            return Err(Wrong::new("predicateType", format!("is not {}", P::TYPE)));
        }
        self.predicate.check()?;
        let fits = match self.predicate.subjects() {
            Some(expected) => self.subject == expected,
            None => match self.subject.as_slice() {
                [one] => one.name == MANIFEST && names::is_digest(&one.digest.sha256),
                _ => false,
            },
        };
        match fits {
            true => Ok(()),
            false => Err(Wrong::new("subject", "is not what the predicate is about")),
        }
    }
}

/// The name of a baseline's subject.
pub const MANIFEST: &str = "manifest";
/// The name of an aggregate's subjects.
pub const PAYLOAD: &str = "payload";

/// SHA-256 of the bytes of a payload, in lower-case hexadecimal.
pub fn payload_digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A participant's standing against the profile of its exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Id of the exchange.
    pub exchange: String,
    /// Whether the exchange is made up, as in the demo.
    pub simulated: bool,
    /// Id of the participant.
    pub participant: String,
    /// Whether the participant is a pool: one body that scans small offices with their consent.
    pub pool: bool,
    /// Id of the period.
    pub period: String,
    /// When the document was made; whole seconds.
    pub created: Timestamp,
    /// The profile that was judged under.
    pub profile: NamedDigest,
    /// Digest of the pack.
    pub pack: String,
    /// Editions of moving tables.
    pub tables: BTreeMap<String, String>,
    /// Name and version of the program that judged.
    pub tool: String,
    /// How targets were looked at.
    pub conditions: Looked,
    /// Ids of those who may read the document, from the exchange. Empty means nobody.
    pub audience: BTreeSet<String>,
    /// Who may read it, by the Traffic Light Protocol.
    pub label: Tlp,
    /// What the participant allows to be done with it.
    pub consents: Consents,
    /// Digest of the payload that this one takes the place of; `null` for the first.
    pub replaces: Option<String>,
    /// Why it takes the place of another, or has a lower label; `null` where there is nothing to say.
    pub reason: Option<String>,
    /// What names of each kind were measured. A kind without names is left out.
    pub panel: BTreeMap<Kind, Panel>,
    /// The cells that may be shown, by entry and kind. Others are left out
    /// without a word on why.
    pub cells: Vec<Cell>,
}

/// A thing with an id and a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedDigest {
    /// Its id.
    pub id: String,
    /// Its digest, SHA-256 in lower-case hexadecimal.
    pub digest: String,
}

/// How targets were looked at; the same for all. The resolver is not in it:
/// its address would tell about the participant's network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    /// How far the scan went; never `intrusive`.
    pub level: Level,
    /// The areas that were looked at.
    pub areas: BTreeSet<Area>,
    /// Most pages visited on a website.
    pub page_cap: u32,
    /// Digest of the routing table that was given, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<String>,
    /// Digest of the RPKI payloads that were given, if some were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrps: Option<String>,
}

/// What a participant allows to be done with its baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consents {
    /// Aggregates and reports may say that it took part.
    pub named: bool,
    /// Aggregates that it is part of may be labelled TLP:CLEAR.
    pub clear_aggregate: bool,
}

impl Predicate for Baseline {
    const TYPE: &'static str = BASELINE;

    fn check(&self) -> Result<(), Wrong> {
        if !names::is_id(&self.participant) {
            return Err(Wrong::new("participant", NOT_AN_ID));
        }
        head(&self.head())?;
        profile(&self.profile, &self.pack, &self.tables)?;
        if !is_line(&self.tool) {
            return Err(Wrong::new("tool", NOT_A_LINE));
        }
        if self.conditions.level == Level::Intrusive {
            return Err(Wrong::new("conditions/level", "may not be intrusive"));
        }
        if self.reason.as_deref().is_some_and(|text| !is_line(text)) {
            return Err(Wrong::new("reason", NOT_A_LINE));
        }
        if self.label < Tlp::Amber && self.replaces.is_none() {
            let why = "is missing: a lower label takes the place of the same cells under TLP:AMBER";
            return Err(Wrong::new("replaces", why));
        }
        if self.replaces.is_some() && self.reason.is_none() {
            let why = "is missing: what replaces another says why";
            return Err(Wrong::new("reason", why));
        }
        if self.cells.len() > MOST_CELLS {
            return Err(Wrong::new("cells", "has too many cells"));
        }
        for (index, cell) in self.cells.iter().enumerate() {
            let at = |key: &str| format!("cells/{index}/{key}");
            entry(&cell.entry, &cell.rows, &cell.controls, at)?;
            if !self.panel.contains_key(&cell.kind) {
                return Err(Wrong::new(at("kind"), "is not in the panel"));
            }
            let few = cell.judged == Judged::From10;
            let fits = match cell.passing {
                Passing::Below50 | Passing::From90 => true,
                Passing::From50To90 => few,
                Passing::From50To75 | Passing::From75To90 => !few,
            };
            if !fits {
                return Err(Wrong::new(at("passing"), "is no band for that many"));
            }
        }
        ascending("cells", self.cells.iter().map(|c| (&c.entry, c.kind)))
    }

    fn head(&self) -> Head<'_> {
        Head {
            exchange: &self.exchange,
            simulated: self.simulated,
            period: &self.period,
            created: self.created,
            audience: &self.audience,
            label: self.label,
            replaces: self.replaces.as_deref(),
        }
    }

    fn subjects(&self) -> Option<Vec<Subject>> {
        None
    }
}

fn head(head: &Head<'_>) -> Result<(), Wrong> {
    if !names::is_id(head.exchange) {
        return Err(Wrong::new("exchange", NOT_AN_ID));
    }
    if !names::is_period(head.period) {
        return Err(Wrong::new("period", NOT_A_PERIOD));
    }
    if head.created.subsec_nanosecond() != 0 {
        return Err(Wrong::new("created", "must be whole seconds"));
    }
    if head.audience.len() > MOST_AUDIENCE {
        return Err(Wrong::new("audience", "is too long"));
    }
    if !head.audience.iter().all(|id| names::is_id(id)) {
        return Err(Wrong::new("audience", NOT_AN_ID));
    }
    if head.label > Tlp::Amber {
        let why = format!("is {}, which never leaves its organisation", head.label);
        return Err(Wrong::new("label", why));
    }
    if head
        .replaces
        .is_some_and(|digest| !names::is_digest(digest))
    {
        return Err(Wrong::new("replaces", NOT_A_DIGEST));
    }
    Ok(())
}

fn profile(
    profile: &NamedDigest,
    pack: &str,
    tables: &BTreeMap<String, String>,
) -> Result<(), Wrong> {
    if !names::is_id(&profile.id) {
        return Err(Wrong::new("profile/id", NOT_AN_ID));
    }
    if !names::is_digest(&profile.digest) {
        return Err(Wrong::new("profile/digest", NOT_A_DIGEST));
    }
    if !names::is_digest(pack) {
        return Err(Wrong::new("pack", NOT_A_DIGEST));
    }
    let lines = |(name, edition): (&String, &String)| is_line(name) && is_line(edition);
    match tables.len() <= MOST_TABLES && tables.iter().all(lines) {
        true => Ok(()),
        false => Err(Wrong::new("tables", NOT_A_LINE)),
    }
}

fn entry(
    digest: &str,
    rows: &[RowName],
    controls: &BTreeSet<String>,
    at: impl Fn(&str) -> String,
) -> Result<(), Wrong> {
    if !names::is_digest(digest) {
        return Err(Wrong::new(at("entry"), NOT_A_DIGEST));
    }
    if rows.is_empty() || rows.len() > MOST_NAMES {
        return Err(Wrong::new(at("rows"), "must name 1 to 64 rows"));
    }
    let line = |row: &RowName| is_line(&row.row) && row.variant.as_deref().is_none_or(is_line);
    if !rows.iter().all(line) {
        return Err(Wrong::new(at("rows"), NOT_A_LINE));
    }
    ascending(&at("rows"), rows.iter())?;
    if controls.len() > MOST_NAMES || !controls.iter().all(|id| is_line(id)) {
        return Err(Wrong::new(at("controls"), NOT_A_LINE));
    }
    Ok(())
}

/// Lists stand in order, and nothing in them twice: one set of cells has one form.
fn ascending<T: Ord>(at: &str, items: impl Iterator<Item = T>) -> Result<(), Wrong> {
    match items.is_sorted_by(|one, next| one < next) {
        true => Ok(()),
        false => Err(Wrong::new(at, "is not sorted, or holds something twice")),
    }
}
