//! BIND: a domain that takes and sends no mail, in a zone signed by BIND's own
//! tools, and with one fault at a time.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{
    Running, assert_exactly, bind_tool as tool, folder, free_port, program, scan,
};

const ROOT: &str = "
$TTL 300
@ IN SOA a.root.example. hostmaster.root.example. 1 7200 3600 1209600 300
@ IN NS a.root.example.
example. IN NS ns.example.
";
const PARENT: &str = "
$TTL 300
@          IN SOA ns.example. hostmaster.example. 1 7200 3600 1209600 300
@          IN NS  ns.example.
ns         IN A   203.0.113.1
a.root     IN A   203.0.113.2
office     IN NS  ns1.office.example.
office     IN NS  ns2.office.example.
pages.host IN A   203.0.113.80
_spf.mail  IN TXT \"v=spf1 ip4:203.0.113.64/28 -all\"
";
/// Everything right. A case takes lines out by their beginning and adds others.
const OFFICE: &[&str] = &[
    "$TTL 300",
    "@      IN SOA ns1.office.example. hostmaster.office.example. 1 7200 3600 1209600 300",
    "@      IN NS  ns1.office.example.",
    "@      IN NS  ns2.office.example.",
    "ns1    IN A   192.0.2.53",
    "ns1    IN AAAA 2001:db8:1::53",
    "ns2    IN A   198.51.100.53",
    "ns2    IN AAAA 2001:db8:2::53",
    "@      IN CAA 0 issue \";\"",
    "@      IN CAA 0 iodef \"mailto:security@office.example\"",
    "@      IN MX  0 .",
    "@      IN TXT \"v=spf1 -all\"",
    "_dmarc IN TXT \"v=DMARC1; p=reject; sp=reject; np=reject; rua=mailto:dmarc@office.example\"",
];
const TARGET: &str = "{ name: office.example, roles: [mail-domain, dns-zone] }";

/// What is wrong, if anything.
#[derive(Default)]
struct Case {
    name: &'static str,
    /// Beginnings of the lines that are taken out, spaces folded.
    without: &'static [&'static str],
    with: &'static [&'static str],
    signing: Signing,
    /// What is scanned, if not the domain itself.
    target: Option<&'static str>,
    areas: Option<&'static str>,
    planted: &'static [&'static str],
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Signing {
    #[default]
    WithDs,
    /// Signed, but the parent has no DS.
    NoDs,
    /// The parent's DS names a key that the zone does not have.
    OtherDs,
    None,
}

/// Writes the zones; `None` when a tool is missing.
fn write_zones(folder: &Path, case: &Case) -> Option<()> {
    let kept = OFFICE.iter().filter(|line| {
        let folded = line.split_whitespace().collect::<Vec<_>>().join(" ");
        !case.without.iter().any(|begin| folded.starts_with(begin))
    });
    let office: Vec<&str> = kept.chain(case.with).copied().collect();
    fs::write(folder.join("office.zone"), office.join("\n") + "\n").unwrap();
    let mut parent = PARENT.to_owned();
    if case.signing != Signing::None {
        let algorithm = ["-q", "-a", "ECDSAP256SHA256", "-n", "ZONE"];
        for flags in [&["-f", "KSK"][..], &[]] {
            let arguments = [&algorithm[..], flags, &["office.example"]].concat();
            tool(folder, "dnssec-keygen", &arguments)?;
        }
        let arguments = ["-q", "-S", "-3", "-", "-o", "office.example", "office.zone"];
        tool(folder, "dnssec-signzone", &arguments)?;
        fs::rename(
            folder.join("office.zone.signed"),
            folder.join("office.zone"),
        )
        .unwrap();
        let ds = fs::read_to_string(folder.join("dsset-office.example.")).unwrap();
        match case.signing {
            Signing::WithDs => parent += &ds,
            Signing::OtherDs => {
                parent += "office IN DS 4711 13 2 0123456789abcdef0123456789abcdef\
                           0123456789abcdef0123456789abcdef\n";
            }
            Signing::NoDs | Signing::None => {}
        }
    }
    fs::write(folder.join("example.zone"), parent).unwrap();
    fs::write(folder.join("root.zone"), ROOT).unwrap();
    Some(())
}

fn configuration(folder: &Path, port: u16) -> PathBuf {
    let zone = |name: &str, file: &str| {
        format!("zone \"{name}\" {{ type primary; file \"{file}.zone\"; }};\n")
    };
    let text = format!(
        "options {{
    directory \"{folder}\";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    lock-file none;
    session-keyfile \"{folder}/session.key\";
    recursion no;
    dnssec-validation no;
    notify no;
    check-integrity no;
}};
controls {{ }};
{}{}{}",
        zone(".", "root"),
        zone("example", "example"),
        zone("office.example", "office"),
        folder = folder.display(),
    );
    let path = folder.join("named.conf");
    fs::write(&path, text).unwrap();
    path
}

fn check(case: &Case) {
    let name = format!("BIND: {}", case.name);
    let Some(named) = program("named", "bind9", &name) else {
        return;
    };
    let folder = folder();
    let Some(()) = write_zones(folder.path(), case) else {
        return;
    };
    let port = free_port();
    let mut command = Command::new(named);
    command
        .args(["-4", "-g", "-n", "1", "-c"])
        .arg(configuration(folder.path(), port));
    let _server = Running::start(&mut command, &[port], &folder.path().join("log"));
    let inventory = folder.path().join("inventory.yaml");
    let target = case.target.unwrap_or(TARGET);
    let text = format!("organisation:\n  name: The office\ntargets:\n  - {target}\n");
    fs::write(&inventory, text).unwrap();
    let outcome = scan([
        format!("--only={}", case.areas.unwrap_or("dns,tls,mail")),
        format!("--inventory={}", inventory.display()),
        format!("--resolver=127.0.0.1:{port}"),
        format!("--connect-to=:53:127.0.0.1:{port}"),
    ]);
    assert_exactly(&outcome, &name, case.planted);
}

#[test]
fn all_right() {
    check(&Case {
        name: "all right",
        ..Case::default()
    });
}

#[test]
fn faults_of_the_zone() {
    let cases = [
        Case {
            name: "not signed",
            signing: Signing::None,
            planted: &["dns.dnssec.signed"],
            ..Case::default()
        },
        Case {
            name: "signed without DS",
            signing: Signing::NoDs,
            planted: &["dns.dnssec.signed"],
            ..Case::default()
        },
        Case {
            name: "DS of another key",
            signing: Signing::OtherDs,
            planted: &["dns.dnssec.ds-matches"],
            ..Case::default()
        },
        Case {
            name: "no CAA",
            without: &["@ IN CAA"],
            planted: &["dns.caa.limits-issuance"],
            ..Case::default()
        },
        Case {
            name: "one name server",
            without: &["@ IN NS ns2"],
            planted: &["dns.ns.ipv6", "dns.ns.several"],
            ..Case::default()
        },
        Case {
            name: "alias to a site that is gone",
            with: &["results IN CNAME office-results.pages.host.example."],
            target: Some("{ name: results.office.example, roles: [results] }"),
            areas: Some("dns"),
            planted: &[
                "dns.cname.not-dangling",
                "dns.name.ipv6",
                "dns.name.resolves",
            ],
            ..Case::default()
        },
    ];
    for case in &cases {
        check(case);
    }
}

#[test]
fn faults_of_mail_records() {
    let cases = [
        Case {
            name: "SPF lets everybody send",
            without: &["@ IN TXT"],
            with: &["@ IN TXT \"v=spf1 +all\""],
            planted: &["mail.spf.not-open"],
            ..Case::default()
        },
        Case {
            name: "two SPF records",
            with: &["@ IN TXT \"v=spf1 include:_spf.mail.example -all\""],
            planted: &["mail.spf.single"],
            ..Case::default()
        },
        Case {
            name: "no DMARC",
            without: &["_dmarc"],
            planted: &["mail.dmarc.published"],
            ..Case::default()
        },
        Case {
            name: "DMARC only watches",
            without: &["_dmarc"],
            with: &["_dmarc IN TXT \"v=DMARC1; p=none; rua=mailto:dmarc@office.example\""],
            planted: &["mail.dmarc.policy-enforced"],
            ..Case::default()
        },
    ];
    for case in &cases {
        check(case);
    }
}
