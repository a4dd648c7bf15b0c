//! Pins of pages as a piece of an inventory.

use std::fmt::Write as _;

use crate::model::observation::Observation;
use crate::probes::web::facts::{PinnedText, WebFacts};
use crate::wire::text::clean;

/// Pins, ready to be pasted.
pub(super) struct Pins {
    pub(super) yaml: String,
    /// Whether every page could be seen.
    pub(super) complete: bool,
}

/// The pins of the pages that were seen; a comment says which were not, and why.
pub(super) fn yaml(observation: &Observation, facts: &WebFacts) -> Pins {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "# What the pages showed on {}. Look at the text before you trust it.\n\
         targets:\n  - name: {}\n    roles: [website]\n    pins:\n      pages:\n",
        observation.observed_at.strftime("%Y-%m-%d"),
        quoted(&observation.target.key()),
    );
    let pages = facts.pins.known().map_or(&[][..], Vec::as_slice);
    let mut complete = !pages.is_empty();
    for (number, page) in pages.iter().enumerate() {
        match page.now.known() {
            Some(now) => pin(&mut out, &page.key, now),
            None => {
                complete = false;
                let at = format!("/web/pins/{number}/now");
                let why = reason(observation, &at);
                let _ = writeln!(
                    out,
                    "        # {}: not observed: {why}",
                    clean(&page.key, 300)
                );
            }
        }
    }
    if pages.is_empty() {
        let why = reason(observation, "/web");
        let _ = writeln!(out, "        # nothing was observed: {why}");
    }
    Pins {
        yaml: out,
        complete,
    }
}

fn pin(out: &mut String, path: &str, now: &PinnedText) {
    let _ = write!(
        out,
        "        - path: {}\n          digest: {}\n          third_parties: {}\n          linked_sites: {}\n          text:",
        quoted(path),
        quoted(&now.digest),
        list(&now.third_parties),
        list(&now.linked_sites),
    );
    if now.text.is_empty() {
        out.push_str(" []");
    }
    out.push('\n');
    for line in &now.text {
        let _ = writeln!(out, "            - {}", quoted(line));
    }
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A string of JSON is one of YAML too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn reason(observation: &Observation, at: &str) -> String {
    let gap = observation.gaps.iter().find(|gap| gap.at == at);
    let words = gap.map(|gap| match &gap.detail {
        Some(detail) => clean(detail, 300),
        None => gap.reason.words().to_owned(),
    });
    words.unwrap_or_else(|| "no reason is known".to_owned())
}
