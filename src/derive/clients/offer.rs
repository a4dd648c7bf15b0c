//! The server's side: its facts, and where they may be incomplete.

use super::Open;
use crate::model::gap::{Gap, GapReason};
use crate::probes::tls::facts::{
    CipherSuite, GroupPreference, PreferenceBy, TlsEndpoint, VersionName,
};
use crate::wire::tls::Version;

/// An endpoint with the gaps of its facts.
pub(super) struct Endpoint<'a> {
    /// What was observed.
    pub(super) facts: &'a TlsEndpoint,
    /// What was not, of the whole document.
    pub(super) gaps: &'a [Gap],
    /// Where the endpoint stands.
    pub(super) at: String,
}

impl Endpoint<'_> {
    /// Whether a version is accepted, as far as was seen.
    pub(super) fn accepts(&self, version: Version) -> bool {
        let name = VersionName::from(version);
        let mut versions = self.facts.versions.known().into_iter().flatten();
        versions.any(|known| known.name == name)
    }

    /// The suites of a version, in the server's order where it has one.
    pub(super) fn suites(&self, version: Version) -> impl Iterator<Item = &CipherSuite> {
        let name = VersionName::from(version);
        let suites = self.facts.suites.known().into_iter().flatten();
        suites.filter(move |suite| suite.version == name)
    }

    /// Who decides about suites.
    pub(super) fn decides(&self, version: Version) -> Option<PreferenceBy> {
        let name = VersionName::from(version);
        let mut entries = self.facts.preference.known()?.iter();
        entries
            .find(|entry| entry.version == name)
            .map(|entry| entry.by)
    }

    /// The groups of a version; `None` where none was seen.
    pub(super) fn groups(&self, version: Version) -> Option<&GroupPreference> {
        let name = match version {
            Version::Tls13 => VersionName::Tls13,
            _ => VersionName::Tls12,
        };
        let mut entries = self.facts.group_preference.known()?.iter();
        entries.find(|entry| entry.version == name)
    }

    /// Why a list may have more than was seen; `None` where it is complete.
    pub(super) fn may_have_more(&self, list: &str) -> Option<Open> {
        let at = format!("{}/{list}", self.at);
        let more = format!("{at}/-");
        let mut gaps = self.gaps.iter();
        let gap = gaps.find(|gap| gap.at == more || gap.at == at)?;
        let because = gap.detail.as_deref().unwrap_or(gap.reason.words());
        let detail = format!("not all {} were seen: {because}", list.replace('_', " "));
        Some((gap.reason, detail))
    }

    /// Why a fact was not observed.
    pub(super) fn why(&self, fact: &str) -> Open {
        let mut at = format!("{}/{fact}", self.at);
        let what = fact.replace('_', " ");
        loop {
            let more = format!("{at}/-");
            let found = self.gaps.iter().find(|gap| gap.at == at || gap.at == more);
            if let Some(gap) = found {
                let because = gap.detail.as_deref().unwrap_or(gap.reason.words());
                return (gap.reason, format!("{what} not observed: {because}"));
            }
            match at.rsplit_once('/') {
                Some((above, _)) if !above.is_empty() => at = above.to_owned(),
                _ => return (GapReason::NotAsked, format!("{what} not observed")),
            }
        }
    }
}
