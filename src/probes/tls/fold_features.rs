//! Turns what answers up to TLS 1.2 told beside version and suite into facts.

use super::enumerate::Enumeration;
use super::facts::{SignatureScheme, TlsEndpoint};
use crate::model::{gap::GapReason, seen::Seen};
use crate::net::NetError;
use crate::wire::tls::{Version, signatures, suites};

/// Why a fact is missing, with its place below the endpoint.
pub type Missing = (&'static str, NetError);

const COMPRESSION: &str = "/compression";
const SECURE_RENEGOTIATION: &str = "/secure_renegotiation";
const EXTENDED_MASTER_SECRET: &str = "/extended_master_secret";
const ENCRYPT_THEN_MAC: &str = "/encrypt_then_mac";
const HEARTBEAT: &str = "/heartbeat";
const TRUNCATED_HMAC: &str = "/truncated_hmac";
const SIGNATURE_SCHEMES: &str = "/signature_schemes";
const MORE_SIGNATURE_SCHEMES: &str = "/signature_schemes/-";
const REFUSES_FALLBACK: &str = "/refuses_fallback";

/// The facts of an endpoint that speaks no TLS: there is nothing of this.
pub fn without_tls(facts: &mut TlsEndpoint) {
    facts.compression = Seen::Known(false);
    facts.secure_renegotiation = Seen::Known(None);
    facts.extended_master_secret = Seen::Known(None);
    facts.encrypt_then_mac = Seen::Known(None);
    facts.heartbeat = Seen::Known(None);
    facts.truncated_hmac = Seen::Known(None);
    facts.signature_schemes = Seen::Known(Vec::new());
    facts.refuses_fallback = Seen::Known(None);
}

/// Everything is missing for one reason.
pub fn unseen(error: &NetError) -> Vec<Missing> {
    [
        COMPRESSION,
        SECURE_RENEGOTIATION,
        EXTENDED_MASTER_SECRET,
        ENCRYPT_THEN_MAC,
        HEARTBEAT,
        TRUNCATED_HMAC,
        SIGNATURE_SCHEMES,
        REFUSES_FALLBACK,
    ]
    .map(|at| (at, error.clone()))
    .to_vec()
}

/// Writes the facts; gives what is missing. `agreed` is the version of the
/// handshake that was completed.
pub fn fold(found: &Enumeration, agreed: Option<Version>, facts: &mut TlsEndpoint) -> Vec<Missing> {
    let features = &found.features;
    let mut missing = Vec::new();
    let doubt = doubt(found, agreed);
    let cbc_doubt = doubt
        .clone()
        .or_else(|| OLDER.into_iter().find_map(|version| open(found, version)));
    let old = accepts(found, |version| version < Version::Tls13);
    let extensible = accepts(found, |version| {
        (Version::Tls10..Version::Tls13).contains(&version)
    });
    let cbc = has_cbc(found);

    facts.compression = Seen::Unseen;
    match (features.compression, old, &doubt) {
        (Some(chosen), ..) => facts.compression = Seen::Known(chosen),
        (None, false, None) => facts.compression = Seen::Known(false),
        (None, _, doubt) => missing.push((COMPRESSION, reason(doubt.as_ref()))),
    }
    let mut put =
        |fact: &mut Seen<Option<bool>>, seen: Option<bool>, at, asked, doubt: &Option<_>| match (
            seen, asked, doubt,
        ) {
            (Some(seen), ..) => *fact = Seen::Known(Some(seen)),
            (None, false, None) => *fact = Seen::Known(None),
            (None, _, doubt) => missing.push((at, reason(doubt.as_ref()))),
        };
    put(
        &mut facts.secure_renegotiation,
        features.secure_renegotiation,
        SECURE_RENEGOTIATION,
        extensible,
        &doubt,
    );
    put(
        &mut facts.extended_master_secret,
        features.extended_master_secret,
        EXTENDED_MASTER_SECRET,
        extensible,
        &doubt,
    );
    put(
        &mut facts.encrypt_then_mac,
        features.encrypt_then_mac,
        ENCRYPT_THEN_MAC,
        cbc,
        &cbc_doubt,
    );
    put(
        &mut facts.heartbeat,
        features.heartbeat,
        HEARTBEAT,
        extensible,
        &doubt,
    );
    put(
        &mut facts.truncated_hmac,
        features.truncated_hmac,
        TRUNCATED_HMAC,
        cbc,
        &cbc_doubt,
    );
    let fallback = match &features.fallback_refused {
        Some(Ok(refused)) => Ok(Some(*refused)),
        Some(Err(error)) => Err(error.clone()),
        None => doubt.clone().map_or(Ok(None), Err),
    };
    match fallback {
        Ok(seen) => facts.refuses_fallback = Seen::Known(seen),
        Err(error) => missing.push((REFUSES_FALLBACK, error)),
    }

    let schemes = features.schemes.iter().map(|id| SignatureScheme {
        name: signatures::name_of(*id),
        hash: signatures::by_id(*id).map_or_else(|| "unknown".to_owned(), |s| s.hash.to_owned()),
    });
    facts.signature_schemes = Seen::Known(schemes.collect());
    let open = match &features.broken_schemes_asked {
        Some(asked) => asked.clone().err().or_else(|| open(found, Version::Tls12)),
        None => doubt_of(found, agreed, Version::Tls12),
    };
    if let Some(error) = open {
        missing.push((MORE_SIGNATURE_SCHEMES, error));
    }
    missing
}

fn reason(doubt: Option<&NetError>) -> NetError {
    doubt.cloned().unwrap_or_else(|| {
        let detail = "no answer of the server could show it";
        NetError::new(GapReason::Malformed, detail)
    })
}

/// Versions up to TLS 1.2.
const OLDER: [Version; 4] = [
    Version::Ssl3,
    Version::Tls10,
    Version::Tls11,
    Version::Tls12,
];

/// Why versions up to TLS 1.2 may be accepted beyond those that were found.
fn doubt(found: &Enumeration, agreed: Option<Version>) -> Option<NetError> {
    let mut versions = OLDER.into_iter();
    versions.find_map(|version| doubt_of(found, agreed, version))
}

/// Why a version may be accepted that was not found to be.
fn doubt_of(found: &Enumeration, agreed: Option<Version>, version: Version) -> Option<NetError> {
    let seen = found.versions.get(&version);
    let accepted = seen.map_or(Ok(false), |facts| facts.accepted.clone());
    let contradicts = agreed == Some(version) || !found.accepted_any();
    match accepted {
        Ok(false) if contradicts => {
            let detail = "offers up to TLS 1.2 were refused";
            Some(NetError::new(GapReason::Refused, detail))
        }
        Ok(_) => None,
        Err(error) => Some(error),
    }
}

/// Why there may be more suites in a version.
fn open(found: &Enumeration, version: Version) -> Option<NetError> {
    found.versions.get(&version)?.open.clone()
}

fn accepts(found: &Enumeration, which: impl Fn(Version) -> bool) -> bool {
    found
        .versions
        .iter()
        .any(|(version, facts)| which(*version) && facts.accepted == Ok(true))
}

fn has_cbc(found: &Enumeration) -> bool {
    let versions = found.versions.range(Version::Tls10..Version::Tls13);
    versions
        .flat_map(|(_, facts)| &facts.suites)
        .any(|suite| suites::by_id(suite.id).is_some_and(|suite| suite.mode == "CBC"))
}
