//! `scrutineer mail`, and what a scan says of a domain with many faults.

use serde_json::Value;
use std::process::Command;

use crate::support::{Names, scan};

const HEAD: &str = "$TTL 300
@ IN SOA ns.county.example. hostmaster.county.example. 1 7200 3600 1209600 300
@ IN NS ns.county.example.
";

/// Serves one domain, and an empty zone for everything else.
fn serve(records: &str) -> Names {
    let empty =
        "$TTL 300\n@ IN SOA ns.example. h.example. 1 7200 3600 1209600 300\n@ IN NS ns.example.\n";
    let zone = format!("{HEAD}{records}");
    Names::serve(&[
        (".", empty),
        ("county.example.", &zone),
        ("elsewhere.test.", empty),
    ])
}

/// Runs `scrutineer mail county.example`.
fn mail(names: &Names, more: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(["mail", "county.example", "--resolver"])
        .arg(names.address.to_string())
        .args(more)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

const SHUT: &str = "
@ IN MX 0 .
@ IN TXT \"v=spf1 -all\"
_dmarc IN TXT \"v=DMARC1; p=reject; rua=mailto:reports@county.example\"
";

#[test]
fn the_answer_comes_first() {
    let names = serve(SHUT);
    let (code, text) = mail(&names, &["--ascii"]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.starts_with("Can someone send mail as county.example? Not easily: "),
        "{text}"
    );
    assert!(text.contains("nobody: a null MX says so"), "{text}");
    assert!(
        text.contains("+- others: fail, nobody else may send"),
        "{text}"
    );
    assert!(
        text.contains("policy: reject; sub-domains reject"),
        "{text}"
    );

    let names = serve(
        "@ IN TXT \"v=spf1 include:a.county.example mx -all\"\na IN TXT \"v=spf1 a:gone.county.example ~all\"\n",
    );
    let (code, text) = mail(&names, &["--ascii"]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.starts_with("Can someone send mail as county.example? Yes: no DMARC policy"),
        "{text}"
    );
    let tree = "`- look-ups: 3 of at most 10, 2 of at most 2 lead to nothing
   +- include:a.county.example
   |  `- a:gone.county.example: does not exist
   `- mx (county.example): exists without such records
";
    assert!(text.contains(tree), "{text}");
}

#[test]
fn the_facts_come_as_json() {
    let names = serve(SHUT);
    let (code, text) = mail(&names, &["--format", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, 0);
    assert_eq!(document["mail"]["spoofing"]["possible"], false);
    assert_eq!(document["mail"]["spf"]["stranger"], "fail");
    assert!(document["cost"]["queries"].as_u64().unwrap() < 60);
}

#[test]
fn what_cannot_be_seen_is_no_answer() {
    // Nobody answers there.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(["mail", "county.example", "--deadline", "1", "--resolver"])
        .arg(socket.local_addr().unwrap().to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("? Could not be seen: "), "{text}");
}

/// Every fault at once, each of its own cause: each cause has one finding.
#[test]
fn nothing_is_told_twice() {
    let names = serve(
        "@ IN MX 10 gone.county.example.
@ IN TXT \"v=spf1 ip4:0.0.0.0/1 foo:bar a:n1.county.example a:n2.county.example a:n3.county.example ?all\"
_dmarc IN TXT \"v=DMARC1; p=none; pct=50; adkim=x; rua=mailto:r@elsewhere.test\"
default._bimi IN TXT \"v=BIMI1; l=http://county.example/logo.svg\"
_smtp._tls IN TXT \"v=TLSRPTv1; rua=nowhere\"
_mta-sts IN TXT \"v=STSv1; id=;\"
s1._domainkey IN TXT \"v=DKIM1; k=rsa; p=x\"
",
    );
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("i.yaml");
    std::fs::write(
        &inventory,
        "organisation: { name: County, country: US }\ncontact: security@county.example\ntargets:\n  - { name: county.example, roles: [mail-domain], dkim_selectors: [s1] }\n",
    )
    .unwrap();
    let outcome = scan([
        "-i",
        inventory.to_str().unwrap(),
        "--only",
        "mail",
        "--resolver",
        &names.address.to_string(),
    ]);
    let failing: Vec<String> = outcome.failing().into_iter().collect();
    assert_eq!(failing, FAULTS, "{}", outcome.story());
}

/// Fault by fault: the check that tells it, and no other.
const FAULTS: &[&str] = &[
    "mail.dkim.valid",
    "mail.dmarc.policy-enforced",
    "mail.dmarc.reports-permitted",
    "mail.dmarc.valid",
    "mail.dmarc.whole",
    "mail.mta-sts.enforced",
    "mail.mx.resolves",
    "mail.spf.ends-in-fail",
    "mail.spf.ranges-narrow",
    "mail.spf.valid",
    "mail.spf.void-lookups",
    "mail.tls-rpt.valid",
    "mail.tlsa.published",
];
