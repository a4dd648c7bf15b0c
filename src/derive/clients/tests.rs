//! Which outcome follows from which facts.

use super::*;
use crate::probes::tls::facts::TlsEndpoint;
use crate::wire::tls::{
    client::{Limits, Offer},
    groups, signatures, suites,
};
use serde_json::{Value, json};

const ECDHE_RSA_128: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const ECDHE_RSA_256: &str = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
const ECDHE_RSA_CHACHA: &str = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
const ECDHE_ECDSA_128: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
const DHE_RSA_256: &str = "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384";
const RSA_128: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
const AES_128: &str = "TLS_AES_128_GCM_SHA256";
const AES_256: &str = "TLS_AES_256_GCM_SHA384";

/// A client of TLS 1.2 and 1.3, of today.
fn client() -> Client {
    Client {
        id: "c".to_owned(),
        name: "C 1".to_owned(),
        platform: "any".to_owned(),
        standing: Standing::Current,
        source: "made up".to_owned(),
        offer: Offer {
            versions: vec![Version::Tls12, Version::Tls13],
            suites: ids(&[
                AES_128,
                AES_256,
                ECDHE_ECDSA_128,
                ECDHE_RSA_128,
                ECDHE_RSA_256,
                RSA_128,
            ]),
            groups: groups(&["x25519", "secp256r1", "secp384r1"]),
            key_shares: groups(&["x25519"]),
            signature_schemes: schemes(&[
                "ecdsa_secp256r1_sha256",
                "rsa_pss_rsae_sha256",
                "rsa_pkcs1_sha256",
            ]),
            server_name: true,
            alpn: Vec::new(),
            grease: false,
            length: 300,
        },
        limits: Limits::default(),
    }
}

/// The same without TLS 1.3.
fn older() -> Client {
    let mut client = client();
    client.offer.versions = vec![Version::Tls10, Version::Tls11, Version::Tls12];
    client.offer.key_shares.clear();
    client
}

fn ids(names: &[&str]) -> Vec<u16> {
    let id = |name: &&str| suites::by_name(name).expect("a suite").id;
    names.iter().map(id).collect()
}

fn groups(names: &[&str]) -> Vec<u16> {
    let id = |name: &&str| groups::by_name(name).expect("a group").id;
    names.iter().map(id).collect()
}

fn schemes(names: &[&str]) -> Vec<u16> {
    let all = signatures::all();
    let id = |name: &&str| all.iter().find(|s| s.name == *name).expect("a scheme").id;
    names.iter().map(id).collect()
}

fn suite(name: &str) -> Value {
    let suite = suites::by_name(name).expect("a suite");
    let dhe = suite.key_exchange == "DHE";
    json!({
        "name": name, "version": if suite.since == Version::Tls13 { "TLS1.3" } else { "TLS1.2" },
        "key_exchange": suite.key_exchange, "cipher": suite.cipher, "mode": suite.mode,
        "anonymous": false, "export": false, "forward_secret": suite.forward_secret(),
        "kex_bits": if dhe { json!(2048) } else { json!(null) },
    })
}

fn certificate(kind: &str, curve: Option<&str>, bits: u32) -> Value {
    json!({
        "key": format!("{kind} leaf"), "subject": "CN=x", "serial": "01", "sha256": "00",
        "issuer": { "name": "CN=R", "organisation": null },
        "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-03-01T00:00:00Z",
        "lifetime_days": 60, "names": [], "matches_host": true, "wildcard": false,
        "self_signed": false, "public_key": { "algorithm": kind, "bits": bits, "curve": curve },
        "signature_hash": "SHA-256", "signature_algorithm": "x", "server_auth": true,
        "ocsp": [], "crl": [], "sct_count": 0, "must_staple": false,
        "chain": { "sent": 1, "trusted": true, "problems": [] },
    })
}

/// A server of TLS 1.2 and 1.3 with a certificate of RSA, in its own order.
fn server() -> Value {
    let group = |name: &str| json!({ "name": name, "post_quantum": false });
    let scheme = |version: &str, name: &str| json!({ "key": format!("{version} {name}"), "version": version, "name": name, "hash": "SHA-256" });
    json!({
        "key": "192.0.2.1:443", "purpose": "https", "host": "vote.example", "address": "192.0.2.1",
        "port": 443, "starttls": null, "speaks_tls": true,
        "versions": [{ "name": "TLS1.2" }, { "name": "TLS1.3" }],
        "suites": [suite(ECDHE_RSA_256), suite(ECDHE_RSA_128), suite(AES_256), suite(AES_128)],
        "preference": [
            { "version": "TLS1.2", "by": "server" }, { "version": "TLS1.3", "by": "server" }
        ],
        "groups": [group("x25519"), group("secp256r1")],
        "group_preference": [
            { "version": "TLS1.2", "by": "server", "groups": [group("secp256r1"), group("x25519")] },
            { "version": "TLS1.3", "by": "client", "groups": [group("secp256r1"), group("x25519")] }
        ],
        "signature_algorithms": [
            scheme("TLS1.2", "rsa_pkcs1_sha256"), scheme("TLS1.3", "rsa_pss_rsae_sha256")
        ],
        "certificates": [certificate("rsa", None, 2048)],
        "secure_renegotiation": true, "chacha_priority": null, "without_name": "same_certificate",
        "tolerates_unknown": true, "takes_large_hello": true,
    })
}

/// The server with some facts put in the place of others; `null` takes one away.
fn with(changes: Value) -> Value {
    let mut facts = server();
    for (name, value) in changes.as_object().expect("a mapping") {
        let all = facts.as_object_mut().expect("a mapping");
        match value.get("absent") {
            Some(_) => all.remove(name),
            None => all.insert(name.clone(), value.clone()),
        };
    }
    facts
}

fn derive(client: &Client, facts: Value, gaps: &[(&str, GapReason)]) -> (ClientOutcome, Vec<Gap>) {
    let endpoint: TlsEndpoint = serde_json::from_value(facts).expect("an endpoint");
    let mut tls = TlsFacts {
        endpoints: Seen::Known(vec![endpoint]),
    };
    let gap = |(place, reason): &(&str, GapReason)| Gap {
        at: format!("/tls/endpoints/0/{place}"),
        reason: *reason,
        detail: None,
    };
    let known: Vec<Gap> = gaps.iter().map(gap).collect();
    let gaps = fill(&mut tls, &known, std::slice::from_ref(client));
    let endpoints = tls.endpoints.known().expect("observed");
    let outcomes = endpoints[0].clients.known().expect("derived");
    (outcomes[0].clone(), gaps)
}

/// The outcome in a line: version, suites, groups, certificates and doubts; or the refusal;
/// or `open` with the reason.
fn line(client: &Client, facts: Value, gaps: &[(&str, GapReason)]) -> String {
    let (outcome, open) = derive(client, facts, gaps);
    let word = |value: Value| value.as_str().unwrap_or("-").to_owned();
    match outcome.connects.known() {
        None => {
            let [gap] = open.as_slice() else {
                panic!("{open:?}");
            };
            assert_eq!(gap.at, "/tls/endpoints/0/clients/0/connects");
            format!("open {}", word(json!(gap.reason)))
        }
        Some(false) => {
            assert!(open.is_empty() && outcome.suites.is_empty());
            word(json!(outcome.refused))
        }
        Some(true) => {
            assert!(open.is_empty() && outcome.refused.is_none());
            let mut parts = vec![
                word(json!(outcome.version)),
                outcome.suites.join("|"),
                outcome.groups.join("|"),
                outcome.certificates.join("|"),
            ];
            parts.extend(outcome.open.iter().map(|doubt| word(json!(doubt.name))));
            parts.join(" ")
        }
    }
}

#[test]
fn the_newest_version_of_both_is_taken_in_the_order_that_decides() {
    assert_eq!(
        line(&client(), server(), &[]),
        format!("TLS1.3 {AES_256} x25519 rsa leaf")
    );
    let by_client = json!([
        { "version": "TLS1.2", "by": "client" }, { "version": "TLS1.3", "by": "client" }
    ]);
    let follows = with(json!({ "preference": by_client }));
    assert_eq!(
        line(&client(), follows.clone(), &[]),
        format!("TLS1.3 {AES_128} x25519 rsa leaf")
    );
    // Up to TLS 1.2 the server has its own order of groups.
    assert_eq!(
        line(&older(), follows, &[]),
        format!("TLS1.2 {ECDHE_RSA_128} secp256r1 rsa leaf")
    );
    let untold = with(json!({ "preference": [{ "version": "TLS1.3", "by": "server" }] }));
    assert_eq!(
        line(&older(), untold, &[]),
        format!("TLS1.2 {ECDHE_RSA_256}|{ECDHE_RSA_128} secp256r1 rsa leaf suite_order")
    );
}

#[test]
fn nothing_in_common_is_a_refusal() {
    let mut first = client();
    first.offer.versions = vec![Version::Tls10];
    assert_eq!(line(&first, server(), &[]), "no_common_version");
    let mut second = older();
    second.offer.suites = ids(&[RSA_128]);
    assert_eq!(line(&second, server(), &[]), "no_common_suite");
    let mut third = client();
    third.offer.versions = vec![Version::Tls13];
    third.offer.groups = groups(&["secp384r1"]);
    assert_eq!(line(&third, server(), &[]), "no_common_group");
    let mut fourth = older();
    fourth.offer.groups = groups(&["secp384r1"]);
    assert_eq!(line(&fourth, server(), &[]), "no_common_group");
    let mut fifth = client();
    fifth.offer.versions = vec![Version::Tls13];
    fifth.offer.signature_schemes = schemes(&["ecdsa_secp256r1_sha256"]);
    assert_eq!(line(&fifth, server(), &[]), "no_usable_certificate");
    // With TLS 1.2 in common too, some servers look further.
    let mut sixth = fifth;
    sixth.offer.versions = vec![Version::Tls12, Version::Tls13];
    sixth
        .offer
        .signature_schemes
        .extend(schemes(&["rsa_pkcs1_sha256"]));
    assert_eq!(line(&sixth, server(), &[]), "open not_asked");
}

#[test]
fn the_hello_itself_can_be_refused() {
    let mut silent = client();
    silent.offer.server_name = false;
    let answer = |answer: &str| with(json!({ "without_name": answer }));
    assert_eq!(line(&silent, answer("refused"), &[]), "no_server_name");
    assert_eq!(
        line(&silent, answer("other_certificate"), &[]),
        "open not_asked"
    );
    assert!(line(&silent, server(), &[]).starts_with("TLS1.3"));
    let mut large = client();
    large.offer.length = 1_800;
    let facts = with(json!({ "takes_large_hello": false }));
    assert_eq!(line(&large, facts.clone(), &[]), "hello_too_large");
    assert!(line(&client(), facts, &[]).starts_with("TLS1.3"));
    let mut grease = client();
    grease.offer.grease = true;
    let facts = with(json!({ "tolerates_unknown": false }));
    assert_eq!(line(&grease, facts, &[]), "open not_asked");
    let facts = with(json!({ "tolerates_unknown": { "absent": true } }));
    let gap = [("tolerates_unknown", GapReason::Timeout)];
    assert_eq!(line(&grease, facts, &gap), "open timeout");
}

#[test]
fn a_client_refuses_what_it_knows_to_be_weak() {
    let mut bounded = older();
    bounded.offer.suites = ids(&[DHE_RSA_256]);
    let facts = with(json!({ "suites": [suite(DHE_RSA_256)] }));
    let agreed = format!("TLS1.2 {DHE_RSA_256}  rsa leaf");
    for (min, max, rsa, expected) in [
        (None, None, None, agreed.as_str()),
        (Some(2048), Some(2048), Some(2048), &agreed),
        (Some(3072), None, None, "finite_field_too_small"),
        (None, Some(1024), None, "finite_field_too_large"),
        (None, None, Some(3072), "certificate_key_too_small"),
    ] {
        bounded.limits = Limits {
            min_dh_bits: min,
            max_dh_bits: max,
            min_rsa_bits: rsa,
            needs_secure_renegotiation: false,
        };
        assert_eq!(line(&bounded, facts.clone(), &[]), expected);
    }
    let mut short = suite(DHE_RSA_256);
    short["kex_bits"] = json!(1024);
    bounded.limits = Limits::default();
    let facts = with(json!({ "suites": [short] }));
    assert_eq!(
        line(&bounded, facts, &[]),
        "open not_asked",
        "nobody knows its bound"
    );
    let mut careful = older();
    careful.limits.needs_secure_renegotiation = true;
    let facts = with(json!({ "secure_renegotiation": false }));
    assert_eq!(
        line(&careful, facts.clone(), &[]),
        "no_secure_renegotiation"
    );
    let mut newer = client();
    newer.limits.needs_secure_renegotiation = true;
    assert!(line(&newer, facts, &[]).starts_with("TLS1.3"));
}

#[test]
fn a_field_of_rfc_7919_is_taken_from_the_client_s_list() {
    let mut finite = older();
    finite.offer.suites = ids(&[DHE_RSA_256]);
    finite.offer.groups = groups(&["x25519", "ffdhe3072"]);
    let group = |name: &str| json!({ "name": name, "post_quantum": false });
    let groups_of = |names: &[&str]| {
        let list: Vec<Value> = names.iter().map(|name| group(name)).collect();
        json!([{ "version": "TLS1.2", "by": "server", "groups": list }])
    };
    let facts = |names: &[&str]| {
        with(json!({ "suites": [suite(DHE_RSA_256)], "group_preference": groups_of(names) }))
    };
    assert_eq!(
        line(&finite, facts(&["x25519", "ffdhe2048", "ffdhe3072"]), &[]),
        format!("TLS1.2 {DHE_RSA_256} ffdhe3072 rsa leaf")
    );
    assert_eq!(line(&finite, facts(&["ffdhe2048"]), &[]), "open not_asked");
    assert_eq!(
        line(&finite, facts(&["x25519"]), &[]),
        format!("TLS1.2 {DHE_RSA_256}  rsa leaf"),
        "a server that does not know these groups uses its own field"
    );
}

#[test]
fn key_shares_and_orders_of_groups_are_weighed() {
    let group = |name: &str| json!({ "name": name, "post_quantum": false });
    let order = |by: Value, names: [&str; 2]| {
        with(json!({ "group_preference": [
            { "version": "TLS1.3", "by": by, "groups": [group(names[0]), group(names[1])] }
        ] }))
    };
    let shown = |facts: Value, client: &Client| {
        let text = line(client, facts, &[]);
        text.replacen(&format!("TLS1.3 {AES_256} "), "", 1)
    };
    let one = client();
    assert_eq!(
        shown(order(json!("server"), ["x25519", "secp256r1"]), &one),
        "x25519 rsa leaf"
    );
    assert_eq!(
        shown(order(json!("server"), ["secp256r1", "x25519"]), &one),
        "secp256r1|x25519 rsa leaf key_share"
    );
    assert_eq!(
        shown(order(json!(null), ["secp256r1", "x25519"]), &one),
        "secp256r1|x25519 rsa leaf group_order"
    );
    let mut bare = client();
    bare.offer.key_shares.clear();
    assert_eq!(
        shown(order(json!("server"), ["secp256r1", "x25519"]), &bare),
        "secp256r1 rsa leaf"
    );
    let both = with(json!({
        "certificates": [certificate("ecdsa", Some("secp256r1"), 256), certificate("rsa", None, 2048)],
        "signature_algorithms": [
            { "key": "a", "version": "TLS1.3", "name": "ecdsa_secp256r1_sha256", "hash": "SHA-256" },
            { "key": "b", "version": "TLS1.3", "name": "rsa_pss_rsae_sha256", "hash": "SHA-256" }
        ],
    }));
    assert_eq!(
        shown(both, &one),
        "x25519 ecdsa leaf|rsa leaf certificate_choice"
    );
}

#[test]
fn chacha_is_yielded_to_those_who_put_it_first() {
    let chacha_first = ids(&[ECDHE_RSA_CHACHA, ECDHE_RSA_128, ECDHE_RSA_256]);
    let between = ids(&[ECDHE_RSA_128, ECDHE_RSA_CHACHA, ECDHE_RSA_256]);
    let last = ids(&[ECDHE_RSA_256, ECDHE_RSA_128, ECDHE_RSA_CHACHA]);
    let list = json!([
        suite(ECDHE_RSA_256),
        suite(ECDHE_RSA_128),
        suite(ECDHE_RSA_CHACHA)
    ]);
    for (offered, priority, expected) in [
        (&chacha_first, json!(true), ECDHE_RSA_CHACHA.to_owned()),
        (&chacha_first, json!(false), ECDHE_RSA_256.to_owned()),
        (&last, json!(true), ECDHE_RSA_256.to_owned()),
        (&between, json!(false), ECDHE_RSA_256.to_owned()),
        (
            &between,
            json!(true),
            format!("{ECDHE_RSA_256}|{ECDHE_RSA_CHACHA}"),
        ),
        (
            &chacha_first,
            json!({ "absent": true }),
            format!("{ECDHE_RSA_256}|{ECDHE_RSA_CHACHA}"),
        ),
    ] {
        let mut client = older();
        client.offer.suites.clone_from(offered);
        let facts = with(json!({ "suites": list, "chacha_priority": priority }));
        let text = line(&client, facts, &[]);
        assert_eq!(text.split(' ').nth(1), Some(expected.as_str()), "{text}");
        assert_eq!(
            text.contains("chacha_priority"),
            expected.contains('|'),
            "{text}"
        );
    }
}

#[test]
fn what_was_not_seen_is_not_guessed() {
    let throttled = GapReason::Throttled;
    // A version that may be accepted too, and is newer than what is known.
    let facts = with(json!({ "versions": [{ "name": "TLS1.2" }] }));
    assert_eq!(
        line(&client(), facts.clone(), &[("versions/-", throttled)]),
        "open throttled"
    );
    assert!(line(&older(), facts, &[("versions/-", throttled)]).starts_with("TLS1.2"));
    // Suites that may be accepted too.
    let text = line(&client(), server(), &[("suites/-", throttled)]);
    assert_eq!(
        text,
        format!("TLS1.3 {AES_256} x25519 rsa leaf"),
        "it has no other suite of TLS 1.3"
    );
    let text = line(&older(), server(), &[("suites/-", throttled)]);
    assert!(text.ends_with("more_suites"), "{text}");
    let none = with(json!({ "suites": [] }));
    assert_eq!(
        line(&older(), none, &[("suites/-", throttled)]),
        "open throttled"
    );
    // Groups likewise.
    let mut other = older();
    other.offer.groups = groups(&["secp384r1"]);
    assert_eq!(
        line(&other, server(), &[("groups/-", throttled)]),
        "open throttled"
    );
    let text = line(&older(), server(), &[("groups/-", throttled)]);
    assert!(text.ends_with("group_order"), "{text}");
    // Signatures.
    let facts = with(json!({ "signature_algorithms": [] }));
    let gap = [("signature_algorithms/-", GapReason::Timeout)];
    assert_eq!(line(&client(), facts, &gap), "open timeout");
    // A client that names no group, and a curve that it does not name.
    let mut silent = older();
    silent.offer.groups.clear();
    assert_eq!(line(&silent, server(), &[]), "open not_asked");
    let mut curve = older();
    curve.offer.groups = groups(&["x25519"]);
    curve.offer.suites = ids(&[ECDHE_ECDSA_128]);
    let facts = with(json!({
        "suites": [suite(ECDHE_ECDSA_128)],
        "certificates": [certificate("ecdsa", Some("secp256r1"), 256)],
        "signature_algorithms": [
            { "key": "a", "version": "TLS1.2", "name": "ecdsa_secp256r1_sha256", "hash": "SHA-256" }
        ],
    }));
    assert_eq!(line(&curve, facts, &[]), "open not_asked");
}

#[test]
fn endpoints_without_handshakes_have_no_outcomes() {
    let endpoint = |facts: Value| -> TlsEndpoint { serde_json::from_value(facts).expect("facts") };
    let mut tls = TlsFacts {
        endpoints: Seen::Known(vec![
            endpoint(with(json!({ "preference": { "absent": true } }))),
            endpoint(with(json!({ "speaks_tls": false }))),
            endpoint(with(json!({ "purpose": "smtp" }))),
        ]),
    };
    let known = [Gap {
        at: "/tls/endpoints/0/preference".to_owned(),
        reason: GapReason::NotAsked,
        detail: None,
    }];
    let gaps = fill(&mut tls, &known, &[client()]);
    let [gap] = gaps.as_slice() else {
        panic!("{gaps:?}");
    };
    assert_eq!(
        (gap.at.as_str(), gap.reason),
        ("/tls/endpoints/0/clients", GapReason::NotAsked)
    );
    let endpoints = tls.endpoints.known().expect("observed");
    assert!(endpoints[0].clients.is_unseen());
    assert_eq!(endpoints[1].clients, Seen::Known(Vec::new()));
    assert_eq!(endpoints[2].clients, Seen::Known(Vec::new()));
}

#[test]
fn forward_secrecy_follows_from_the_suite() {
    let both = with(json!({ "suites": [suite(RSA_128)] }));
    assert_eq!(derive(&older(), both, &[]).0.forward_secret, Some(false));
    assert_eq!(
        derive(&client(), server(), &[]).0.forward_secret,
        Some(true)
    );
    let untold = with(json!({
        "suites": [suite(RSA_128), suite(ECDHE_RSA_128)],
        "preference": [{ "version": "TLS1.3", "by": "server" }],
    }));
    assert_eq!(derive(&older(), untold, &[]).0.forward_secret, None);
}
