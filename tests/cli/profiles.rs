//! What profiles cover, and where they come from.

use std::fs;

use crate::support::{run, run_in};

#[test]
fn coverage_tells_what_is_judged_and_what_is_not() {
    let (code, out, err) = run(&["profiles", "show", "fr-anssi-tls-1.2", "--coverage"]);
    assert_eq!(code, 0, "{err}");
    let judged = out.find("\nJudged\n").unwrap();
    let left_out = out.find("\nLeft out\n").unwrap();
    let memory = out.find("\nFrom memory").unwrap();
    for (part, from, to) in [
        ("ANSSI, 1.2, 2020-03-26", 0, judged),
        (
            "23 requirements of fr-anssi-tls-1.2: 19 judged (4 in part), 2 left out, 2 known",
            0,
            judged,
        ),
        ("must R4 fr-anssi-tls-1.2#r4", judged, left_out),
        ("must: tls.protocol.no-legacy", judged, left_out),
        (
            "should as from-2031 from 2031: tls.suites.dhe-size",
            judged,
            left_out,
        ),
        (
            "not judged: post-quantum groups, which are younger",
            judged,
            left_out,
        ),
        ("must R27 fr-anssi-tls-1.2#r27", judged, left_out),
        (
            "because a scan does not know which clients an office expects",
            left_out,
            memory,
        ),
        ("must R6 fr-anssi-tls-1.2#r6", memory, out.len()),
    ] {
        assert!(out[from..to].contains(part), "{part}: {out}");
    }
}

#[test]
fn the_list_names_publisher_edition_and_date() {
    let (code, out, err) = run(&["profiles", "list"]);
    assert_eq!(code, 0, "{err}");
    for part in ["NIST, Revision 2, 2019-08", "(superseded)", "undated"] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn a_profile_that_passes_rows_over_is_shown_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = "id: mine\ntitle: Mine\n\
        source: { publisher: Mozilla, edition: \"6.0\", date: 2026-04-06 }\n\
        covers: [\"mozilla-tls-6.0#modern-*\"]\n\
        left_out:\n\
        \x20 - { row: \"mozilla-tls-6.0#modern-oscp\", because: nobody looks }\n\
        entries:\n\
        \x20 - { row: \"mozilla-tls-6.0#modern-versions\", level: must, checks: [{ id: tls.protocol.no-legacy }] }\n";
    fs::create_dir(folder.path().join("profiles")).unwrap();
    fs::write(folder.path().join("profiles/mine.yaml"), text).unwrap();
    let show = ["profiles", "show", "mine", "--profiles", "profiles"];
    let (code, out, err) = run_in(folder.path(), &show);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    for part in [
        "profiles/mine.yaml:4:10",
        "6 requirements are neither judged nor left out",
        "mozilla-tls-6.0#modern-ocsp (should)",
    ] {
        assert!(err.contains(part), "{part}: {err}");
    }
    // With nothing passed over, the other two faults are told.
    let rest = ["suites", "groups", "cert", "hsts", "ocsp", "order"]
        .map(|slug| format!("  - {{ row: \"mozilla-tls-6.0#modern-{slug}\", because: mine }}\n"))
        .concat();
    let text = text.replace("entries:", &format!("{}entries:", rest));
    fs::write(folder.path().join("profiles/mine.yaml"), text).unwrap();
    let (code, out, err) = run_in(folder.path(), &show);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    for part in [
        "profiles/mine.yaml:6:12",
        "there is no requirement `mozilla-tls-6.0#modern-oscp`",
        "did you mean `mozilla-tls-6.0#modern-ocsp`?",
        "profiles/mine.yaml:14:",
        "cannot be a must here: the guideline says should",
    ] {
        assert!(err.contains(part), "{part}: {err}");
    }
}
