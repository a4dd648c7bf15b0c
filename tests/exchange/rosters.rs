//! From one version of the roster to the next.

use scrutineer::baseline::{envelope::Envelope, roster::Roster};

use crate::support::{Exchange, LATER, NOW, agreement, document};

fn trust(name: &str) -> [&str; 5] {
    ["roster", "trust", name, "--at", NOW]
}

/// Drafts a version after another one, changed by hand and signed.
fn forged(exchange: &Exchange, name: &str, keys: &[&str], change: impl FnOnce(&mut Roster)) {
    let first = Envelope::read(&exchange.read("roster-1.dsse.json")).unwrap();
    let mut roster = Roster::read(&first.payload)
        .unwrap()
        .next(NOW.parse().unwrap())
        .unwrap();
    change(&mut roster);
    let mut envelope = Envelope::unsigned(roster.payload().unwrap());
    for key in keys {
        envelope.sign(&exchange.key(key)).unwrap();
    }
    exchange.write(name, &envelope.write().unwrap());
}

#[test]
fn every_bad_version_is_refused_for_its_own_reason() {
    let exchange = Exchange::new();
    let before = exchange.state();
    type Change = fn(&mut Roster);
    let cases: [(&str, &[&str], Change); 13] = [
        ("it is not signed", &[], |_| {}),
        ("unknown key", &["x"], |_| {}),
        ("too few signatures: 1", &["a"], |_| {}),
        ("too few signatures: 1", &["a", "p", "x"], |_| {}),
        ("missing roster version", &["a", "b"], |r| r.version = 4),
        ("broken chain", &["a", "b"], |r| {
            r.previous = Some("00".repeat(32))
        }),
        ("two rosters with version 1", &["a", "b"], |r| {
            r.version = 1;
            r.previous = None;
        }),
        ("term is too long", &["a", "b"], |r| {
            r.expires = "2026-12-10T00:00:01Z".parse().unwrap();
        }),
        ("date in the future", &["a", "b"], |r| {
            r.created = "2026-04-12T00:00:00Z".parse().unwrap();
        }),
        ("wrong root keys: one key stands twice", &["a", "b"], |r| {
            r.roots[2] = r.roots[1].clone();
        }),
        ("wrong root keys: there must be three", &["a", "b"], |r| {
            r.roots.pop();
        }),
        ("history changed", &["a", "b"], |r| {
            r.participants.remove("office-p");
        }),
        ("history changed: period 2026H1", &["a", "b"], |r| {
            r.exchange.calendar.periods[0].pins.pack = "0d".repeat(32);
        }),
    ];
    for (words, keys, change) in cases {
        forged(&exchange, "bad.dsse.json", keys, change);
        exchange.refused(&trust("bad.dsse.json"), words);
        assert_eq!(before, exchange.state(), "{words}: nothing is remembered");
    }
    forged(&exchange, "good.dsse.json", &["a", "b"], |_| {});
    exchange.good(&trust("good.dsse.json"));
    exchange.good(&trust("good.dsse.json"));
    exchange.refused(&trust("roster-1.dsse.json"), "rollback");
    exchange.refused(
        &[
            "baseline",
            "verify",
            "good.dsse.json",
            "--roster",
            "roster-1.dsse.json",
            "--at",
            NOW,
        ],
        "rollback",
    );
}

#[test]
fn trust_begins_with_a_fingerprint_and_never_on_first_use() {
    let exchange = Exchange::new();
    let roster = "roster-1.dsse.json";
    let right = exchange.fingerprint(roster);
    let there = |more: &[&'static str]| {
        let mut all = vec!["roster", "trust", roster, "--state", "elsewhere", "--at"];
        all.extend(more);
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |arguments: Vec<String>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_scrutineer"));
        let output = command
            .current_dir(exchange.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (exit, err) = run(there(&[NOW]));
    assert!(exit == 1 && err.contains("not trusted yet"), "{err}");
    let mut wrong = there(&[NOW, "--fingerprint"]);
    wrong.push(right.replace(|digit: char| digit.is_ascii_digit(), "a"));
    let (exit, err) = run(wrong);
    assert!(exit == 1 && err.contains("wrong root fingerprint"), "{err}");
    assert!(!exchange.path("elsewhere/trust.json").exists());
    let mut late = there(&[LATER, "--fingerprint"]);
    late.push(right.clone());
    let (exit, err) = run(late);
    assert!(exit == 1 && err.contains("roster expired"), "{err}");
    let mut good = there(&[NOW, "--fingerprint"]);
    // As somebody types it who was told on the telephone.
    good.push(right.to_uppercase().replace('-', " "));
    let (exit, err) = run(good);
    assert!(exit == 0, "{err}");
}

#[test]
fn nothing_new_is_accepted_under_an_expired_roster() {
    let exchange = Exchange::new();
    exchange.enveloped("p.dsse.json", &document().to_bytes(), "p");
    let late = [
        "baseline",
        "verify",
        "p.dsse.json",
        "--roster",
        "roster-1.dsse.json",
        "--at",
        LATER,
    ];
    exchange.refused(&late, "roster expired");
    exchange.refused(
        &["roster", "trust", "roster-1.dsse.json", "--at", LATER],
        "roster expired",
    );
    let shown = exchange.good(&["roster", "show", "roster-1.dsse.json", "--at", LATER]);
    assert!(shown.contains("STALE"), "{shown}");
    // Versions that have expired meanwhile may be passed through.
    let add = [
        "roster",
        "add",
        "roster-1.dsse.json",
        "--exchange",
        "exchange.json",
        "--at",
        LATER,
    ];
    exchange.good(&add);
    exchange.signed("roster-2.dsse.json", &["a", "c"]);
    exchange.good(&["roster", "trust", "roster-2.dsse.json", "--at", LATER]);
}

#[test]
fn a_root_key_is_replaced_by_two_old_and_two_new() {
    let exchange = Exchange::new();
    let old = exchange.key_id("c");
    exchange.good(&[
        "roster",
        "add",
        "roster-1.dsse.json",
        "--root",
        "d.pub=D",
        "--instead-of",
        &old,
        "--at",
        NOW,
    ]);
    exchange.good(&["roster", "sign", "roster-2.dsse.json", "--key", "d"]);
    exchange.good(&["roster", "sign", "roster-2.dsse.json", "--key", "a"]);
    let shown = exchange.good(&["roster", "show", "roster-2.dsse.json"]);
    assert!(
        shown.contains("Missing       1 of the former root keys of: B, C"),
        "{shown}"
    );
    exchange.refused(
        &trust("roster-2.dsse.json"),
        "1 of the root keys of the version before",
    );
    exchange.good(&["roster", "sign", "roster-2.dsse.json", "--key", "c"]);
    exchange.good(&trust("roster-2.dsse.json"));
    assert_ne!(
        exchange.fingerprint("roster-1.dsse.json"),
        exchange.fingerprint("roster-2.dsse.json")
    );
    // The key that is gone does not count any more.
    exchange.good(&[
        "roster",
        "add",
        "roster-2.dsse.json",
        "--exchange",
        "exchange.json",
        "--at",
        NOW,
    ]);
    exchange.signed("roster-3.dsse.json", &["c", "a"]);
    exchange.refused(&trust("roster-3.dsse.json"), "too few signatures: 1");
}

#[test]
fn two_old_root_keys_do_not_suffice_for_new_ones() {
    let exchange = Exchange::new();
    forged(&exchange, "bad.dsse.json", &["a", "b"], |roster| {
        let [a, x, y] = ["a", "d", "x"].map(|name| {
            let mut root = roster.roots[0].clone();
            root.key = scrutineer::baseline::key::PublicKey::parse(
                &String::from_utf8(exchange.read(&format!("{name}.pub"))).unwrap(),
            )
            .unwrap();
            root
        });
        roster.roots = vec![a, x, y];
    });
    exchange.refused(
        &trust("bad.dsse.json"),
        "too few signatures: 1 of its root keys",
    );
}

#[test]
fn a_lost_key_is_replaced_with_a_mark_or_with_the_old_one() {
    let exchange = Exchange::new();
    let add = [
        "roster",
        "add",
        "roster-1.dsse.json",
        "--participant",
        "office-p",
        "--key",
        "x.pub",
        "--at",
        NOW,
        "-o",
    ];
    let with = |more: &[&'static str]| [&add[..], more].concat();
    exchange.good(&with(&["unmarked"]));
    exchange.signed("unmarked", &["a", "b"]);
    exchange.refused(&trust("unmarked"), "not marked `recovered`");
    exchange.good(&with(&["vouched"]));
    exchange.signed("vouched", &["a", "b", "p"]);
    exchange.good(&with(&["marked", "--recovered"]));
    exchange.signed("marked", &["a", "b"]);
    let before = exchange.state();
    exchange.good(&trust("vouched"));
    exchange.write("usual-state/scrutineer/trust.json", &before);
    exchange.good(&trust("marked"));
    let shown = exchange.good(&["roster", "show", "marked"]);
    assert!(shown.contains("recovered"), "{shown}");

    exchange.enveloped("p.dsse.json", &document().to_bytes(), "x");
    exchange.good(&[
        "roster",
        "accept",
        "marked",
        "p.dsse.json",
        "--as",
        "office-q",
        "--at",
        NOW,
    ]);
    exchange.signed("roster-3.dsse.json", &["a", "b"]);
    let told = exchange.run(&[
        "baseline",
        "verify",
        "p.dsse.json",
        "--roster",
        "roster-3.dsse.json",
        "--at",
        NOW,
    ]);
    assert!(
        told.exit == 0 && told.err.contains("marked `recovered`"),
        "{}",
        told.err
    );
}

#[test]
fn rehearsals_stay_in_the_demo() {
    let exchange = Exchange::new();
    for key in ["s", "t", "u"] {
        exchange.good(&["keys", "new", key, "--no-passphrase", "--simulated"]);
    }
    let init = |agreement: &str, output: &'static str| {
        exchange.write("other.json", agreement.as_bytes());
        exchange.run(&[
            "roster",
            "init",
            "--exchange",
            "other.json",
            "-o",
            output,
            "--root",
            "s.pub=S",
            "--root",
            "t.pub=T",
            "--root",
            "u.pub=U",
        ])
    };
    let real = init(&agreement("north-sea", false), "1");
    assert!(
        real.exit == 2 && real.err.contains("simulated: key SHA256:"),
        "{}",
        real.err
    );
    let posing = init(&agreement("north-sea", true), "2");
    assert!(
        posing.exit == 2 && posing.err.contains("and in no other"),
        "{}",
        posing.err
    );
    let unsaid = init(&agreement("demo", false), "3");
    assert!(
        unsaid.exit == 2 && unsaid.err.contains("must be true in the exchange `demo`"),
        "{}",
        unsaid.err
    );
    assert_eq!(init(&agreement("demo", true), "4").exit, 0);
    let add = [
        "roster",
        "add",
        "roster-1.dsse.json",
        "--participant",
        "office-s",
        "--name",
        "S",
        "--key",
        "s.pub",
        "--at",
        NOW,
    ];
    exchange.refused(&add, "simulated: key SHA256:");
    exchange.write("p.json", &document().to_bytes());
    exchange.refused(
        &["baseline", "sign", "p.json", "--key", "s"],
        "simulated: key SHA256:",
    );
    exchange.refused(
        &["roster", "sign", "roster-1.dsse.json", "--key", "s"],
        "simulated: key SHA256:",
    );
}

#[test]
fn a_steward_does_not_sign_two_rosters_with_one_version() {
    let exchange = Exchange::new();
    forged(&exchange, "one", &["a", "b"], |_| {});
    forged(&exchange, "other", &[], |roster| {
        roster.exchange.title = "Other".to_owned();
    });
    exchange.good(&trust("one"));
    exchange.refused(
        &["roster", "sign", "other", "--key", "c"],
        "two rosters with version 2",
    );
    // A draft that somebody signed is not changed under his hands.
    forged(&exchange, "half", &["a"], |_| {});
    let change = exchange.run(&["roster", "add", "half", "--exchange", "exchange.json"]);
    assert!(
        change.exit == 2 && change.err.contains("signed in part"),
        "{}",
        change.err
    );
    exchange.refused(
        &["roster", "sign", "half", "--key", "a"],
        "one key signed twice",
    );
}
