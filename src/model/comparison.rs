//! How participants of an exchange stand beside each other, entry by entry.
//!
//! There is no total, no score and no order of participants in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    cell::{Coverage, Judged, Kind, Panel, Passing, RowName},
    tlp::Tlp,
};

/// Version of the comparison document.
pub const COMPARISON_SCHEMA: &str = "scrutineer.comparison/1";
/// What every page says of its numbers.
pub const SELF_DECLARED: &str = "Self-declared: every number is its participant's own word.";
/// What every page says of bands.
pub const NEIGHBOURS: &str =
    "Neighbouring bands may be one target apart. There is no overall score and no ranking.";

/// How participants stand beside each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Always [`COMPARISON_SCHEMA`].
    pub schema: String,
    /// The strictest label of what was compared.
    pub tlp: Tlp,
    /// Always [`SELF_DECLARED`] and [`NEIGHBOURS`].
    pub notes: Vec<String>,
    /// Id of the exchange.
    pub exchange: String,
    /// Whether the exchange is made up.
    pub simulated: bool,
    /// The documents, by period and participant.
    pub columns: Vec<Column>,
    /// Entries and kinds that are compared, by name and kind.
    pub rows: Vec<Row>,
    /// Where a participant's band rose or fell between two of its periods that
    /// follow each other, for entries that did not change.
    pub trends: Vec<Trend>,
    /// What a reader must know before reading trends between two columns, by their numbers.
    pub steps: Vec<Step>,
    /// What a reader must know of the aggregates that were taken in.
    pub aggregates: Vec<MarkedAggregate>,
    /// What is not compared, and why.
    pub not_compared: Vec<NotCompared>,
}

/// Two documents of a participant for periods that follow each other, which were not made alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Number of the earlier column, from 0.
    pub from: u32,
    /// Number of the later column, from 0.
    pub to: u32,
    /// How they differ, and whether one of them counts a choice of names.
    pub marks: BTreeSet<Mark>,
}

/// An aggregate of which some baselines have marks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkedAggregate {
    /// The period.
    pub period: String,
    /// What holds of some of its baselines.
    pub marks: BTreeSet<Mark>,
}

/// A document that is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Id of the participant.
    pub participant: String,
    /// Id of the period.
    pub period: String,
    /// Digest of the payload.
    pub payload: String,
    /// Its label.
    pub label: Tlp,
    /// What names of each kind were measured.
    pub panel: BTreeMap<Kind, Panel>,
    /// What a reader must know before comparing it with the others.
    pub marks: BTreeSet<Mark>,
}

/// What a reader must know before comparing a document with others.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Its moving tables are of other editions than most of the period.
    OtherTables,
    /// Its targets were looked at in another way than most of the period.
    OtherConditions,
    /// It was judged by another version of the program than most of the period.
    OtherTool,
    /// Its pack or profile is another than that of most of the period.
    OtherPack,
    /// It counts a choice of names of some kind.
    ChosenPanel,
    /// One body counted several small offices.
    Pool,
    /// The roster has expired: later withdrawals may be missing.
    Stale,
    /// The key that signed it was put in the place of a lost one.
    Recovered,
}

impl Mark {
    /// The mark in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::OtherTables => "other table editions",
            Self::OtherConditions => "other scan conditions",
            Self::OtherTool => "other tool version",
            Self::OtherPack => "other checks or profile",
            Self::ChosenPanel => "chosen panel",
            Self::Pool => "pool",
            Self::Stale => "stale roster",
            Self::Recovered => "recovered key",
        }
    }
}

/// An entry and kind that is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Digest of the entry.
    pub entry: String,
    /// Kind of the names.
    pub kind: Kind,
    /// What profiles call the entry.
    pub rows: BTreeSet<RowName>,
    /// Controls that its checks serve.
    pub controls: BTreeSet<String>,
    /// The cell of each column; `null` where the column does not show it.
    pub cells: Vec<Option<Shown>>,
    /// How many reach 90 %, for each period.
    pub reach: Vec<Reach>,
    /// The reader's own place; `null` where it is not known.
    pub own: Option<Place>,
}

/// What is shown of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// How many were judged.
    pub judged: Judged,
    /// How many of those to be judged could be.
    pub coverage: Coverage,
    /// How many of those judged pass.
    pub passing: Passing,
}

/// How many of the participants of a period reach 90 %.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// The period.
    pub period: String,
    /// How many reach it: k.
    pub reach: u64,
    /// How many show the cell: N.
    pub participants: u64,
    /// Whether it is told by an aggregate, and not counted from the columns.
    pub from_aggregate: bool,
}

/// Where the reader stands among the columns of the newest period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The reader's own band.
    pub passing: Passing,
    /// Whether it comes from the reader's own run, however few were judged.
    pub from_run: bool,
    /// Participants whose band is higher and does not overlap.
    pub above: u64,
    /// Participants whose band is lower and does not overlap.
    pub below: u64,
    /// Of those above and below, participants in a neighbouring band, who may be one target apart.
    pub next_to: u64,
    /// Participants whose band overlaps: nothing can be said.
    pub same: u64,
}

/// A band of a participant that rose or fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// Number of the row, from 0.
    pub row: u32,
    /// Number of the earlier column, from 0.
    pub from: u32,
    /// Number of the later column, from 0.
    pub to: u32,
    /// Whether it rose; else it fell.
    pub rose: bool,
    /// Whether the bands are neighbours, so that one target may have made the difference.
    pub neighbours: bool,
}

/// An entry and kind that is not compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotCompared {
    /// Digest of the entry.
    pub entry: String,
    /// Kind of the names.
    pub kind: Kind,
    /// What profiles call the entry.
    pub rows: BTreeSet<RowName>,
    /// Why.
    pub reason: WhyNot,
    /// Numbers of the columns that show it, from 0.
    pub columns: Vec<u32>,
}

/// Why an entry is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// Other columns show an entry of the same name that judges differently.
    JudgedDifferently,
    /// One document alone shows it.
    OneAlone,
    /// The roster withdrew it.
    Withdrawn,
}

impl WhyNot {
    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::JudgedDifferently => {
                "others show an entry of this name whose checks judge differently"
            }
            Self::OneAlone => "one document alone shows it",
            Self::Withdrawn => "the roster withdrew it",
        }
    }
}

/// How two bands stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bands {
    /// They overlap: nothing can be said.
    Overlap,
    /// The first is higher. `neighbours`: one target may make the difference.
    Higher {
        /// Whether nothing lies between them.
        neighbours: bool,
    },
    /// The first is lower.
    Lower {
        /// Whether nothing lies between them.
        neighbours: bool,
    },
}

impl Bands {
    /// Compares two bands. One is higher only where they do not overlap.
    pub fn of(one: Passing, other: Passing) -> Self {
        let ((from, to), (other_from, other_to)) = (one.percent(), other.percent());
        if from >= other_to {
            Self::Higher {
                neighbours: from == other_to,
            }
        } else if other_from >= to {
            Self::Lower {
                neighbours: other_from == to,
            }
        } else {
            Self::Overlap
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Passing::{Below50, From50To75, From50To90, From75To90, From90};

    #[test]
    fn higher_is_only_what_does_not_overlap() {
        let near = |higher| match higher {
            true => Bands::Higher { neighbours: true },
            false => Bands::Lower { neighbours: true },
        };
        for (one, other, expected) in [
            (From90, From90, Bands::Overlap),
            (From90, From75To90, near(true)),
            (From90, From50To90, near(true)),
            (From90, From50To75, Bands::Higher { neighbours: false }),
            (From50To90, From75To90, Bands::Overlap),
            (From50To75, From50To90, Bands::Overlap),
            (From50To75, From75To90, near(false)),
            (Below50, From50To90, near(false)),
            (Below50, From75To90, Bands::Lower { neighbours: false }),
        ] {
            assert_eq!(Bands::of(one, other), expected, "{one:?} {other:?}");
        }
    }
}
