//! Rules that limit a grade, whatever its points.

use super::Letter;
use super::points::bits_of;
use super::sight::{Hsts, Sight, items};
use crate::model::seen::Seen;
use crate::probes::tls::facts::{
    Certificate, ChainProblemName as Problem, CipherSuite, RevocationStatus, TlsEndpoint,
    VersionName as V, VulnerabilityName as Hole,
};

/// Shortest life of HSTS that counts (180 days, in seconds).
const HSTS_LEAST: u64 = 180 * 86_400;
/// Modes that encrypt and authenticate in one.
const AEAD: [&str; 6] = ["GCM", "CCM", "CCM_8", "POLY1305", "AEGIS", "MGM"];
/// Ciphers with blocks of 64 bits.
const SHORT_BLOCKS: [&str; 8] = [
    "3DES_EDE", "DES", "DES_40", "IDEA", "RC2_40", "RC2_56", "28147", "MAGMA",
];

/// Whether a rule applies.
pub(super) enum Outcome {
    No,
    /// With what shows it.
    Yes(String),
    /// What it needs was not observed, and why.
    Open(String),
    /// Nobody was to ask.
    NotAsked(String),
}
use Outcome::{No, NotAsked, Open, Yes};

/// A rule of the scale.
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// The best grade that it leaves.
    pub(super) limit: Letter,
    pub(super) test: fn(&TlsEndpoint, &Sight<'_>) -> Outcome,
}

const fn rule(
    name: &'static str,
    limit: Letter,
    test: fn(&TlsEndpoint, &Sight<'_>) -> Outcome,
) -> Rule {
    Rule { name, limit, test }
}

/// All rules.
pub(super) const RULES: &[Rule] = &[
    rule("certificate-not-trusted", Letter::T, |e, s| {
        use Problem as P;
        let reasons = [
            P::UnknownIssuer,
            P::SelfSigned,
            P::BadSignature,
            P::NotForServers,
            P::NotAnAuthority,
            P::PathTooLong,
            P::NameConstraints,
            P::Unreadable,
            P::Other,
        ];
        chain(e, s, &reasons)
    }),
    rule("certificate-not-in-date", Letter::T, |e, s| {
        chain(e, s, &[Problem::Expired, Problem::NotYetValid])
    }),
    rule("certificate-revoked", Letter::T, |e, s| {
        certificate(e, s, |c| match c.revocation.known() {
            Some(Some(answer)) if answer.status == RevocationStatus::Revoked => {
                Some("its authority revoked it".to_owned())
            }
            _ => None,
        })
    }),
    rule("certificate-sha1", Letter::T, |e, s| {
        certificate(e, s, |c| {
            (c.signature_hash == "SHA-1").then(|| "signed with SHA-1".to_owned())
        })
    }),
    rule("certificate-md5", Letter::F, |e, s| {
        certificate(e, s, |c| {
            let old = ["MD5", "MD2"].contains(&c.signature_hash.as_str());
            old.then(|| format!("signed with {}", c.signature_hash))
        })
    }),
    rule("name-mismatch", Letter::M, |e, s| {
        chain(e, s, &[Problem::NameMismatch])
    }),
    rule("chain-incomplete", Letter::B, |e, s| {
        chain(e, s, &[Problem::Incomplete])
    }),
    rule("ssl2-accepted", Letter::F, |e, s| version(e, s, V::Ssl2)),
    rule("ssl3-at-best", Letter::F, |e, s| {
        at_best(
            e,
            s,
            |version| version <= V::Ssl3,
            "nothing newer than SSL 3.0",
        )
    }),
    rule("ssl3-accepted", Letter::B, |e, s| version(e, s, V::Ssl3)),
    rule("poodle", Letter::C, |e, s| {
        suite(e, s, |suite| {
            suite.version == V::Ssl3 && suite.mode == "CBC"
        })
    }),
    rule("tls10-accepted", Letter::B, |e, s| version(e, s, V::Tls10)),
    rule("tls11-accepted", Letter::B, |e, s| version(e, s, V::Tls11)),
    rule("tls12-and-tls13-missing", Letter::C, |e, s| {
        at_best(
            e,
            s,
            |version| version < V::Tls12,
            "nothing newer than TLS 1.1",
        )
    }),
    rule("tls13-missing", Letter::AMinus, |e, s| {
        at_best(
            e,
            s,
            |version| version < V::Tls13,
            "TLS 1.3 is not accepted",
        )
    }),
    rule("cipher-below-112-bits", Letter::F, |e, s| {
        suite(e, s, |suite| {
            suite.export || bits_of(&suite.cipher).is_some_and(|bits| bits < 112)
        })
    }),
    rule("nobody-authenticated", Letter::F, |e, s| {
        suite(e, s, |suite| suite.anonymous)
    }),
    rule("rc4", Letter::B, |e, s| {
        suite(e, s, |suite| suite.cipher.starts_with("RC4"))
    }),
    rule("rc4-in-newer-version", Letter::C, |e, s| {
        suite(e, s, |suite| {
            suite.version >= V::Tls11 && suite.cipher.starts_with("RC4")
        })
    }),
    rule("short-blocks-in-newer-version", Letter::C, |e, s| {
        suite(e, s, |suite| {
            suite.version >= V::Tls11 && SHORT_BLOCKS.contains(&suite.cipher.as_str())
        })
    }),
    rule("no-aead", Letter::B, |e, s| {
        none(
            e,
            s,
            |suite| AEAD.contains(&suite.mode.as_str()),
            "no suite with AEAD",
        )
    }),
    rule("no-forward-secrecy", Letter::B, |e, s| {
        none(
            e,
            s,
            |suite| suite.forward_secret,
            "no suite with forward secrecy",
        )
    }),
    rule("compression", Letter::C, |e, s| {
        match e.compression.known() {
            Some(true) => Yes("TLS compression (CRIME)".to_owned()),
            Some(false) => No,
            None => Open(s.why("/compression")),
        }
    }),
    rule(
        "secure-renegotiation-missing",
        Letter::AMinus,
        |e, s| match e.secure_renegotiation.known() {
            Some(Some(false)) => Yes("not every answer grants it (RFC 5746)".to_owned()),
            Some(_) => No,
            None => Open(s.why("/secure_renegotiation")),
        },
    ),
    rule("heartbleed", Letter::F, |e, s| hole(e, s, Hole::Heartbleed)),
    rule("early-change-cipher-spec", Letter::F, |e, s| {
        hole(e, s, Hole::EarlyChangeCipherSpec)
    }),
    rule("ticketbleed", Letter::F, |e, s| {
        hole(e, s, Hole::Ticketbleed)
    }),
    rule("robot", Letter::F, |e, s| hole(e, s, Hole::Robot)),
    rule("hsts-not-kept", Letter::AMinus, |_, s| match s.hsts {
        Hsts::Invalid => Yes("the header is not valid".to_owned()),
        Hsts::Seconds(seconds) if seconds < HSTS_LEAST => {
            Yes(format!("{seconds} seconds, less than 180 days"))
        }
        _ => No,
    }),
    rule("hsts-missing", Letter::A, |_, s| match s.hsts {
        Hsts::Absent => Yes("the front page sends no such header".to_owned()),
        Hsts::NotSeen => NotAsked("the front page was not looked at".to_owned()),
        _ => No,
    }),
];

/// Whether a certificate has a fault.
fn certificate(
    endpoint: &TlsEndpoint,
    sight: &Sight<'_>,
    fault: impl Fn(&Certificate) -> Option<String>,
) -> Outcome {
    for certificate in items(&endpoint.certificates) {
        if let Some(fault) = fault(certificate) {
            return Yes(format!("{}: {fault}", certificate.key));
        }
    }
    closed(sight, "/certificates")
}

fn chain(endpoint: &TlsEndpoint, sight: &Sight<'_>, reasons: &[Problem]) -> Outcome {
    certificate(endpoint, sight, |certificate| {
        let problems = &mut certificate.chain.problems.iter();
        let found = problems.find(|problem| reasons.contains(&problem.name))?;
        Some(found.detail.clone())
    })
}

fn version(endpoint: &TlsEndpoint, sight: &Sight<'_>, name: V) -> Outcome {
    let mut versions = items(&endpoint.versions).iter();
    match versions.any(|version| version.name == name) {
        true => Yes("it is accepted".to_owned()),
        false => closed(sight, "/versions"),
    }
}

/// Whether every version that is accepted is an old one.
fn at_best(
    endpoint: &TlsEndpoint,
    sight: &Sight<'_>,
    old: impl Fn(V) -> bool,
    words: &str,
) -> Outcome {
    let versions = items(&endpoint.versions);
    match versions.iter().all(|version| old(version.name)) {
        false => No,
        true => match closed(sight, "/versions") {
            No => Yes(words.to_owned()),
            open => open,
        },
    }
}

/// Whether a suite is accepted that should not be.
fn suite(endpoint: &TlsEndpoint, sight: &Sight<'_>, bad: impl Fn(&CipherSuite) -> bool) -> Outcome {
    let mut suites = items(&endpoint.suites).iter();
    match suites.find(|suite| bad(suite)) {
        Some(suite) => Yes(suite.name.clone()),
        None => closed(sight, "/suites"),
    }
}

/// Whether no suite is accepted of those that should be.
fn none(
    endpoint: &TlsEndpoint,
    sight: &Sight<'_>,
    good: impl Fn(&CipherSuite) -> bool,
    words: &str,
) -> Outcome {
    match items(&endpoint.suites).iter().any(good) {
        true => No,
        false => match closed(sight, "/suites") {
            No => Yes(words.to_owned()),
            open => open,
        },
    }
}

/// Whether a list is seen whole.
fn closed(sight: &Sight<'_>, list: &str) -> Outcome {
    sight.more(list).map_or(No, Open)
}

/// Whether the library has a hole. Where it was not looked for, other facts may rule it out.
fn hole(endpoint: &TlsEndpoint, sight: &Sight<'_>, name: Hole) -> Outcome {
    const AT: &str = "/vulnerabilities";
    let mut seen = items(&endpoint.vulnerabilities).iter().enumerate();
    if let Some((at, one)) = seen.find(|(_, one)| one.name == name) {
        match one.present.known() {
            Some(true) => return Yes("the server has it".to_owned()),
            Some(false) => return No,
            None if ruled_out(endpoint, sight, name) => return No,
            None => return Open(sight.why(&format!("{AT}/{at}/present"))),
        }
    }
    match (ruled_out(endpoint, sight, name), sight.not_asked(AT)) {
        (true, _) => No,
        (false, true) => NotAsked("level intrusive alone looks for it".to_owned()),
        (false, false) => Open(sight.why(AT)),
    }
}

/// Whether other facts rule a hole out: ROBOT needs the key exchange of RSA; the others are of
/// libraries of 2014 to 2016, and none of them has TLS 1.3.
fn ruled_out(endpoint: &TlsEndpoint, sight: &Sight<'_>, name: Hole) -> bool {
    let has_tls13 = || {
        let mut versions = items(&endpoint.versions).iter();
        versions.any(|version| version.name == V::Tls13)
    };
    match name {
        Hole::Robot => {
            let mut suites = items(&endpoint.suites).iter();
            !suites.any(|suite| suite.key_exchange == "RSA") && sight.more("/suites").is_none()
        }
        Hole::Heartbleed => {
            matches!(endpoint.heartbeat, Seen::Known(Some(false) | None)) || has_tls13()
        }
        Hole::EarlyChangeCipherSpec | Hole::Ticketbleed => has_tls13(),
    }
}
