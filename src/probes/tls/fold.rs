//! Turns answers into facts, gaps and evidence. Touches no network.

use base64::Engine as _;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::enumerate::RawChain;
use super::facts::{Certificate, Negotiated, Staple, TlsEndpoint, TlsFacts, VersionName};
use super::jobs::{Answers, Contact, EndpointAnswers};
use super::revocation::Revocations;
use super::{fold_features, fold_fingerprint, fold_handshake, fold_vulnerabilities};
use crate::model::{
    gap::{Gap, GapReason},
    observation::{Evidence, EvidenceKind},
    seen::Seen,
};
use crate::net::{NetError, RootStore, shell_word, tls::Agreement};
use crate::probes::registry::AreaReport;
use crate::wire::ct_logs::LogList;
use crate::wire::text::clean_bytes;
use crate::wire::tls::{Version, groups, suites};

/// Most bytes of a certificate that are kept as evidence.
const EVIDENCE_BYTES: usize = 8_192;

/// What facts are judged against.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The trusted roots.
    pub roots: &'a RootStore,
    /// The logs that count, if the user gave a list of them.
    pub logs: Option<&'a LogList>,
    /// The time of the observation.
    pub now: Timestamp,
}

/// The report of the whole area.
pub fn report(answers: &Answers, setting: Setting<'_>) -> AreaReport {
    let mut report = AreaReport::default();
    let mut facts = TlsFacts::default();
    if answers.known {
        let mut lines = Vec::new();
        let endpoints = answers.endpoints.iter().enumerate().map(|(at, endpoint)| {
            let at = format!("/tls/endpoints/{at}");
            let mut fold = Fold::new(endpoint, &answers.revocations, at, setting);
            let mut facts = fold.endpoint();
            lines.push(match facts.speaks_tls {
                Seen::Known(true) => fold.fingerprint(&mut facts),
                _ => None,
            });
            report.gaps.append(&mut fold.gaps);
            report.evidence.append(&mut fold.evidence);
            facts
        });
        let mut endpoints: Vec<TlsEndpoint> = endpoints.collect();
        report
            .gaps
            .extend(fold_fingerprint::compare(&mut endpoints, &lines));
        facts.endpoints = Seen::Known(endpoints);
        let at = "/tls/endpoints/-";
        report
            .gaps
            .extend(answers.open.iter().map(|error| error.gap(at)));
    } else {
        let at = "/tls/endpoints";
        report
            .gaps
            .extend(answers.open.iter().map(|error| error.gap(at)));
    }
    report.gaps.sort();
    report.gaps.dedup();
    report.evidence.sort();
    match serde_json::to_value(&facts) {
        Ok(value) => report.facts = Some(value),
        Err(error) => report.gaps.push(Gap {
            at: "/tls".to_owned(),
            reason: GapReason::Internal,
            detail: Some(error.to_string()),
        }),
    }
    report
}

/// The facts of one endpoint in the making.
pub(super) struct Fold<'a> {
    pub(super) answers: &'a EndpointAnswers,
    pub(super) revocations: &'a Revocations,
    /// Pointer of the endpoint.
    pub(super) at: String,
    pub(super) setting: Setting<'a>,
    pub(super) gaps: Vec<Gap>,
    evidence: Vec<Evidence>,
}

impl<'a> Fold<'a> {
    fn new(
        answers: &'a EndpointAnswers,
        revocations: &'a Revocations,
        at: String,
        setting: Setting<'a>,
    ) -> Self {
        Self {
            answers,
            revocations,
            at,
            setting,
            gaps: Vec::new(),
            evidence: Vec::new(),
        }
    }

    fn endpoint(&mut self) -> TlsEndpoint {
        let answers = self.answers;
        let mut facts = TlsEndpoint {
            key: SocketAddr::new(answers.ip, answers.port).to_string(),
            purpose: answers.purpose,
            host: answers.host.clone(),
            address: answers.ip.to_string(),
            port: answers.port,
            starttls: answers.starttls.map(|protocol| protocol.name().to_owned()),
            ..TlsEndpoint::default()
        };
        match &answers.contact {
            Contact::Unseen(error) => {
                self.gap("", error);
                return facts;
            }
            // No TLS: looked for, and nothing of it there.
            Contact::NoTls => {
                facts.speaks_tls = Seen::Known(false);
                facts.versions = Seen::Known(Vec::new());
                facts.suites = Seen::Known(Vec::new());
                facts.preference = Seen::Known(Vec::new());
                facts.groups = Seen::Known(Vec::new());
                facts.group_preference = Seen::Known(Vec::new());
                facts.negotiated = Seen::Known(None);
                facts.certificates = Seen::Known(Vec::new());
                facts.staple = Seen::Known(None);
                fold_features::without_tls(&mut facts);
                fold_handshake::without_tls(&mut facts);
                return facts;
            }
            Contact::Agreed => {}
            // Refused after the certificates: it agreed, and wants something
            // more, such as a certificate of the client.
            Contact::Refused(error) if self.saw_certificates() => self.gap("/negotiated", error),
            Contact::Refused(_) => facts.negotiated = Seen::Known(None),
            Contact::Unclear(error) => self.gap("/negotiated", error),
        }
        facts.speaks_tls = Seen::Known(true);
        let agreement = self.agreement();
        if let Some(agreement) = &agreement {
            facts.negotiated = Seen::Known(Some(negotiated(agreement)));
        }
        self.offers(&mut facts, agreement.as_ref());
        self.features(&mut facts, agreement.as_ref());
        for (at, error) in fold_handshake::fold(answers, &mut facts) {
            self.gap(at, &self.in_the_light_of_limits(error));
        }
        self.long_primes(&facts);
        self.ech(&mut facts);
        self.vulnerabilities(&mut facts);
        self.certificates(&mut facts);
        self.prove_upgrade();
        self.prove_rest(&facts);
        facts
    }

    /// Vulnerabilities, each with the answer that proves it.
    fn vulnerabilities(&mut self, facts: &mut TlsEndpoint) {
        let seen = self.answers.vulnerabilities.as_ref();
        let (missing, proofs) = fold_vulnerabilities::fold(seen, facts);
        for (at, error) in missing {
            self.gap(&at, &error);
        }
        for proof in proofs {
            let at = format!("{}{}", self.at, proof.at);
            let (host, port) = (shell_word(&self.answers.host), self.answers.port);
            let reproduce = proof.reproduce.replace("{host}", &host);
            let reproduce = reproduce.replace("{port}", &port.to_string());
            self.prove(at, EvidenceKind::TlsHandshake, proof.bytes, reproduce);
        }
    }

    fn saw_certificates(&self) -> bool {
        let first = self.answers.attempts.first();
        first.is_some_and(|attempt| !attempt.certificates.is_empty())
    }

    fn agreement(&self) -> Option<Agreement> {
        let attempt = self.answers.attempts.first()?;
        attempt.result.as_ref().ok().cloned()
    }

    /// What else hellos up to TLS 1.2 told.
    fn features(&mut self, facts: &mut TlsEndpoint, agreement: Option<&Agreement>) {
        let agreed = agreement.and_then(|a| Version::from_code(a.version));
        let missing = match &self.answers.enumeration {
            Some(found) => fold_features::fold(found, agreed, facts),
            None => {
                let detail = "handshakes are enumerated from level standard on";
                fold_features::unseen(&NetError::new(GapReason::NotAsked, detail))
            }
        };
        for (at, error) in missing {
            self.gap(at, &self.in_the_light_of_limits(error));
        }
    }

    /// A server that turned us away has not shown all that it could have.
    fn in_the_light_of_limits(&self, error: NetError) -> NetError {
        match error.reason {
            GapReason::Malformed if self.answers.throttles => {
                NetError::new(GapReason::Throttled, error.detail)
            }
            _ => error,
        }
    }

    /// Primes that were too long to look into.
    fn long_primes(&mut self, facts: &TlsEndpoint) {
        let fields = facts.finite_fields.known();
        for (at, field) in fields.into_iter().flatten().enumerate() {
            if field.safe_prime.is_unseen() {
                let error = NetError::new(GapReason::TooLarge, "too long to look into");
                self.gap(&format!("/finite_fields/{at}/safe_prime"), &error);
            }
        }
    }

    /// Certificates and staple.
    fn certificates(&mut self, facts: &mut TlsEndpoint) {
        let answers = self.answers;
        let chains = chains(answers);
        let Some(first) = chains.first() else {
            // Only anonymous suites, or nothing but refusals.
            let error = match &answers.contact {
                Contact::Refused(error) | Contact::Unclear(error) => error.clone(),
                _ => NetError::new(GapReason::TlsFailed, "no certificate was sent"),
            };
            self.gap("/certificates", &error);
            self.gap("/staple", &error);
            return;
        };
        facts.staple = Seen::Known(first.raw.staple.as_ref().map(|staple| Staple {
            length: u32::try_from(staple.len()).unwrap_or(u32::MAX),
        }));
        if let Some(error) = &answers.certificates_open {
            self.gap("/certificates/-", error);
        }
        let mut keys = BTreeMap::new();
        let mut list: Vec<Certificate> = Vec::new();
        for chain in &chains {
            let at = list.len();
            match self.certificate(chain, at) {
                Ok(mut certificate) => {
                    let count: &mut u32 = keys.entry(certificate.key.clone()).or_default();
                    *count += 1;
                    if *count > 1 {
                        certificate.key = format!("{} {count}", certificate.key);
                    }
                    list.push(certificate);
                }
                Err(error) => {
                    let error = NetError::new(GapReason::Malformed, error);
                    self.gap("/certificates/-", &error);
                }
            }
        }
        facts.certificates = Seen::Known(list);
    }

    pub(super) fn prove(
        &mut self,
        at: String,
        kind: EvidenceKind,
        bytes: &[u8],
        reproduce: String,
    ) {
        let kept = bytes.get(..EVIDENCE_BYTES).unwrap_or(bytes);
        self.evidence.push(Evidence {
            at,
            kind,
            data: base64::engine::general_purpose::STANDARD.encode(kept),
            cut: kept.len() < bytes.len(),
            reproduce,
        });
    }

    pub(super) fn push_evidence(&mut self, evidence: Evidence) {
        self.evidence.push(evidence);
    }

    /// A command that shows the same with OpenSSL.
    pub(super) fn s_client(&self, options: &str) -> String {
        let address = SocketAddr::new(self.answers.ip, self.answers.port);
        let name = shell_word(&self.answers.host);
        let starttls = match self.answers.starttls {
            Some(protocol) => format!(" -starttls {}", protocol.name()),
            None => String::new(),
        };
        format!(
            "openssl s_client -connect {address} -servername {name}{starttls} {options} </dev/null"
        )
    }

    pub(super) fn gap(&mut self, below: &str, error: &NetError) {
        self.gaps.push(error.gap(format!("{}{below}", self.at)));
    }
}

/// A chain that an endpoint showed.
pub(super) struct SeenChain {
    /// The chain and its staple.
    pub(super) raw: RawChain,
    /// Whether the server proved that it holds the leaf's key, where it is known.
    pub(super) possession: Option<bool>,
    /// A list of signed certificate timestamps that came in the handshake.
    pub(super) timestamps: Option<Vec<u8>>,
}

/// Every chain that an endpoint showed, one for each leaf.
pub(super) fn chains(answers: &EndpointAnswers) -> Vec<SeenChain> {
    let attempts = answers.attempts.iter().map(|attempt| SeenChain {
        raw: RawChain {
            certificates: attempt.certificates.clone(),
            sent: attempt.certificates_sent,
            staple: attempt.staple.clone(),
        },
        possession: attempt.possession,
        timestamps: None,
    });
    let protected = answers.protected.iter();
    let protected = protected.filter_map(|seen| seen.flight.as_ref().ok());
    let protected = protected.map(|flight| SeenChain {
        raw: RawChain {
            certificates: flight.certificates.clone(),
            sent: flight.certificates.len(),
            staple: flight.staple.clone(),
        },
        possession: None,
        timestamps: flight.timestamps.clone(),
    });
    let mut found: Vec<SeenChain> = Vec::new();
    let enumeration = answers.enumeration.as_ref();
    let raw = enumeration.into_iter().flat_map(|found| {
        found
            .chains
            .iter()
            .enumerate()
            .map(|(at, chain)| SeenChain {
                raw: chain.clone(),
                possession: None,
                // They came with the first chain in the clear.
                timestamps: found.timestamps.clone().filter(|_| at == 0),
            })
    });
    for chain in attempts.chain(raw).chain(protected) {
        let Some(leaf) = chain.raw.certificates.first() else {
            continue;
        };
        let same = |one: &&mut SeenChain| one.raw.certificates.first() == Some(leaf);
        match found.iter_mut().find(same) {
            Some(earlier) => {
                earlier.timestamps = earlier.timestamps.take().or(chain.timestamps);
                earlier.raw.staple = earlier.raw.staple.take().or(chain.raw.staple);
            }
            None => found.push(chain),
        }
    }
    found
}

fn negotiated(agreement: &Agreement) -> Negotiated {
    let version = Version::from_code(agreement.version).unwrap_or(Version::Tls12);
    Negotiated {
        version: VersionName::from(version),
        suite: suites::name_of(agreement.suite),
        group: agreement.group.map(groups::name_of),
        alpn: agreement.alpn.as_ref().map(|alpn| clean_bytes(alpn, 60)),
    }
}

/// The nearest time that can be written.
pub(super) fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}
