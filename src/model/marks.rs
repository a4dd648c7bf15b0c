//! Marks on findings: waived, soft, and how they stand against an earlier result.
//!
//! A mark never changes a verdict and never takes a finding out of a document.

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

use super::{
    finding::{PackRef, ProfileRef},
    shared::Shared,
    target::SourceLine,
};

/// The waiver that covers a finding at the date of the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaivedBy {
    /// Who answers for it.
    pub owner: Shared<String>,
    /// Why the finding is accepted for now.
    pub reason: Shared<String>,
    /// The last day on which it holds, to its end in UTC.
    pub expires: Date,
}

/// A waiver of the user's file, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverStanding {
    /// Id of the check that it waives.
    pub check: String,
    /// Key of the target, or a pattern over keys.
    pub target: String,
    /// Why the findings are accepted for now.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds, to its end in UTC.
    pub expires: Date,
    /// What became of it.
    pub state: WaiverState,
    /// How many findings it covers, whether it still holds or not.
    pub findings: u64,
    /// Where it stands.
    pub source: SourceLine,
}

impl WaiverStanding {
    /// What there is to say about it, with its line; nothing where it does what it should.
    pub fn note(&self) -> Option<String> {
        let what = match self.state {
            WaiverState::Applied => return None,
            WaiverState::Expiring => format!("ends soon, on {}", self.expires),
            WaiverState::Expired => {
                format!("has expired on {} and waives nothing", self.expires)
            }
            WaiverState::Unused => "covers no finding: remove it".to_owned(),
            WaiverState::Overlapped => {
                "is overlapped: one that ends earlier decides for all that it covers".to_owned()
            }
        };
        Some(format!(
            "{}:{}: the waiver of {} for {} {what} (owner: {})",
            self.source.file, self.source.line, self.check, self.target, self.owner
        ))
    }
}

/// What became of a waiver at the date of the gate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WaiverState {
    /// It holds, and covers findings.
    Applied,
    /// It holds and covers findings, for at most 14 more days.
    Expiring,
    /// Its last day is over: it waives nothing.
    Expired,
    /// It covers no finding.
    Unused,
    /// Waivers that end earlier decide for all findings that it covers.
    Overlapped,
}

impl fmt::Display for WaiverState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applied => "applied",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Unused => "unused",
            Self::Overlapped => "overlapped",
        })
    }
}

/// How a finding, or one of its instances, stands against the previous result.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The same check judged the target before, and this was not among what it found.
    New,
    /// The same check passed before, or its failure counted for less, or the waiver of
    /// it has expired.
    Regression,
    /// It was there before.
    Unchanged,
    /// Nothing before can be compared with it; it counts as if there was no previous result.
    NotComparable,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Regression => "regression",
            Self::Unchanged => "unchanged",
            Self::NotComparable => "not comparable",
        })
    }
}

/// The previous result that findings were compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Against {
    /// The file, as the user named it.
    pub source: String,
    /// What the file is.
    pub kind: ResultKind,
    /// When its run began.
    pub run_started: Timestamp,
    /// The profile that it was judged under; for a run, that of this document.
    pub profile: ProfileRef,
    /// The pack that it was judged with; for a run, that of this document.
    pub pack: PackRef,
    /// Findings of this document that are new.
    pub new: u64,
    /// Findings of this document that are regressions.
    pub regressions: u64,
    /// Findings of this document that were there before.
    pub unchanged: u64,
    /// Findings of this document that could not be compared.
    pub not_comparable: u64,
    /// What differs, and does not keep verdicts from being compared.
    pub differences: Vec<Difference>,
    /// What could not be compared, by target, check and `as`.
    pub not_compared: Vec<NotCompared>,
}

/// Kinds of saved results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultKind {
    /// A run: judged again, under the profile of today.
    Run,
    /// A findings document: taken at its word.
    Findings,
}

/// Something that two results do not have in common, and by which their verdicts
/// still may be compared.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Another profile; checks with equal digests are compared.
    Profile,
    /// Another pack; checks with equal digests are compared.
    Pack,
    /// Another edition of a moving table (trusted roots, public suffixes).
    Tables,
    /// Another policy date.
    AsOf,
    /// Another resolver answered.
    Resolver,
    /// One of them looked at staged targets (`--connect-to`).
    Staged,
    /// Other root servers, routes or RPKI payloads were given (`--root-hints`, `--routes`, `--vrps`).
    Given,
}

/// Something that could not be compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotCompared {
    /// Key of the target.
    pub target: Shared<String>,
    /// Id of the check; `null`: all checks of the target.
    pub check: Option<Shared<String>>,
    /// The `as` of the check's use; `null` for the plain one.
    #[serde(rename = "as")]
    pub variant: Option<Shared<String>>,
    /// Why.
    pub reason: NotComparable,
}

/// Why something could not be compared.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NotComparable {
    /// The previous result does not name the target.
    TargetAdded,
    /// The new result does not name the target.
    TargetRemoved,
    /// The previous result has no observation of the target.
    NotObservedBefore,
    /// The new result has no observation of the target.
    NotObservedNow,
    /// Scans of another level.
    Level,
    /// Scans with another limit on pages.
    PageCap,
    /// One of the scans left areas out, and the check stays open in one of them.
    Areas,
    /// The previous result was not judged by the check.
    CheckAdded,
    /// The new result was not judged by the check.
    CheckRemoved,
    /// The check, or its parameters, judge something else: its digest differs.
    CheckDigest,
    /// One of the results lists only a part of the instances.
    TooMany,
}

impl NotComparable {
    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::TargetAdded => "the earlier result does not name the target",
            Self::TargetRemoved => "the newer result does not name the target",
            Self::NotObservedBefore => "the earlier result has no observation of the target",
            Self::NotObservedNow => "the newer result has no observation of the target",
            Self::Level => "the scans were of different levels",
            Self::PageCap => "the scans had different limits on pages",
            Self::Areas => "one of the scans left areas out",
            Self::CheckAdded => "the earlier result was not judged by the check",
            Self::CheckRemoved => "the newer result was not judged by the check",
            Self::CheckDigest => "the check or its parameters are not the same",
            Self::TooMany => "not all instances are listed",
        }
    }
}

impl Difference {
    /// The difference in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Profile => "another profile",
            Self::Pack => "another pack of checks",
            Self::Tables => "other editions of tables",
            Self::AsOf => "another policy date",
            Self::Resolver => "another resolver",
            Self::Staged => "staged targets on one side",
            Self::Given => "other root servers, routes or RPKI payloads given",
        }
    }
}
