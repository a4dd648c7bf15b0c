//! How a server answers hellos, as a few lines and their digest: in the manner of
//! JARM, from the answers that the probe has anyway. Pure.
//!
//! The digest is SHA-256 over the lines, each as the name of its [`FingerprintPart`] in
//! the facts, `=`, its text and a line feed, in that order; 32 hexadecimal digits of it
//! behind the number of this definition. A change of what a line holds raises the number.
//!
//! Nothing in it hangs on certificates, keys, time or chance: sessions, staples,
//! public values and what a server was too busy to answer stay out.

use std::collections::BTreeMap;

use super::enumerate::{Enumeration, VersionFacts};
use super::facts::{FingerprintPart, TlsEndpoint, VersionName};
use crate::model::seen::Seen;
use crate::wire::tls::{Version, flight::Flight};

/// Number of the definition.
const DEFINITION: u8 = 1;

/// Facts that the lines are made of, by their place.
pub const READ: [&str; 13] = [
    "/versions",
    "/suites",
    "/preference",
    "/groups",
    "/compression",
    "/secure_renegotiation",
    "/extended_master_secret",
    "/encrypt_then_mac",
    "/heartbeat",
    "/truncated_hmac",
    "/npn",
    "/refuses_fallback",
    "/alpn",
];

/// The form of a server's first answer in a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Version in the record that carries it.
    record: u16,
    /// Length of the session id.
    session_id: usize,
    /// Types of its extensions, in order.
    extensions: Vec<u16>,
}

impl Shape {
    /// The form of a flight; `None` without a hello.
    pub fn of(flight: &Flight) -> Option<Self> {
        let hello = flight.hello.as_ref()?;
        let record = flight.head.get(1..3)?.try_into().ok()?;
        Some(Self {
            record: u16::from_be_bytes(record),
            session_id: hello.session_id.len(),
            extensions: hello.extensions.clone(),
        })
    }
}

/// The lines of an endpoint, by what they tell.
pub type Lines = BTreeMap<FingerprintPart, String>;

/// The lines; a fact that was not seen stands as such in them.
pub fn lines(facts: &TlsEndpoint, found: &Enumeration) -> Lines {
    let list = |seen: Option<Vec<String>>| seen.map_or("unseen".to_owned(), |all| all.join(" "));
    let versions = facts.versions.known();
    let versions = versions.map(|all| all.iter().map(|one| word(one.name)).collect());
    let suites = facts.suites.known();
    let suites = suites.map(|all| {
        let suites = all.iter();
        suites
            .map(|suite| format!("{}:{}", word(suite.version), suite.name))
            .collect()
    });
    let order = facts.preference.known();
    let order = order.map(|all| {
        let order = all.iter();
        order
            .map(|one| format!("{}:{}", word(one.version), word(one.by)))
            .collect()
    });
    let groups = facts.groups.known();
    let groups = groups.map(|all| all.iter().map(|one| one.name.clone()).collect());
    let protocols = facts.alpn.known();
    let protocols = protocols.map(|all| all.iter().map(|one| one.name.clone()).collect());
    let answers = found
        .versions
        .iter()
        .filter_map(|(version, facts)| facts.shape.as_ref().map(|shape| answer(*version, shape)));
    let refusals = found.versions.iter().map(refusals);
    BTreeMap::from([
        (FingerprintPart::Versions, list(versions)),
        (FingerprintPart::Suites, list(suites)),
        (FingerprintPart::Preference, list(order)),
        (FingerprintPart::Groups, list(groups)),
        (FingerprintPart::Features, features(facts)),
        (FingerprintPart::Alpn, list(protocols)),
        (
            FingerprintPart::Answers,
            answers.collect::<Vec<_>>().join(" "),
        ),
        (
            FingerprintPart::Refusals,
            refusals.collect::<Vec<_>>().join(" "),
        ),
    ])
}

/// The fingerprint that lines make.
pub fn digest(lines: &Lines) -> String {
    let mut text = String::new();
    for (part, line) in lines {
        text += &format!("{}={line}\n", word(part));
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let digits = digest.as_ref().iter().take(16);
    let digits: String = digits.map(|byte| format!("{byte:02x}")).collect();
    format!("{DEFINITION}-{digits}")
}

/// What two endpoints answer otherwise.
pub fn differences(one: &Lines, other: &Lines) -> Vec<FingerprintPart> {
    let same = |part: &&FingerprintPart| one.get(part) == other.get(part);
    one.keys().filter(|part| !same(part)).copied().collect()
}

fn answer(version: Version, shape: &Shape) -> String {
    let types = shape.extensions.iter().map(|kind| format!("{kind:04x}"));
    let types = types.collect::<Vec<_>>().join("-");
    let Shape {
        record, session_id, ..
    } = shape;
    let version = word(VersionName::from(version));
    format!("{version}:{record:04x}:{session_id}:{types}")
}

/// The alerts with which offers of a version were refused, or a bare close.
fn refusals((version, facts): (&Version, &VersionFacts)) -> String {
    let codes = facts.refusals.iter();
    let codes = codes.map(|code| code.map_or("close".to_owned(), |code| code.to_string()));
    let codes = codes.collect::<Vec<_>>().join("-");
    format!("{}:{codes}", word(VersionName::from(*version)))
}

/// A value of a closed vocabulary as it stands in the facts.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

fn features(facts: &TlsEndpoint) -> String {
    let told = |seen: &Seen<Option<bool>>| match seen.known() {
        None => "unseen",
        Some(None) => "none",
        Some(Some(true)) => "yes",
        Some(Some(false)) => "no",
    };
    let compression = match facts.compression.known() {
        Some(compression) => told(&Seen::Known(Some(*compression))),
        None => "unseen",
    };
    let words = [
        told(&facts.secure_renegotiation),
        told(&facts.extended_master_secret),
        told(&facts.encrypt_then_mac),
        told(&facts.heartbeat),
        told(&facts.truncated_hmac),
        told(&facts.npn),
        told(&facts.refuses_fallback),
    ];
    format!("{compression} {}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::tls::facts::ProtocolVersion;

    fn endpoint(version: VersionName) -> TlsEndpoint {
        TlsEndpoint {
            versions: Seen::Known(vec![ProtocolVersion { name: version }]),
            ..TlsEndpoint::default()
        }
    }

    fn answered(extensions: &[u16], refusal: Option<u8>) -> Enumeration {
        let mut facts = VersionFacts {
            shape: Some(Shape {
                record: 0x0303,
                session_id: 32,
                extensions: extensions.to_vec(),
            }),
            ..VersionFacts::default()
        };
        facts.refusals.insert(refusal);
        let mut found = Enumeration::default();
        found.versions.insert(Version::Tls12, facts);
        found
    }

    #[test]
    fn each_line_tells_servers_apart() {
        use VersionName::{Tls12, Tls13};
        let first = lines(&endpoint(Tls12), &answered(&[0xff01, 23], Some(40)));
        assert_eq!(first[&FingerprintPart::Answers], "TLS1.2:0303:32:ff01-0017");
        assert_eq!(first[&FingerprintPart::Refusals], "TLS1.2:40");
        // Fixed: it must not change without a new number.
        assert_eq!(digest(&first), "1-1a95d02d5242c2758e0d6d4192150042");
        for (other, part) in [
            (
                lines(&endpoint(Tls13), &answered(&[0xff01, 23], Some(40))),
                FingerprintPart::Versions,
            ),
            (
                lines(&endpoint(Tls12), &answered(&[23, 0xff01], Some(40))),
                FingerprintPart::Answers,
            ),
            (
                lines(&endpoint(Tls12), &answered(&[0xff01, 23], None)),
                FingerprintPart::Refusals,
            ),
        ] {
            assert_eq!(differences(&first, &other), [part]);
            assert_ne!(digest(&first), digest(&other));
        }
        assert_eq!(differences(&first, &first), []);
    }
}
