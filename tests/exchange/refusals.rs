//! Every reason to refuse a document, each with its own words.

use ed25519_dalek::Signer;
use scrutineer::{
    baseline::{
        envelope::{self, Envelope, Form, Signature},
        kind::DocumentKind,
    },
    model::tlp::Tlp,
};

use crate::support::{Exchange, LATER, NOW, changed, document, time};

fn verify(name: &str) -> [&str; 7] {
    [
        "baseline",
        "verify",
        name,
        "--roster",
        "roster-1.dsse.json",
        "--at",
        NOW,
    ]
}

#[test]
fn a_listed_document_is_accepted_as_often_as_it_is_shown() {
    let exchange = Exchange::new();
    exchange.write("p.json", &document().to_bytes());
    exchange.good(&["baseline", "sign", "p.json", "--key", "p"]);
    exchange.refused(
        &verify("p.dsse.json"),
        "pending: the roster does not list it yet",
    );
    exchange.accepted("p.dsse.json");
    let verify = [
        "baseline",
        "verify",
        "p.dsse.json",
        "--roster",
        "roster-2.dsse.json",
        "--at",
        NOW,
    ];
    let before = exchange.state();
    exchange.good(&verify);
    let once = exchange.state();
    exchange.good(&verify);
    assert_ne!(before, once);
    assert_eq!(once, exchange.state(), "verifying twice changes nothing");
    // The term ends: what was accepted here stays readable, nothing new is.
    let mut late = verify;
    late[6] = LATER;
    let told = exchange.run(&late);
    assert_eq!(told.exit, 0, "{}", told.err);
    assert!(
        told.err.contains("accepted: 2026H1 of office-p"),
        "{}",
        told.err
    );
    let at = "2027-01-01T00:00:00Z";
    late[6] = at;
    let told = exchange.run(&late);
    assert!(told.exit == 0 && told.err.contains("STALE"), "{}", told.err);
}

/// Documents that office-p, or somebody in its place, may send.
#[test]
fn every_bad_document_is_refused_for_its_own_reason() {
    let exchange = Exchange::new();
    let ok = || document().to_bytes();
    let text = || String::from_utf8(ok()).unwrap();
    let cases: [(&str, Vec<u8>, &str); 20] = [
        (
            "date in the future",
            changed(|d| d.created = time("2026-04-11T00:00:01Z")).to_bytes(),
            "p",
        ),
        (
            "period not closed",
            changed(|d| d.period = "2026H2".to_owned()).to_bytes(),
            "p",
        ),
        (
            "unknown period",
            changed(|d| d.period = "2027H1".to_owned()).to_bytes(),
            "p",
        ),
        (
            "before the window",
            changed(|d| d.created = time("2026-02-27T00:00:00Z")).to_bytes(),
            "p",
        ),
        (
            "wrong audience",
            changed(|d| d.audience.clear()).to_bytes(),
            "p",
        ),
        (
            "other exchange",
            changed(|d| d.exchange = "black-sea".to_owned()).to_bytes(),
            "p",
        ),
        (
            "simulated: the document",
            changed(|d| d.simulated = true).to_bytes(),
            "p",
        ),
        ("TLP:RED", changed(|d| d.label = Tlp::Red).to_bytes(), "p"),
        (
            "never leaves its organisation",
            changed(|d| d.label = Tlp::AmberStrict).to_bytes(),
            "p",
        ),
        ("unknown key", ok(), "x"),
        ("unknown key", ok(), "a"),
        ("wrong participant: the key is of \"office-q\"", ok(), "q"),
        (
            "unknown participant",
            changed(|d| d.participant = "office-z".to_owned()).to_bytes(),
            "p",
        ),
        (
            "wrong predicate type",
            text()
                .replace("urn:scrutineer:baseline:1", "urn:scrutineer:aggregate:1")
                .into(),
            "p",
        ),
        (
            "not an in-toto Statement",
            text().replace("Statement/v1", "Statement/v0").into(),
            "p",
        ),
        (
            "stands twice",
            text()
                .replacen("\"_type\"", "\"_type\":0,\"_type\"", 1)
                .into(),
            "p",
        ),
        (
            "integer above 2^53-1",
            text()
                .replace("\"page_cap\":10", "\"page_cap\":9007199254740992")
                .into(),
            "p",
        ),
        (
            "a float",
            text()
                .replace("\"page_cap\":10", "\"page_cap\":10.0")
                .into(),
            "p",
        ),
        (
            "something stands behind its end",
            format!("{}0", text()).into(),
            "p",
        ),
        ("not in canonical form", format!("{}\n", text()).into(), "p"),
    ];
    for (words, payload, key) in cases {
        exchange.enveloped("bad.dsse.json", &payload, key);
        let before = exchange.state();
        exchange.refused(&verify("bad.dsse.json"), words);
        assert_eq!(before, exchange.state(), "{words}: nothing is remembered");
    }
    exchange.enveloped("bad.dsse.json", b"\"\xff\"", "p");
    exchange.refused(&verify("bad.dsse.json"), "not UTF-8");
    exchange.enveloped("p.dsse.json", &ok(), "p");
    let stranger = [
        "baseline",
        "verify",
        "p.dsse.json",
        "--roster",
        "roster-1.dsse.json",
        "--at",
        NOW,
        "--as",
        "nobody",
    ];
    exchange.refused(&stranger, "wrong audience: \"nobody\"");
}

/// Envelopes that were tampered with.
#[test]
fn every_forged_envelope_is_refused_for_its_own_reason() {
    let exchange = Exchange::new();
    let key = exchange.key("p");
    type Forge<'a> = Box<dyn Fn(&mut Envelope) + 'a>;
    let cases: Vec<(&str, Forge<'_>)> = vec![
        ("it is not signed", Box::new(|e| e.signatures.clear())),
        (
            "wrong payload type",
            Box::new(|e| e.payload_type = "application/json".to_owned()),
        ),
        ("bad signature", Box::new(|e| e.payload.push(b' '))),
        (
            "bad signature",
            Box::new(|e| {
                let moved = envelope::pre_authentication("text/plain", &e.payload);
                e.signatures[0].form = Form::Dsse(Box::new(key.sign(&moved).to_bytes()));
            }),
        ),
        (
            "pre-authentication encoding",
            Box::new(|e| {
                let bare = key.sign(&e.payload).to_bytes();
                e.signatures[0].form = Form::Dsse(Box::new(bare));
            }),
        ),
        (
            "one key signed twice",
            Box::new(|e| {
                let again = Signature {
                    keyid: String::new(),
                    ..e.signatures[0].clone()
                };
                e.signatures.push(again);
            }),
        ),
    ];
    for (words, forge) in cases {
        let mut envelope = Envelope::unsigned(document().to_bytes());
        envelope.sign(&key).unwrap();
        forge(&mut envelope);
        exchange.write("bad.dsse.json", &envelope.write().unwrap());
        exchange.refused(&verify("bad.dsse.json"), words);
    }
    // A signature for one kind is none for another.
    let ssh = envelope::armored(&key, DocumentKind::Roster, &document().to_bytes()).unwrap();
    exchange.write("p.json", &document().to_bytes());
    exchange.write("p.json.sig", ssh.as_bytes());
    let mut pair = verify("p.json").to_vec();
    pair.extend(["--ssh-signature", "p.json.sig"]);
    exchange.refused(&pair, "wrong namespace");
    // The envelope itself is strict as well.
    exchange.enveloped("p.dsse.json", &document().to_bytes(), "p");
    let good = String::from_utf8(exchange.read("p.dsse.json")).unwrap();
    let twice = good.replacen("\"payload\"", "\"payload\":\"\",\"payload\"", 1);
    exchange.write("bad.dsse.json", twice.as_bytes());
    exchange.refused(&verify("bad.dsse.json"), "stands twice");
    exchange.write("bad.dsse.json", b"{}");
    exchange.refused(&verify("bad.dsse.json"), "not a DSSE envelope");
}

#[test]
fn one_document_for_a_period_and_corrections_that_say_so() {
    let exchange = Exchange::new();
    let first = document();
    exchange.write("p.json", &first.to_bytes());
    exchange.good(&["baseline", "sign", "p.json", "--key", "p"]);
    exchange.accepted("p.dsse.json");
    let verify = |name| {
        [
            "baseline",
            "verify",
            name,
            "--roster",
            "roster-2.dsse.json",
            "--at",
            NOW,
        ]
    };

    let second = changed(|d| d.created = time("2026-04-03T10:00:00Z"));
    exchange.write("again.json", &second.to_bytes());
    let sign = exchange.run(&["baseline", "sign", "again.json", "--key", "p"]);
    assert_eq!(sign.exit, 2, "{}", sign.err);
    assert!(
        sign.err
            .contains("second document for period 2026H1: the ledger knows"),
        "{}",
        sign.err
    );
    exchange.enveloped("again.dsse.json", &second.to_bytes(), "p");
    exchange.refused(
        &verify("again.dsse.json"),
        "second document for period 2026H1",
    );

    let correction = |replaces: &str| {
        changed(|d| {
            d.created = time("2026-04-03T10:00:00Z");
            d.replaces = Some(replaces.to_owned());
            d.reason = Some("a name was missing".to_owned());
        })
    };
    exchange.enveloped(
        "wrong.dsse.json",
        &correction(&"00".repeat(32)).to_bytes(),
        "p",
    );
    exchange.refused(
        &verify("wrong.dsse.json"),
        "which is not what the roster lists",
    );

    exchange.write("right.json", &correction(&first.digest()).to_bytes());
    exchange.good(&["baseline", "sign", "right.json", "--key", "p"]);
    exchange.refused(&verify("right.dsse.json"), "pending");
    exchange.good(&[
        "roster",
        "accept",
        "roster-2.dsse.json",
        "right.dsse.json",
        "--as",
        "office-q",
        "--at",
        NOW,
    ]);
    exchange.signed("roster-3.dsse.json", &["a", "c"]);
    exchange.good(&["roster", "trust", "roster-3.dsse.json", "--at", NOW]);
    let verify = |name| {
        [
            "baseline",
            "verify",
            name,
            "--roster",
            "roster-3.dsse.json",
            "--at",
            NOW,
        ]
    };
    exchange.good(&verify("right.dsse.json"));
    exchange.refused(
        &verify("p.dsse.json"),
        "replaced: the roster lists a correction",
    );

    let digest = correction(&first.digest()).digest();
    exchange.good(&[
        "roster",
        "withdraw",
        "roster-3.dsse.json",
        &digest,
        "--reason",
        "wrong panel",
        "--at",
        NOW,
    ]);
    exchange.signed("roster-4.dsse.json", &["a", "b"]);
    let verify = [
        "baseline",
        "verify",
        "right.dsse.json",
        "--roster",
        "roster-4.dsse.json",
        "--at",
        NOW,
    ];
    exchange.refused(&verify, "withdrawn: wrong panel");
}

#[test]
fn a_revoked_key_signs_nothing_new_and_its_history_stays() {
    let exchange = Exchange::new();
    exchange.write("p.json", &document().to_bytes());
    exchange.good(&["baseline", "sign", "p.json", "--key", "p"]);
    exchange.accepted("p.dsse.json");
    for key in ["p", "q"] {
        let roster = if key == "p" {
            "roster-2.dsse.json"
        } else {
            "roster-3.dsse.json"
        };
        let key = exchange.key_id(key);
        exchange.good(&[
            "roster",
            "revoke",
            roster,
            &key,
            "--reason",
            "laptop lost",
            "--at",
            NOW,
        ]);
    }
    exchange.signed("roster-3.dsse.json", &["a", "b"]);
    let of = |name: &'static str| {
        [
            "baseline",
            "verify",
            name,
            "--roster",
            "roster-3.dsse.json",
            "--at",
            NOW,
        ]
    };
    let told = exchange.run(&of("p.dsse.json"));
    assert!(
        told.exit == 0 && told.err.contains("its key has ended since"),
        "{}",
        told.err
    );
    let new = changed(|d| d.participant = "office-q".to_owned());
    exchange.enveloped("q.dsse.json", &new.to_bytes(), "q");
    exchange.refused(&of("q.dsse.json"), "revoked key");
}
