//! Many zones below one parent, served by BIND and by NSD, each with one fault: the
//! scan must find it, and nothing where there is nothing. All zones share the servers,
//! and one scan looks at all of them.

use std::{collections::BTreeMap, collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::Value;

use crate::support::{Outcome, Running, bind_tool as tool, folder, free_port, program, scan};

/// Who serves a zone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    /// NSD, with the same zone.
    Same,
    /// NSD, with lines in the place of others: from, to.
    Edited(&'static str, &'static str),
    /// NSD, signed by itself, long ago.
    SignedLongAgo,
    /// NSD, signed with other keys.
    SignedApart,
    /// NSD, not signed.
    Unsigned,
    /// NSD does not have the zone.
    Nobody,
}

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// Lines with one of these texts are taken out, and these are added.
    without: &'static str,
    with: &'static str,
    /// The delegation in the parent; `{}` stands for the zone.
    parent: Option<&'static str>,
    second: Second,
    /// Arguments for signing; `None`: unsigned.
    signing: Option<&'static [&'static str]>,
    /// Checks that fail.
    planted: &'static [&'static str],
}

const HEALTHY: Case = Case {
    name: "healthy",
    without: "-",
    with: "",
    parent: None,
    second: Second::Same,
    signing: Some(&["-3", "-"]),
    planted: &[],
};

const ZONE: &str = "$TTL 300
@ IN SOA ns1 hostmaster 7 7200 3600 1209600 300
@ IN NS ns1
@ IN NS ns2
ns1 IN A 192.0.2.53
ns1 IN AAAA 2001:db8:1::53
ns2 IN A 198.51.100.53
ns2 IN AAAA 2001:db8:2::53
@ IN A 192.0.2.80
@ IN AAAA 2001:db8:1::80
@ IN CAA 0 issue \";\"
@ IN CAA 0 iodef \"mailto:security@office.example\"
";
const PARENT: &str = "{} IN NS ns1.{}
{} IN NS ns2.{}
ns1.{} IN A 192.0.2.53
ns1.{} IN AAAA 2001:db8:1::53
ns2.{} IN A 198.51.100.53
ns2.{} IN AAAA 2001:db8:2::53
";

const CASES: &[Case] = &[
    HEALTHY,
    Case {
        name: "nsec",
        signing: Some(&[]),
        ..HEALTHY
    },
    Case {
        name: "lame",
        second: Second::Nobody,
        planted: &["dns.server.authoritative"],
        ..HEALTHY
    },
    Case {
        name: "serial",
        second: Second::Edited(" 7 7200", " 6 7200"),
        signing: None,
        planted: &["dns.dnssec.signed", "dns.zone.same-serial"],
        ..HEALTHY
    },
    Case {
        name: "timers",
        second: Second::Edited(" 7 7200", " 7 7300"),
        signing: None,
        planted: &["dns.dnssec.signed", "dns.zone.same-soa"],
        ..HEALTHY
    },
    Case {
        name: "rname",
        second: Second::Edited("hostmaster", "somebody"),
        signing: None,
        planted: &["dns.dnssec.signed", "dns.zone.same-soa"],
        ..HEALTHY
    },
    Case {
        name: "nameservers",
        second: Second::Edited(
            "@ IN NS ns2\n",
            "@ IN NS ns2\n@ IN NS ns3\nns3 IN A 192.0.2.60\n",
        ),
        signing: None,
        planted: &["dns.dnssec.signed", "dns.zone.same-ns"],
        ..HEALTHY
    },
    Case {
        name: "unlisted",
        with: "@ IN NS ns3\nns3 IN A 203.0.113.53\nns3 IN AAAA 2001:db8:3::53\n",
        planted: &["dns.delegation.complete"],
        ..HEALTHY
    },
    Case {
        name: "stale",
        without: "@ IN NS ns2\n",
        with: "@ IN NS ns3\nns3 IN A 198.51.100.54\nns3 IN AAAA 2001:db8:2::54\n",
        parent: Some(
            "{} IN NS ns1.{}\n{} IN NS ns2.{}\n{} IN NS ns3.{}\nns1.{} IN A 192.0.2.53\n\
             ns2.{} IN A 198.51.100.53\nns3.{} IN A 198.51.100.54\n",
        ),
        planted: &["dns.delegation.no-stale"],
        ..HEALTHY
    },
    Case {
        name: "noglue",
        parent: Some("{} IN NS ns1.{}\n{} IN NS ns2.{}\nns1.{} IN A 192.0.2.53\n"),
        planted: &["dns.delegation.glue-present"],
        ..HEALTHY
    },
    Case {
        name: "oldglue",
        parent: Some(
            "{} IN NS ns1.{}\n{} IN NS ns2.{}\nns1.{} IN A 192.0.2.53\nns2.{} IN A 198.51.100.77\n",
        ),
        planted: &["dns.delegation.glue-true"],
        ..HEALTHY
    },
    Case {
        name: "alias",
        without: "@ IN NS ns2",
        with: "@ IN NS nsalias.example.\n",
        parent: Some("{} IN NS ns1.{}\n{} IN NS nsalias.example.\nns1.{} IN A 192.0.2.53\n"),
        planted: &["dns.ns.no-alias"],
        ..HEALTHY
    },
    Case {
        name: "single",
        without: "@ IN NS ns2\n",
        parent: Some("{} IN NS ns1.{}\nns1.{} IN A 192.0.2.53\n"),
        planted: &["dns.ns.several", "dns.ns.ipv6"],
        ..HEALTHY
    },
    Case {
        name: "onenet",
        without: "198.51.100.53",
        with: "ns2 IN A 192.0.2.54\n",
        parent: Some(
            "{} IN NS ns1.{}\n{} IN NS ns2.{}\nns1.{} IN A 192.0.2.53\nns2.{} IN A 192.0.2.54\n",
        ),
        planted: &["dns.ns.networks-v4"],
        ..HEALTHY
    },
    Case {
        name: "onenet6",
        without: "2001:db8:2::53",
        with: "ns2 IN AAAA 2001:db8:1::54\n",
        parent: Some(
            "{} IN NS ns1.{}\n{} IN NS ns2.{}\nns1.{} IN A 192.0.2.53\nns2.{} IN A 198.51.100.53\n",
        ),
        planted: &["dns.ns.networks-v6"],
        ..HEALTHY
    },
    Case {
        name: "shared",
        with: "ns2 IN A 192.0.2.53\n",
        planted: &["dns.ns.addresses-own"],
        ..HEALTHY
    },
    Case {
        name: "placeholder",
        without: "@ IN SOA ns1 hostmaster 7 7200 3600 1209600 300\n",
        with: "@ IN SOA localhost. root. 7 7200 3600 1209600 300\n",
        planted: &["dns.soa.names-real"],
        ..HEALTHY
    },
    Case {
        name: "expires",
        without: "@ IN SOA ns1 hostmaster 7 7200 3600 1209600 300\n",
        with: "@ IN SOA ns1 hostmaster 7 7200 3600 86400 300\n",
        planted: &["dns.soa.timers-sane"],
        ..HEALTHY
    },
    Case {
        name: "longago",
        second: Second::SignedLongAgo,
        planted: &["dns.server.signatures-valid"],
        ..HEALTHY
    },
    Case {
        name: "apart",
        second: Second::SignedApart,
        planted: &["dns.server.signatures-valid", "dns.zone.same-keys"],
        ..HEALTHY
    },
    Case {
        name: "halfsigned",
        second: Second::Unsigned,
        planted: &["dns.server.signatures-valid", "dns.zone.same-keys"],
        ..HEALTHY
    },
    Case {
        name: "optout",
        signing: Some(&["-3", "-", "-A"]),
        planted: &["dns.dnssec.no-opt-out"],
        ..HEALTHY
    },
    Case {
        name: "salted",
        signing: Some(&["-3", "aabb", "-H", "5"]),
        planted: &["dns.dnssec.nsec3-plain"],
        ..HEALTHY
    },
    Case {
        name: "long",
        signing: Some(&["-3", "-", "-s", "now-3600", "-e", "now+34560000"]),
        planted: &["dns.dnssec.signatures-short"],
        ..HEALTHY
    },
    Case {
        name: "ending",
        signing: Some(&["-3", "-", "-s", "now-2592000", "-e", "now+7200"]),
        planted: &["dns.dnssec.signatures-fresh"],
        ..HEALTHY
    },
    Case {
        name: "open",
        planted: &["dns.server.no-transfer"],
        ..HEALTHY
    },
    Case {
        name: "lapsed",
        with: "@ IN NS ns1.nobody.example.\n",
        parent: Some(
            "{} IN NS ns1.{}\n{} IN NS ns2.{}\n{} IN NS ns1.nobody.example.\nns1.{} IN A 192.0.2.53\n\
             ns1.{} IN AAAA 2001:db8:1::53\nns2.{} IN A 198.51.100.53\nns2.{} IN AAAA 2001:db8:2::53\n",
        ),
        planted: &["dns.ns.registered"],
        ..HEALTHY
    },
    Case {
        name: "hangs",
        with: "_imaps._tcp IN SRV 0 1 993 mail.nobody.example.\n_ldap._tcp IN SRV 0 1 389 gone\n",
        planted: &["dns.srv.registered", "dns.srv.resolves"],
        ..HEALTHY
    },
    Case {
        name: "wild",
        with: "* IN CNAME site.nobody.example.\n",
        planted: &["dns.wildcard.not-dangling"],
        ..HEALTHY
    },
    Case {
        name: "bound",
        without: "IN CAA 0 issue",
        with: "@ IN CAA 0 issue \"ca.example; validationmethods=dns01; accounturi=1\"\n",
        planted: &["dns.caa.parameters-valid"],
        ..HEALTHY
    },
    Case {
        name: "unsigned",
        signing: None,
        planted: &["dns.dnssec.signed"],
        ..HEALTHY
    },
];

/// Ports of the servers.
struct Ports {
    above: u16,
    first: u16,
    second: u16,
    resolver: u16,
}

fn sign(path: &Path, zone: &str, file: &str, arguments: &[&str]) -> Option<String> {
    for flags in [&["-f", "KSK"][..], &[]] {
        let usual = ["-q", "-a", "ECDSAP256SHA256"];
        tool(path, "dnssec-keygen", &[&usual, flags, &[zone]].concat())?;
    }
    resign(path, zone, file, arguments)?;
    let set = format!("dsset-{}.", zone.trim_end_matches('.'));
    Some(fs::read_to_string(path.join(set)).unwrap())
}

fn resign(path: &Path, zone: &str, file: &str, arguments: &[&str]) -> Option<()> {
    let usual = ["-q", "-P", "-S", "-o", zone];
    tool(
        path,
        "dnssec-signzone",
        &[&usual, arguments, &[file]].concat(),
    )?;
    fs::rename(path.join(format!("{file}.signed")), path.join(file)).unwrap();
    Some(())
}

/// Writes the zone for both servers; returns the DS records.
fn write(path: &Path, case: &Case) -> Option<String> {
    let zone = format!("{}.example", case.name);
    let gone = |line: &&str| case.without.lines().any(|text| line.contains(text));
    let kept = ZONE.split_inclusive('\n').filter(|line| !gone(line));
    let text = kept.collect::<String>() + case.with;
    let (first, second) = (format!("first/{zone}"), format!("second/{zone}"));
    fs::write(path.join(&first), &text).unwrap();
    fs::write(path.join(&second), &text).unwrap();
    let mut ds = String::new();
    if let Some(arguments) = case.signing {
        ds = sign(path, &zone, &first, arguments)?;
    }
    match case.second {
        Second::Same | Second::Nobody => {
            fs::copy(path.join(&first), path.join(&second)).unwrap();
        }
        Second::Edited(from, to) => {
            let edited = text.replace(from, to);
            assert_ne!(edited, text, "{}", case.name);
            fs::write(path.join(&second), edited).unwrap();
        }
        Second::Unsigned => {}
        Second::SignedLongAgo => {
            resign(
                path,
                &zone,
                &second,
                &["-3", "-", "-s", "20200101000000", "-e", "20200201000000"],
            )?;
        }
        Second::SignedApart => {
            let other = tempfile::tempdir().unwrap();
            fs::write(other.path().join("zone"), &text).unwrap();
            sign(other.path(), &zone, "zone", &["-3", "-"])?;
            fs::copy(other.path().join("zone"), path.join(&second)).unwrap();
        }
    }
    Some(ds)
}

fn named(path: &Path, name: &str, port: u16, zones: &[(String, String)]) -> Option<Running> {
    let program = program("named", "bind9", "delegations")?;
    let mut text = format!(
        "options {{ directory \"{folder}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    pid-file none; lock-file none; session-keyfile \"{folder}/{name}.key\"; recursion no; version none;
    dnssec-validation no; notify no; check-integrity no; check-names primary ignore; allow-transfer {{ none; }}; }};
controls {{ }};\n",
        folder = path.display()
    );
    for (zone, file) in zones {
        let open = match zone.as_str() {
            "open.example" => "allow-transfer { any; };",
            _ => "",
        };
        text += &format!("zone \"{zone}\" {{ type primary; file \"{file}\"; {open} }};\n");
    }
    let conf = path.join(format!("{name}.conf"));
    fs::write(&conf, text).unwrap();
    let mut command = Command::new(program);
    command.args(["-4", "-g", "-n", "1", "-c"]).arg(&conf);
    Some(Running::start(
        &mut command,
        &[port],
        &path.join(format!("{name}.log")),
    ))
}

fn nsd(path: &Path, port: u16, zones: &[(String, String)]) -> Option<Running> {
    let program = program("nsd", "nsd", "delegations")?;
    let folder = path.display();
    let mut text = format!(
        "server:\n  ip-address: 127.0.0.1@{port}\n  username: \"\"\n  chroot: \"\"\n  hide-version: yes\n  \
         zonesdir: \"{folder}\"\n  pidfile: \"\"\n  zonelistfile: \"{folder}/zone.list\"\n  \
         xfrdfile: \"\"\n  xfrdir: \"{folder}\"\n  server-count: 1\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n"
    );
    for (zone, file) in zones {
        text += &format!("zone:\n  name: \"{zone}\"\n  zonefile: \"{file}\"\n");
    }
    let conf = path.join("nsd.conf");
    fs::write(&conf, text).unwrap();
    let mut command = Command::new(program);
    command.arg("-d").arg("-c").arg(&conf);
    Some(Running::start(&mut command, &[port], &path.join("nsd.log")))
}

/// Serves all cases; `None` when a program is missing.
fn serve(path: &Path, ports: &Ports) -> Option<Vec<Running>> {
    for folder in ["first", "second"] {
        fs::create_dir(path.join(folder)).unwrap();
    }
    let mut example =
        "$TTL 300\n@ IN SOA ns.example. hostmaster.example. 1 7200 3600 1209600 300\n\
         @ IN NS ns.example.\nns IN A 203.0.113.1\na.root IN A 203.0.113.1\n\
         nsalias IN CNAME nsreal\nnsreal IN A 198.51.100.53\nnsreal IN AAAA 2001:db8:2::53\n"
            .to_owned();
    let mut first = Vec::new();
    let mut second = Vec::new();
    for case in CASES {
        let ds = write(path, case)?;
        example += &case.parent.unwrap_or(PARENT).replace("{}", case.name);
        example += &ds;
        let zone = format!("{}.example", case.name);
        first.push((zone.clone(), format!("first/{zone}")));
        if case.second != Second::Nobody {
            second.push((zone.clone(), format!("second/{zone}")));
        }
    }
    fs::write(path.join("example"), example).unwrap();
    let ds = sign(path, "example", "example", &["-3", "-"])?;
    let root = format!(
        "$TTL 300\n@ IN SOA a.root.example. hostmaster.example. 1 7200 3600 1209600 300\n\
         @ IN NS a.root.example.\nexample. IN NS ns.example.\n{ds}"
    );
    fs::write(path.join("root"), root).unwrap();
    let anchor = sign(path, ".", "root", &[])?;
    fs::write(path.join("anchor"), anchor).unwrap();
    fs::write(
        path.join("hints"),
        ". NS a.root.example.\na.root.example. A 203.0.113.1\n",
    )
    .unwrap();
    let above = [(".", "root"), ("example", "example")]
        .map(|(zone, file)| (zone.to_owned(), file.to_owned()));
    let all: Vec<(String, String)> = above.iter().chain(&first).cloned().collect();
    Some(vec![
        named(path, "above", ports.above, &above)?,
        named(path, "first", ports.first, &first)?,
        nsd(path, ports.second, &second)?,
        // It plays the resolver: it knows all zones.
        named(path, "resolver", ports.resolver, &all)?,
    ])
}

/// The checks that a profile of the test takes in beside those of the common baseline.
const PROFILE: &str = "id: delegations
title: The common baseline and all that is looked at in DNS
extends: common-baseline
entries:
  - { row: control#DNS-03, as: all, level: should, checks: [{ id: dns.server.algorithms-complete }, { id: dns.dnssec.no-opt-out }, { id: dns.dnssec.nsec3-plain }] }
  - { row: control#DNS-04, as: all, level: should, checks: [{ id: dns.dnssec.signatures-short }, { id: dns.dnssec.signatures-fresh }, { id: dns.cds.matches-keys }] }
  - { row: control#DNS-10, as: all, level: should, checks: [{ id: dns.server.no-transfer }, { id: dns.server.no-recursion }] }
";

fn failing(outcome: &Outcome) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in outcome.findings["findings"].as_array().unwrap() {
        let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        if word("verdict") == "fail" {
            all.entry(word("target")).or_default().insert(word("check"));
        }
    }
    all
}

#[test]
fn each_fault_of_a_delegation_is_found() {
    let folder = folder();
    let path = folder.path();
    let ports = Ports {
        above: free_port(),
        first: free_port(),
        second: free_port(),
        resolver: free_port(),
    };
    let Some(_servers) = serve(path, &ports) else {
        return;
    };
    let targets: String = CASES
        .iter()
        .map(|case| format!("  - {{ name: {}.example, roles: [dns-zone] }}\n", case.name))
        .collect();
    let names: Vec<String> = CASES
        .iter()
        .map(|case| format!("{}.example", case.name))
        .collect();
    let inventory = format!(
        "organisation: {{ name: The office }}\nauthorisation: {{ by: the test, until: \"2099-01-01\", \
         targets: [{}] }}\ntargets:\n{targets}",
        names.join(", ")
    );
    fs::write(path.join("inventory.yaml"), inventory).unwrap();
    fs::create_dir(path.join("profiles")).unwrap();
    fs::write(path.join("profiles/delegations.yaml"), PROFILE).unwrap();
    let lead = |address: &str, port: u16| format!("--connect-to={address}:53:127.0.0.1:{port}");
    let second = ["198.51.100.53", "[2001:db8:2::53]"].map(|ip| lead(ip, ports.second));
    let mut arguments = vec![
        "--only=dns".to_owned(),
        "--level=intrusive".to_owned(),
        "--profile=delegations".to_owned(),
        format!("--profiles={}", path.join("profiles").display()),
        format!("--inventory={}", path.join("inventory.yaml").display()),
        format!("--save={}", path.join("run.jsonl").display()),
        format!("--resolver=127.0.0.1:{}", ports.resolver),
        format!("--root-hints={}", path.join("hints").display()),
        format!("--trust-anchor={}", path.join("anchor").display()),
        lead("203.0.113.1", ports.above),
    ];
    arguments.extend(second);
    // All other name servers are the first.
    arguments.push(lead("", ports.first));
    let outcome = scan(arguments);
    let failing = failing(&outcome);
    for case in CASES {
        let expected: BTreeSet<String> = case.planted.iter().map(|id| (*id).to_owned()).collect();
        let found = failing
            .get(&format!("{}.example", case.name))
            .cloned()
            .unwrap_or_default();
        assert_eq!(found, expected, "{}\n{}", case.name, outcome.story());
    }
    let open = outcome.open();
    assert!(open.is_empty(), "{open:?}\n{}", outcome.story());
    costs(path);
}

/// A healthy zone with two servers, two addresses each, and all that is intrusive beside.
fn costs(path: &Path) {
    let run = fs::read_to_string(path.join("run.jsonl")).unwrap();
    let healthy = run
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|observation| observation["target"]["name"] == "healthy.example")
        .unwrap();
    let queries = healthy["cost"]["queries"].as_u64().unwrap();
    let servers = healthy["dns"]["servers"].as_array().unwrap();
    assert_eq!(servers.len(), 4);
    // Four questions to each address are intrusive ones.
    assert!(queries - 16 <= 60, "{queries} queries");
}
