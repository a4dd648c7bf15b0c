//! Do the TLSA records of an exchanger match the certificates that it presents?
//! (RFC 6698, RFC 7671, RFC 7672)
//!
//! The certificates are those that the TLS probe kept as evidence. Whether
//! DNSSEC protects the records is another fact, and plays no part here.

use base64::{Engine, engine::general_purpose::STANDARD};
use std::borrow::Cow;

use super::{reason, typed};
use crate::model::{
    gap::{Gap, GapReason},
    level::Area,
    observation::{EvidenceKind, Observation},
    seen::Seen,
};
use crate::probes::{
    mail::facts::{DaneEndpoint, MailExchanger, MailFacts, Tlsa},
    tls::facts::{Certificate, EndpointPurpose, TlsEndpoint, TlsFacts},
};
use crate::wire::{
    tlsa::{Association, DANE_EE},
    x509::{self, SignedBy},
};

/// Most steps from a leaf to an authority.
const STEPS_MAX: usize = 10;

/// Fills `dane` of every exchanger and `matches` of its TLSA records.
pub(super) fn join(observation: &mut Observation) {
    let Some(mut mail) = typed::<MailFacts>(observation, Area::Mail) else {
        return;
    };
    let Some(exchangers) = mail.mx.known_mut() else {
        return;
    };
    let endpoints =
        typed::<TlsFacts>(observation, Area::Tls).and_then(|tls| tls.endpoints.known().cloned());
    let mut gaps = Vec::new();
    for (number, exchanger) in exchangers.iter_mut().enumerate() {
        let mut join = Join {
            observation,
            at: format!("/mail/mx/{number}"),
            gaps: &mut gaps,
        };
        join.exchanger(exchanger, endpoints.as_deref());
    }
    if let Ok(value) = serde_json::to_value(&mail) {
        observation.facts.insert(Area::Mail, value);
        observation.gaps.extend(gaps);
    }
}

struct Join<'a> {
    observation: &'a Observation,
    /// Where the exchanger stands.
    at: String,
    gaps: &'a mut Vec<Gap>,
}

impl Join<'_> {
    fn exchanger(&mut self, exchanger: &mut MailExchanger, endpoints: Option<&[TlsEndpoint]>) {
        let Some(records) = exchanger.tlsa.known_mut() else {
            self.gap(
                "dane",
                &format!("{}/tlsa", self.at),
                "the TLSA records were not observed",
            );
            return;
        };
        if !records.iter().any(|record| record.usable) {
            exchanger.dane = Vec::new().into();
            return;
        }
        let Some(endpoints) = endpoints else {
            self.gap(
                "dane",
                "/tls/endpoints",
                "the certificates of the exchanger were not observed",
            );
            self.open(records, "/tls/endpoints");
            return;
        };
        let mut hits = vec![Some(false); records.len()];
        let mut dane = Vec::new();
        // What may have been left out, and why.
        let mut open = self
            .has_gap("/tls/endpoints/-")
            .then_some("/tls/endpoints/-".to_owned());
        if let Some(place) = &open {
            self.gap(
                "dane/-",
                place,
                "not every address of the exchangers was looked at",
            );
        }
        let own = |endpoint: &&TlsEndpoint| {
            endpoint.purpose == EndpointPurpose::Smtp && endpoint.host == exchanger.name
        };
        for (at, endpoint) in endpoints.iter().enumerate().filter(|(_, e)| own(e)) {
            let place = format!("/tls/endpoints/{at}/certificates");
            if endpoint.speaks_tls.known() == Some(&false) {
                // It presents nothing; that it should is another matter.
                continue;
            }
            let Some(certificates) = endpoint.certificates.known() else {
                let missing = format!("dane/{}/matches", dane.len());
                self.gap(&missing, &place, "no certificate was seen");
                dane.push(DaneEndpoint {
                    key: endpoint.key.clone(),
                    matches: Seen::Unseen,
                });
                open = open.or(Some(place));
                continue;
            };
            if certificates.is_empty() && !self.has_gap(&format!("{place}/-")) {
                continue;
            }
            let mut all = Some(true);
            for (number, certificate) in certificates.iter().enumerate() {
                let presented =
                    Presented::new(self.observation, &format!("{place}/{number}"), certificate);
                let results: Vec<_> = records.iter().map(|r| presented.matches(r)).collect();
                all = and(all, results.iter().copied().fold(Some(false), or));
                for (hit, result) in hits.iter_mut().zip(results) {
                    *hit = or(*hit, result);
                }
            }
            let more = format!("{place}/-");
            if self.has_gap(&more) {
                all = and(all, None);
                open = open.or_else(|| Some(more.clone()));
            }
            let matches = match all {
                Some(matches) => matches.into(),
                None => {
                    let missing = format!("dane/{}/matches", dane.len());
                    let (because, detail) = match self.has_gap(&more) {
                        true => (reason(self.observation, &more), "it may present others"),
                        false => (GapReason::TooLarge, "the chain was not kept whole"),
                    };
                    self.push(&missing, because, detail);
                    Seen::Unseen
                }
            };
            dane.push(DaneEndpoint {
                key: endpoint.key.clone(),
                matches,
            });
        }
        for (number, (record, hit)) in records.iter_mut().zip(hits).enumerate() {
            if !record.usable {
                continue;
            }
            let place = format!("tlsa/{number}/matches");
            let detail = "not every certificate of the exchanger was seen";
            match (hit, &open) {
                (Some(true), _) => record.matches = Some(true).into(),
                (_, Some(because)) => self.gap(&place, because, detail),
                (None, None) => self.push(&place, GapReason::TooLarge, detail),
                (Some(false), None) if dane.is_empty() => {
                    self.push(
                        &place,
                        GapReason::TlsFailed,
                        "no address of it presents a certificate",
                    );
                }
                (Some(false), None) => record.matches = Some(false).into(),
            }
        }
        exchanger.dane = dane.into();
    }

    /// Leaves open which of the records match.
    fn open(&mut self, records: &[Tlsa], because: &str) {
        for (number, _) in records
            .iter()
            .enumerate()
            .filter(|(_, record)| record.usable)
        {
            self.gap(
                &format!("tlsa/{number}/matches"),
                because,
                "the certificates of the exchanger were not observed",
            );
        }
    }

    fn gap(&mut self, below: &str, because: &str, detail: &str) {
        self.push(below, reason(self.observation, because), detail);
    }

    fn push(&mut self, below: &str, reason: GapReason, detail: &str) {
        self.gaps.push(Gap {
            at: format!("{}/{below}", self.at),
            reason,
            detail: Some(detail.to_owned()),
        });
    }

    fn has_gap(&self, at: &str) -> bool {
        self.observation.gaps.iter().any(|gap| gap.at == at)
    }
}

/// A chain as an endpoint presents it.
struct Presented<'a> {
    facts: &'a Certificate,
    /// Whether the leaf names the exchanger and is in date.
    in_force: bool,
    leaf: Option<Vec<u8>>,
    /// The certificates above the leaf, in no order.
    above: Vec<Vec<u8>>,
}

impl<'a> Presented<'a> {
    fn new(observation: &Observation, place: &str, facts: &'a Certificate) -> Self {
        let above = format!("{place}/chain");
        let kept = |at: &str| -> Vec<Vec<u8>> {
            let evidence = observation.evidence.iter();
            evidence
                .filter(|e| e.at == at && e.kind == EvidenceKind::Certificate && !e.cut)
                .filter_map(|e| STANDARD.decode(&e.data).ok())
                .collect()
        };
        let now = observation.observed_at;
        Self {
            facts,
            in_force: facts.matches_host && facts.not_before <= now && now <= facts.not_after,
            leaf: kept(place).into_iter().next(),
            above: kept(&above),
        }
    }

    /// Whether a usable record matches; absent when that cannot be told.
    fn matches(&self, record: &Tlsa) -> Option<bool> {
        if !record.usable {
            return Some(false);
        }
        let data = bytes(&record.data)?;
        let association = Association {
            usage: record.usage,
            selector: record.selector,
            matching: record.matching_type,
            data: &data,
        };
        if association.fault().is_some() {
            // Longer than what is kept.
            return None;
        }
        let leaf = self.leaf.as_deref()?;
        if record.usage == DANE_EE {
            // Name and dates do not count (RFC 7672 section 3.1.1).
            return association.fits(leaf);
        }
        if !self.in_force {
            return Some(false);
        }
        self.authority(leaf, &association)
    }

    /// Whether the record names an authority that the leaf leads to within the
    /// chain (RFC 7672 section 3.1.2).
    fn authority(&self, leaf: &[u8], association: &Association<'_>) -> Option<bool> {
        let kept = self.above.len().saturating_add(1);
        let complete = usize::try_from(self.facts.chain.sent).is_ok_and(|sent| sent <= kept);
        let otherwise = complete.then_some(false);
        let mut current = Cow::Borrowed(leaf);
        for _ in 0..STEPS_MAX {
            let read = x509::Certificate::read(&current).ok()?;
            let mut unknown = false;
            let issuer = self.above.iter().find(|der| {
                let signed = x509::Certificate::read(der).map(|issuer| {
                    match read.issuer_der == issuer.subject_der {
                        true => read.signed_by(&issuer),
                        false => SignedBy::No,
                    }
                });
                unknown |= matches!(signed, Ok(SignedBy::Unknown));
                **der != *current && matches!(signed, Ok(SignedBy::Yes))
            });
            let Some(issuer) = issuer else {
                return if unknown { None } else { otherwise };
            };
            if association.fits(issuer)? {
                return Some(true);
            }
            current = Cow::Borrowed(issuer);
        }
        None
    }
}

/// Bytes from lower-case hexadecimal.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
