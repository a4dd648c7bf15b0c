//! Turns what was seen around the handshakes into facts.

use super::enumerate::Enumeration;
use super::facts::{
    ApplicationProtocol, ClientCertificate, CompressionAlgorithm, FiniteField, HttpUpgrade, Quic,
    QuicVersion, Resumption, SignatureAlgorithm, TlsEndpoint, VersionName,
};
use super::fold_features::Missing;
use super::jobs::EndpointAnswers;
use crate::model::{gap::GapReason, seen::Seen};
use crate::net::NetError;
use crate::wire::quic::version_name;
use crate::wire::text::clean_bytes;
use crate::wire::tls::{Version, primes, protected_flight::compression_name, signatures};

/// Facts that need level standard, by their place.
const STANDARD: [&str; 17] = [
    "/signature_algorithms",
    "/finite_fields",
    "/reuses_dh",
    "/reuses_ecdh",
    "/chacha_priority",
    "/alpn",
    "/npn",
    "/resumption",
    "/without_name",
    "/wrong_name",
    "/tolerates_unknown",
    "/tolerates_newer_version",
    "/certificate_compression",
    "/certificate_compression_algorithms",
    "/quic",
    "/http_upgrade",
    "/throttles",
];

/// The facts of an endpoint that speaks no TLS: there is nothing of this.
pub fn without_tls(facts: &mut TlsEndpoint) {
    facts.client_certificate = Seen::Known(None);
    facts.signature_algorithms = Seen::Known(Vec::new());
    facts.finite_fields = Seen::Known(Vec::new());
    facts.reuses_dh = Seen::Known(None);
    facts.reuses_ecdh = Seen::Known(None);
    facts.chacha_priority = Seen::Known(None);
    facts.alpn = Seen::Known(Vec::new());
    facts.npn = Seen::Known(None);
    facts.certificate_compression = Seen::Known(None);
    facts.certificate_compression_algorithms = Seen::Known(Vec::new());
    facts.tolerates_newer_version = Seen::Known(None);
    facts.http_upgrade = Seen::Known(None);
    facts.ech = Seen::Known(None);
    facts.fingerprint = Seen::Known(None);
    facts.vulnerabilities = Seen::Known(Vec::new());
    facts.client_renegotiation = Seen::Known(None);
}

/// Writes the facts; gives what is missing.
pub fn fold(answers: &EndpointAnswers, facts: &mut TlsEndpoint) -> Vec<Missing> {
    let mut missing = Vec::new();
    if let Some(small) = answers.needs_small {
        facts.takes_large_hello = Seen::Known(!small);
    }
    let first = answers.attempts.first();
    let asked = first.filter(|attempt| !attempt.certificates.is_empty());
    let found = answers.enumeration.as_ref();
    // Up to TLS 1.2 the answers to hellos tell it too.
    let raw = found.and_then(|found| found.client_authorities);
    let told = found.is_some_and(|found| {
        let versions = &mut Version::ALL.into_iter();
        versions.any(|version| version < Version::Tls13 && found.accepts(version))
    });
    if asked.is_some() || told {
        let authorities = asked.and_then(|attempt| attempt.client_authorities).or(raw);
        facts.client_certificate =
            Seen::Known(authorities.map(|authorities| ClientCertificate { authorities }));
    } else {
        missing.push(("/client_certificate", unclear()));
    }
    match &answers.enumeration {
        Some(found) => standard(answers, found, facts, &mut missing),
        None => {
            let detail = "handshakes are enumerated from level standard on";
            let error = NetError::new(GapReason::NotAsked, detail);
            missing.extend(STANDARD.map(|at| (at, error.clone())));
        }
    }
    missing
}

fn standard(
    answers: &EndpointAnswers,
    found: &Enumeration,
    facts: &mut TlsEndpoint,
    missing: &mut Vec<Missing>,
) {
    facts.throttles = Seen::Known(answers.throttles);
    quic(answers, facts, missing);
    upgrade(answers, facts, missing);
    let doubt = found.doubt();
    signed(answers, found, facts, missing);
    let fields = found.exchanges.fields.iter().map(|(prime, bits)| {
        let safe_prime = primes::is_safe(prime);
        let prime = primes::digest(prime);
        let origin = primes::origin(&prime);
        FiniteField {
            bits: *bits,
            standard: origin.is_some_and(|origin| origin.starts_with("ffdhe")),
            origin: origin.map(str::to_owned),
            prime,
            safe_prime: safe_prime.map_or(Seen::Unseen, Seen::Known),
        }
    });
    facts.finite_fields = Seen::Known(fields.collect());
    if let Some(error) = &doubt {
        missing.push(("/finite_fields/-", error.clone()));
    }
    for (fact, at, values) in [
        (&mut facts.reuses_dh, "/reuses_dh", &found.exchanges.finite),
        (
            &mut facts.reuses_ecdh,
            "/reuses_ecdh",
            &found.exchanges.curves,
        ),
    ] {
        match (values.reused(), values.any(), &doubt) {
            (Some(reused), ..) => *fact = Seen::Known(Some(reused)),
            (None, false, None) => *fact = Seen::Known(None),
            (None, _, doubt) => missing.push((at, doubt.clone().unwrap_or_else(unclear))),
        }
    }
    put(
        &mut facts.chacha_priority,
        "/chacha_priority",
        match &found.chacha_priority {
            Some(Ok(yields)) => Ok(Some(*yields)),
            Some(Err(error)) => Err(error.clone()),
            None => doubt.clone().map_or(Ok(None), Err),
        },
        missing,
    );
    let old = [Version::Tls10, Version::Tls11, Version::Tls12]
        .into_iter()
        .any(|v| found.accepts(v));
    let granted = |seen: Option<bool>| match (seen, old, &doubt) {
        (Some(seen), ..) => Ok(Some(seen)),
        (None, false, None) => Ok(None),
        (None, _, doubt) => Err(doubt.clone().unwrap_or_else(unclear)),
    };
    put(&mut facts.npn, "/npn", granted(found.features.npn), missing);
    match found.tolerates_unknown {
        Some(tolerates) => facts.tolerates_unknown = Seen::Known(tolerates),
        None => missing.push(("/tolerates_unknown", doubt.clone().unwrap_or_else(unclear))),
    }
    put(
        &mut facts.tolerates_newer_version,
        "/tolerates_newer_version",
        granted(found.tolerates_newer),
        missing,
    );
    protocols(answers, facts, missing);
    compressed(answers, found, facts, missing);
    let mut resumption = Resumption::default();
    put(
        &mut resumption.tls12_ticket,
        "/resumption/tls12_ticket",
        granted(found.features.tickets),
        missing,
    );
    let tls12 = match (
        &answers.later.tls12_id,
        found.accepts(Version::Tls12),
        &doubt,
    ) {
        (Some(resumed), ..) => resumed.clone().map(Some),
        (None, false, None) => Ok(None),
        (None, _, doubt) => Err(doubt.clone().unwrap_or_else(unclear)),
    };
    put(
        &mut resumption.tls12_id,
        "/resumption/tls12_id",
        tls12,
        missing,
    );
    let tls13 = answers
        .handshakes
        .as_ref()
        .and_then(|seen| seen.tls13.clone());
    let none = match (found.accepts(Version::Tls13), &doubt) {
        (false, None) => Ok(None),
        (_, doubt) => Err(doubt.clone().unwrap_or_else(unclear)),
    };
    let ticket = tls13
        .clone()
        .map_or(none.clone(), |seen| seen.map(|(resumed, _)| Some(resumed)));
    let early = tls13.map_or(none, |seen| seen.map(|(_, early)| Some(early)));
    put(
        &mut resumption.tls13_ticket,
        "/resumption/tls13_ticket",
        ticket,
        missing,
    );
    put(
        &mut resumption.early_data,
        "/resumption/early_data",
        early,
        missing,
    );
    facts.resumption = Seen::Known(resumption);
    let Some(handshakes) = &answers.handshakes else {
        for at in ["/without_name", "/wrong_name"] {
            missing.push((at, unclear()));
        }
        return;
    };
    for (fact, at, seen) in [
        (
            &mut facts.without_name,
            "/without_name",
            &handshakes.without_name,
        ),
        (&mut facts.wrong_name, "/wrong_name", &handshakes.wrong_name),
    ] {
        match seen {
            Ok(answer) => *fact = Seen::Known(*answer),
            Err(error) => missing.push((at, error.clone())),
        }
    }
}

/// What answered over UDP.
fn quic(answers: &EndpointAnswers, facts: &mut TlsEndpoint, missing: &mut Vec<Missing>) {
    let version = |number: &u32| QuicVersion {
        name: version_name(*number),
    };
    match &answers.quic {
        Some(Ok(Some(found))) => {
            let versions = found.iter().map(version).collect();
            facts.quic = Seen::Known(Some(Quic { versions }));
        }
        None | Some(Ok(None)) => facts.quic = Seen::Known(None),
        Some(Err(error)) => missing.push(("/quic", error.clone())),
    }
}

/// What plain HTTP said when asked to go on as TLS.
fn upgrade(answers: &EndpointAnswers, facts: &mut TlsEndpoint, missing: &mut Vec<Missing>) {
    let seen = match &answers.http_upgrade {
        Some(Ok(Some(seen))) => &seen.answer,
        None | Some(Ok(None)) => return facts.http_upgrade = Seen::Known(None),
        Some(Err(error)) => return missing.push(("/http_upgrade", error.clone())),
    };
    let offers = seen.offers().then(|| seen.tokens.join(", "));
    let switches = match (&offers, seen.switches()) {
        (Some(offers), false) => {
            let status = seen.status;
            let detail = format!("it offers {offers}, and answers {status} when asked for TLS/1.0");
            let error = NetError::new(GapReason::Malformed, detail);
            missing.push(("/http_upgrade/switches", error));
            Seen::Unseen
        }
        (_, switches) => Seen::Known(switches),
    };
    facts.http_upgrade = Seen::Known(Some(HttpUpgrade {
        status: seen.status,
        offers,
        switches,
    }));
}

/// Certificates that come compressed in TLS 1.3.
fn compressed(
    answers: &EndpointAnswers,
    found: &Enumeration,
    facts: &mut TlsEndpoint,
    missing: &mut Vec<Missing>,
) {
    const AT: &str = "/certificate_compression";
    const LIST: &str = "/certificate_compression_algorithms/-";
    let zlib = answers.handshakes.as_ref().and_then(|seen| seen.compresses);
    let seen = answers.protected.as_ref();
    let mut names: Vec<String> = seen
        .and_then(|seen| seen.compression)
        .map(compression_name)
        .into_iter()
        .chain((zlib == Some(true)).then(|| compression_name(1)))
        .collect();
    names.sort();
    names.dedup();
    let any = !names.is_empty();
    let open = match seen {
        Some(seen) => seen.flight.as_ref().err().cloned(),
        None if found.accepts(Version::Tls13) => Some(unclear()),
        None => found.doubt(),
    };
    let name = |name| CompressionAlgorithm { name };
    facts.certificate_compression_algorithms = Seen::Known(names.into_iter().map(name).collect());
    match (any, open) {
        (true, None) => facts.certificate_compression = Seen::Known(Some(true)),
        (false, None) if found.accepts(Version::Tls13) => {
            facts.certificate_compression = Seen::Known(Some(false));
        }
        (false, None) => facts.certificate_compression = Seen::Known(None),
        (any, Some(error)) => {
            match any {
                true => facts.certificate_compression = Seen::Known(Some(true)),
                false => missing.push((AT, error.clone())),
            }
            missing.push((LIST, error));
        }
    }
}

/// Schemes of TLS 1.2 and 1.3.
fn signed(
    answers: &EndpointAnswers,
    found: &Enumeration,
    facts: &mut TlsEndpoint,
    missing: &mut Vec<Missing>,
) {
    let one = |version: VersionName, id: u16| {
        let name = signatures::name_of(id);
        let hash = signatures::by_id(id).map_or("unknown", |scheme| scheme.hash);
        let word = match version {
            VersionName::Tls13 => "TLS1.3",
            _ => "TLS1.2",
        };
        SignatureAlgorithm {
            key: format!("{word} {name}"),
            version,
            name,
            hash: hash.to_owned(),
        }
    };
    let older = found
        .schemes
        .iter()
        .map(|id| one(VersionName::from(Version::Tls12), *id));
    let newer = answers
        .signatures
        .found
        .iter()
        .map(|id| one(VersionName::from(Version::Tls13), *id));
    facts.signature_algorithms = Seen::Known(older.chain(newer).collect());
    let asked = found.features.broken_schemes_asked.clone();
    let open = asked
        .and_then(Result::err)
        .or_else(|| answers.signatures.open.clone());
    if let Some(error) = open.or_else(|| found.doubt()) {
        missing.push(("/signature_algorithms/-", error));
    }
}

/// Application protocols.
fn protocols(answers: &EndpointAnswers, facts: &mut TlsEndpoint, missing: &mut Vec<Missing>) {
    let first = answers
        .attempts
        .first()
        .and_then(|attempt| attempt.result.as_ref().ok());
    let plain = answers.later.plain_alpn.clone();
    let mut names: Vec<Vec<u8>> = first
        .and_then(|agreed| agreed.alpn.clone())
        .into_iter()
        .collect();
    match (first, plain) {
        (_, Some(Ok(plain))) => names.extend(plain),
        (_, Some(Err(error))) => missing.push(("/alpn/-", error)),
        (None, None) => missing.push(("/alpn/-", unclear())),
        (Some(_), None) => {}
    }
    names.sort();
    names.dedup();
    let names = names.iter().map(|name| ApplicationProtocol {
        name: clean_bytes(name, 60),
    });
    facts.alpn = Seen::Known(names.collect());
}

fn put(
    fact: &mut Seen<Option<bool>>,
    at: &'static str,
    seen: Result<Option<bool>, NetError>,
    missing: &mut Vec<Missing>,
) {
    match seen {
        Ok(seen) => *fact = Seen::Known(seen),
        Err(error) => missing.push((at, error)),
    }
}

fn unclear() -> NetError {
    NetError::new(
        GapReason::Malformed,
        "no answer of the server could show it",
    )
}
