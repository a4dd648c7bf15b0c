//! `scrutineer dns` and `scrutineer mail` at the names of the demo estate, and pins of SPF.

use std::{
    fs,
    net::{TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use scrutineer::estate::Estate;
use serde_json::Value;
use tokio::runtime::Runtime;

/// The running estate, with its files.
struct Lab {
    estate: Estate,
    folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Lab {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let estate = runtime.block_on(Estate::start()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("root.pem", estate.root_pem());
        write("anchor", estate.trust_anchor());
        write(
            "hints",
            ". NS a.root.example.\na.root.example. A 203.0.113.1\n",
        );
        Self {
            estate,
            folder,
            _runtime: runtime,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program on the estate; `first`: arguments before all others.
    fn run(&self, first: &[&str], more: &[String]) -> Output {
        let file = |option: &str, name: &str| format!("{option}={}", self.path(name).display());
        Command::new(env!("CARGO_BIN_EXE_scrutineer"))
            .args(first)
            .args(more)
            .arg(format!("--resolver={}", self.estate.resolver()))
            .arg(file("--ca-file", "root.pem"))
            .arg(file("--trust-anchor", "anchor"))
            .arg(file("--root-hints", "hints"))
            .args(
                self.estate
                    .connect_rules()
                    .iter()
                    .map(|rule| format!("--connect-to={rule}")),
            )
            .output()
            .unwrap()
    }

    fn text(&self, first: &[&str], more: &[String]) -> String {
        let output = self.run(first, more);
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{text}\n{errors}");
        text
    }

    fn json(&self, first: &[&str], more: &[String]) -> Value {
        let mut all = first.to_vec();
        all.extend(["--format", "json"]);
        serde_json::from_str(&self.text(&all, more)).unwrap()
    }
}

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in\n{text}");
    }
}

#[test]
fn delegation_chain_and_registration_of_one_name() {
    let lab = Lab::start();
    let rdap = [format!("--rdap={}", lab.estate.registry())];
    let text = lab.text(&["dns", "exemplary.example"], &rdap);
    has(
        &text,
        &[
            "exemplary.example in the zone exemplary.example\n",
            "\nDelegation\n. (root)  (asked a.root.example 203.0.113.1)\n",
            "ns1.registry.example 203.0.113.2 refers to  ns1.exemplary.example",
            "192.0.2.53  serial 2026110102",
            "2001:db8:2::53  serial 2026110102",
            "\nDNSSEC\n. (root)  secure\n",
            "exemplary.example  secure\n",
            "DS ",
            "key signing key",
            "RRSIG SOA by ",
            "\nRegistration of exemplary.example\n  registrar: Careful Registrar\n",
            "locked against transfer: yes\n  locked by the registry: yes\n  DS as in DNS: yes\n",
        ],
    );
    let text = lab.text(&["dns", "neglected.example"], &rdap);
    has(
        &text,
        &[
            "neglected.example  insecure",
            "no_ds",
            "states: active\n",
            "locked against transfer: no\n",
        ],
    );

    // A healthy zone of two servers, with two addresses each.
    let document = lab.json(&["dns", "exemplary.example"], &[]);
    assert_eq!(document["dns"]["servers"].as_array().unwrap().len(), 4);
    let queries = document["cost"]["queries"].as_u64().unwrap();
    assert!((20..=60).contains(&queries), "{queries} queries");
    let evidence = document["evidence"].as_array().unwrap();
    let parent = evidence
        .iter()
        .find(|one| one["at"] == "/dns/delegation/parents/0")
        .unwrap();
    has(
        parent["reproduce"].as_str().unwrap(),
        &["dig @", "exemplary.example NS +norec +dnssec"],
    );
    has(
        parent["data"].as_str().unwrap(),
        &["ns1.exemplary.example", "192.0.2.53"],
    );
}

#[test]
fn a_silent_server_is_a_gap_and_the_others_are_seen_whole() {
    let lab = Lab::start();
    // Both addresses of the second server take questions and say nothing.
    let (udp, _tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let port = udp.local_addr().unwrap().port();
    let rules = ["198.51.100.53", "[2001:db8:2::53]"]
        .map(|host| format!("--connect-to={host}:53:127.0.0.1:{port}"));
    let document = lab.json(&["dns", "exemplary.example"], &rules);
    let servers = document["dns"]["servers"].as_array().unwrap();
    let speaks: Vec<bool> = servers
        .iter()
        .map(|server| server["authoritative"] == true)
        .collect();
    assert_eq!(speaks, [true, true, false, false], "{servers:?}");
    let gaps = document["gaps"].as_array().unwrap();
    let reason = |at: &str| {
        let gap = gaps.iter().find(|gap| gap["at"] == at);
        gap.map(|gap| gap["reason"].as_str().unwrap().to_owned())
    };
    for silent in ["/dns/servers/2", "/dns/servers/3"] {
        assert_eq!(reason(silent).as_deref(), Some("timeout"), "{gaps:?}");
    }
    for spoken in [
        "/dns/servers/0",
        "/dns/servers/1",
        "/dns/dnssec",
        "/dns/soa",
    ] {
        let below = |gap: &&Value| gap["at"].as_str().unwrap().starts_with(spoken);
        assert_eq!(gaps.iter().find(below), None, "{gaps:?}");
    }
    assert_eq!(document["dns"]["dnssec"]["validation"]["status"], "secure");
    // How long that takes follows from how often the server is asked, and from how long an
    // answer is waited for (a test beside the code adds that up): two packets an address.
    udp.set_nonblocking(true).unwrap();
    let mut asked = 0;
    while udp.recv(&mut [0; 4096]).is_ok() {
        asked += 1;
    }
    assert!((2..=4).contains(&asked), "{asked} packets");
    let queries = document["cost"]["queries"].as_u64().unwrap();
    assert!(queries <= 60, "{queries} queries");
}

#[test]
fn can_someone_send_mail_as_this_office() {
    let lab = Lab::start();
    let text = lab.text(&["mail", "exemplary.example", "--ascii"], &[]);
    has(
        &text,
        &[
            "Can someone send mail as exemplary.example? Not easily: ",
            "mx1.exemplary.example",
            "STARTTLS",
            "matches",
            "`- look-ups: 0 of at most 10",
            "policy: reject; sub-domains reject; names that do not exist reject",
            "Names below\n",
            "www.exemplary.example: SPF says fail of others; no DMARC record of its own",
        ],
    );
    let text = lab.text(&["mail", "average.example", "--ascii"], &[]);
    has(
        &text,
        &[
            "Can someone send mail as average.example? Yes: its DMARC policy asks other mail servers to do \
             nothing (p=none).",
            "`- look-ups: 2 of at most 10, 0 of at most 2 lead to nothing\n   +- mx (average.example)\n   `- include:_spf.mailer.example\n",
        ],
    );
    let text = lab.text(&["mail", "neglected.example"], &[]);
    has(&text, &["Yes: no DMARC policy tells other mail servers"]);
}

fn inventory(path: &Path, pin: &str) {
    let text = format!(
        "organisation: {{ name: Office, country: US }}\ncontact: security@exemplary.example\ntargets:\n\
         \x20 - name: exemplary.example\n    roles: [mail-domain]\n    pins:\n      spf: {pin}\n"
    );
    fs::write(path, text).unwrap();
}

const RECORD: &str = "v=spf1 ip4:192.0.2.25 ip6:2001:db8:1::25 -all";

#[test]
fn a_changed_spf_record_is_critical() {
    let lab = Lab::start();
    let path = lab.path("inventory.yaml");
    let scan = |pin: &str| {
        inventory(&path, pin);
        let more = [format!("--inventory={}", path.display())];
        let output = lab.run(&["scan", "--only=mail", "--format=json", "--quiet"], &more);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = document["findings"].as_array().unwrap().clone();
        findings
            .into_iter()
            .find(|finding| finding["check"] == "mail.spf.as-pinned")
    };
    let found = scan(&format!("{RECORD:?}"));
    assert!(
        found.as_ref().is_none_or(|one| one["verdict"] == "pass"),
        "{found:?}"
    );
    let found = scan("\"v=spf1 ip4:192.0.2.25 -all\"").unwrap();
    assert_eq!(
        (&found["verdict"], &found["severity"]),
        (&Value::from("fail"), &Value::from("critical"))
    );
    let proof = found["evidence"].to_string();
    has(&proof, &["ip6:2001:db8:1::25"]);
}

#[test]
fn a_pin_that_is_no_spf_record_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inventory.yaml");
    let long = format!("\"v=spf1 {} -all\"", "a ".repeat(3_000));
    let cases = [
        ("hello", "`spf` is not an SPF record"),
        ("\"v=spf2 -all\"", "`spf` is not an SPF record"),
        (
            "\"v=spf1 foo:bar -all\"",
            "the SPF record has a fault: unknown_mechanism (foo:bar)",
        ),
        (
            "\"v=spf1 ip4:300.1.1.1 -all\"",
            "the SPF record has a fault: syntax",
        ),
        (&long, "an SPF record of more than"),
        ("[v=spf1]", "spf"),
    ];
    for (pin, expected) in cases {
        inventory(&path, pin);
        let output = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
            .args(["scan", "--inventory"])
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{pin}: {said}");
        has(&said, &["inventory.yaml:7:12", expected]);
        assert_eq!(said.matches("error:").count(), 1, "{said}");
        assert!(output.stdout.is_empty());
    }
}
