//! Turns a chain into the facts of its certificate.

use rustls::pki_types::ServerName;
use std::collections::BTreeSet;

use super::chain::{self, Question};
use super::enumerate::RawChain;
use super::facts::{
    AlternativeName, Authority, Certificate, CertificateTimestamp, Issuer, KeyUsage, KeyUsageName,
    OtherDomain, PublicKey, Revocation, StapledAnswer, TimestampSource, Transparency,
};
use super::fold::{Fold, SeenChain, timestamp};
use super::issued::{Issued, issued};
use super::revocation::{self, Kind, Place};
use super::{fold_revocation, fold_transparency};
use crate::model::{gap::GapReason, observation::EvidenceKind, seen::Seen};
use crate::net::NetError;
use crate::wire::tls::Version;
use crate::wire::x509::{self, Name};
use crate::wire::{ocsp, sct};

/// What is known of the revocation of a certificate.
struct Status {
    staple: Option<StapledAnswer>,
    revocation: Seen<Option<Revocation>>,
    /// A list of signed certificate timestamps in the staple.
    timestamps: Option<Vec<u8>>,
}

impl Fold<'_> {
    /// The facts of the certificate that stands at a position in the list.
    ///
    /// # Errors
    /// When the leaf cannot be read; what is wrong with it.
    pub(super) fn certificate(
        &mut self,
        seen: &SeenChain,
        at: usize,
    ) -> Result<Certificate, String> {
        let chain = &seen.raw;
        let read: Vec<Result<x509::Certificate, String>> = chain
            .certificates
            .iter()
            .map(|der| x509::Certificate::read(der))
            .collect();
        let leaf = match read.first() {
            Some(Ok(leaf)) => leaf,
            Some(Err(error)) => return Err(error.clone()),
            None => return Err("an empty chain".to_owned()),
        };
        let host = ServerName::try_from(self.answers.host.clone())
            .map_err(|_| "no name to compare with".to_owned())?;
        let question = Question {
            der: &chain.certificates,
            sent: chain.sent,
            read: &read,
            host: &host,
            roots: self.setting.roots,
            now: self.setting.now,
            possession: seen.possession,
        };
        let place = format!("/certificates/{at}");
        if leaf.name_count > leaf.names.len() {
            let detail = format!("{} names; {} are kept", leaf.name_count, leaf.names.len());
            let error = NetError::new(GapReason::TooLarge, detail);
            self.gap(&format!("{place}/names/-"), &error);
        }
        for (position, der) in chain.certificates.iter().enumerate() {
            let below = if position == 0 { "" } else { "/chain" };
            let at = format!("{}{place}{below}", self.at);
            let reproduce = self.s_client("-showcerts");
            self.prove(at, EvidenceKind::Certificate, der, reproduce);
        }
        let issued = issued(&chain.certificates, self.setting.roots);
        let status = self.status(&place, leaf, issued.as_ref(), chain);
        let authorities = self.authorities(&place, chain);
        let (timestamps, transparency) =
            self.transparency(&place, leaf, issued.as_ref(), seen, status.timestamps);
        Ok(Certificate {
            key: format!("{} leaf", leaf.key.algorithm),
            subject: leaf.subject.clone(),
            issuer: Issuer {
                name: leaf.issuer.clone(),
                organisation: leaf.issuer_organisation.clone(),
            },
            serial: leaf.serial.clone(),
            sha256: leaf.sha256.clone(),
            not_before: timestamp(leaf.not_before),
            not_after: timestamp(leaf.not_after),
            lifetime_days: leaf.lifetime_days(),
            names: leaf.names.iter().map(name_facts).collect(),
            matches_host: chain::matches_host(&question, leaf),
            wildcard: leaf.wildcard(),
            self_signed: leaf.self_signed(),
            public_key: PublicKey {
                algorithm: leaf.key.algorithm.clone(),
                bits: leaf.key.bits,
                curve: leaf.key.curve.clone(),
            },
            signature_hash: leaf.signature_hash.to_owned(),
            signature_algorithm: leaf.signature_algorithm.clone(),
            server_auth: leaf.server_auth,
            version: Seen::Known(leaf.version),
            key_usage: Seen::Known(leaf.key_usage.as_ref().map(key_usage)),
            authority_key_id: Seen::Known(leaf.authority_key_id),
            ocsp: leaf.ocsp.clone(),
            crl: leaf.crl.clone(),
            sct_count: leaf.sct_count,
            must_staple: leaf.must_staple,
            staple: Seen::Known(status.staple),
            revocation: status.revocation,
            authorities: Seen::Known(authorities),
            timestamps: Seen::Known(timestamps),
            transparency,
            other_domains: Seen::Known(other_domains(&self.answers.host, &leaf.names)),
            caa_permits: Seen::Unseen,
            chain: chain::assess(&question),
        })
    }

    /// Staple and revocation, with their evidence.
    fn status(
        &mut self,
        place: &str,
        leaf: &x509::Certificate,
        issued: Option<&Issued>,
        chain: &RawChain,
    ) -> Status {
        let now = self.setting.now;
        let answer = match (&chain.staple, issued) {
            (Some(staple), Some(issued)) => {
                Some(ocsp::assess(staple, leaf, &issued.issuer, now.as_second()))
            }
            _ => None,
        };
        let staple = chain.staple.as_ref().map(|staple| {
            let at = format!("{}{place}/staple", self.at);
            let reproduce = self.s_client("-status");
            self.prove(at, EvidenceKind::OcspResponse, staple, reproduce);
            fold_revocation::stapled(answer.as_ref())
        });
        let by_staple = answer.as_ref().and_then(fold_revocation::by_staple);
        let der = chain.certificates.first();
        let asked = der.and_then(|der| self.revocations.get(der));
        let revocation = match (by_staple, asked, issued) {
            (Some(found), Some(Ok(places)), _) if places.is_empty() => Ok(Some(found)),
            (Some(found), None | Some(Err(_)), _) => Ok(Some(found)),
            _ if leaf.ocsp.is_empty() && leaf.crl.is_empty() => Ok(None),
            (_, Some(Ok(places)), Some(issued)) => fold_revocation::by_places(places, issued, now)
                .map(|(found, from)| {
                    self.prove_place(place, from, &leaf.serial);
                    Some(found)
                }),
            (_, Some(Err(error)), _) => Err(error.clone()),
            _ => {
                let detail = "the places that certificates name are asked from level standard on";
                Err(NetError::new(GapReason::NotAsked, detail))
            }
        };
        Status {
            staple,
            revocation: match revocation {
                Ok(revocation) => Seen::Known(revocation),
                Err(error) => {
                    self.gap(&format!("{place}/revocation"), &error);
                    Seen::Unseen
                }
            },
            timestamps: answer.and_then(|answer| answer.timestamps),
        }
    }

    /// Signed certificate timestamps, and what the list of logs says of them.
    fn transparency(
        &mut self,
        place: &str,
        leaf: &x509::Certificate,
        issued: Option<&Issued>,
        seen: &SeenChain,
        in_staple: Option<Vec<u8>>,
    ) -> (Vec<CertificateTimestamp>, Seen<Transparency>) {
        let der = seen.raw.certificates.first().map_or(&[][..], Vec::as_slice);
        let embedded = match sct::embedded(der) {
            Ok(list) => list.map(Ok),
            Err(error) => Some(Err(error.to_string())),
        };
        let lists: Vec<_> = [
            (TimestampSource::Embedded, embedded),
            (TimestampSource::Tls, seen.timestamps.clone().map(Ok)),
            (TimestampSource::Ocsp, in_staple.map(Ok)),
        ]
        .into_iter()
        .filter_map(|(source, list)| Some((source, list?)))
        .collect();
        let (timestamps, wrong) = fold_transparency::read(&lists);
        if let Some(wrong) = wrong {
            let error = NetError::new(GapReason::Malformed, wrong);
            self.gap(&format!("{place}/timestamps/-"), &error);
        }
        let passive = self.answers.enumeration.is_none();
        let open = self.unseen_timestamps();
        if let Some(error) = open.filter(|_| !passive || timestamps.is_empty()) {
            self.gap(&format!("{place}/timestamps/-"), &error);
        }
        let facts = fold_transparency::plain(&timestamps);
        let Some(logs) = self.setting.logs else {
            let detail = "no list of logs was given (--ct-logs)";
            let error = NetError::new(GapReason::NotAsked, detail);
            self.gap(&format!("{place}/transparency"), &error);
            return (facts, Seen::Unseen);
        };
        let now = self.setting.now.as_second();
        let judged = fold_transparency::judged(&timestamps, der, issued, leaf.not_after, logs, now);
        (facts, Seen::Known(judged))
    }
}

impl Fold<'_> {
    /// What was learned of the authorities above a leaf.
    fn authorities(&mut self, place: &str, chain: &RawChain) -> Vec<Authority> {
        let setting = self.setting;
        let now = setting.now;
        let above = revocation::authorities_of(chain, setting.roots, now.as_second());
        let mut list: Vec<Authority> = Vec::new();
        for (der, issued) in above {
            let authority = &issued.leaf;
            let place = format!("{place}/authorities/{}", list.len());
            let asked = self.revocations.get(&der);
            let found = match asked {
                _ if authority.ocsp.is_empty() && authority.crl.is_empty() => Ok(None),
                Some(Ok(places)) => fold_revocation::by_places(places, &issued, now).map(Some),
                Some(Err(error)) => Err(error.clone()),
                None if self.answers.enumeration.is_some() => {
                    let detail = "more certificates than are asked about for one target";
                    Err(NetError::new(GapReason::TooLarge, detail))
                }
                None => {
                    let detail =
                        "the places that certificates name are asked from level standard on";
                    Err(NetError::new(GapReason::NotAsked, detail))
                }
            };
            let revocation = match found {
                Ok(found) => Seen::Known(found.map(|(found, from)| {
                    self.prove_place(&place, from, &authority.serial);
                    found
                })),
                Err(error) => {
                    self.gap(&format!("{place}/revocation"), &error);
                    Seen::Unseen
                }
            };
            let before = list
                .iter()
                .filter(|one| one.key.starts_with(&authority.subject));
            let key = match before.count() {
                0 => authority.subject.clone(),
                more => format!("{} {}", authority.subject, more + 1),
            };
            list.push(Authority {
                key,
                serial: authority.serial.clone(),
                sha256: authority.sha256.clone(),
                revocation,
            });
        }
        list
    }

    /// The answer of a place that decided about the certificate at `place`.
    fn prove_place(&mut self, place: &str, from: &Place, serial: &str) {
        let at = format!("{}{place}/revocation", self.at);
        let kind = match from.kind {
            Kind::Ocsp => EvidenceKind::OcspResponse,
            Kind::Crl => EvidenceKind::RevocationList,
        };
        let reproduce = fold_revocation::reproduce(from, serial);
        let body = from.body.as_deref().map_or(&[][..], Vec::as_slice);
        self.prove(at, kind, body, reproduce);
    }

    /// Why there may be timestamps in the handshake that were not seen; nothing
    /// where the same certificate came in the clear too, or was asked for in both.
    fn unseen_timestamps(&self) -> Option<NetError> {
        let Some(found) = &self.answers.enumeration else {
            let detail = "timestamps in the handshake are asked for from level standard on";
            return Some(NetError::new(GapReason::NotAsked, detail));
        };
        let protected = self.answers.protected.as_ref();
        match protected.map(|seen| &seen.flight) {
            Some(Ok(_)) => None,
            // Whoever sends them does so in every version.
            Some(Err(_)) if found.accepts(Version::Tls12) => None,
            Some(Err(error)) => Some(error.clone()),
            None => None,
        }
    }
}

/// Registrable domains among the names that are not the host's.
fn other_domains(host: &str, names: &[Name]) -> Vec<OtherDomain> {
    let own = psl::domain_str(host).unwrap_or(host);
    let domains = names.iter().filter_map(|name| match name {
        Name::Dns(name) => psl::domain_str(name.trim_start_matches("*.")),
        Name::Ip(_) | Name::Other(_) => None,
    });
    let others: BTreeSet<&str> = domains.filter(|domain| *domain != own).collect();
    let fact = |name: &str| OtherDomain {
        name: name.to_owned(),
    };
    others.into_iter().map(fact).collect()
}

fn key_usage((critical, names): &(bool, Vec<&'static str>)) -> KeyUsage {
    let name = |name: &&str| KeyUsageName {
        name: (*name).to_owned(),
    };
    KeyUsage {
        critical: *critical,
        usages: names.iter().map(name).collect(),
    }
}

fn name_facts(name: &Name) -> AlternativeName {
    let (kind, name) = match name {
        Name::Dns(name) => ("dns", name),
        Name::Ip(name) => ("ip", name),
        Name::Other(name) => ("other", name),
    };
    AlternativeName {
        name: name.clone(),
        kind: kind.to_owned(),
    }
}
