//! The demo: three offices, of which one keeps all rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::{Command, Output},
};

use serde_json::Value;

fn scrutineer(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
    command.args(arguments).output().unwrap()
}

#[test]
fn the_demo_finds_what_was_planted_and_nothing_at_the_exemplary_office() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let path = |name: &str| out.join(name).to_str().unwrap().to_owned();
    let out_text = out.to_str().unwrap();
    let shown = scrutineer(&["demo", "--quiet", "--out", out_text]);
    let errors = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert_eq!(shown.status.code(), Some(0), "{errors}");
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("nothing left this machine"), "{shown}");

    let document = fs::read(path("findings.json")).unwrap();
    let findings: Value = serde_json::from_slice(&document).unwrap();
    let mut failing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for finding in findings["findings"].as_array().unwrap() {
        if finding["verdict"] == "fail" {
            let target = finding["target"].as_str().unwrap();
            let check = finding["check"].as_str().unwrap();
            failing.entry(target).or_default().insert(check);
            let shown = !finding["evidence"].as_array().unwrap().is_empty();
            assert!(shown, "{target} {check}");
        }
    }
    // Targets and some of what must be found there.
    let planted: &[(&str, &[&str])] = &[
        ("exemplary.example", &[]),
        ("vote.exemplary.example", &[]),
        (
            "average.example",
            &[
                "cert.validity.time-left",
                "dns.caa.limits-issuance",
                "dns.dnssec.signed",
                "mail.dmarc.policy-enforced",
                "mail.mta-sts.enforced",
                "mail.spf.ends-in-fail",
                "web.hsts.one-year",
                "web.redirect.same-host-first",
                "web.scripts.third-party-pinned",
            ],
        ),
        (
            "register.average.example",
            &[
                "portal.page.no-store",
                "portal.page.no-third-party-script",
                "web.cookies.same-site",
                "web.csp.no-inline-script",
            ],
        ),
        (
            "neglected.example",
            &[
                "cert.name.matches-host",
                "cert.validity.in-date",
                "mail.dkim.key-size",
                "mail.dkim.not-testing",
                "mail.dmarc.published",
                "mail.spf.not-open",
                "mail.spf.single",
                "mail.starttls.offered",
                "tls.protocol.no-legacy",
                "tls.suites.no-3des",
                "web.banner.no-version",
                "web.content.no-mixed",
                "web.cookies.secure",
            ],
        ),
        (
            "register.neglected.example",
            &[
                "portal.form.forgery-protected",
                "portal.form.https-action",
                "portal.form.no-get",
                "web.redirect.same-host-first",
            ],
        ),
        (
            "results.neglected.example",
            &["dns.cname.not-dangling", "dns.name.resolves"],
        ),
    ];
    let targets = findings["targets"].as_array().unwrap();
    assert_eq!(targets.len(), planted.len());
    for ((name, checks), target) in planted.iter().zip(targets) {
        assert_eq!(target["key"], *name);
        let seen = failing.remove(name).unwrap_or_default();
        let missing: Vec<_> = checks.iter().filter(|c| !seen.contains(*c)).collect();
        assert!(missing.is_empty(), "{name}: {missing:?} not found");
        if checks.is_empty() {
            assert!(seen.is_empty(), "{name}: {seen:?}");
            assert_eq!(target["open"], 0, "{name}");
            assert!(target["passed"].as_u64().unwrap() >= 40, "{name}");
        }
    }

    let again = scrutineer(&["judge", &path("run.jsonl"), "--format", "json"]);
    assert_eq!(again.status.code(), Some(1), "the gate");
    assert!(
        again.stdout == document,
        "judging again gives the same bytes"
    );

    every_profile_judges(&path("run.jsonl"));

    // A second demo replaces the first; a folder with other files is left alone.
    let second = scrutineer(&["demo", "--quiet", "--out", out_text]);
    assert_eq!(second.status.code(), Some(0));
    fs::write(path("inventory.yaml"), "targets: [vote.example.gov]\n").unwrap();
    let refused = scrutineer(&["demo", "--quiet", "--out", out_text]);
    assert_eq!(refused.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(errors.contains("--out"), "{errors}");
    let kept = fs::read_to_string(path("inventory.yaml")).unwrap();
    assert_eq!(kept, "targets: [vote.example.gov]\n");
}

/// Every profile of the program finds something to judge in the demo estate.
fn every_profile_judges(run: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");
    let mut profiles = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let id = path.file_stem().unwrap().to_str().unwrap();
        let judged = scrutineer(&["judge", run, "--profile", id, "--format", "json"]);
        let errors = String::from_utf8_lossy(&judged.stderr).into_owned();
        assert!(judged.status.code() != Some(2), "{id}: {errors}");
        let document: Value = serde_json::from_slice(&judged.stdout).unwrap();
        // Of all three offices; where one neglects everything, no requirement is met by all.
        let verdicts = document["verdicts"].as_array().unwrap();
        // It is about pinned records, of which the demo's inventory has none, and aliases.
        let expected: &[&str] = match id {
            "us-cisa-ed-19-01" => &["fail"],
            _ => &["pass", "fail"],
        };
        for verdict in expected {
            let some = verdicts.iter().any(|row| row["verdict"] == *verdict);
            assert!(some, "{id}: no check is a {verdict}");
        }
        profiles += 1;
    }
    assert!(profiles >= 10, "{profiles} profiles");
}
