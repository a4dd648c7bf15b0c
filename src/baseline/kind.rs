//! The kinds of signed documents, and the names that keep them apart.

use std::fmt;

/// Payload type of every envelope: an in-toto Statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A kind of signed document. A signature over one kind is none over another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A participant's standing in a period.
    Baseline,
    /// How many of the participants reach a band.
    Aggregate,
    /// Who takes part in an exchange, and what was accepted.
    Roster,
    /// Checks, controls and profiles together.
    Pack,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Baseline, Self::Aggregate, Self::Roster, Self::Pack];

    /// The word for it in messages and file names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Aggregate => "aggregate",
            Self::Roster => "roster",
            Self::Pack => "pack",
        }
    }

    /// The `predicateType` of its Statement (in-toto Statement v1).
    pub fn predicate_type(self) -> &'static str {
        match self {
            Self::Baseline => "urn:scrutineer:baseline:1",
            Self::Aggregate => "urn:scrutineer:aggregate:1",
            Self::Roster => "urn:scrutineer:roster:1",
            Self::Pack => "urn:scrutineer:pack:1",
        }
    }

    /// The namespace of an SSH signature over its Statement (`ssh-keygen -Y sign -n`).
    pub fn ssh_namespace(self) -> &'static str {
        match self {
            Self::Baseline => "scrutineer-baseline@v1",
            Self::Aggregate => "scrutineer-aggregate@v1",
            Self::Roster => "scrutineer-roster@v1",
            Self::Pack => "scrutineer-pack@v1",
        }
    }

    /// The kind with a predicate type.
    pub fn of_predicate_type(predicate_type: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.predicate_type() == predicate_type)
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
