//! A root, a top-level domain and an office's zone, all signed by BIND's tools
//! and served by BIND; one link broken at a time. The scan must say which and why.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::support::{Running, bind_tool as tool, folder, free_port, program};

const ROOT: &str = "
$TTL 300
@        IN SOA a.root.example. hostmaster.root.example. 1 7200 3600 1209600 300
@        IN NS  a.root.example.
example. IN NS  ns.example.
";
const PARENT: &str = "
$TTL 300
@       IN SOA ns.example. hostmaster.example. 1 7200 3600 1209600 300
@       IN NS  ns.example.
ns      IN A   203.0.113.1
a.root  IN A   203.0.113.2
office  IN NS  ns1.office.example.
ns1.office IN A 192.0.2.53
";
const OFFICE: &str = "
$TTL 300
@      IN SOA ns1.office.example. hostmaster.office.example. 1 7200 3600 1209600 300
@      IN NS  ns1.office.example.
ns1    IN A   192.0.2.53
@      IN A   192.0.2.80
@      IN AAAA 2001:db8::80
";
const PAST: &[&str] = &["-s", "20200101000000", "-e", "20200201000000"];
const FUTURE: &[&str] = &["-s", "20500101000000", "-e", "20500201000000"];

/// What is broken.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// Further arguments for signing the root, the parent and the office.
    signing: [&'static [&'static str]; 3],
    /// What happens to the DS record of a zone before its parent is signed.
    ds: fn(&str) -> String,
    /// Zone and edit of its signed lines; `None` takes a line out.
    edit: fn(&str, &str) -> Option<String>,
    /// Whether the scan begins with the anchor of this root.
    anchored: bool,
    /// Status, reason and place; empty where they are not to be told.
    expected: (&'static str, &'static str, &'static str),
}

const SECURE: Case = Case {
    name: "nothing",
    signing: [&[], &[], &[]],
    ds: str::to_owned,
    edit: |_, line| Some(line.to_owned()),
    anchored: true,
    expected: ("secure", "", ""),
};

/// Signs a zone and writes its file; returns its DS record.
fn sign(folder: &Path, case: &Case, index: usize, zone: &str, text: &str) -> Option<String> {
    let file = format!("zone{index}");
    fs::write(folder.join(&file), text).unwrap();
    for flags in [&["-f", "KSK"][..], &[]] {
        let usual = ["-q", "-a", "ECDSAP256SHA256"];
        tool(folder, "dnssec-keygen", &[&usual, flags, &[zone]].concat())?;
    }
    let usual = ["-q", "-P", "-S", "-O", "full", "-o", zone];
    let arguments = [&usual, case.signing[index], &[file.as_str()]].concat();
    tool(folder, "dnssec-signzone", &arguments)?;
    let signed = fs::read_to_string(folder.join(format!("{file}.signed"))).unwrap();
    let lines: Vec<String> = signed
        .lines()
        .filter_map(|line| (case.edit)(zone, line))
        .collect();
    fs::write(folder.join(&file), lines.join("\n") + "\n").unwrap();
    let set = match zone {
        "." => "dsset-.".to_owned(),
        zone => format!("dsset-{zone}."),
    };
    Some(fs::read_to_string(folder.join(set)).unwrap())
}

fn check(case: &Case) -> Option<()> {
    let folder = folder();
    let path = folder.path();
    let office = sign(path, case, 2, "office.example", OFFICE)?;
    let ds = match case.name {
        "the parent's DS record of the top-level domain" => office,
        _ => (case.ds)(&office),
    };
    let parent = sign(path, case, 1, "example", &format!("{PARENT}{ds}"))?;
    let parent = match case.name {
        "no DS in the root" => String::new(),
        _ => parent,
    };
    let anchor = sign(path, case, 0, ".", &format!("{ROOT}{parent}"))?;
    fs::write(path.join("anchor"), anchor).unwrap();
    let port = free_port();
    let zone = |name: &str, index: usize| {
        format!("zone \"{name}\" {{ type primary; file \"zone{index}\"; }};\n")
    };
    let text = format!(
        "options {{ directory \"{folder}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    pid-file none; lock-file none; session-keyfile \"{folder}/session.key\"; recursion no;
    dnssec-validation no; notify no; check-integrity no; }};
controls {{ }};\n{}{}{}",
        zone(".", 0),
        zone("example", 1),
        zone("office.example", 2),
        folder = path.display(),
    );
    fs::write(path.join("named.conf"), text).unwrap();
    let named = program("named", "bind9", "DNSSEC chain")?;
    let _server = Running::start(
        Command::new(named)
            .args(["-g", "-c", "named.conf"])
            .current_dir(path),
        &[port],
        &path.join("named.log"),
    );
    let mut scan = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
    scan.args([
        "scan",
        "office.example",
        "--only",
        "dns",
        "--quiet",
        "--save",
        "run.jsonl",
    ])
    .arg(format!("--resolver=127.0.0.1:{port}"))
    .current_dir(path);
    if case.anchored {
        scan.arg("--trust-anchor=anchor");
    }
    let output = scan.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(2), "{}: {errors}", case.name);
    let run = fs::read_to_string(path.join("run.jsonl")).unwrap();
    let observation: Value = serde_json::from_str(run.lines().nth(1).unwrap()).unwrap();
    let facts = &observation["dns"]["dnssec"]["validation"];
    let word = |key: &str| facts[key].as_str().unwrap_or_default().to_owned();
    let (status, reason, at) = case.expected;
    assert_eq!(
        (
            word("status").as_str(),
            word("reason").as_str(),
            word("broken_at").as_str()
        ),
        (status, reason, at),
        "{}: {facts:#}\n{:#}",
        case.name,
        observation["gaps"]
    );
    // What is not told has its reason.
    let gaps = observation["gaps"].as_array().unwrap();
    let told = gaps.iter().any(|gap| gap["at"] == "/dns/dnssec/validation");
    assert_eq!(told, status.is_empty(), "{}: {gaps:?}", case.name);
    Some(())
}

/// Whether a line of a signed zone is a record of a name and of a type.
fn is(line: &str, name: &str, rtype: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.first() == Some(&name)
        && words
            .get(3..)
            .is_some_and(|rest| rtype.split(' ').zip(rest).all(|(a, b)| a == *b))
}

fn without(line: &str, gone: bool) -> Option<String> {
    (!gone).then(|| line.to_owned())
}

/// A line with one word in the place of another.
fn swap(line: &str, changed: bool, at: usize, word: &str) -> Option<String> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    match words.get_mut(at) {
        Some(old) if changed => *old = word,
        _ => return Some(line.to_owned()),
    }
    Some(words.join(" "))
}

const OFFICE_NAME: &str = "office.example.";

fn check_all(cases: &[Case]) {
    for case in cases {
        if check(case).is_none() {
            return;
        }
    }
}

#[test]
fn each_broken_link_above_the_office_is_named_with_its_reason() {
    check_all(&[
        SECURE,
        Case {
            name: "two DS records, one of another key",
            ds: |ds| format!("{ds}office IN DS 4711 13 2 {}\n", "ab".repeat(32)),
            ..SECURE
        },
        Case {
            name: "NSEC3 everywhere",
            signing: [&["-3", "-"]; 3],
            ..SECURE
        },
        Case {
            name: "NSEC3 with salt and opt-out above",
            signing: [&[], &["-3", "aabb", "-H", "7", "-A"], &[]],
            ..SECURE
        },
        Case {
            name: "another root than the trusted one",
            anchored: false,
            expected: ("", "", ""),
            ..SECURE
        },
        Case {
            name: "the root's keys are not signed",
            edit: |zone, line| without(line, zone == "." && is(line, ".", "RRSIG DNSKEY")),
            expected: ("bogus", "signature_missing", ". DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the root's signatures have ended",
            signing: [PAST, &[], &[]],
            expected: ("bogus", "signature_expired", ". DNSKEY"),
            ..SECURE
        },
        Case {
            name: "no DS in the root",
            expected: ("insecure", "no_ds", "example DS"),
            ..SECURE
        },
        Case {
            name: "the parent's DS record of the top-level domain",
            ds: |_| String::new(),
            edit: |zone, line| {
                Some(if zone == "." && is(line, "example.", "DS") {
                    format!("example. 300 IN DS 1 13 2 {}", "00".repeat(32))
                } else {
                    line.to_owned()
                })
            },
            expected: ("bogus", "signature_wrong", "example DS"),
            ..SECURE
        },
        Case {
            name: "the parent's signatures have ended",
            signing: [&[], PAST, &[]],
            expected: ("bogus", "signature_expired", "example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the parent has lost its keys",
            edit: |zone, line| without(line, zone == "example" && is(line, "example.", "DNSKEY")),
            expected: ("bogus", "dnskey_missing", "example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "no DS in the parent",
            ds: |_| String::new(),
            expected: ("insecure", "no_ds", "office.example DS"),
            ..SECURE
        },
        Case {
            name: "no DS in a parent that opts out",
            ds: |_| String::new(),
            signing: [&[], &["-3", "-", "-A"], &[]],
            expected: ("insecure", "no_ds", "office.example DS"),
            ..SECURE
        },
        Case {
            name: "the proof that there is no DS was changed after signing",
            ds: |_| String::new(),
            edit: |zone, line| {
                swap(
                    line,
                    zone == "example" && is(line, OFFICE_NAME, "NSEC"),
                    4,
                    "zz.example.",
                )
            },
            expected: ("bogus", "signature_wrong", "office.example NSEC"),
            ..SECURE
        },
        Case {
            name: "the DS records are not signed",
            edit: |zone, line| {
                without(line, zone == "example" && is(line, OFFICE_NAME, "RRSIG DS"))
            },
            expected: ("bogus", "signature_missing", "office.example DS"),
            ..SECURE
        },
        Case {
            name: "the DS record was changed after signing",
            edit: |zone, line| {
                swap(
                    line,
                    zone == "example" && is(line, OFFICE_NAME, "DS"),
                    4,
                    "4711",
                )
            },
            expected: ("bogus", "signature_wrong", "office.example DS"),
            ..SECURE
        },
    ]);
}

#[test]
fn each_broken_link_of_the_office_is_named_with_its_reason() {
    check_all(&[
        Case {
            name: "the DS record is of another key",
            ds: |_| format!("office IN DS 4711 13 2 {}\n", "ab".repeat(32)),
            expected: ("bogus", "ds_matches_no_key", "office.example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the DS record has another digest",
            ds: |ds| {
                swap(ds, true, 6, &"ab".repeat(32))
                    .map(|line| {
                        line.split_whitespace()
                            .take(7)
                            .collect::<Vec<_>>()
                            .join(" ")
                            + "\n"
                    })
                    .unwrap()
            },
            expected: ("bogus", "ds_matches_no_key", "office.example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "only a DS record of an unknown digest type",
            ds: |ds| swap(ds, true, 5, "5").unwrap() + "\n",
            expected: ("insecure", "algorithms_unsupported", "office.example DS"),
            ..SECURE
        },
        Case {
            name: "only a DS record of an unknown algorithm",
            ds: |ds| swap(ds, true, 4, "200").unwrap() + "\n",
            expected: ("insecure", "algorithms_unsupported", "office.example DS"),
            ..SECURE
        },
        Case {
            name: "the office has no keys",
            edit: |zone, line| {
                without(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "DNSKEY"),
                )
            },
            expected: ("bogus", "dnskey_missing", "office.example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the key signing key is gone",
            edit: |zone, line| {
                without(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "DNSKEY 257"),
                )
            },
            expected: ("bogus", "ds_matches_no_key", "office.example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the zone signing key is gone",
            edit: |zone, line| {
                without(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "DNSKEY 256"),
                )
            },
            expected: ("bogus", "signature_wrong", "office.example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the key signing key is revoked",
            edit: |zone, line| {
                swap(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "DNSKEY 257"),
                    4,
                    "385",
                )
            },
            expected: ("bogus", "ds_matches_no_key", "office.example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the keys are not signed",
            edit: |zone, line| {
                without(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "RRSIG DNSKEY"),
                )
            },
            expected: ("bogus", "signature_missing", "office.example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the office's signatures have ended",
            signing: [&[], &[], PAST],
            expected: ("bogus", "signature_expired", "office.example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the office's signatures are of the future",
            signing: [&[], &[], FUTURE],
            expected: ("bogus", "signature_not_yet_valid", "office.example DNSKEY"),
            ..SECURE
        },
        Case {
            name: "the serial number was changed after signing",
            edit: |zone, line| {
                swap(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "SOA"),
                    6,
                    "2",
                )
            },
            expected: ("bogus", "signature_wrong", "office.example SOA"),
            ..SECURE
        },
        Case {
            name: "the SOA record is not signed",
            edit: |zone, line| {
                without(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "RRSIG SOA"),
                )
            },
            expected: ("bogus", "signature_missing", "office.example SOA"),
            ..SECURE
        },
        Case {
            name: "the address was changed after signing",
            edit: |zone, line| {
                swap(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "A"),
                    4,
                    "192.0.2.66",
                )
            },
            expected: ("bogus", "signature_wrong", "office.example A"),
            ..SECURE
        },
        Case {
            name: "the address is not signed",
            edit: |zone, line| {
                without(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "RRSIG AAAA"),
                )
            },
            expected: ("bogus", "signature_missing", "office.example AAAA"),
            ..SECURE
        },
        Case {
            name: "the address is signed by another zone",
            edit: |zone, line| {
                swap(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "RRSIG A"),
                    11,
                    "example.",
                )
            },
            expected: ("bogus", "signature_by_other_zone", "office.example A"),
            ..SECURE
        },
        Case {
            name: "the proof of absence was changed after signing",
            edit: |zone, line| {
                swap(
                    line,
                    zone == "office.example" && is(line, OFFICE_NAME, "NSEC"),
                    4,
                    "zz.office.example.",
                )
            },
            expected: ("bogus", "signature_wrong", "office.example NSEC"),
            ..SECURE
        },
    ]);
}
