//! A report about one or several periods, for a legislature or who gives a grant.
//!
//! An office's own figures are exact; others are told through aggregates alone.
//! There is no total, no score and no order of participants in it.

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    cell::{Kind, RowName},
    check::{Effort, Severity},
    finding::{PackRef, ProfileRef},
    level::{Area, Level},
    profile::Obligation,
    tlp::Tlp,
};

/// Version of the report.
pub const PERIOD_SCHEMA: &str = "scrutineer.period/1";

/// A report about one or several periods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodReport {
    /// Always [`PERIOD_SCHEMA`].
    pub schema: String,
    /// The strictest label of what it is made from.
    pub tlp: Tlp,
    /// The exchange that aggregates are of; `null` for an office by itself.
    pub exchange: Option<OfExchange>,
    /// Whose exact figures are in it; `null` without own runs.
    pub office: Option<Office>,
    /// The profile that own runs are judged under, and from which words are taken.
    pub profile: ProfileRef,
    /// The checks that own runs are judged with, and from which words are taken.
    pub pack: PackRef,
    /// Name and version of the program that judged own runs and wrote the report.
    pub tool: String,
    /// Below which counts figures are hidden.
    pub rules: HidingRules,
    /// The periods, in their order.
    pub periods: Vec<PeriodPart>,
    /// The controls of the profile about which there is a figure, by area and id.
    pub controls: Vec<ControlPart>,
    /// Controls of the profile about which there is no figure: id and title.
    pub without_figures: BTreeMap<String, String>,
    /// What is most often missing in the newest period that has figures.
    pub missing: Vec<Missing>,
}

/// Below which counts figures of an exchange are hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HidingRules {
    /// Fewest judged names in a cell of a participant.
    pub fewest_judged: u64,
    /// Fewest percent of judged and inconclusive names that must be judged.
    pub least_coverage: u64,
    /// Fewest participants in a cell of an aggregate.
    pub fewest_participants: u64,
}

/// An exchange, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfExchange {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whether it is made up.
    pub simulated: bool,
}

/// Whose own runs the report counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// Organisations as the runs name them.
    pub organisations: BTreeSet<String>,
    /// The label that the owner gives to its figures.
    pub label: Tlp,
    /// Why the label is lower than that of the runs; `null` where it is not.
    pub reason: Option<String>,
}

/// A period, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodPart {
    /// Its id, such as `2026H2`.
    pub id: String,
    /// First day on which runs count; also the policy date.
    pub from: Date,
    /// Last day on which runs count.
    pub to: Date,
    /// What own runs hold; `null` without one.
    pub own: Option<OwnPart>,
    /// The aggregate; `null` without one.
    pub aggregate: Option<AggregatePart>,
    /// What a reader must know before comparing its figures.
    pub marks: BTreeSet<Caution>,
}

/// What the own runs of a period hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPart {
    /// How many runs count.
    pub runs: u64,
    /// Names in them.
    pub names: u64,
    /// Names of each kind; a name may be of several.
    pub kinds: BTreeMap<Kind, u64>,
    /// Names that were observed.
    pub observed: u64,
    /// When the first observation that counts was made.
    pub first: Option<Timestamp>,
    /// When the last observation that counts was made.
    pub last: Option<Timestamp>,
    /// How targets were looked at.
    pub ways: BTreeSet<Way>,
    /// Names and versions of the programs that scanned.
    pub tools: BTreeSet<String>,
    /// Editions of moving tables, each with its name.
    pub tables: BTreeSet<String>,
    /// Cells that were counted.
    pub cells: u64,
    /// Cells of these that a baseline would hide.
    pub hidden: u64,
}

/// How targets were looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// How far the scan went.
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

/// An aggregate, accepted by the roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregatePart {
    /// Digest of its payload.
    pub payload: String,
    /// Its label.
    pub label: Tlp,
    /// When it was made.
    pub created: Timestamp,
    /// How many took part.
    pub participants: u64,
    /// Those that consented to be named: id and name.
    pub named: BTreeMap<String, String>,
    /// Digest of the pack that they judged with.
    pub pack: String,
    /// Digest of the profile that they judged under.
    pub profile: String,
    /// How targets were looked at.
    pub ways: BTreeSet<Way>,
    /// Names and versions of the programs that judged.
    pub tools: BTreeSet<String>,
    /// Editions of moving tables, each with its name.
    pub tables: BTreeSet<String>,
    /// How many participants measured a choice of their names of a kind.
    pub chosen: BTreeMap<Kind, u64>,
    /// How many participants are pools of small offices.
    pub pools: u64,
    /// Cells that are shown.
    pub cells: u64,
    /// Demands of its profile about which no cell is shown; `null` where the profile
    /// is not the one of this report.
    pub hidden: Option<u64>,
    /// Cells left out because the roster withdrew their entry.
    pub withdrawn: u64,
}

/// What a reader must know before comparing the figures of a period.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Caution {
    /// Own runs looked at targets in different ways.
    OwnWaysDiffer,
    /// Own runs were made by different versions of the program.
    OwnToolsDiffer,
    /// Own runs used different editions of tables.
    OwnTablesDiffer,
    /// Own runs looked at staged or private targets, or trusted more than the public does.
    OwnStaged,
    /// Own targets were looked at in another way than in the period before.
    OwnWaysChanged,
    /// Own runs were made by another version than in the period before.
    OwnToolsChanged,
    /// Own runs used other editions of tables than in the period before.
    OwnTablesChanged,
    /// Participants looked at targets in different ways.
    WaysDiffer,
    /// Participants used different versions of the program.
    ToolsDiffer,
    /// Some participants measured a choice of their names.
    ChosenPanels,
    /// Some participants are pools.
    Pools,
    /// Participants looked at targets in another way than in the period before.
    WaysChanged,
    /// Participants used other versions than in the period before.
    ToolsChanged,
    /// Participants used other editions of tables than in the period before.
    TablesChanged,
    /// Participants judged with other checks or another profile than in the period before.
    PackChanged,
    /// Participants judged with other checks or another profile than the own runs.
    PackIsNotOwn,
    /// The roster has expired: later withdrawals may be missing.
    Stale,
    /// The key that signed the aggregate was put in the place of a lost one.
    Recovered,
}

impl Caution {
    /// The caution as a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::OwnWaysDiffer => "Own scans looked in different ways within the period.",
            Self::OwnToolsDiffer => "Own scans were made by different versions of the program.",
            Self::OwnTablesDiffer => "Own scans used different editions of tables.",
            Self::OwnStaged => {
                "Own scans looked at staged or private systems, or trusted more than the public does."
            }
            Self::OwnWaysChanged => "Own scans looked in another way than in the period before.",
            Self::OwnToolsChanged => {
                "Own scans were made by another version of the program than in the period before."
            }
            Self::OwnTablesChanged => {
                "Own scans used other editions of tables than in the period before."
            }
            Self::WaysDiffer => "Participants looked in different ways.",
            Self::ToolsDiffer => "Participants used different versions of the program.",
            Self::ChosenPanels => "Some participants measured a choice of their names.",
            Self::Pools => "Some participants are pools of several small offices.",
            Self::WaysChanged => "Participants looked in another way than in the period before.",
            Self::ToolsChanged => {
                "Participants used other versions of the program than in the period before."
            }
            Self::TablesChanged => {
                "Participants used other editions of tables than in the period before."
            }
            Self::PackChanged => {
                "The checks or the profile changed since the period before: only demands that stayed the same are compared."
            }
            Self::PackIsNotOwn => {
                "Participants judged by other checks or another profile than the own figures: some demands stand apart."
            }
            Self::Stale => {
                "The list of participants has expired: later withdrawals may be missing."
            }
            Self::Recovered => "The key that signed the aggregate took the place of a lost one.",
        }
    }
}

/// A control, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlPart {
    /// Its id.
    pub id: String,
    /// What is demanded.
    pub title: String,
    /// What it is about, such as `Certificates`.
    pub area: String,
    /// Why it matters, as one sentence; `null` where no check of the pack serves it.
    pub why: Option<String>,
    /// What is counted for it.
    pub entries: Vec<EntryPart>,
}

/// A demand on names of a kind, and how it stands in each period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryPart {
    /// Digest of the entry: only equal ones are compared.
    pub entry: String,
    /// Kind of the names.
    pub kind: Kind,
    /// What profiles call the entry.
    pub rows: BTreeSet<RowName>,
    /// What its checks demand, one title each; empty where the profile does not have it.
    pub demands: Vec<String>,
    /// How binding it is; `null` where the profile does not have it.
    pub obligation: Option<Obligation>,
    /// Whether organisations are counted and not names.
    pub organisations: bool,
    /// Whether another demand of the same name judges differently.
    pub judged_differently: bool,
    /// Exact own counts, one for each period of the report.
    pub own: Vec<Option<Count>>,
    /// How many participants reach 90 %, one for each period of the report.
    pub reach: Vec<Option<ReachCount>>,
    /// How own counts moved from the first period that has one to the last.
    pub own_trend: Option<Movement>,
    /// How the participants moved from the first period that shows the cell to the last.
    pub reach_trend: Option<Movement>,
}

/// Exact counts of own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Meet the demand.
    pub pass: u64,
    /// Do not meet it. Waived ones count here.
    pub fail: u64,
    /// Could not be judged.
    pub open: u64,
}

impl Count {
    /// Those that meet it or do not.
    pub fn judged(self) -> u64 {
        self.pass.saturating_add(self.fail)
    }
}

/// How many participants reach 90 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReachCount {
    /// Those that reach 90 %.
    pub reach: u64,
    /// Those that show the cell.
    pub participants: u64,
}

/// How figures moved between two periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// Number of the earlier period, from 0.
    pub from: u32,
    /// Number of the later period.
    pub to: u32,
    /// Where to.
    pub direction: Direction,
}

/// Where figures moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A larger share meets the demand.
    Better,
    /// A smaller share meets it.
    Worse,
    /// The same share meets it.
    Same,
    /// Not the same number of participants: nothing can be said.
    OtherParticipants,
    /// Nothing was judged in one of the periods: nothing can be said.
    Untold,
}

/// A practice that is often missing, and how it is mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// Whether it is counted over participants, or over own names.
    pub among: Among,
    /// Number of the period, from 0.
    pub period: u32,
    /// The control.
    pub control: String,
    /// Its title.
    pub title: String,
    /// Why it matters, as one sentence.
    pub why: Option<String>,
    /// Digest of the entry.
    pub entry: String,
    /// Kind of the names.
    pub kind: Kind,
    /// Participants that do not reach 90 %, or own names that fail.
    pub missing: u64,
    /// Participants that show the cell, or own names that were judged.
    pub of: u64,
    /// How bad the worst failure is.
    pub severity: Severity,
    /// How it is mended, check by check.
    pub remedies: Vec<Remedy>,
}

/// Over whom a missing practice is counted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Among {
    /// Participants of the exchange.
    Participants,
    /// Own names.
    Own,
}

/// How one check is mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// Id of the check.
    pub check: String,
    /// The state that it demands.
    pub title: String,
    /// What mending costs.
    pub effort: Effort,
    /// The product that the advice is for; `null` where it is in words for everybody.
    pub product: Option<String>,
    /// What to do.
    pub advice: String,
}
