//! What the parts of the mail probe could not see, and what proves the rest.

use crate::{
    model::{
        gap::{Gap, GapReason},
        observation::Evidence,
        seen::Seen,
        standing::Standing,
    },
    net::{Answer, NetError, Stands},
};

/// Gaps and evidence of one part of the probe.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) gaps: Vec<Gap>,
    pub(super) evidence: Vec<Evidence>,
}

impl Notes {
    pub(super) fn gap(&mut self, at: &str, reason: GapReason, detail: &str) {
        self.gaps.push(NetError::new(reason, detail).gap(at));
    }

    pub(super) fn miss(&mut self, at: &str, error: &NetError) {
        self.gaps.push(error.gap(at));
    }

    pub(super) fn prove(&mut self, at: &str, answer: &Answer) {
        self.evidence.push(answer.evidence(at));
    }

    /// How a name stands that a record at `at` leads to.
    pub(super) fn standing(
        &mut self,
        at: &str,
        stands: &Result<Stands, NetError>,
    ) -> Seen<Standing> {
        Stands::fact(stands, at, &mut self.gaps, &mut self.evidence)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.gaps.extend(other.gaps);
        self.evidence.extend(other.evidence);
    }
}
