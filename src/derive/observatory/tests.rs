use super::site::life;
use super::*;
use crate::probes::web::facts::Hsts;
use serde_json::{Value, json};

/// A site whose front page is as given, laid over a plain one without any header.
fn site(page: Value, hop: Value) -> WebFacts {
    let mut front: Value = serde_json::from_str(
        r#"{
        "key": "/", "url": "https://vote.example/", "scheme": "https", "status": 200,
        "http_version": "HTTP/2", "http3_offered": false, "compressed": null, "media_type": "text/html",
        "html": true, "hsts": null, "csp": null, "csp_report_only": [], "x_frame_options": null,
        "framing_limited": false, "nosniff": false, "referrer_policy": null, "permissions_policy": null,
        "opener_policy": null, "embedder_policy": null, "resource_policy": null, "cache_control": [],
        "server": null, "powered_by": null, "names_version": false, "cors_origin": null,
        "cors_credentials": false, "cookies": [], "forms": [], "scripts": [], "mixed_content": [],
        "third_parties": [], "contacts": [], "components": [], "session_in_urls": [], "leaks": [],
        "challenge": null, "directory_listing": false, "script_elements": 0,
        "sent": { "content_type_options": null, "referrer_policy": null, "resource_policy": null }
        }"#,
    )
    .expect("JSON");
    let mut last = json!({
        "key": "https://vote.example/", "scheme": "https", "host": "vote.example", "in_scope": true,
        "status": 200, "location": null, "hsts": null, "cookies": [],
    });
    for (whole, part) in [(&mut front, page), (&mut last, hop)] {
        for (key, value) in part.as_object().cloned().unwrap_or_default() {
            whole[key] = value;
        }
    }
    let first = json!({
        "key": "http://vote.example/", "scheme": "http", "host": "vote.example", "in_scope": true,
        "status": 301, "location": "https://vote.example/", "hsts": null, "cookies": [],
    });
    let chain = |scheme: &str, hops: Value| {
        json!({
            "key": format!("{scheme}://vote.example/ 192.0.2.1"), "scheme": scheme,
            "start": format!("{scheme}://vote.example/"), "hops": hops, "outcome": "final",
        })
    };
    let origin = |scheme: &str, verifies: Value| {
        json!({
            "key": scheme, "scheme": scheme, "address": "192.0.2.1", "port": 443, "answers": true,
            "certificate_verifies": verifies,
        })
    };
    let web = json!({
        "origins": [origin("http", Value::Null), origin("https", json!(true))],
        "chains": [chain("http", json!([first, last])), chain("https", json!([last]))],
        "pages": [front],
        "second_looks": [{
            "key": "/", "nonce_reused": null, "foreign_origin_allowed": false,
            "foreign_origin_with_credentials": false, "allow_origin": null,
        }],
    });
    serde_json::from_value(web).expect("facts of the web")
}

fn results(web: &WebFacts) -> Vec<String> {
    let tests = score(web).tests.into_iter();
    tests
        .map(|test| test.result.unwrap_or_else(|| "-".to_owned()))
        .collect()
}

#[test]
fn a_bare_site_loses_and_a_hardened_one_gains() {
    let bare = score(&site(json!({}), json!({})));
    assert_eq!((bare.score, bare.grade.as_deref()), (Some(30), Some("D")));
    let hsts = json!({
        "raw": "max-age=31536000", "valid": true, "max_age": 31_536_000,
        "include_subdomains": false, "preload": false, "problems": [],
    });
    let csp = json!({
        "policies": [{ "key": "header 1", "raw": "default-src 'none'; frame-ancestors 'none'" }],
        "effective": {
            "inline_script_runs": false, "eval_allowed": false, "any_script_host": false,
            "objects_limited": true, "base_limited": false, "form_action_limited": false,
            "framing_limited": true, "upgrades_insecure": false, "bypass_hosts": [],
        },
    });
    let sent = json!({
        "content_type_options": "nosniff", "referrer_policy": "no-referrer", "resource_policy": "same-origin",
    });
    let hardened = site(json!({ "csp": csp, "sent": sent }), json!({ "hsts": hsts }));
    assert_eq!(
        results(&hardened),
        [
            "csp-implemented-with-no-unsafe-default-src-none",
            "cookies-not-found",
            "cross-origin-resource-sharing-not-implemented",
            "redirection-to-https",
            "referrer-policy-private",
            "hsts-implemented-max-age-at-least-six-months",
            "sri-not-implemented-but-no-scripts-loaded",
            "x-content-type-options-nosniff",
            "x-frame-options-implemented-via-csp",
            "corp-implemented-with-same-origin",
        ]
    );
    let hardened = score(&hardened);
    assert_eq!(
        (hardened.score, hardened.grade.as_deref()),
        (Some(130), Some("A+"))
    );
}

#[test]
fn cookies_and_scripts_are_told_by_the_worst() {
    let cookie = |name: &str, secure: bool, http_only: bool, same_site: Value| {
        json!({
            "name": name, "secure": secure, "http_only": http_only, "same_site": same_site, "session": false,
            "prefix_valid": null, "over_https": true, "domain": null, "same_site_valid": null,
        })
    };
    let of = |cookies: Value| {
        results(&site(
            json!({ "cookies": cookies }),
            json!({ "cookies": cookies }),
        ))[1]
            .clone()
    };
    let cases = [
        (
            json!([cookie("a", true, false, json!("lax"))]),
            "cookies-secure-with-httponly-sessions-and-samesite",
        ),
        (
            json!([cookie("a", true, false, Value::Null)]),
            "cookies-secure-with-httponly-sessions",
        ),
        (
            json!([cookie("a", false, false, Value::Null)]),
            "cookies-without-secure-flag",
        ),
        (
            json!([cookie("session", true, false, Value::Null)]),
            "cookies-session-without-httponly-flag",
        ),
        (
            json!([
                cookie("session", false, true, Value::Null),
                cookie("a", false, false, Value::Null)
            ]),
            "cookies-session-without-secure-flag",
        ),
        (
            json!([cookie("csrf", true, true, Value::Null)]),
            "cookies-anticsrf-without-samesite-flag",
        ),
    ];
    for (cookies, expected) in cases {
        assert_eq!(of(cookies.clone()), expected, "{cookies}");
    }
    let script = |key: &str, third_party: bool, integrity: bool, relative: bool| {
        json!({
            "key": key, "host": "x", "third_party": third_party, "integrity": integrity,
            "crossorigin": false, "protocol_relative": relative,
        })
    };
    let of = |scripts: Value| {
        results(&site(
            json!({ "scripts": scripts, "script_elements": 2 }),
            json!({}),
        ))[6]
            .clone()
    };
    let cases = [
        (
            json!([]),
            "sri-not-implemented-but-all-scripts-loaded-from-secure-origin",
        ),
        (
            json!([script("https://vote.example/a.js", false, true, false)]),
            "sri-implemented-and-all-scripts-loaded-securely",
        ),
        (
            json!([script("https://cdn.example/a.js", true, true, false)]),
            "sri-implemented-and-external-scripts-loaded-securely",
        ),
        (
            json!([script("https://cdn.example/a.js", true, false, false)]),
            "sri-not-implemented-but-external-scripts-loaded-securely",
        ),
        (
            json!([script("https://cdn.example/a.js", true, false, true)]),
            "sri-not-implemented-and-external-scripts-not-loaded-securely",
        ),
    ];
    for (scripts, expected) in cases {
        assert_eq!(of(scripts.clone()), expected, "{scripts}");
    }
}

#[test]
fn what_was_not_observed_is_not_computed() {
    let mut web = site(json!({}), json!({}));
    web.second_looks = Seen::Unseen;
    let shown = score(&web);
    assert_eq!((shown.score, shown.grade), (None, None));
    assert_eq!(
        shown.not_computed.as_deref(),
        Some("1 of its tests could not be computed")
    );
    let sharing = &shown.tests[2];
    assert!(sharing.result.is_none() && sharing.not_computed.is_some());
    web.pages = Seen::Known(Vec::new());
    let shown = score(&web);
    assert_eq!(
        shown.not_computed.as_deref(),
        Some("the front page was not observed")
    );
    assert!(shown.tests.iter().all(|test| test.result.is_none()));
}

#[test]
fn lives_of_hsts_are_read_as_the_observatory_does() {
    let life = |raw: &str| {
        life(&Hsts {
            raw: raw.to_owned(),
            valid: true,
            max_age: 0,
            include_subdomains: false,
            preload: false,
            problems: Vec::new(),
        })
    };
    let cases = [
        ("max-age=63072000; includeSubDomains", Some(63_072_000)),
        ("includeSubDomains", None),
        ("max-age=1, max-age=2", None),
        ("max-age=300x", Some(300)),
        ("max-age=\"31536000\"", Some(u64::MAX)),
        ("max-age=-1", Some(0)),
    ];
    for (raw, expected) in cases {
        assert_eq!(life(raw), expected, "{raw}");
    }
}
