//! Pages that the inventory pins: what is new with each answer makes no difference, what a forger
//! would change does, and what was not seen stays open.

use super::*;
use crate::model::target::PagePin;
use std::sync::atomic::{AtomicU64, Ordering};

/// A page whose token, nonce, time and number differ each time.
fn dynamic(closing: &str, more: &str) -> Vec<Act> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let body = format!(
        "<!doctype html><title>Votes</title><h1>Where to vote</h1><p>Polls close at {closing} p.m.</p>\
         <form method=post action=/find><input type=hidden name=csrf_token value=t{count}><input name=q></form>\
         <script nonce=n{count}>var n = {count}</script><footer>Made 2026-11-23 03:42:{:02}, request 9f8e7d6c5b4a{:04x}</footer>\
         <a href=https://state.example/>State</a>{more}",
        count % 60,
        count
    );
    answer("200 OK", "Content-Type: text/html", &body)
}

async fn look(
    pins: Vec<PagePin>,
    script: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static,
) -> AreaReport {
    let server = Server::plain(script).await;
    let mut target = target("vote.example");
    target.pins.pages = Some(pins);
    let rules = rules(Some(&server), None).await;
    let session = session(&target, Level::Passive, &[IP], &rules, &[]).await;
    observe(&target, Level::Passive, &session).await
}

/// The pin that the page has now, as the command writes it down.
fn pin_of(report: &AreaReport) -> PagePin {
    let now = at(report, "/pins/0/now");
    serde_json::from_value(json!({
        "path": "/", "digest": now["digest"], "third_parties": now["third_parties"],
        "linked_sites": now["linked_sites"], "text": now["text"],
    }))
    .expect("a pin")
}

fn unpinned(path: &str) -> PagePin {
    PagePin {
        path: path.to_owned(),
        ..PagePin::default()
    }
}

#[tokio::test]
async fn a_dynamic_page_stays_as_pinned_until_its_words_change() {
    let first = look(vec![unpinned("/")], |_| dynamic("8:00", "")).await;
    let pin = pin_of(&first);
    assert!(
        pin.text.contains(&"Polls close at 8:00 p.m.".to_owned()),
        "{pin:?}"
    );
    assert_eq!(pin.linked_sites, ["state.example"]);
    let again = look(vec![pin.clone()], |_| dynamic("8:00", "")).await;
    assert_eq!(at(&again, "/pins/0/changes"), &json!([]));
    let changed = look(vec![pin], |_| {
        dynamic("5:00", "<script src=https://evil.example/x.js></script>")
    })
    .await;
    assert_eq!(
        at(&changed, "/pins/0/changes"),
        &json!([
            { "key": "third party new 1", "kind": "party_new", "text": "evil.example" },
            { "key": "line gone 1", "kind": "line_gone", "text": "Polls close at 8:00 p.m." },
            { "key": "line new 1", "kind": "line_new", "text": "Polls close at 5:00 p.m." },
        ])
    );
}

#[tokio::test]
async fn what_could_not_be_fetched_stays_open() {
    let pinned = |path: &str| PagePin {
        digest: Some("0".repeat(64)),
        ..unpinned(path)
    };
    let report = look(vec![pinned("/"), pinned("/gone")], |head| {
        match path(head) {
            "/" => dynamic("8:00", ""),
            _ => answer("404 Not Found", "", "no"),
        }
    })
    .await;
    assert_eq!(
        gaps(&report),
        [
            "/web/pins/1/changes refused",
            "/web/pins/1/now refused",
            "/web/security_txt not_asked"
        ]
    );
    let report = look(vec![pinned("/")], |_| {
        answer("503 Service Unavailable", "", "later")
    })
    .await;
    let open = gaps(&report);
    assert!(
        open.contains(&"/web/pins/0/changes blocked".to_owned()),
        "{open:?}"
    );
}
