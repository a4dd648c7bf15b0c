//! Each rule by itself, what is open, and the points.

use serde_json::{Value, json};

use super::sight::Hsts;
use super::*;
use crate::model::gap::GapReason;

/// An endpoint that has the best grade: TLS 1.2 and 1.3, AES-256 alone, RSA of 4096 bits.
fn best() -> Value {
    let suite = |name: &str, version: &str, cipher: &str, mode: &str| {
        json!({
            "name": name, "version": version, "key_exchange": "ECDHE", "cipher": cipher,
            "mode": mode, "anonymous": false, "export": false, "forward_secret": true,
            "kex_bits": null
        })
    };
    json!({
        "key": "192.0.2.1:443", "purpose": "https", "host": "a.example",
        "address": "192.0.2.1", "port": 443, "starttls": null, "speaks_tls": true,
        "versions": [{ "name": "TLS1.2" }, { "name": "TLS1.3" }],
        "suites": [
            suite("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS1.2", "AES_256", "GCM"),
            suite("TLS_AES_256_GCM_SHA384", "TLS1.3", "AES_256", "GCM"),
        ],
        "compression": false, "secure_renegotiation": true, "heartbeat": false,
        "finite_fields": [],
        "certificates": [{
            "key": "rsa leaf", "subject": "CN=a.example", "issuer": { "name": "CN=CA", "organisation": null },
            "serial": "01", "sha256": "00", "not_before": "2026-01-01T00:00:00Z",
            "not_after": "2026-12-01T00:00:00Z", "lifetime_days": 300,
            "names": [], "matches_host": true, "wildcard": false, "self_signed": false,
            "public_key": { "algorithm": "rsa", "bits": 4096, "curve": null },
            "signature_hash": "SHA-256", "signature_algorithm": "sha256WithRSAEncryption",
            "server_auth": true, "ocsp": [], "crl": [], "sct_count": 0, "must_staple": false,
            "revocation": null,
            "chain": { "sent": 2, "trusted": true, "problems": [] }
        }]
    })
}

const HALF_A_YEAR: u64 = 180 * 86_400;

fn graded(endpoint: Value, hsts: Hsts, gaps: &[(&str, GapReason)]) -> TlsGrade {
    let endpoint: TlsEndpoint = serde_json::from_value(endpoint).expect("an endpoint");
    let mut gaps: Vec<Gap> = gaps
        .iter()
        .map(|(at, reason)| Gap {
            at: format!("/tls/endpoints/0{at}"),
            reason: *reason,
            detail: None,
        })
        .collect();
    gaps.push(Gap {
        at: "/tls/endpoints/0/vulnerabilities".to_owned(),
        reason: GapReason::NotAsked,
        detail: None,
    });
    let mut sight = Sight::new(&endpoint, 0, None, &gaps);
    sight.hsts = hsts;
    grade(&endpoint, &sight)
}

/// The grade of the best endpoint with one place changed, and the rules that apply.
fn changed(at: &str, value: Value) -> (Option<String>, Vec<String>) {
    let mut endpoint = best();
    *endpoint
        .pointer_mut(at)
        .unwrap_or_else(|| panic!("no place {at}")) = value;
    let grade = graded(endpoint, Hsts::Seconds(HALF_A_YEAR), &[]);
    let applied = grade.steps.iter().filter(|step| step.applies == Some(true));
    (
        grade.grade.clone(),
        applied.map(|step| step.rule.clone()).collect(),
    )
}

#[test]
fn the_best_endpoint_has_the_best_grade() {
    let found = graded(best(), Hsts::Seconds(HALF_A_YEAR), &[]);
    assert_eq!(found.grade.as_deref(), Some("A+"), "{found:?}");
    assert_eq!(found.score, Some(100));
    assert!(found.steps.is_empty() && found.not_determined.is_none());
}

#[test]
fn each_rule_limits_the_grade_by_itself() {
    let problem = |name: &str| json!([{ "name": name, "detail": "why" }]);
    let problems = "/certificates/0/chain/problems";
    let hash = "/certificates/0/signature_hash";
    let version = "/versions/0/name";
    let cases = [
        (
            problems,
            problem("unknown_issuer"),
            "T",
            "certificate-not-trusted",
        ),
        (
            problems,
            problem("self_signed"),
            "T",
            "certificate-not-trusted",
        ),
        (
            problems,
            problem("name_constraints"),
            "T",
            "certificate-not-trusted",
        ),
        (problems, problem("expired"), "T", "certificate-not-in-date"),
        (
            problems,
            problem("not_yet_valid"),
            "T",
            "certificate-not-in-date",
        ),
        (problems, problem("name_mismatch"), "M", "name-mismatch"),
        (problems, problem("incomplete"), "B", "chain-incomplete"),
        (hash, json!("SHA-1"), "T", "certificate-sha1"),
        (hash, json!("MD5"), "F", "certificate-md5"),
        (version, json!("SSL2"), "F", "ssl2-accepted"),
        (version, json!("SSL3"), "B", "ssl3-accepted"),
        (version, json!("TLS1.0"), "B", "tls10-accepted"),
        (version, json!("TLS1.1"), "B", "tls11-accepted"),
        (
            "/versions",
            json!([{ "name": "TLS1.2" }]),
            "A-",
            "tls13-missing",
        ),
        (
            "/suites/0/anonymous",
            json!(true),
            "F",
            "nobody-authenticated",
        ),
        (
            "/suites/0/export",
            json!(true),
            "F",
            "cipher-below-112-bits",
        ),
        (
            "/suites/0/cipher",
            json!("DES"),
            "F",
            "cipher-below-112-bits",
        ),
        (
            "/suites/0/cipher",
            json!("RC4_128"),
            "C",
            "rc4-in-newer-version",
        ),
        (
            "/suites/0/cipher",
            json!("3DES_EDE"),
            "C",
            "short-blocks-in-newer-version",
        ),
        ("/compression", json!(true), "C", "compression"),
        (
            "/secure_renegotiation",
            json!(false),
            "A-",
            "secure-renegotiation-missing",
        ),
        (
            "/certificates/0/public_key/bits",
            json!(1024),
            "B",
            "weak-key",
        ),
        (
            "/certificates/0/public_key/bits",
            json!(768),
            "F",
            "weak-key",
        ),
    ];
    for (at, value, letter, rule) in cases {
        let (grade, rules) = changed(at, value.clone());
        assert_eq!(grade.as_deref(), Some(letter), "{at} {value}");
        assert!(
            rules.iter().any(|found| found == rule),
            "{at} {value}: {rules:?}"
        );
    }
    let revoked =
        json!({ "status": "revoked", "source": "ocsp", "revoked_at": null, "reason": null });
    let mut endpoint = best();
    endpoint["certificates"][0]["revocation"] = revoked;
    if serde_json::from_value::<TlsEndpoint>(endpoint.clone()).is_ok() {
        let found = graded(endpoint, Hsts::Seconds(HALF_A_YEAR), &[]);
        assert_eq!(found.grade.as_deref(), Some("T"));
    }
}

#[test]
fn rules_about_all_suites_and_versions() {
    let mut endpoint = best();
    for at in 0..2 {
        endpoint["suites"][at]["mode"] = json!("CBC");
        endpoint["suites"][at]["forward_secret"] = json!(false);
    }
    let found = graded(endpoint, Hsts::Seconds(HALF_A_YEAR), &[]);
    let rules: Vec<&str> = found.steps.iter().map(|step| step.rule.as_str()).collect();
    assert_eq!(rules, ["no-aead", "no-forward-secrecy"]);
    assert_eq!(found.grade.as_deref(), Some("B"));

    let mut endpoint = best();
    endpoint["versions"] = json!([{ "name": "SSL3" }]);
    for at in 0..2 {
        endpoint["suites"][at]["version"] = json!("SSL3");
        endpoint["suites"][at]["mode"] = json!("CBC");
    }
    let found = graded(endpoint, Hsts::Absent, &[]);
    let rules: Vec<&str> = found.steps.iter().map(|step| step.rule.as_str()).collect();
    assert_eq!(
        rules[..4],
        [
            "ssl3-at-best",
            "poodle",
            "tls12-and-tls13-missing",
            "no-aead"
        ]
    );
    assert_eq!(found.grade.as_deref(), Some("F"));
    assert_eq!((found.protocol, found.score), (Some(80), Some(94)));
}

#[test]
fn trust_comes_before_everything_else() {
    let mut endpoint = best();
    endpoint["versions"] = json!([{ "name": "SSL2" }, { "name": "TLS1.2" }]);
    endpoint["certificates"][0]["chain"]["problems"] = json!([
        { "name": "name_mismatch", "detail": "a" }, { "name": "unknown_issuer", "detail": "b" }
    ]);
    let found = graded(endpoint, Hsts::Absent, &[]);
    assert_eq!(found.grade.as_deref(), Some("T"));
    let limits: Vec<&str> = found.steps.iter().map(|step| step.limit.as_str()).collect();
    assert_eq!(limits[..3], ["T", "M", "F"]);
}

#[test]
fn hsts_decides_about_the_plus() {
    let cases = [
        (Hsts::Seconds(HALF_A_YEAR), "A+", None),
        (Hsts::Seconds(HALF_A_YEAR - 1), "A-", Some(Some(true))),
        (Hsts::Seconds(0), "A-", Some(Some(true))),
        (Hsts::Invalid, "A-", Some(Some(true))),
        (Hsts::Absent, "A", Some(Some(true))),
        (Hsts::NotSeen, "A", Some(None)),
    ];
    for (hsts, letter, applies) in cases {
        let found = graded(best(), hsts, &[]);
        assert_eq!(found.grade.as_deref(), Some(letter), "{hsts:?}");
        assert_eq!(
            found.steps.first().map(|step| step.applies),
            applies,
            "{hsts:?}"
        );
    }
}

#[test]
fn holes_count_where_they_were_looked_for_or_cannot_be_ruled_out() {
    // A library with TLS 1.3 has none of the old holes; without it, nobody was to ask.
    let mut endpoint = best();
    endpoint["versions"] = json!([{ "name": "TLS1.2" }]);
    endpoint["suites"][0]["key_exchange"] = json!("RSA");
    let found = graded(endpoint.clone(), Hsts::Seconds(HALF_A_YEAR), &[]);
    assert_eq!(found.grade.as_deref(), Some("A-"));
    let open: Vec<&str> = found
        .steps
        .iter()
        .filter(|step| step.applies.is_none())
        .map(|step| step.rule.as_str())
        .collect();
    assert_eq!(open, ["early-change-cipher-spec", "robot", "ticketbleed"]);
    let names = [
        "heartbleed",
        "early_change_cipher_spec",
        "robot",
        "ticketbleed",
    ];
    for name in names {
        let mut endpoint = endpoint.clone();
        endpoint["vulnerabilities"] =
            json!(names.map(|one| { json!({ "name": one, "present": one == name }) }));
        let found = graded(endpoint, Hsts::Seconds(HALF_A_YEAR), &[]);
        assert_eq!(found.grade.as_deref(), Some("F"), "{name}");
    }
}

#[test]
fn what_was_not_observed_is_never_taken_for_good() {
    use GapReason::{Reset, Throttled};
    // More suites, versions or certificates could lower it: open, with the best that is possible.
    for (at, best_left) in [
        // A suite with the key exchange of RSA may be among the rest, and so ROBOT.
        ("/suites/-", "A"),
        ("/versions/-", "A+"),
        ("/certificates/-", "A+"),
        ("/finite_fields/-", "A+"),
    ] {
        let found = graded(best(), Hsts::Seconds(HALF_A_YEAR), &[(at, Throttled)]);
        assert_eq!(
            (found.grade.as_deref(), found.at_best.as_deref()),
            (None, Some(best_left)),
            "{at}"
        );
        assert!(found.not_determined.is_some(), "{at}");
    }
    // What is known decides where nothing worse can come.
    let mut endpoint = best();
    endpoint["certificates"][0]["chain"]["problems"] =
        json!([{ "name": "expired", "detail": "a" }]);
    let found = graded(endpoint, Hsts::Absent, &[("/suites/-", Throttled)]);
    assert_eq!(found.grade.as_deref(), Some("T"));
    // A single fact.
    let mut endpoint = best();
    endpoint
        .as_object_mut()
        .expect("an object")
        .remove("compression");
    let found = graded(
        endpoint,
        Hsts::Seconds(HALF_A_YEAR),
        &[("/compression", Reset)],
    );
    assert_eq!(
        (found.grade.as_deref(), found.at_best.as_deref()),
        (None, Some("A+"))
    );
    assert!(
        found
            .not_determined
            .is_some_and(|why| why.starts_with("compression: "))
    );
    // A key of a kind that the scale does not know.
    let mut endpoint = best();
    endpoint["certificates"][0]["public_key"]["algorithm"] = json!("1.2.3");
    let found = graded(endpoint, Hsts::Seconds(HALF_A_YEAR), &[]);
    assert_eq!(found.grade, None);
}

#[test]
fn where_the_scale_does_not_apply_there_is_no_grade() {
    let mut endpoint = best();
    endpoint["starttls"] = json!("smtp");
    let found = graded(endpoint, Hsts::NotSeen, &[]);
    assert_eq!(
        (found.grade, found.at_best, found.score),
        (None, None, None)
    );
    let mut endpoint = best();
    endpoint["speaks_tls"] = json!(false);
    let found = graded(endpoint, Hsts::NotSeen, &[]);
    assert_eq!(found.not_determined.as_deref(), Some("it speaks no TLS"));
    let mut endpoint = best();
    endpoint
        .as_object_mut()
        .expect("an object")
        .remove("suites");
    let found = graded(endpoint, Hsts::NotSeen, &[("/suites", GapReason::NotAsked)]);
    assert!(
        found
            .not_determined
            .is_some_and(|why| why.starts_with("suites: "))
    );
}

#[test]
fn points_are_those_of_the_scale() {
    // Mozilla's intermediate: AES-128 and AES-256, RSA of 2048 bits.
    let mut endpoint = best();
    endpoint["suites"][0]["cipher"] = json!("AES_128");
    endpoint["certificates"][0]["public_key"]["bits"] = json!(2048);
    let found = graded(endpoint.clone(), Hsts::Seconds(HALF_A_YEAR), &[]);
    let points = (
        found.protocol,
        found.key_exchange,
        found.cipher,
        found.score,
    );
    assert_eq!(points, (Some(100), Some(90), Some(90), Some(93)));
    // A finite field counts as a key does.
    endpoint["finite_fields"] = json!([
        { "prime": "00", "bits": 1024, "origin": null, "standard": false, "safe_prime": true }
    ]);
    let found = graded(endpoint.clone(), Hsts::Seconds(HALF_A_YEAR), &[]);
    assert_eq!(
        (found.key_exchange, found.grade.as_deref()),
        (Some(80), Some("B"))
    );
    // Nothing encrypted: no points in a category, none at all.
    endpoint["suites"] = json!([endpoint["suites"][0].clone()]);
    endpoint["suites"][0]["cipher"] = json!("NULL");
    let found = graded(endpoint, Hsts::Seconds(HALF_A_YEAR), &[]);
    assert_eq!((found.cipher, found.score), (Some(0), Some(0)));
    assert_eq!(found.grade.as_deref(), Some("F"));
}
