//! Encrypted hellos against Go's `crypto/tls`, which reads them, and against servers that
//! do not: the same server without a key, and OpenSSL's `s_server`.

use std::{collections::BTreeSet, fmt::Write as _, path::Path, process::Command, thread};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustls::crypto::{aws_lc_rs::hpke::ALL_SUPPORTED_SUITES, hpke::Hpke};
use scrutineer::{
    model::{gap::GapReason, level::Level},
    probes::tls::facts::{ChainProblemName, EchFault, EchRetry, EncryptedHello},
};

use crate::support::{Names, Outcome, Running, free_port, left_out, scan};
use crate::tls::{HOST, Pki, Question, ROOT, Seen, ZONE, observe_among, serve};

/// A key of a server with its configuration.
pub struct Key {
    private: Vec<u8>,
    pub config: Vec<u8>,
}

const X25519: u16 = 0x20;
const PUBLIC: &str = "other.example";

/// Makes a key for the public name, for X25519 with SHA-256 and AES-128-GCM.
pub fn key(id: u8) -> Key {
    let x25519 = |hpke: &&&dyn Hpke| u16::from(hpke.suite().kem) == X25519;
    let hpke = ALL_SUPPORTED_SUITES.iter().find(x25519).unwrap();
    let (public, private) = hpke.generate_key_pair().unwrap();
    Key {
        private: private.secret_bytes().to_vec(),
        config: config(0xfe0d, id, X25519, &public.0),
    }
}

/// A configuration (RFC 9849 section 4).
fn config(version: u16, id: u8, kem: u16, public: &[u8]) -> Vec<u8> {
    let mut body = vec![id];
    body.extend_from_slice(&kem.to_be_bytes());
    body.extend(behind_length(public));
    body.extend([0, 4, 0, 1, 0, 1]);
    body.push(32);
    body.push(u8::try_from(PUBLIC.len()).unwrap());
    body.extend_from_slice(PUBLIC.as_bytes());
    body.extend([0, 0]);
    [&version.to_be_bytes(), &behind_length(&body)[..]].concat()
}

pub fn behind_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes(), bytes].concat()
}

/// A zone whose HTTPS record carries configurations.
fn zone(target: &str, configs: &[&[u8]]) -> String {
    zone_with(target, &behind_length(&configs.concat()))
}

/// A zone whose HTTPS record has this in the place of configurations.
fn zone_with(target: &str, list: &[u8]) -> String {
    let mut zone = ZONE.to_owned();
    let list = BASE64_STANDARD.encode(list);
    writeln!(zone, "@ IN HTTPS 1 {target} alpn=\"h2\" ech=\"{list}\"").unwrap();
    zone
}

/// Starts the server that tests/interop/ech/build has built.
pub fn go(certificates: &[&str], keys: &[&Key]) -> Option<(Running, u16)> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/validators/ech/server");
    if !built.is_file() {
        left_out(
            "encrypted hellos",
            "there is no server that reads them (tests/interop/ech/build)",
        );
        return None;
    }
    let pki = Pki::get();
    let file = |name: &str| pki.path(name).display().to_string();
    let pairs = certificates.iter().map(|name| {
        format!(
            "{}:{}",
            file(&format!("{name}.pem")),
            file(&format!("{name}.key"))
        )
    });
    let port = free_port();
    let mut command = Command::new(built);
    command.arg(format!("127.0.0.1:{port}"));
    command.arg(pairs.collect::<Vec<_>>().join(","));
    command.args(keys.iter().map(|key| {
        let encode = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
        format!("{}:{}", encode(&key.private), encode(&key.config))
    }));
    let log = pki.path(&format!("log-{port}"));
    Some((Running::start(&mut command, &[port], &log), port))
}

fn observe(port: u16, zone: &str) -> Seen {
    observe_beside(port, zone, None)
}

/// Looks at a port, where the zone of another organisation may stand in DNS too.
fn observe_beside(port: u16, zone: &str, front: Option<&str>) -> Seen {
    let question = Question {
        zone,
        roles: &["website"],
        rules: &[format!("192.0.2.80:443:127.0.0.1:{port}")],
        root: Some(&Pki::get().path("inter.pem")),
        level: Level::Standard,
        ct_logs: None,
    };
    let others: Vec<_> = front
        .map(|zone| ("front.example.", zone))
        .into_iter()
        .collect();
    let (mut facts, gaps, cost) = observe_among(&question, &others);
    let endpoint = facts.endpoints.known_mut().unwrap().remove(0);
    Seen {
        endpoint,
        gaps,
        cost,
    }
}

impl Seen {
    pub fn ech(&self) -> &EncryptedHello {
        let ech = self.endpoint.ech.known();
        let told = || panic!("nothing of encrypted hellos: {:?}", self.gaps);
        ech.and_then(Option::as_ref).unwrap_or_else(told)
    }

    /// Why facts about encrypted hellos are open.
    pub fn ech_gaps(&self) -> Vec<(&str, GapReason)> {
        let about = self.gaps.iter().filter_map(|gap| {
            let (_, at) = gap.at.split_once("/ech")?;
            Some((at, gap.reason))
        });
        about.collect()
    }

    /// What is wrong with the chain for the public name; `None` where that name is refused.
    fn public_name(&self) -> Option<Vec<ChainProblemName>> {
        let chain = self.ech().public_name_chain.known().unwrap().as_ref()?;
        let problems: Vec<_> = chain.problems.iter().map(|problem| problem.name).collect();
        assert!(chain.trusted);
        Some(problems)
    }

    pub fn answer(&self) -> (bool, Option<EchRetry>, Option<bool>) {
        let ech = self.ech();
        assert_eq!(ech.public_name.as_deref(), Some(PUBLIC));
        assert_eq!(self.ech_gaps(), []);
        (
            *ech.accepted.known().unwrap(),
            *ech.retry.known().unwrap(),
            *ech.retry_accepted.known().unwrap(),
        )
    }
}

/// Looks at one port with several zones, side by side.
fn observe_all<const N: usize>(port: u16, zones: [&str; N]) -> [Seen; N] {
    observe_all_beside(port, zones, None)
}

pub fn observe_all_beside<const N: usize>(
    port: u16,
    zones: [&str; N],
    front: Option<&str>,
) -> [Seen; N] {
    thread::scope(|scope| {
        zones
            .map(|zone| scope.spawn(move || observe_beside(port, zone, front)))
            .map(|seen| seen.join().unwrap())
    })
}

#[test]
fn a_server_with_the_published_key_accepts() {
    let (published, other) = (key(7), key(8));
    let Some((_server, port)) = go(&["ec", "other"], &[&published]) else {
        return;
    };
    let unknown = config(0xfe99, 1, X25519, &[1; 32]);
    let no_kem = config(0xfe0d, 2, 0x7777, &[1; 32]);
    let good = zone(".", &[&unknown, &no_kem, &published.config]);
    let own_name = zone(&format!("{HOST}."), &[&published.config]);
    let [plain, good, own_name] = observe_all(port, [ZONE, &good, &own_name]);

    assert_eq!(plain.endpoint.ech.known(), Some(&None));
    assert_eq!(good.answer(), (true, None, None));
    assert_eq!(good.ech().config_id, Some(7));
    assert_eq!(good.public_name(), Some(vec![]));
    assert_eq!(own_name.answer(), (true, None, None));
    // One with the key, and one for the public name; none where nothing is published.
    assert_eq!(good.cost.connections, plain.cost.connections + 2);

    let stale = zone(".", &[&other.config]);
    // The published key belongs to another server: first of two.
    let second = zone(".", &[&other.config, &published.config]);
    let [stale, second] = observe_all(port, [&stale, &second]);
    assert_eq!(stale.answer(), (false, Some(EchRetry::Other), Some(true)));
    assert_eq!(stale.ech().config_id, Some(8));
    assert_eq!(stale.public_name(), Some(vec![]));
    assert_eq!(stale.cost.connections, plain.cost.connections + 2);
    assert_eq!(second.answer(), (false, Some(EchRetry::Same), None));
}

#[test]
fn a_server_without_a_key_passes_over_it() {
    let published = key(7);
    let Some((_server, port)) = go(&["ec", "other"], &[]) else {
        return;
    };
    let seen = observe(port, &zone(".", &[&published.config]));
    assert_eq!(seen.answer(), (false, Some(EchRetry::None), None));
    assert_eq!(seen.public_name(), Some(vec![]));
}

#[test]
fn a_certificate_that_is_not_for_the_public_name_is_told() {
    let (published, other) = (key(7), key(8));
    let Some((_server, port)) = go(&["ec"], &[&published]) else {
        return;
    };
    let (good, stale) = (zone(".", &[&published.config]), zone(".", &[&other.config]));
    let [good, stale] = observe_all(port, [&good, &stale]);
    let mismatch = Some(vec![ChainProblemName::NameMismatch]);
    assert_eq!(good.answer(), (true, None, None));
    assert_eq!(good.public_name(), mismatch);
    assert_eq!(stale.answer(), (false, Some(EchRetry::Other), Some(true)));
    assert_eq!(stale.public_name(), mismatch);
}

#[test]
fn servers_that_never_heard_of_it() {
    let published = key(7);
    let zone = zone(".", &[&published.config]);
    let Some((_server, port)) = serve(&["ec"], None, &["-tls1_2"]) else {
        return;
    };
    // An encrypted hello has TLS 1.3 alone to offer.
    let seen = observe(port, &zone);
    assert_eq!(seen.answer(), (false, Some(EchRetry::Ended), None));
    assert_eq!(
        seen.public_name(),
        Some(vec![ChainProblemName::NameMismatch])
    );
}

#[test]
fn what_cannot_be_offered_is_told() {
    let Some((_server, port)) = serve(&["ec"], None, &["-tls1_3"]) else {
        return;
    };
    let good = key(7);
    let short = config(0xfe0d, 1, X25519, &[1; 31]);
    let foreign = config(0xfafa, 1, X25519, &[1; 32]);
    let no_kem = config(0xfe0d, 1, 0x7777, &[1; 32]);
    // Its length is one too long for what follows.
    let mut length = behind_length(&good.config);
    length[1] += 1;
    let zones = [
        zone(".", &[&good.config[..20]]),
        zone_with(".", &length),
        zone_with(".", &[0, 0]),
        zone(".", &[&short]),
        zone(".", &[&foreign, &short]),
        zone(".", &[&foreign, &no_kem]),
        zone("elsewhere.example.", &[&good.config]),
        ZONE.to_owned(),
    ];
    let [cut, length, empty, short, foreign, no_kem, away, plain] =
        observe_all(port, zones.each_ref().map(String::as_str));
    let offered = ["accepted", "public_name_chain", "retry", "retry_accepted"];
    for (seen, fault) in [
        (&cut, EchFault::ListBroken),
        (&length, EchFault::ListBroken),
        (&empty, EchFault::ListBroken),
        (&short, EchFault::Key),
        (&foreign, EchFault::OtherVersion),
    ] {
        assert_eq!(seen.ech().fault.known(), Some(&Some(fault)));
        let gaps = offered.map(|fact| format!("/{fact}"));
        let gaps = gaps.each_ref().map(|at| (at.as_str(), GapReason::NotAsked));
        assert_eq!(seen.ech_gaps(), gaps);
        assert_eq!(seen.cost.connections, plain.cost.connections);
    }
    // Another client may have that key encapsulation.
    assert_eq!(no_kem.ech(), &EncryptedHello::default());
    assert_eq!(no_kem.ech_gaps().len(), 5);
    assert!(no_kem.ech_gaps().contains(&("/fault", GapReason::NotAsked)));
    assert_eq!(no_kem.cost.connections, plain.cost.connections);

    assert!(away.endpoint.ech.is_unseen());
    assert_eq!(away.ech_gaps(), [("", GapReason::OutOfScope)]);
    assert_eq!(away.cost.connections, plain.cost.connections);
}

#[test]
fn a_person_and_the_checks_are_told() {
    let (published, other) = (key(7), key(8));
    let Some((_server, port)) = go(&["ec"], &[&published]) else {
        return;
    };
    let (text, outcome) = told(&zone(".", &[&other.config]), port);
    for line in [
        "  Encrypted hello (ECH)        published, and STALE: the server sends another key\n",
        "      key that it sent instead accepted\n",
        "      public name              other.example, not trusted\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let failing = outcome.failing();
    for (check, fails) in [
        ("tls.ech.key-current", true),
        ("tls.ech.public-name-trusted", true),
        ("tls.ech.honoured", false),
        ("tls.ech.list-usable", false),
    ] {
        assert_eq!(failing.contains(check), fails, "{}", outcome.story());
    }
}

/// The table for a zone and a port, and what is judged.
fn told(zone: &str, port: u16) -> (String, Outcome) {
    let names = Names::serve(&[(".", ROOT), ("site.example.", zone)]);
    let arguments = [
        HOST.to_owned(),
        format!("--resolver={}", names.address),
        format!("--connect-to=192.0.2.80:443:127.0.0.1:{port}"),
        format!("--ca-file={}", Pki::get().path("inter.pem").display()),
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
    let output = command.arg("tls").args(&arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let only = ["--only", "tls"];
    let outcome = scan(arguments.iter().map(String::as_str).chain(only));
    (text, outcome)
}

#[test]
fn a_list_that_cannot_be_read_fails_one_check() {
    let Some((_server, port)) = serve(&["ec"], None, &["-www", "-tls1_3"]) else {
        return;
    };
    let (text, outcome) = told(&zone(".", &[&key(7).config[..20]]), port);
    let line = "  Encrypted hello (ECH)        published, and BROKEN: ";
    assert!(text.contains(line), "{text}");
    let about_ech = |checks: BTreeSet<String>| -> Vec<String> {
        let about = |check: &String| check.starts_with("tls.ech.");
        checks.into_iter().filter(about).collect()
    };
    assert_eq!(about_ech(outcome.failing()), ["tls.ech.list-usable"]);
    assert!(about_ech(outcome.open()).is_empty(), "{}", outcome.story());
}
