//! How a chain verifies, with every reason against it.
//!
//! Trust is rustls-webpki's word alone. The reasons are found by walking the
//! chain ourselves, because a verifier stops at the first one, and several
//! often hold at once.

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use std::collections::BTreeMap;

use super::facts::{Chain, ChainProblem, ChainProblemName as Name};
use super::issued::{is_signed_by_root, is_trusted, verify};
use crate::net::RootStore;
use crate::wire::text::clean;
use crate::wire::x509::{self, Certificate, SignedBy};

/// Most characters of a detail.
const DETAIL_CHARS: usize = 300;

/// What is judged and against what.
pub struct Question<'a> {
    /// Certificates in DER as they were sent, the leaf first.
    pub der: &'a [Vec<u8>],
    /// Number of certificates sent; more than `der` when some were not kept.
    pub sent: usize,
    /// The same, read.
    pub read: &'a [Result<Certificate, String>],
    /// The host that was asked for.
    pub host: &'a ServerName<'static>,
    /// The trusted roots.
    pub roots: &'a RootStore,
    /// The time of the observation.
    pub now: Timestamp,
    /// Whether the server proved that it holds the leaf's key, where it is known.
    pub possession: Option<bool>,
}

/// How the chain verifies.
pub fn assess(question: &Question<'_>) -> Chain {
    let mut problems = Problems::default();
    for (at, read) in question.read.iter().enumerate() {
        if let Err(error) = read {
            problems.add(Name::Unreadable, format!("certificate {}: {error}", at + 1));
        }
    }
    let path = Path::walk(question.read, question.roots);
    let now = question.now.as_second();
    let trusted = is_trusted(question.der, question.roots, now);
    path.dates(now, &mut problems);
    path.strength(&mut problems);
    path.authorities(&mut problems);
    if let Some(leaf) = path.leaf() {
        if !matches_host(question, leaf) {
            let host = question.host.to_str();
            problems.add(Name::NameMismatch, format!("it is not for {host}"));
        }
        if leaf.server_auth == Some(false) {
            problems.add(
                Name::NotForServers,
                "its extended key usage leaves out servers",
            );
        }
    }
    // For a key that is too small, the client cannot tell.
    let too_small = path.leaf().is_some_and(|leaf| leaf.key.is_weak());
    if question.possession == Some(false) && !too_small {
        let detail = "the signature in the handshake does not match the leaf's key";
        problems.add(Name::BadSignature, detail);
    }
    if path.disordered() {
        problems.add(
            Name::WrongOrder,
            "a certificate stands before the one that it signed",
        );
    }
    if !trusted {
        // Dates left aside, what else does the verifier say?
        let timeless = verify(question.der, question.roots, path.time_within(now));
        if timeless != Ok(()) {
            path.end_of(&mut problems);
        }
        if let Err(error) = timeless {
            explain(&error, &path, &mut problems);
        }
        if problems.only(&[Name::NameMismatch, Name::WrongOrder]) {
            let detail = verify(question.der, question.roots, now)
                .err()
                .unwrap_or_default();
            problems.add(Name::Other, detail);
        }
    }
    Chain {
        sent: u32::try_from(question.sent).unwrap_or(u32::MAX),
        trusted,
        problems: problems.into_facts(),
    }
}

/// Whether the host is among the names of the leaf (RFC 9525).
pub fn matches_host(question: &Question<'_>, leaf: &Certificate) -> bool {
    let der = CertificateDer::from(question.der.first().map_or(&[][..], Vec::as_slice));
    match ParsedCertificate::try_from(&der) {
        Ok(parsed) => rustls::client::verify_server_name(&parsed, question.host).is_ok(),
        // What webpki cannot read (version 1, say) is compared plainly.
        Err(_) => leaf.names.iter().any(|name| match name {
            x509::Name::Dns(name) | x509::Name::Ip(name) => *name == question.host.to_str(),
            x509::Name::Other(_) => false,
        }),
    }
}

/// Turns what the verifier said into a reason, if the walk did not find it.
fn explain(error: &str, path: &Path<'_>, problems: &mut Problems) {
    let has = |part: &str| error.contains(part);
    if has("NameConstraint") {
        problems.add(
            Name::NameConstraints,
            "a name lies outside an authority's constraints",
        );
    } else if has("InvalidPurpose") || has("RequiredEkuNotFound") {
        problems.add(
            Name::NotForServers,
            "an extended key usage leaves out servers",
        );
    } else if has("BadSignature") || has("InvalidSignatureForPublicKey") {
        if !problems.has(Name::WeakKey) && !problems.has(Name::WeakSignature) {
            problems.add(Name::BadSignature, "a signature does not verify");
        }
    } else if has("PathLenConstraint") {
        let detail = "an authority has more authorities below it than it may";
        if !problems.has(Name::PathTooLong) {
            problems.add(Name::PathTooLong, detail);
        }
    } else if has("EndEntityUsedAsCa") {
        problems.add(
            Name::NotAnAuthority,
            "an authority of the chain may not sign it",
        );
    } else if has("CaUsedAsEndEntity") {
        if path.end == End::Anchor {
            problems.add(Name::Other, "the leaf is the certificate of an authority");
        }
    } else if path.end == End::Anchor
        && !has("UnknownIssuer")
        && !has("Expired")
        && !has("NotValidYet")
        && !problems.has(Name::WeakKey)
        && !problems.has(Name::WeakSignature)
    {
        problems.add(Name::Other, error);
    }
}

/// The way from the leaf upwards through what was sent.
struct Path<'a> {
    /// Positions among the certificates sent, and the certificates.
    steps: Vec<(usize, &'a Certificate)>,
    end: End,
}

/// Where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// At a trusted root.
    Anchor,
    /// At a certificate that signed itself and is not trusted.
    SelfSigned,
    /// At a certificate whose issuer was not sent.
    Missing,
    /// At a certificate that none of those named as its issuer signed.
    BadSignature,
    /// Nowhere: the leaf cannot be read.
    Unreadable,
}

impl<'a> Path<'a> {
    fn walk(read: &'a [Result<Certificate, String>], roots: &RootStore) -> Self {
        let Some(Ok(leaf)) = read.first() else {
            return Self {
                steps: Vec::new(),
                end: End::Unreadable,
            };
        };
        let mut steps = vec![(0, leaf)];
        let mut top = leaf;
        // Each step uses up one certificate, so that this ends.
        loop {
            let anchored = roots.roots.iter().any(|root| is_signed_by_root(top, root));
            if anchored {
                return Self {
                    steps,
                    end: End::Anchor,
                };
            }
            if top.self_signed() {
                return Self {
                    steps,
                    end: End::SelfSigned,
                };
            }
            let named: Vec<(usize, &Certificate)> = read
                .iter()
                .enumerate()
                .filter_map(|(at, read)| Some((at, read.as_ref().ok()?)))
                .filter(|(at, candidate)| {
                    candidate.subject_der == top.issuer_der
                        && !steps.iter().any(|(used, _)| used == at)
                })
                .collect();
            let next = named
                .iter()
                .find(|(_, candidate)| top.signed_by(candidate) != SignedBy::No);
            match next {
                Some(step) => {
                    steps.push(*step);
                    top = step.1;
                }
                None => {
                    let end = if named.is_empty() {
                        End::Missing
                    } else {
                        End::BadSignature
                    };
                    return Self { steps, end };
                }
            }
        }
    }

    fn leaf(&self) -> Option<&'a Certificate> {
        self.steps.first().map(|(_, leaf)| *leaf)
    }

    fn disordered(&self) -> bool {
        self.steps.windows(2).any(|pair| match pair {
            [(lower, _), (upper, _)] => lower > upper,
            _ => false,
        })
    }

    fn dates(&self, now: i64, problems: &mut Problems) {
        for (at, certificate) in &self.steps {
            if now > certificate.not_after {
                let detail = format!(
                    "{} ended on {}",
                    role(*at, certificate),
                    day(certificate.not_after)
                );
                problems.add(Name::Expired, detail);
            }
            if now < certificate.not_before {
                let detail = format!(
                    "{} begins on {}",
                    role(*at, certificate),
                    day(certificate.not_before)
                );
                problems.add(Name::NotYetValid, detail);
            }
        }
    }

    fn strength(&self, problems: &mut Problems) {
        for (at, certificate) in &self.steps {
            let key = &certificate.key;
            if key.is_weak() {
                let bits = key.bits.unwrap_or_default();
                let detail = format!("{}: {} {bits} bits", role(*at, certificate), key.algorithm);
                problems.add(Name::WeakKey, detail);
            }
            // What a certificate says of itself needs no protection.
            let weak = matches!(certificate.signature_hash, "SHA-1" | "MD5" | "MD2");
            if weak && certificate.subject_der != certificate.issuer_der {
                let detail = format!("{}: {}", role(*at, certificate), certificate.signature_hash);
                problems.add(Name::WeakSignature, detail);
            }
        }
    }

    fn authorities(&self, problems: &mut Problems) {
        for (below, (at, certificate)) in self.steps.iter().skip(1).enumerate() {
            let may_sign =
                certificate.authority == Some(true) && certificate.key_cert_sign != Some(false);
            if !may_sign {
                let detail = format!("{} may not sign certificates", role(*at, certificate));
                problems.add(Name::NotAnAuthority, detail);
            }
            let limit = certificate
                .path_length
                .and_then(|limit| usize::try_from(limit).ok());
            if limit.is_some_and(|limit| below > limit) {
                let detail = format!("{}: too many authorities below it", role(*at, certificate));
                problems.add(Name::PathTooLong, detail);
            }
        }
    }

    /// The reason why the path ends where it does.
    fn end_of(&self, problems: &mut Problems) {
        let Some((at, top)) = self.steps.last() else {
            return;
        };
        match self.end {
            End::Anchor | End::Unreadable => {}
            End::SelfSigned if *at == 0 => {
                problems.add(Name::SelfSigned, "the leaf signed itself");
            }
            End::SelfSigned => {
                problems.add(
                    Name::UnknownIssuer,
                    format!("{} is not trusted", top.subject),
                );
            }
            // A private root is rightly left out; an intermediate is not. What
            // says which place its issuer's certificate has lacks one: public
            // authorities write that into all that they issue.
            End::Missing if !top.issuer_urls.is_empty() => {
                let detail = format!("{} was not sent and is no trusted root", top.issuer);
                problems.add(Name::Incomplete, detail);
            }
            End::Missing => {
                problems.add(
                    Name::UnknownIssuer,
                    format!("{} is not trusted", top.issuer),
                );
            }
            End::BadSignature => {
                let detail = format!("{}: its issuer's key did not sign it", role(*at, top));
                problems.add(Name::BadSignature, detail);
            }
        }
    }

    /// A time at which all certificates of the path are in date, or at least the leaf.
    fn time_within(&self, now: i64) -> i64 {
        let from = self
            .steps
            .iter()
            .map(|(_, c)| c.not_before)
            .max()
            .unwrap_or(now);
        let until = self
            .steps
            .iter()
            .map(|(_, c)| c.not_after)
            .min()
            .unwrap_or(now);
        if from <= until {
            now.clamp(from, until)
        } else {
            self.leaf().map_or(now, |leaf| leaf.not_after)
        }
    }
}

fn role(at: usize, certificate: &Certificate) -> String {
    match at {
        0 => "the leaf".to_owned(),
        _ => certificate.subject.clone(),
    }
}

fn day(second: i64) -> String {
    match Timestamp::from_second(second) {
        Ok(time) => time.strftime("%Y-%m-%d").to_string(),
        Err(_) => "a day beyond all calendars".to_owned(),
    }
}

/// Problems by name, each once, with all its details.
#[derive(Default)]
struct Problems(BTreeMap<Name, Vec<String>>);

impl Problems {
    fn add(&mut self, name: Name, detail: impl Into<String>) {
        let details = self.0.entry(name).or_default();
        let detail = detail.into();
        if !details.contains(&detail) {
            details.push(detail);
        }
    }

    fn has(&self, name: Name) -> bool {
        self.0.contains_key(&name)
    }

    fn only(&self, names: &[Name]) -> bool {
        self.0.keys().all(|name| names.contains(name))
    }

    fn into_facts(self) -> Vec<ChainProblem> {
        self.0
            .into_iter()
            .map(|(name, details)| ChainProblem {
                name,
                detail: clean(&details.join("; "), DETAIL_CHARS),
            })
            .collect()
    }
}
