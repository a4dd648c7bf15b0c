//! What a server's configuration offers, held against what was seen; and
//! `scrutineer tls` as a person runs it.

use std::{net::SocketAddr, process::Command, sync::OnceLock};

use scrutineer::{
    model::{gap::Gap, observation::Cost},
    probes::tls::facts::{PreferenceBy, TlsFacts, VersionName},
};

use crate::support::Names;
use crate::tls::{HOST, Pki, ROOT, Seen, ZONE};

pub const R128: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
pub const R256: &str = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
pub const A128: &str = "TLS_AES_128_GCM_SHA256";
pub const A256: &str = "TLS_AES_256_GCM_SHA384";
pub const CHACHA: &str = "TLS_CHACHA20_POLY1305_SHA256";
pub const MODERN: &[VersionName] = &[VersionName::Tls12, VersionName::Tls13];
/// OpenSSL's groups where nothing is configured.
pub const ALL_GROUPS: &[&str] = &[
    "secp256r1",
    "secp384r1",
    "secp521r1",
    "x25519",
    "x448",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192",
];

/// What a configuration offers.
#[derive(Clone, Copy)]
pub struct Offers {
    pub versions: &'static [VersionName],
    /// In the server's order, or by code point where the client's order decides.
    pub tls12: &'static [&'static str],
    pub tls13: &'static [&'static str],
    pub by: &'static [(VersionName, PreferenceBy)],
    pub groups: &'static [&'static str],
}

impl Offers {
    /// Exactly this was seen, with no gap in it.
    pub fn compare(&self, name: &str, seen: &Seen) {
        let lists = ["versions", "suites", "groups", "preference"];
        for gap in &seen.gaps {
            let inside = lists.iter().any(|list| gap.at.contains(list));
            assert!(!inside, "{name}: {gap:?}");
        }
        assert_eq!(seen.versions(), self.versions, "{name}");
        assert_eq!(seen.suites(VersionName::Tls12), self.tls12, "{name}");
        assert_eq!(seen.suites(VersionName::Tls13), self.tls13, "{name}");
        for (version, by) in self.by {
            let seen = seen.preference(*version);
            assert_eq!(seen, Some(*by), "{name}: {version:?}");
        }
        assert_eq!(seen.groups(), self.groups, "{name}");
    }
}

/// The most connections that a server with these versions and groups may cost:
/// for the enumeration of versions, suites, their order and groups, and in all.
pub fn bars(versions: &[VersionName], groups: &[&str]) -> (u64, u64) {
    let bar = match versions {
        [VersionName::Tls13] => 10,
        versions if versions.iter().any(|version| *version < VersionName::Tls12) => 30,
        _ => 20,
    };
    // Each group is named by an answer of its own, and suites are as few as ever.
    let many = u64::try_from(groups.len().saturating_sub(5)).unwrap();
    (bar + many, bar * 3 / 2 + many)
}

impl Seen {
    /// Says what was spent where that is more than the bars.
    pub fn over(&self, name: &str, (enumeration, all): (u64, u64)) -> Option<String> {
        let cost = self.cost;
        let enumerated = cost.enumeration.unwrap_or_default();
        let over = enumerated > enumeration || cost.connections > all;
        over.then(|| format!("{name}: {cost:?}, bars {enumeration} and {all}"))
    }
}

/// A name server for `site.example`, for as long as the tests run.
fn names() -> SocketAddr {
    static NAMES: OnceLock<Names> = OnceLock::new();
    let serve = || Names::serve(&[(".", ROOT), ("site.example.", ZONE)]);
    NAMES.get_or_init(serve).address
}

/// Runs `scrutineer tls` on a port of this machine, as `site.example`, and
/// reads its JSON. Gives the exit code too.
pub fn command(port: u16, starttls: Option<&str>) -> (i32, Seen) {
    let rule = format!("{HOST}:{port}:127.0.0.1:{port}");
    let mut more = vec!["--connect-to", &rule];
    if let Some(protocol) = starttls {
        more.extend(["--starttls", protocol]);
    }
    let (exit, mut seen) = run(names(), port, &more);
    assert_eq!(seen.len(), 1);
    (exit, seen.remove(0))
}

/// Runs `scrutineer tls` on `site.example` as a name server has it. Gives what
/// was seen of each address, with all gaps and the cost of all.
pub fn run(names: SocketAddr, port: u16, more: &[&str]) -> (i32, Vec<Seen>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
    command
        .args(["tls", &format!("{HOST}:{port}"), "--format", "json"])
        .args(["--resolver", &names.to_string(), "--allow-private"])
        .args(["--connections-per-second", "100000"])
        .arg("--ca-file")
        .arg(Pki::get().path("root.pem"))
        .args(more);
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{command:?}: {error}\n{errors}"));
    let facts: TlsFacts = serde_json::from_value(document["tls"].clone()).unwrap();
    let gaps: Vec<Gap> = serde_json::from_value(document["gaps"].clone()).unwrap();
    let cost: Cost = serde_json::from_value(document["cost"].clone()).unwrap();
    let endpoints = facts.endpoints.known().unwrap().iter();
    let seen = endpoints.map(|endpoint| Seen {
        endpoint: endpoint.clone(),
        gaps: gaps.clone(),
        cost,
    });
    (output.status.code().unwrap_or(-1), seen.collect())
}
