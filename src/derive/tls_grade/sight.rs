//! What was observed of an endpoint, and what was not.

use crate::model::{
    gap::{Gap, GapReason},
    seen::Seen,
};
use crate::probes::{
    tls::facts::{EndpointPurpose, TlsEndpoint},
    web::facts::{Scheme, WebFacts},
};

/// How long a browser keeps to HTTPS, as the front page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hsts {
    /// The front page was not looked at.
    NotSeen,
    /// It has no such header.
    Absent,
    /// It has one that browsers do not obey.
    Invalid,
    /// Seconds.
    Seconds(u64),
}

/// What lies around an endpoint's facts.
pub(super) struct Sight<'a> {
    /// Places below the endpoint that were not observed, with the reason.
    gaps: Vec<(&'a str, &'a Gap)>,
    starttls: bool,
    speaks_tls: Option<bool>,
    known: [(&'static str, bool); 3],
    pub(super) hsts: Hsts,
}

impl<'a> Sight<'a> {
    pub(super) fn new(
        endpoint: &TlsEndpoint,
        at: usize,
        web: Option<&WebFacts>,
        gaps: &'a [Gap],
    ) -> Self {
        let below = format!("/tls/endpoints/{at}");
        let gaps = gaps.iter().filter_map(|gap| {
            let rest = gap.at.strip_prefix(&below)?;
            (rest.is_empty() || rest.starts_with('/')).then_some((rest, gap))
        });
        Self {
            gaps: gaps.collect(),
            starttls: endpoint.starttls.is_some(),
            speaks_tls: endpoint.speaks_tls.known().copied(),
            known: [
                ("/versions", !endpoint.versions.is_unseen()),
                ("/suites", !endpoint.suites.is_unseen()),
                ("/certificates", !endpoint.certificates.is_unseen()),
            ],
            hsts: match endpoint.purpose {
                EndpointPurpose::Https => web.map_or(Hsts::NotSeen, hsts),
                _ => Hsts::NotSeen,
            },
        }
    }

    /// Why there is nothing to be graded.
    pub(super) fn nothing_to_grade(&self) -> Option<String> {
        if self.starttls {
            return Some("the scale is one for TLS from the first byte on".to_owned());
        }
        match self.speaks_tls {
            Some(true) => {}
            Some(false) => return Some("it speaks no TLS".to_owned()),
            None => return Some(self.why("")),
        }
        let unseen = self.known.iter().find(|(_, known)| !known);
        unseen.map(|(at, _)| format!("{}: {}", &at[1..], self.why(at)))
    }

    /// Why a list may have more items than were seen.
    pub(super) fn more(&self, list: &str) -> Option<String> {
        let found = self.gaps.iter().find(|(at, _)| {
            at.strip_prefix(list)
                .is_some_and(|rest| rest.is_empty() || rest == "/-")
        });
        found.map(|(_, gap)| words(gap))
    }

    /// Why a place was not observed.
    pub(super) fn why(&self, place: &str) -> String {
        let found = self.gap(place);
        found.map_or_else(|| "not observed".to_owned(), words)
    }

    /// Whether nobody was to ask.
    pub(super) fn not_asked(&self, place: &str) -> bool {
        self.gap(place)
            .is_some_and(|gap| gap.reason == GapReason::NotAsked)
    }

    fn gap(&self, place: &str) -> Option<&Gap> {
        let above = |at: &str| place == at || place.starts_with(&format!("{at}/"));
        let found = self
            .gaps
            .iter()
            .filter(|(at, _)| at.is_empty() || above(at));
        found.max_by_key(|(at, _)| at.len()).map(|(_, gap)| *gap)
    }
}

fn words(gap: &Gap) -> String {
    match &gap.detail {
        Some(detail) => format!("{} ({detail})", gap.reason.words()),
        None => gap.reason.words().to_owned(),
    }
}

/// What the front page says.
fn hsts(web: &WebFacts) -> Hsts {
    let mut pages = web.pages.known().into_iter().flatten();
    let front = pages.find(|page| page.key == "/" && page.scheme == Scheme::Https);
    match front.map(|page| &page.hsts) {
        None => Hsts::NotSeen,
        Some(None) => Hsts::Absent,
        Some(Some(hsts)) if hsts.valid => Hsts::Seconds(hsts.max_age),
        Some(Some(_)) => Hsts::Invalid,
    }
}

/// The items of a list that were seen.
pub(super) fn items<T>(list: &Seen<Vec<T>>) -> &[T] {
    list.known().map_or(&[], Vec::as_slice)
}
