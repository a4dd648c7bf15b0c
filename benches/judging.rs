//! What judging one target costs: all checks of the common baseline over an
//! observation of about 100 KB, scaled to 200 checks.
//!
//! `cargo bench --bench judging` prints the time of the best of many rounds.
//! The same binary under `valgrind --tool=callgrind` with `--once` counts
//! instructions, which do not depend on how busy the machine is.

#![allow(clippy::print_stdout)]

use jiff::civil::date;
use scrutineer::{
    content::Content,
    judge::{Dates, Observed},
    model::observation::Observation,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn main() {
    let once = std::env::args().any(|argument| argument == "--once");
    let content = Content::load(&[], &[]).expect("embedded checks load");
    let profile = content
        .resolve("common-baseline")
        .expect("the common baseline resolves");
    let text = observation().to_string();
    let observation: Observation = serde_json::from_str(&text).expect("it is an observation");
    let dates = Dates {
        as_of: date(2026, 11, 1),
    };
    let mut best = Duration::MAX;
    for _ in 0..if once { 1 } else { 200 } {
        let observed = Observed::from(observation.clone());
        let began = Instant::now();
        let result = observed
            .judge(&profile, &dates)
            .expect("no check has a defect");
        best = best.min(began.elapsed());
        std::hint::black_box(&result);
    }
    let checks = profile.checks().len();
    let milliseconds = best.as_secs_f64() * 1000.0;
    println!(
        "observation of {} KB, {checks} checks in {milliseconds:.3} ms: {:.3} ms for 200 checks",
        text.len() / 1000,
        milliseconds * 200.0 / checks as f64
    );
}

/// A target with eight endpoints, ten pages with a form each, and plain records.
fn observation() -> Value {
    json!({
        "schema": "scrutineer.observation/1",
        "target": { "name": "vote.example", "roles": ["website", "registration-portal", "mail-domain", "dns-zone"], "pins": {} },
        "observed_at": "2026-11-01T00:00:00Z",
        "conditions": { "level": "standard", "areas": ["dns", "tls", "web", "mail"], "page_cap": 10, "resolver": "127.0.0.1:53", "staged": false },
        "fact_versions": { "dns": 1, "tls": 1, "web": 1, "mail": 1 },
        "gaps": [{ "at": "/tls/endpoints/7/suites/-", "reason": "throttled" }],
        "evidence": [],
        "cost": { "connections": 0, "queries": 0, "bytes_sent": 0, "bytes_received": 0, "milliseconds": 0 },
        "tls": { "endpoints": (0..8).map(endpoint).collect::<Vec<_>>() },
        "web": { "origins": [], "chains": [], "pages": (0..10).map(page).collect::<Vec<_>>(), "security_txt": null },
        "dns": {
            "name": "vote.example", "zone": "vote.example", "is_apex": true, "exists": true, "addresses": [],
            "cname": [], "txt": [], "ds": [], "dnskey": [], "ns": [], "soa": null, "caa": null,
            "dnssec": { "signed": false, "delegated": false },
        },
        "mail": {
            "domain": "vote.example", "organisational_domain": "vote.example", "mx": [], "receives": false, "sends": true,
            "spf": { "record": "v=spf1 -all", "record_count": 1, "all": "fail", "lookups": [], "problems": [] },
            "dmarc": { "effective": null, "problems": [] }, "mta_sts": null, "tls_rpt": null,
        },
    })
}

fn endpoint(number: usize) -> Value {
    let suite = |suite: usize| {
        json!({
            "name": format!("TLS_ECDHE_RSA_WITH_AES_{suite}_GCM_SHA256"), "version": "TLS1.2", "key_exchange": "ECDHE", "cipher": "AES_128",
            "mode": "GCM", "anonymous": false, "export": false, "forward_secret": true, "kex_bits": null,
        })
    };
    json!({
        "key": format!("192.0.2.{number}:443"), "purpose": "https", "host": "vote.example",
        "address": format!("192.0.2.{number}"), "port": 443, "starttls": null, "speaks_tls": true,
        "versions": [{ "name": "TLS1.2" }, { "name": "TLS1.3" }],
        "suites": (0..40).map(suite).collect::<Vec<_>>(),
        "groups": [{ "name": "X25519MLKEM768", "post_quantum": true }, { "name": "secp256r1", "post_quantum": false }],
        "negotiated": { "version": "TLS1.3", "suite": "TLS_AES_128_GCM_SHA256", "group": "X25519MLKEM768", "alpn": "h2" },
        "certificates": [], "staple": null,
    })
}

fn page(number: usize) -> Value {
    let field = |field: usize| json!({ "name": format!("field{field}"), "type": "text", "kind": "other", "autocomplete": null });
    let path = format!("/page{number}");
    json!({
        "key": path, "url": format!("https://vote.example{path}"), "scheme": "https", "status": 200, "media_type": "text/html",
        "html": true, "hsts": null, "csp": null, "x_frame_options": null, "framing_limited": false, "nosniff": false,
        "referrer_policy": null, "permissions_policy": null, "cache_control": [], "server": null, "powered_by": null,
        "names_version": false, "cors_origin": null, "cors_credentials": false, "cookies": [], "scripts": [], "mixed_content": [],
        "forms": [{
            "key": "form 1", "page": path, "method": "post", "csrf_token": true, "fields": (0..12).map(field).collect::<Vec<_>>(),
            "action": { "url": "https://vote.example/x", "scheme": "https", "host": "vote.example", "same_site": true },
        }],
    })
}
