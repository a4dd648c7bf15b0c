//! An aggregate: how many participants reach 90 %, and in which ways they measured.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    AGGREGATE, Head, Looked, MAX_INTEGER, MOST_CELLS, NamedDigest, PAYLOAD, Predicate, Subject,
    ascending, entry, head, profile,
};
use crate::baseline::{
    exchange::{NOT_A_DIGEST, NOT_A_LINE, NOT_AN_ID, Wrong, is_line},
    names,
};
use crate::model::{
    cell::{Kind, RowName},
    level::Level,
    tlp::Tlp,
};

/// Most payloads that an aggregate is made from.
pub const MOST_PAYLOADS: usize = 1_000;
/// Most programs, and most conditions, that an aggregate names.
pub const MOST_WAYS: usize = 64;
/// Fewest participants in a cell of an aggregate.
pub const FEWEST_PARTICIPANTS: u64 = 5;

/// How many participants reach 90 %, cell by cell, from accepted baselines alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// Id of the exchange.
    pub exchange: String,
    /// Whether the exchange is made up, as in the demo.
    pub simulated: bool,
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
    /// Ids of those who may read the document, from the exchange. Empty means nobody.
    pub audience: BTreeSet<String>,
    /// Who may read it: TLP:GREEN, or TLP:CLEAR where every payload allows it.
    pub label: Tlp,
    /// Digest of the payload that this one takes the place of; `null` for the first.
    pub replaces: Option<String>,
    /// Names and versions of the programs that judged. More than one: results are compared with care.
    pub tools: BTreeSet<String>,
    /// How targets were looked at. More than one: results are compared with care.
    pub conditions: BTreeSet<Looked>,
    /// How many participants measured a choice of their names of a kind, not every one.
    pub chosen: BTreeMap<Kind, u64>,
    /// How many participants are pools of small offices.
    pub pools: u64,
    /// Ids of participants that consented to be named.
    pub named: BTreeSet<String>,
    /// Digests of all payloads that it is made from, so that whoever holds them can recompute it.
    pub payloads: BTreeSet<String>,
    /// The cells that at least [`FEWEST_PARTICIPANTS`] participants show, by entry and kind.
    pub cells: Vec<AggregateCell>,
}

/// How many participants reach 90 % in a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregateCell {
    /// Digest of the entry, SHA-256 in lower-case hexadecimal.
    pub entry: String,
    /// Kind of the names that are counted.
    pub kind: Kind,
    /// What the profile calls the entry, sorted.
    pub rows: Vec<RowName>,
    /// Controls that its checks serve.
    pub controls: BTreeSet<String>,
    /// Participants that show the cell: N.
    pub participants: u64,
    /// Those of them that reach 90 %: k.
    pub reach: u64,
}

impl Predicate for Aggregate {
    const TYPE: &'static str = AGGREGATE;

    fn check(&self) -> Result<(), Wrong> {
        head(&self.head())?;
        profile(&self.profile, &self.pack, &self.tables)?;
        if self.payloads.len() > MOST_PAYLOADS {
            return Err(Wrong::new("payloads", "is too long"));
        }
        if !self.payloads.iter().all(|digest| names::is_digest(digest)) {
            return Err(Wrong::new("payloads", NOT_A_DIGEST));
        }
        if self.named.len() > self.payloads.len() {
            return Err(Wrong::new(
                "named",
                "names more participants than took part",
            ));
        }
        if !self.named.iter().all(|id| names::is_id(id)) {
            return Err(Wrong::new("named", NOT_AN_ID));
        }
        ways(self)?;
        if self.cells.len() > MOST_CELLS {
            return Err(Wrong::new("cells", "has too many cells"));
        }
        for (index, cell) in self.cells.iter().enumerate() {
            let at = |key: &str| format!("cells/{index}/{key}");
            entry(&cell.entry, &cell.rows, &cell.controls, at)?;
            if !(FEWEST_PARTICIPANTS..=took_part(self)).contains(&cell.participants) {
                let why = "is below 5, or more than took part";
                return Err(Wrong::new(at("participants"), why));
            }
            if cell.reach > cell.participants {
                return Err(Wrong::new(at("reach"), "is more than the participants"));
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
        let subject = |digest: &String| Subject::new(PAYLOAD, digest);
        Some(self.payloads.iter().map(subject).collect())
    }
}

/// How many participants an aggregate is made from.
fn took_part(aggregate: &Aggregate) -> u64 {
    let most = u64::try_from(aggregate.payloads.len()).unwrap_or(MAX_INTEGER);
    most.min(MAX_INTEGER)
}

/// Programs, conditions and panels are as baselines may have them.
fn ways(aggregate: &Aggregate) -> Result<(), Wrong> {
    if aggregate.tools.len() > MOST_WAYS || !aggregate.tools.iter().all(|tool| is_line(tool)) {
        return Err(Wrong::new("tools", NOT_A_LINE));
    }
    let intrusive = |looked: &Looked| looked.level == Level::Intrusive;
    if aggregate.conditions.len() > MOST_WAYS || aggregate.conditions.iter().any(intrusive) {
        let why = "has too many conditions, or intrusive ones";
        return Err(Wrong::new("conditions", why));
    }
    let most = took_part(aggregate);
    let counts = aggregate.chosen.values().chain([&aggregate.pools]);
    match counts.max().is_none_or(|count| *count <= most) {
        true => Ok(()),
        false => Err(Wrong::new(
            "chosen",
            "or `pools` counts more participants than took part",
        )),
    }
}
