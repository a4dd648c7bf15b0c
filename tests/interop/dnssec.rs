//! Zones signed by BIND's tools and served by BIND, broken one thing at a
//! time: the validator must name the very fault, and none where there is none.

use std::{fs, path::Path, process::Command, time::Duration};

use hickory_proto::{
    dnssec::rdata::{DNSKEY, DNSSECRData},
    op::ResponseCode,
    rr::{Name, RData, RecordType},
};
use scrutineer::{
    model::{level::Level, target::Target},
    net::{DnsQuery, DnsReply, Limits, Net, NetConfig, Scope, Session, StopSignal, parse_name},
    wire::dnssec::{Question, Validated},
};

use crate::support::{Running, bind_tool as tool, folder, free_port, program};

const SERVER: &str = "192.0.2.53";
const ZONE: &str = "
$TTL 300
@         IN SOA ns.office.example. hostmaster.office.example. 1 7200 3600 1209600 300
@         IN NS  ns.office.example.
ns        IN A   192.0.2.53
www       IN A   192.0.2.80
www       IN TXT \"one\" \"two\"
www       IN MX  10 Mail.Office.Example.
alias     IN CNAME www
a.b.c     IN A   192.0.2.81
*.wild    IN TXT \"from a wildcard\"
child     IN NS  ns.child
ns.child  IN A   192.0.2.54
";

/// How a zone is signed.
#[derive(Clone, Copy)]
struct Signing {
    algorithm: &'static str,
    bits: Option<&'static str>,
    /// Arguments of dnssec-signzone beside the usual ones.
    arguments: &'static [&'static str],
}

const NSEC: Signing = Signing {
    algorithm: "ECDSAP256SHA256",
    bits: None,
    arguments: &[],
};
const NSEC3: Signing = Signing {
    arguments: &["-3", "-"],
    ..NSEC
};
const OPT_OUT: Signing = Signing {
    arguments: &["-3", "aabbccdd", "-H", "5", "-A"],
    ..NSEC
};

/// A line of the signed zone that an edit is about.
type Edit = fn(&str) -> Option<String>;
/// Names below the zone, types, and what the validator is to say.
type Expected<'a> = &'a [(&'a str, RecordType, &'a str)];

/// A signed zone with each line edited, one record a line.
fn signed(folder: &Path, signing: Signing, edit: Edit) -> Option<()> {
    fs::write(folder.join("office.zone"), ZONE).unwrap();
    let mut keygen = vec!["-q", "-a", signing.algorithm];
    if let Some(bits) = signing.bits {
        keygen.extend(["-b", bits]);
    }
    for flags in [&["-f", "KSK"][..], &[]] {
        tool(
            folder,
            "dnssec-keygen",
            &[&keygen, flags, &["office.example"]].concat(),
        )?;
    }
    // Without `-P` the tool would not write what it sees to be broken.
    let usual = ["-q", "-P", "-S", "-O", "full", "-o", "office.example"];
    tool(
        folder,
        "dnssec-signzone",
        &[&usual, signing.arguments, &["office.zone"]].concat(),
    )?;
    let text = fs::read_to_string(folder.join("office.zone.signed")).unwrap();
    let edited: Vec<String> = text.lines().filter_map(edit).collect();
    fs::write(folder.join("office.zone"), edited.join("\n") + "\n").unwrap();
    Some(())
}

fn serve(folder: &Path, port: u16) -> Option<Running> {
    let named = program("named", "bind9", "DNSSEC")?;
    let text = format!(
        "options {{ directory \"{folder}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    pid-file none; lock-file none; session-keyfile \"{folder}/session.key\"; recursion no;
    dnssec-validation no; notify no; check-integrity no; }};
controls {{ }};
zone \"office.example\" {{ type primary; file \"office.zone\"; }};\n",
        folder = folder.display()
    );
    let path = folder.join("named.conf");
    fs::write(&path, text).unwrap();
    Some(Running::start(
        Command::new(named).arg("-g").arg("-c").arg(&path),
        &[port],
        &folder.join("named.log"),
    ))
}

fn session(port: u16) -> Session {
    let config = NetConfig {
        resolver: Some(([127, 0, 0, 1], port).into()),
        connect_to: vec![format!("{SERVER}:53:127.0.0.1:{port}").parse().unwrap()],
        limits: Limits::default(),
        ..NetConfig::default()
    };
    let target = Target {
        name: "office.example".to_owned(),
        port: None,
        roles: Default::default(),
        paths: Vec::new(),
        ignore_robots: false,
        origin: Vec::new(),
        dkim_selectors: Vec::new(),
        pins: Default::default(),
        source: None,
    };
    Net::new(config).unwrap().session(
        &target,
        Scope::new(Level::Standard, ["office.example"], [""; 0]),
        Duration::from_secs(30),
        StopSignal::never(),
    )
}

async fn ask(session: &Session, name: &str, rtype: RecordType) -> std::sync::Arc<DnsReply> {
    let query = DnsQuery::new(parse_name(name).unwrap(), rtype);
    session
        .ask_server("ns.office.example", SERVER.parse().unwrap(), &query)
        .await
        .unwrap()
}

/// What the validator says of one question, in a word or two.
async fn verdict(session: &Session, keys: &[&DNSKEY], name: &str, rtype: RecordType) -> String {
    let reply = ask(session, name, rtype).await;
    let (zone, name): (Name, Name) = (
        parse_name("office.example").unwrap(),
        parse_name(name).unwrap(),
    );
    let question = Question {
        zone: &zone,
        keys,
        name: &name,
        rtype,
        now: u32::try_from(jiff::Timestamp::now().as_second()).unwrap(),
    };
    let message = &reply.message;
    let exists = message.metadata.response_code != ResponseCode::NXDomain;
    match question.validate(&message.answers, &message.authorities, exists) {
        Ok(Validated::Present(verified)) if verified.wildcard.is_some() => "wildcard".to_owned(),
        Ok(Validated::Present(_)) => "present".to_owned(),
        Ok(Validated::OptedOut(_)) => "wildcard, opted out".to_owned(),
        Ok(Validated::Alias(_)) => "alias".to_owned(),
        Ok(Validated::NoData(denial)) => format!("no data, {denial:?}"),
        Ok(Validated::NoName(denial)) => format!("no name, {denial:?}"),
        Err(fault) => fault.code().to_owned(),
    }
}

/// Serves a zone and compares what the validator says of each question.
fn check(signing: Signing, edit: Edit, expected: Expected) {
    let folder = folder();
    let port = free_port();
    if signed(folder.path(), signing, edit).is_none() {
        return;
    }
    let Some(_server) = serve(folder.path(), port) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let session = session(port);
        let reply = ask(&session, "office.example", RecordType::DNSKEY).await;
        let keys: Vec<&DNSKEY> = reply
            .message
            .answers
            .iter()
            .filter_map(|record| match &record.data {
                RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
                _ => None,
            })
            .collect();
        for (name, rtype, what) in expected {
            let name = format!("{name}office.example");
            let got = verdict(&session, &keys, &name, *rtype).await;
            assert_eq!(
                got,
                *what,
                "{name} {rtype} ({})",
                signing.arguments.join(" ")
            );
        }
    });
}

fn whole(line: &str) -> Option<String> {
    Some(line.to_owned())
}

/// Whether a line of the signed zone is a record of a name and type.
fn is(line: &str, name: &str, rtype: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let full = format!("{name}office.example.");
    words.first() == Some(&full.as_str())
        && words
            .get(3..)
            .is_some_and(|rest| rtype.split(' ').zip(rest).all(|(a, b)| a == *b))
}

const HEALTHY: Expected = &[
    ("", RecordType::SOA, "present"),
    ("", RecordType::NS, "present"),
    ("", RecordType::DNSKEY, "present"),
    ("www.", RecordType::A, "present"),
    ("www.", RecordType::TXT, "present"),
    ("www.", RecordType::MX, "present"),
    ("alias.", RecordType::A, "alias"),
    ("x.wild.", RecordType::TXT, "wildcard"),
];

#[test]
fn every_algorithm_and_every_kind_of_answer() {
    let algorithms = [
        ("RSASHA256", Some("2048")),
        ("RSASHA512", Some("2048")),
        ("ECDSAP256SHA256", None),
        ("ECDSAP384SHA384", None),
        ("ED25519", None),
    ];
    for (algorithm, bits) in algorithms {
        let signing = Signing {
            algorithm,
            bits,
            ..NSEC
        };
        check(signing, whole, HEALTHY);
    }
}

#[test]
fn what_is_absent_is_proven_absent() {
    for signing in [NSEC, NSEC3, OPT_OUT] {
        // An opted-out span proves only that nothing signed is there.
        let (name, ds, wild) = match signing.arguments.contains(&"-A") {
            true => ("no name, OptOut", "no data, OptOut", "wildcard, opted out"),
            false => ("no name, Absent", "no data, Absent", "wildcard"),
        };
        check(
            signing,
            whole,
            &[
                ("www.", RecordType::AAAA, "no data, Absent"),
                ("", RecordType::CAA, "no data, Absent"),
                // Nothing stands at b.c itself, but below it.
                ("b.c.", RecordType::A, "no data, Absent"),
                ("nothing.", RecordType::A, name),
                ("x.nothing.", RecordType::A, name),
                ("zzz.", RecordType::A, name),
                // In an opted-out span something unsigned may stand beside the wildcard.
                ("x.wild.", RecordType::A, ds),
                ("x.wild.", RecordType::TXT, wild),
                ("child.", RecordType::DS, ds),
            ],
        );
    }
}

#[test]
fn each_broken_signature_is_named() {
    let cases: &[(Signing, Edit, Expected)] = &[
        (
            Signing {
                arguments: &["-s", "20200101000000", "-e", "20200201000000"],
                ..NSEC
            },
            whole,
            &[
                ("", RecordType::SOA, "signature_expired"),
                ("nothing.", RecordType::A, "signature_expired"),
            ],
        ),
        (
            Signing {
                arguments: &["-s", "20500101000000", "-e", "20500201000000"],
                ..NSEC
            },
            whole,
            &[("", RecordType::SOA, "signature_not_yet_valid")],
        ),
        (
            NSEC,
            |line| Some(line.replace("192.0.2.80", "192.0.2.66")),
            &[
                ("www.", RecordType::A, "signature_wrong"),
                ("www.", RecordType::MX, "present"),
            ],
        ),
        (
            NSEC,
            |line| (!is(line, "www.", "RRSIG A")).then(|| line.to_owned()),
            &[
                ("www.", RecordType::A, "signature_missing"),
                ("www.", RecordType::TXT, "present"),
            ],
        ),
        (
            // The zone signing key is gone; the key signing key signs keys alone.
            NSEC,
            |line| (!is(line, "", "DNSKEY 256")).then(|| line.to_owned()),
            &[("www.", RecordType::A, "signature_key_missing")],
        ),
        (
            // The key loses its Zone Key flag, which changes its tag by 256.
            NSEC,
            |line| {
                Some(if is(line, "", "DNSKEY 256") {
                    line.replacen("DNSKEY\t256", "DNSKEY\t0", 1).replacen(
                        "DNSKEY 256",
                        "DNSKEY 0",
                        1,
                    )
                } else {
                    line.to_owned()
                })
            },
            &[("www.", RecordType::A, "signature_key_missing")],
        ),
        (
            NSEC,
            |line| {
                Some(if is(line, "www.", "RRSIG A") {
                    line.replace(" office.example. ", " other.example. ")
                } else {
                    line.to_owned()
                })
            },
            &[("www.", RecordType::A, "signature_by_other_zone")],
        ),
        (
            NSEC,
            |line| {
                Some(if is(line, "www.", "RRSIG A") {
                    line.replacen("RRSIG\tA 13 3", "RRSIG\tA 13 4", 1).replacen(
                        "RRSIG A 13 3",
                        "RRSIG A 13 4",
                        1,
                    )
                } else {
                    line.to_owned()
                })
            },
            &[("www.", RecordType::A, "signature_labels_wrong")],
        ),
    ];
    for (signing, edit, expected) in cases {
        check(*signing, *edit, expected);
    }
}

#[test]
fn each_broken_proof_of_absence_is_named() {
    let cases: &[(Signing, Edit, Expected)] = &[
        (
            NSEC,
            |line| {
                (!line.contains("\tNSEC\t") && !line.contains(" NSEC ")).then(|| line.to_owned())
            },
            &[("www.", RecordType::AAAA, "denial_missing")],
        ),
        (
            // The record that spans the name is gone; the one before it spans too little.
            NSEC,
            |line| (!is(line, "child.", "NSEC")).then(|| line.to_owned()),
            &[
                ("nothing.", RecordType::A, "denial_not_covering"),
                ("", RecordType::CAA, "no data, Absent"),
            ],
        ),
        (
            // The record says that there is an address, and its signature is good: an
            // answer without one contradicts it.
            NSEC,
            |line| {
                let address = is(line, "www.", "A") || is(line, "www.", "RRSIG A");
                (!address).then(|| line.to_owned())
            },
            &[("www.", RecordType::A, "denial_type_present")],
        ),
        (
            NSEC,
            |line| (!line.starts_with("www.office")).then(|| line.to_owned()),
            &[("www.", RecordType::A, "denial_not_covering")],
        ),
    ];
    for (signing, edit, expected) in cases {
        check(*signing, *edit, expected);
    }
}
