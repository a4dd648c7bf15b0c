use super::PROBE;
use crate::{
    model::{level::Level, target::Target},
    net::{Session, testing::*},
    probes::registry::{AreaReport, ProbeContext, observation_schema},
};
use serde_json::{Value, json};
use std::time::Duration;

mod besides;
mod hostile;
mod pins;
mod site;

pub(super) const IP: &str = "192.0.2.1";

/// Rules that lead the ports of `IP` to servers; a port without server is closed.
pub(super) async fn rules(http: Option<&Server>, https: Option<&Server>) -> Vec<String> {
    let closed = closed_port().await;
    let port = |server: Option<&Server>| server.map_or(closed, |server| server.at.port());
    vec![
        format!("{IP}:80:127.0.0.1:{}", port(http)),
        format!("{IP}:443:127.0.0.1:{}", port(https)),
    ]
}

/// A port on which nothing listens.
async fn closed_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    listener.local_addr().expect("an address").port()
}

pub(super) async fn observe(target: &Target, level: Level, session: &Session) -> AreaReport {
    let context = ProbeContext {
        target,
        level,
        page_cap: 10,
        session,
    };
    let report = (PROBE.observe)(context).await;
    if let Some(facts) = &report.facts {
        must_match_schema(facts);
    }
    report
}

/// Every report must be what the schema promises.
fn must_match_schema(facts: &Value) {
    static SCHEMA: std::sync::OnceLock<jsonschema::Validator> = std::sync::OnceLock::new();
    let validator = SCHEMA.get_or_init(|| {
        let whole = observation_schema();
        let web = json!({
            "$defs": whole["$defs"],
            "$ref": whole["properties"]["web"]["$ref"],
        });
        jsonschema::validator_for(&web).expect("a schema")
    });
    let faults: Vec<String> = validator
        .iter_errors(facts)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?} in {facts:#}");
}

/// Facts that are missing whenever pages or parts of them are; `besides.rs` is about them.
const ALONG: [&str; 15] = [
    "/downgrades",
    "/web/exposure",
    "/web/second_looks",
    "/web/sibling",
    "/web/https_record",
    "/third_parties/-",
    "/contacts/-",
    "/components/-",
    "/session_in_urls/-",
    "/leaks/-",
    "/challenge",
    "/web/contact_domains",
    "/web/named_origins",
    "/web/origin_leads",
    "/script_elements",
];

/// The gaps as `place reason`, without those that go along with others.
pub(super) fn gaps(report: &AreaReport) -> Vec<String> {
    all_gaps(report)
        .into_iter()
        .filter(|gap| !ALONG.iter().any(|place| gap.contains(place)))
        .collect()
}

/// The gaps as `place reason`.
pub(super) fn all_gaps(report: &AreaReport) -> Vec<String> {
    let reason = |gap: &crate::model::gap::Gap| serde_json::to_value(gap.reason).expect("a word");
    report
        .gaps
        .iter()
        .map(|gap| format!("{} {}", gap.at, reason(gap).as_str().unwrap_or_default()))
        .collect()
}

pub(super) fn at<'a>(report: &'a AreaReport, pointer: &str) -> &'a Value {
    let facts = report.facts.as_ref().expect("facts");
    facts.pointer(pointer).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn a_dead_host_is_no_website_that_is_fine() {
    let target = target("vote.example");
    let session = session(
        &target,
        Level::Standard,
        &[IP],
        &rules(None, None).await,
        &[],
    )
    .await;
    let report = observe(&target, Level::Standard, &session).await;
    assert_eq!(
        report.facts,
        Some(json!({
            "registrable_domain": "vote.example",
            "origins": [
                { "key": "http 192.0.2.1:80", "scheme": "http", "address": IP, "port": 80, "answers": false, "certificate_verifies": null },
                { "key": "https 192.0.2.1:443", "scheme": "https", "address": IP, "port": 443, "answers": false, "certificate_verifies": null },
            ],
            "chains": [],
            "pages": [],
            "fronts": [],
            "networks": 1,
            "shield": null,
            "https_record": null,
            "sibling": { "name": "www.vote.example", "http": false, "https": false, "certificate_verifies": null },
            "pins": [],
        }))
    );
    assert_eq!(
        gaps(&report),
        ["/web/pages/- unreachable", "/web/security_txt unreachable"]
    );
}

#[tokio::test]
async fn names_without_usable_address_leave_gaps() {
    let target = target("vote.example");
    let none = session(&target, Level::Standard, &[], &[], &[]).await;
    let report = observe(&target, Level::Standard, &none).await;
    assert_eq!(
        (report.facts.is_none(), gaps(&report)),
        (true, vec!["/web unresolved".to_owned()])
    );

    let private = session(&target, Level::Standard, &["10.1.2.3"], &[], &[]).await;
    let report = observe(&target, Level::Standard, &private).await;
    assert_eq!(private.cost().connections, 0);
    assert_eq!(
        gaps(&report),
        [
            "/web/chains/- private_address",
            "/web/origins/0/answers private_address",
            "/web/origins/1/answers private_address",
            "/web/pages/- private_address",
            "/web/security_txt private_address",
        ]
    );
}

#[tokio::test]
async fn the_deadline_ends_everything() {
    let server = Server::plain(|_| vec![Act::Stall]).await;
    let target = target("vote.example");
    let rules = rules(Some(&server), Some(&server)).await;
    let session = session_for(
        &target,
        Level::Standard,
        &[IP],
        &rules,
        &[],
        // Long enough to look the name up first. Whatever else ended the wait would be
        // a timeout.
        Patience {
            target: Duration::from_secs(3),
            ..Patience::default()
        },
    )
    .await;
    let report = observe(&target, Level::Standard, &session).await;
    assert_eq!(
        gaps(&report),
        [
            "/web/chains/- budget_spent",
            "/web/origins/0/answers budget_spent",
            "/web/origins/1/answers budget_spent",
            "/web/pages/- budget_spent",
            "/web/security_txt budget_spent",
        ]
    );
}
