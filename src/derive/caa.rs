//! Would the CAA records let the issuer of the certificate issue again? (RFC 8659)
//!
//! CAA binds at issuance, not afterwards: a `false` here says that the next
//! renewal at the same authority would be refused, not that the certificate is bad.

use super::{reason, typed};
use crate::model::{gap::Gap, level::Area, observation::Observation, seen::Seen};
use crate::probes::{
    dns::facts::{Caa, DnsFacts},
    tls::facts::{Certificate, EndpointPurpose, TlsFacts},
};

/// CAA domains of authorities, by a word of the issuer's organisation in lower
/// case. From the CAA identifiers that authorities declare in the CCADB and in
/// their practice statements.
const AUTHORITIES: &[(&str, &[&str])] = &[
    ("let's encrypt", &["letsencrypt.org"]),
    (
        "digicert",
        &[
            "digicert.com",
            "www.digicert.com",
            "digicert.ne.jp",
            "geotrust.com",
            "rapidssl.com",
            "thawte.com",
            "symantec.com",
            "volusion.digitalcertvalidation.com",
        ],
    ),
    (
        "sectigo",
        &[
            "sectigo.com",
            "comodo.com",
            "comodoca.com",
            "usertrust.com",
            "trust-provider.com",
        ],
    ),
    (
        "comodo",
        &[
            "sectigo.com",
            "comodo.com",
            "comodoca.com",
            "usertrust.com",
            "trust-provider.com",
        ],
    ),
    (
        "zerossl",
        &[
            "sectigo.com",
            "comodo.com",
            "comodoca.com",
            "usertrust.com",
            "trust-provider.com",
        ],
    ),
    ("globalsign", &["globalsign.com"]),
    ("google trust services", &["pki.goog"]),
    ("godaddy", &["godaddy.com", "starfieldtech.com"]),
    ("starfield", &["godaddy.com", "starfieldtech.com"]),
    (
        "amazon",
        &[
            "amazon.com",
            "amazontrust.com",
            "awstrust.com",
            "amazonaws.com",
        ],
    ),
    ("microsoft corporation", &["microsoft.com"]),
    // Before the one whose name it contains: the first that fits counts.
    ("identrust", &["identrust.com"]),
    ("entrust", &["entrust.net", "affirmtrust.com"]),
    ("ssl corp", &["ssl.com"]),
    ("buypass", &["buypass.com", "buypass.no"]),
    ("actalis", &["actalis.it"]),
    ("swisssign", &["swisssign.com", "swisssign.net"]),
    ("d-trust", &["d-trust.net", "dtrust.de", "d-trust.de"]),
    ("certigna", &["certigna.fr"]),
    ("dhimyotis", &["certigna.fr"]),
    ("secom trust", &["secomtrust.net"]),
    ("hellenic academic", &["harica.gr"]),
];

/// Fills `caa_permits` of every website certificate.
pub(super) fn join(observation: &mut Observation) {
    let Some(mut tls) = typed::<TlsFacts>(observation, Area::Tls) else {
        return;
    };
    let Some(endpoints) = tls.endpoints.known_mut() else {
        return;
    };
    let caa = typed::<DnsFacts>(observation, Area::Dns).map(|dns| dns.caa);
    let mut gaps = Vec::new();
    for (at, endpoint) in endpoints.iter_mut().enumerate() {
        let Some(certificates) = endpoint.certificates.known_mut() else {
            continue;
        };
        for (number, certificate) in certificates.iter_mut().enumerate() {
            // The DNS facts are those of the target's name, not of its mail exchangers.
            if endpoint.purpose != EndpointPurpose::Https {
                certificate.caa_permits = Seen::Known(None);
                continue;
            }
            match &caa {
                Some(Seen::Known(set)) => {
                    certificate.caa_permits =
                        Seen::Known(set.as_ref().and_then(|set| permits(set, certificate)));
                }
                _ => gaps.push(Gap {
                    at: format!("/tls/endpoints/{at}/certificates/{number}/caa_permits"),
                    reason: reason(observation, "/dns/caa"),
                    detail: Some("the CAA records were not observed".to_owned()),
                }),
            }
        }
    }
    if let Ok(value) = serde_json::to_value(&tls) {
        observation.facts.insert(Area::Tls, value);
        observation.gaps.extend(gaps);
    }
}

/// `None` when the issuer is not in the table.
fn permits(set: &Caa, certificate: &Certificate) -> Option<bool> {
    let organisation = certificate.issuer.organisation.as_ref()?.to_lowercase();
    let (_, domains) = AUTHORITIES
        .iter()
        .find(|(word, _)| organisation.contains(word))?;
    let only_wildcards = !certificate.names.is_empty()
        && certificate
            .names
            .iter()
            .all(|name| name.name.starts_with("*."));
    let issuers = if only_wildcards && !set.wildcard_issuers.is_empty() {
        &set.wildcard_issuers
    } else {
        &set.issuers
    };
    if issuers.is_empty() {
        // A set without `issue` property does not limit anybody (RFC 8659 section 4.2).
        return Some(true);
    }
    Some(
        issuers
            .iter()
            .any(|issuer| domains.contains(&issuer.domain.to_ascii_lowercase().as_str())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn certificate(organisation: &str, name: &str) -> Certificate {
        serde_json::from_value(json!({
            "key": "ecdsa leaf", "subject": "CN=x", "serial": "01", "sha256": "00",
            "issuer": { "name": "CN=R11", "organisation": organisation },
            "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-03-01T00:00:00Z",
            "lifetime_days": 60, "names": [{ "name": name, "kind": "dns" }],
            "matches_host": true, "wildcard": false, "self_signed": false,
            "public_key": { "algorithm": "ecdsa", "bits": 256, "curve": "secp256r1" },
            "signature_hash": "SHA-256", "signature_algorithm": "ecdsa-with-SHA256",
            "server_auth": true, "ocsp": [], "crl": [], "sct_count": 2, "must_staple": false,
            "chain": { "sent": 2, "trusted": true, "problems": [] },
        }))
        .unwrap()
    }

    fn caa(issuers: &[&str], wildcard: &[&str]) -> Caa {
        let list = |domains: &[&str]| {
            domains
                .iter()
                .map(|d| json!({ "domain": d, "parameters": [] }))
                .collect::<Vec<_>>()
        };
        serde_json::from_value(json!({
            "at": "example.gov", "issuers": list(issuers), "wildcard_issuers": list(wildcard),
            "iodef": [], "problems": [],
        }))
        .unwrap()
    }

    #[test]
    fn a_set_permits_the_issuers_that_it_names() {
        let cases = [
            (
                "Let's Encrypt",
                "a.example",
                &["letsencrypt.org"][..],
                &[][..],
                Some(true),
            ),
            (
                "Let's Encrypt",
                "a.example",
                &["LetsEncrypt.org"],
                &[],
                Some(true),
            ),
            (
                "Let's Encrypt",
                "a.example",
                &["digicert.com"],
                &[],
                Some(false),
            ),
            ("Let's Encrypt", "a.example", &[""], &[], Some(false)),
            (
                "Let's Encrypt",
                "*.a.example",
                &["digicert.com"],
                &["letsencrypt.org"],
                Some(true),
            ),
            (
                "Let's Encrypt",
                "a.example",
                &["digicert.com"],
                &["letsencrypt.org"],
                Some(false),
            ),
            (
                "Let's Encrypt",
                "a.example",
                &[],
                &["digicert.com"],
                Some(true),
            ),
            (
                "IdenTrust",
                "a.example",
                &["identrust.com"],
                &[],
                Some(true),
            ),
            (
                "An authority of our own",
                "a.example",
                &["digicert.com"],
                &[],
                None,
            ),
        ];
        for (organisation, name, issuers, wildcard, expected) in cases {
            let found = permits(&caa(issuers, wildcard), &certificate(organisation, name));
            assert_eq!(
                found, expected,
                "{organisation} {name} {issuers:?} {wildcard:?}"
            );
        }
    }
}
