use super::*;
use crate::content::{files::FoundFile, profile_file, source::Source};

const GUIDELINE: &str = r#"
id: xx-test
title: Test
publisher: Somebody
country: XX
version: "2"
date: "2026-01"
status: superseded
requirements:
  - { key: xx-test#web-a, id: "1", level: must, text: A, evidence: read }
  - { key: xx-test#web-b, id: null, level: should, text: B, evidence: read }
  - { key: xx-test#mail-c, id: "3", level: may, text: C, evidence: read }
  - { key: xx-test#mail-d, id: "4", level: must, text: D, evidence: memory }
"#;
const SOURCE: &str =
    "source: { publisher: Somebody, edition: 2, date: 2026-01, status: superseded }";
const CHECKS: &str = "checks: [{ id: tls.protocol.no-legacy }]";

fn content(profiles: &[&str]) -> Content {
    let mut content = Content::load(&[], &[]).unwrap();
    let file = |path: &str, text: &str| FoundFile {
        path: path.to_owned(),
        source: Source::new("x.yaml", text),
        embedded: false,
    };
    content
        .guidance
        .add(file("guidance/xx-test.yaml", GUIDELINE));
    for text in profiles {
        let profile = profile_file::read(&file("x.yaml", text))
            .unwrap_or_else(|faults| panic!("{}", faults.render(false, 100)));
        content.profiles.insert(profile.profile.id.clone(), profile);
    }
    content
}

fn entry(row: &str, level: &str) -> String {
    format!("  - {{ row: xx-test#{row}, level: {level}, {CHECKS} }}")
}

/// The faults of a profile, shown.
fn faults(covers: &str, left_out: &str, entries: &[String]) -> String {
    let text = format!(
        "id: x\ntitle: X\n{SOURCE}\ncovers: [{covers}]\nleft_out: [{left_out}]\nentries:\n{}\n",
        entries.join("\n")
    );
    match content(&[&text]).resolve("x") {
        Ok(_) => String::new(),
        Err(faults) => faults.render(false, 120),
    }
}

fn left_out(row: &str) -> String {
    format!("{{ row: xx-test#{row}, because: nobody can see it }}")
}

/// What it is about, `covers`, `left_out`, entries, and parts of what is told.
type Case<'a> = (&'a str, &'a str, String, Vec<String>, &'a [&'a str]);

#[test]
fn every_row_that_was_read_is_judged_or_left_out() {
    let a = || entry("web-a", "must");
    let table: &[Case<'_>] = &[
        (
            "nothing is passed over",
            "xx-test",
            format!("{}, {}", left_out("web-b"), left_out("mail-c")),
            vec![a()],
            &[],
        ),
        (
            "two rows are passed over",
            "xx-test",
            String::new(),
            vec![a()],
            &[
                "x.yaml:4:10",
                "2 requirements are neither judged nor left out",
                "xx-test#web-b (should)",
                "xx-test#mail-c (may)",
            ],
        ),
        (
            "a part is covered",
            "xx-test#web-*",
            left_out("web-b"),
            vec![a()],
            &[],
        ),
        (
            "a part that is not there",
            "xx-test#tls-*",
            String::new(),
            vec![a()],
            &["no requirement of `xx-test` begins with `tls-`"],
        ),
        (
            "a row is no part",
            "xx-test#web-a",
            String::new(),
            vec![a()],
            &["neither a guideline nor a part", "`xx-test#part-*`"],
        ),
        (
            "no such guideline",
            "xx-tests",
            String::new(),
            vec![a()],
            &["there is no guideline `xx-tests`", "`xx-test`"],
        ),
        (
            "judged and left out",
            "xx-test#web-*",
            format!("{}, {}", left_out("web-a"), left_out("web-b")),
            vec![a()],
            &[
                "x.yaml:5:19",
                "is left out, and an entry judges it",
                "the entry",
            ],
        ),
        (
            "a row that is not there",
            "xx-test#web-*",
            format!("{}, {}", left_out("web-b"), left_out("web-bb")),
            vec![a()],
            &[
                "there is no requirement `xx-test#web-bb`",
                "`xx-test#web-b`",
            ],
        ),
        (
            "a row that is not covered",
            "xx-test#web-*",
            format!("{}, {}", left_out("web-b"), left_out("mail-c")),
            vec![a()],
            &["does not cover `xx-test#mail-c`"],
        ),
        (
            "a row from memory needs no line",
            "xx-test",
            ["web-b", "mail-c", "mail-d"].map(left_out).join(", "),
            vec![a()],
            &["nobody has read `xx-test#mail-d` in a source"],
        ),
        (
            "a row from memory decides nothing",
            "xx-test",
            ["web-b", "mail-c"].map(left_out).join(", "),
            vec![a(), entry("mail-d", "should")],
            &[
                "x.yaml:8:",
                "`xx-test#mail-d` cannot be a should here",
                "level: may",
            ],
        ),
        (
            "no more than the guideline says",
            "xx-test#web-*",
            String::new(),
            vec![a(), entry("web-b", "must")],
            &[
                "x.yaml:8:",
                "cannot be a must here: the guideline says should",
            ],
        ),
    ];
    for (what, covers, left_out, entries, expected) in table {
        let shown = faults(covers, left_out, entries);
        assert_eq!(shown.is_empty(), expected.is_empty(), "{what}: {shown}");
        for part in *expected {
            assert!(shown.contains(part), "{what}, {part:?}: {shown}");
        }
    }
}

#[test]
fn the_source_is_that_of_the_guideline() {
    for (source, fits) in [
        (SOURCE, true),
        ("", false),
        (
            "source: { publisher: Somebody, edition: 2, date: 2026-01 }",
            false,
        ),
        (
            "source: { publisher: Somebody, edition: 1, date: 2026-01, status: superseded }",
            false,
        ),
        (
            "source: { publisher: Somebody, edition: 2, status: superseded }",
            false,
        ),
    ] {
        let text = format!(
            "id: x\ntitle: X\n{source}\ncovers: [xx-test#web-*]\nleft_out: [{}]\nentries:\n{}\n",
            left_out("web-b"),
            entry("web-a", "must")
        );
        let shown = match content(&[&text]).resolve("x") {
            Ok(_) => String::new(),
            Err(faults) => faults.render(false, 120),
        };
        assert_eq!(shown.is_empty(), fits, "{source}: {shown}");
        if !fits {
            assert!(shown.contains("status: \"superseded\""), "{shown}");
        }
    }
}

#[test]
fn a_profile_that_extends_may_judge_what_the_other_left_out_and_ask_for_more() {
    let base = format!(
        "id: x\ntitle: X\n{SOURCE}\ncovers: [xx-test]\nleft_out: [{}, {}]\nentries:\n{}\n",
        left_out("web-b"),
        left_out("mail-c"),
        entry("web-a", "must"),
    );
    let mine = format!(
        "id: mine\ntitle: Mine\nextends: x\nentries:\n{}\n",
        entry("web-b", "must")
    );
    let content = content(&[&base, &mine]);
    content
        .resolve("mine")
        .unwrap_or_else(|faults| panic!("{}", faults.render(false, 120)));
    let treated = |id: &str| -> Vec<&str> {
        let coverage = content.coverage(&content.merged(id).unwrap()).unwrap();
        let word = |row: &CoveredRow<'_>| match row.treatment {
            Treatment::Judged(_) => "judged",
            Treatment::LeftOut(_) => "left out",
            Treatment::FromMemory => "memory",
        };
        coverage[0].rows.iter().map(word).collect()
    };
    assert_eq!(treated("x"), ["judged", "left out", "left out", "memory"]);
    assert_eq!(treated("mine"), ["judged", "judged", "left out", "memory"]);
}
