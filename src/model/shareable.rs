//! What of an exchange may be handed on: controls with their remedies, and
//! standing as published documents tell it. Never a name of a target.

use jiff::Timestamp;
use std::collections::BTreeSet;

use super::{
    cell::{Kind, RowName},
    comparison::Shown,
    period::{OfExchange, ReachCount, Remedy},
    tlp::Tlp,
};

/// What may be handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shareable {
    /// The exchange; `None` where there are controls alone.
    pub exchange: Option<OfExchange>,
    /// When the newest of it was made; whole seconds.
    pub at: Timestamp,
    /// The documents.
    pub documents: Vec<SharedDocument>,
    /// The controls, by id.
    pub controls: Vec<SharedControl>,
    /// The label of the controls.
    pub controls_label: Tlp,
}

/// A document that was verified and accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedDocument {
    /// Digest of its payload.
    pub payload: String,
    /// Its label.
    pub label: Tlp,
    /// When it was made; whole seconds.
    pub created: Timestamp,
    /// Id of the period.
    pub period: String,
    /// Whose standing it tells.
    pub whose: Whose,
    /// What a reader must know before comparing it, a sentence each.
    pub cautions: Vec<String>,
    /// Its cells.
    pub cells: Vec<SharedCell>,
}

/// Whose standing a document tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All participants together.
    Exchange,
    /// One participant: id and name, where it consented to be named.
    Participant(Option<(String, String)>),
}

/// A cell that is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedCell {
    /// Digest of the entry.
    pub entry: String,
    /// Kind of the names.
    pub kind: Kind,
    /// What profiles call the entry.
    pub rows: Vec<RowName>,
    /// Controls that its checks serve.
    pub controls: BTreeSet<String>,
    /// How it stands.
    pub standing: Standing,
}

/// How a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// How many participants reach 90 %.
    Reach(ReachCount),
    /// The bands of one participant.
    Bands(Shown),
}

/// A control that can be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedControl {
    /// Its id.
    pub id: String,
    /// What is demanded.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// How it is met, check by check.
    pub remedies: Vec<Remedy>,
    /// Where to read more, each once.
    pub references: BTreeSet<String>,
}
