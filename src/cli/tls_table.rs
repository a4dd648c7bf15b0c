//! What one TLS endpoint accepts, as a table for a person.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    prose::{count, paragraph},
    tls_clients,
};
use crate::model::{
    gap::{Gap, GapReason},
    observation::Cost,
    seen::Seen,
    target::Target,
};
use crate::probes::{
    registry::AreaReport,
    tls::facts::{PreferenceBy, TlsEndpoint, TlsFacts, VersionName},
};
use crate::report::tls_grade;

mod certificates;
mod features;

/// Columns of a label with its indent.
const LABEL: usize = 31;
/// Below this width, in columns, a long value stands under its label.
const NARROW: usize = 64;

/// The table of all endpoints, what was not observed, and what it cost, within
/// a width in columns. `all_clients`: a line for each client of the catalogue.
pub fn table(
    target: &Target,
    facts: &TlsFacts,
    report: &AreaReport,
    cost: &Cost,
    all_clients: bool,
    width: usize,
) -> String {
    let mut page = Page {
        text: format!("{}\n", target.key()),
        width,
    };
    let endpoints = facts.endpoints.known().map_or(&[][..], Vec::as_slice);
    if endpoints.is_empty() && facts.endpoints.known().is_some() {
        page.text.push_str("  no address\n");
    }
    for (number, endpoint) in endpoints.iter().enumerate() {
        page.endpoint(endpoint);
        let at = format!("/tls/endpoints/{number}");
        let told = tls_clients::clients(endpoint, &at, &report.gaps, all_clients, width);
        page.text.push_str(&told);
    }
    page.gaps(&report.gaps, endpoints);
    let seconds = cost.milliseconds / 1_000;
    let tenths = cost.milliseconds % 1_000 / 100;
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let connections = count(number(cost.connections), "connection");
    let connections = match cost.enumeration {
        Some(part) => format!("{connections} ({part} for versions, suites and groups)"),
        None => connections,
    };
    let cost = format!(
        "Cost: {}, {} to name servers, {seconds}.{tenths} s",
        connections,
        match cost.queries {
            1 => "1 query".to_owned(),
            queries => format!("{queries} queries"),
        },
    );
    page.text.push('\n');
    paragraph(&mut page.text, 0, &cost, width);
    page.text
}

/// The text so far.
struct Page {
    text: String,
    width: usize,
}

impl Page {
    /// A label and its value; a long value is broken between words.
    fn row(&mut self, label: &str, value: &str) {
        let line = format!("  {label:<28} {value}");
        if line.chars().count() <= self.width {
            self.text.push_str(&line);
            self.text.push('\n');
        } else if self.width < NARROW {
            paragraph(&mut self.text, 2, label, self.width);
            paragraph(&mut self.text, 6, value, self.width);
        } else {
            let mut broken = String::new();
            paragraph(&mut broken, LABEL, value, self.width);
            let rest = broken.get(LABEL..).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = write!(self.text, "  {label:<28} {rest}");
        }
    }

    fn rows(&mut self, labels: &[(&str, &str)]) {
        for (label, value) in labels {
            self.row(label, value);
        }
    }

    fn endpoint(&mut self, endpoint: &TlsEndpoint) {
        let upgrade = endpoint.starttls.as_deref();
        let how = upgrade.map(|protocol| format!("  STARTTLS ({protocol})"));
        let _ = writeln!(self.text, "\n{}{}", endpoint.key, how.unwrap_or_default());
        let refusal = match (endpoint.speaks_tls.known(), upgrade) {
            (None, _) => "not observed",
            (Some(false), None) => "no TLS: the port is closed, or another protocol answered",
            (Some(false), Some(_)) => {
                "no TLS: the port is closed, another protocol answered, or STARTTLS is not offered"
            }
            (Some(true), _) => return self.accepted(endpoint),
        };
        paragraph(&mut self.text, 2, refusal, self.width);
    }

    fn accepted(&mut self, endpoint: &TlsEndpoint) {
        let agreed = match endpoint.negotiated.known() {
            Some(Some(agreed)) => {
                let group = agreed.group.as_deref().unwrap_or("no group");
                format!("{} {} {group}", word(agreed.version), agreed.suite)
            }
            Some(None) => "nothing: the server refused it".to_owned(),
            None => "not seen".to_owned(),
        };
        self.row("A modern client gets", &agreed);
        let suites = endpoint.suites.known().map_or(&[][..], Vec::as_slice);
        for version in endpoint.versions.known().into_iter().flatten() {
            let mut by = endpoint.preference.known().into_iter().flatten();
            let by = match by.find(|entry| entry.version == version.name) {
                Some(entry) if entry.by != PreferenceBy::Single => {
                    format!(", the {}'s order decides", word(entry.by))
                }
                _ => String::new(),
            };
            let of_version = suites.iter().filter(|suite| suite.version == version.name);
            let number = count(of_version.clone().count(), "suite");
            // SSL 2.0 is asked for as a whole.
            let number = match version.name {
                VersionName::Ssl2 => String::new(),
                _ => format!(": {number}{by}"),
            };
            let line = format!("{}{number}", word(version.name));
            paragraph(&mut self.text, 2, &line, self.width);
            for suite in of_version {
                let bits = match suite.kex_bits {
                    Seen::Known(Some(bits)) => format!("  {bits} bits"),
                    _ => String::new(),
                };
                let _ = writeln!(self.text, "      {}{bits}", suite.name);
            }
        }
        let groups = endpoint.groups.known().into_iter().flatten();
        let groups: Vec<&str> = groups.map(|group| group.name.as_str()).collect();
        let none = if endpoint.groups.is_unseen() {
            "not seen"
        } else {
            "none"
        };
        let groups = groups.join(" ");
        self.row("Groups", if groups.is_empty() { none } else { &groups });
        self.exchanges(endpoint);
        self.features(endpoint);
        for certificate in endpoint.certificates.known().into_iter().flatten() {
            self.certificate(certificate);
        }
        if let Some(staple) = endpoint.staple.known() {
            let staple = if staple.is_some() { "yes" } else { "no" };
            self.row("Stapled OCSP response", staple);
        }
        if let Some(grade) = endpoint.grade.known() {
            self.row("Grade", &tls_grade::in_words(grade));
            for step in &grade.steps {
                self.row("", &tls_grade::step(step));
            }
        }
    }

    /// What was not observed, by address and reason.
    fn gaps(&mut self, gaps: &[Gap], endpoints: &[TlsEndpoint]) {
        let mut open: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
        // What is open about a client stands beside it.
        let of_client = |gap: &Gap| gap.at.contains("/clients/");
        let asked = |gap: &&Gap| gap.reason != GapReason::NotAsked && !of_client(gap);
        for gap in gaps.iter().filter(asked) {
            let (key, what) = place(&gap.at, endpoints);
            let reason = match &gap.detail {
                Some(detail) => format!("{}: {detail}", gap.reason.words()),
                None => gap.reason.words().to_owned(),
            };
            open.entry((key, reason)).or_default().push(what);
        }
        if !open.is_empty() {
            self.text.push_str("\nNot observed\n");
        }
        for ((key, reason), what) in open {
            paragraph(
                &mut self.text,
                2,
                &format!("{key}  {}", what.join("; ")),
                self.width,
            );
            paragraph(&mut self.text, 6, &reason, self.width);
        }
    }
}

/// The address of a gap, and in words what is open there.
fn place<'a>(at: &str, endpoints: &'a [TlsEndpoint]) -> (&'a str, String) {
    let rest = at.strip_prefix("/tls/endpoints").unwrap_or(at);
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let (number, inside) = rest.split_once('/').unwrap_or((rest, ""));
    let endpoint = number.parse().ok().and_then(|at: usize| endpoints.get(at));
    let Some(endpoint) = endpoint else {
        return ("", "other addresses".to_owned());
    };
    let words = |text: &str| text.replace(['_', '/'], " ");
    let what = match inside.strip_suffix("/-") {
        _ if inside.is_empty() => "everything".to_owned(),
        Some(list) => format!("more {}", words(list)),
        None => words(inside),
    };
    (&endpoint.key, what)
}

/// A value of a closed vocabulary as it stands in documents.
pub(super) fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(width: usize) -> String {
        let endpoint = json!({
            "key": "192.0.2.1:25", "purpose": "smtp", "host": "mx.example", "address": "192.0.2.1",
            "port": 25, "starttls": "smtp", "speaks_tls": true,
            "versions": [{ "name": "TLS1.3" }],
            "suites": [{
                "name": "TLS_AES_128_GCM_SHA256", "version": "TLS1.3", "key_exchange": "any",
                "cipher": "AES_128", "mode": "GCM", "anonymous": false, "export": false,
                "forward_secret": true, "kex_bits": null
            }],
            "groups": [
                { "name": "x25519", "post_quantum": false },
                { "name": "X25519MLKEM768", "post_quantum": true },
                { "name": "SecP256r1MLKEM768", "post_quantum": true }
            ],
            "heartbeat": null, "compression": false, "negotiated": null
        });
        let silent = json!({
            "key": "192.0.2.2:25", "purpose": "smtp", "host": "mx.example", "address": "192.0.2.2",
            "port": 25, "starttls": "smtp", "speaks_tls": false
        });
        let facts = json!({ "endpoints": [endpoint, silent] });
        let facts: TlsFacts = serde_json::from_value(facts).expect("facts");
        let gap = |at: &str| Gap {
            at: at.to_owned(),
            reason: GapReason::Throttled,
            detail: Some("it answered before, and then stopped answering".to_owned()),
        };
        let report = AreaReport {
            gaps: vec![
                gap("/tls/endpoints/0/suites/-"),
                gap("/tls/endpoints/0/wrong_name"),
            ],
            ..AreaReport::default()
        };
        let target = serde_json::from_value(json!({ "name": "mx.example", "roles": ["website"] }));
        let cost = Cost {
            connections: 1,
            queries: 2,
            ..Cost::default()
        };
        table(
            &target.expect("a target"),
            &facts,
            &report,
            &cost,
            false,
            width,
        )
    }

    #[test]
    fn a_person_reads_what_is_there_and_what_is_not() {
        let text = shown(100);
        for line in [
            "192.0.2.1:25  STARTTLS (smtp)\n",
            "  A modern client gets         nothing: the server refused it\n",
            "  TLS1.3: 1 suite\n      TLS_AES_128_GCM_SHA256\n",
            "  Groups                       x25519 X25519MLKEM768 SecP256r1MLKEM768\n",
            "  Compression                  no\n",
            "  Does not apply               Heartbeat\n",
            "  no TLS: the port is closed, another protocol answered, or STARTTLS is not offered\n",
            "  192.0.2.1:25 more suites; wrong name\n",
            "Cost: 1 connection, 2 queries to name servers, 0.0 s\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn every_line_fits_the_terminal() {
        for width in [40, 64, 80, 200] {
            for line in shown(width).lines() {
                let fits = line.chars().count() <= width;
                assert!(fits || !line.trim().contains(' '), "{width}: {line}");
            }
        }
    }
}
