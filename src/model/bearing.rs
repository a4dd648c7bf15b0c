//! How a finding bears on the gate: read off its fields, so that the gate and every
//! report say the same.

use super::{
    check::Severity,
    finding::{Effect, Finding, Findings, OpenGap},
    gap::GapReason,
    marks::{Change, WaivedBy},
    profile::Obligation,
    verdict::Verdict,
};

/// How a finding bears on the gate, its marks apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// It fails the gate.
    Fails,
    /// It keeps the gate from passing.
    Open,
}

/// Why a finding does not count.
#[derive(Clone, Copy, Debug)]
pub enum Excuse<'a> {
    /// A waiver covers it.
    Waived(&'a WaivedBy),
    /// The user named its check as soft.
    Soft,
    /// The earlier result had it as well.
    Unchanged,
}

impl Finding {
    /// What keeps the finding from counting.
    pub fn excuse(&self) -> Option<Excuse<'_>> {
        if let Some(waived) = &self.waived {
            return Some(Excuse::Waived(waived));
        }
        if self.soft {
            return Some(Excuse::Soft);
        }
        (self.change == Some(Change::Unchanged)).then_some(Excuse::Unchanged)
    }
}

impl Findings {
    /// How a finding of this document bears on a gate that looks at severity `fail_on`
    /// and above; `None` where it does not.
    pub fn bearing(&self, finding: &Finding, fail_on: Severity) -> Option<Bearing> {
        if finding.severity < fail_on {
            return None;
        }
        match finding.effect {
            Effect::Failure if finding.verdict == Verdict::Fail => Some(Bearing::Fails),
            Effect::Open
                if finding.obligation == Obligation::Must && !self.only_not_asked(finding) =>
            {
                // What passed before and is open now fails the gate.
                let opened =
                    finding.verdict != Verdict::Fail && finding.change == Some(Change::Regression);
                Some(if opened {
                    Bearing::Fails
                } else {
                    Bearing::Open
                })
            }
            _ => None,
        }
    }

    /// Whether a finding is open for nothing but what the scan was not to ask.
    pub fn only_not_asked(&self, finding: &Finding) -> bool {
        let mut gaps = self.open_gaps(finding).peekable();
        finding.verdict == Verdict::Inconclusive
            && gaps.peek().is_some()
            && gaps.all(|gap| gap.reason == GapReason::NotAsked)
    }

    /// The places that keep a finding open.
    pub fn open_gaps<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = &'a OpenGap> {
        finding
            .gaps
            .iter()
            .filter_map(|index| self.gaps.get(usize::try_from(*index).ok()?))
    }
}
