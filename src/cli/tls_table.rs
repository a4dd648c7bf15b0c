//! What one TLS endpoint accepts, as a table for a person.

use std::fmt::Write as _;

use crate::model::{gap::GapReason, observation::Cost, seen::Seen, target::Target};
use crate::probes::{
    registry::AreaReport,
    tls::facts::{Certificate, PreferenceBy, TlsEndpoint, TlsFacts, VersionName},
};

/// The table of all endpoints, what was not observed, and what it cost.
pub fn table(target: &Target, facts: &TlsFacts, report: &AreaReport, cost: &Cost) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", target.key());
    match facts.endpoints.known().map(Vec::as_slice) {
        Some([]) => out.push_str("  no address\n"),
        Some(endpoints) => endpoints
            .iter()
            .for_each(|endpoint| show(&mut out, endpoint)),
        None => {}
    }
    let gaps = report.gaps.iter();
    let gaps: Vec<_> = gaps
        .filter(|gap| gap.reason != GapReason::NotAsked)
        .collect();
    if !gaps.is_empty() {
        out.push_str("\nNot observed\n");
        for gap in gaps {
            let detail = gap.detail.as_deref().unwrap_or_default();
            let _ = writeln!(out, "  {}  {}: {detail}", gap.at, gap.reason.words());
        }
    }
    let seconds = cost.milliseconds / 1_000;
    let tenths = cost.milliseconds % 1_000 / 100;
    let _ = writeln!(
        out,
        "\nCost  {} connections, {} queries, {seconds}.{tenths} s",
        cost.connections, cost.queries
    );
    out
}

fn show(out: &mut String, endpoint: &TlsEndpoint) {
    let _ = writeln!(out, "\n{}", endpoint.key);
    match endpoint.speaks_tls {
        Seen::Unseen => {
            out.push_str("  not observed\n");
            return;
        }
        Seen::Known(false) => {
            out.push_str("  does not speak TLS\n");
            return;
        }
        Seen::Known(true) => {}
    }
    if let Some(Some(agreed)) = endpoint.negotiated.known() {
        let group = agreed.group.as_deref().unwrap_or("no group");
        let _ = writeln!(
            out,
            "  A modern client gets  {} {} {group}",
            word(agreed.version),
            agreed.suite
        );
    }
    let suites = endpoint.suites.known().map_or(&[][..], Vec::as_slice);
    for version in endpoint.versions.known().into_iter().flatten() {
        let mut by = endpoint.preference.known().into_iter().flatten();
        let by = match by.find(|entry| entry.version == version.name) {
            Some(entry) if entry.by != PreferenceBy::Single => {
                format!("  (the {}'s order decides)", word(entry.by))
            }
            _ => String::new(),
        };
        let _ = writeln!(out, "  {}{by}", word(version.name));
        for suite in suites.iter().filter(|suite| suite.version == version.name) {
            let bits = match suite.kex_bits {
                Seen::Known(Some(bits)) => format!("  {bits} bits"),
                _ => String::new(),
            };
            let _ = writeln!(out, "      {}{bits}", suite.name);
        }
    }
    let groups = endpoint.groups.known().into_iter().flatten();
    let groups: Vec<&str> = groups.map(|group| group.name.as_str()).collect();
    let _ = writeln!(out, "  Groups  {}", groups.join(" "));
    show_exchanges(out, endpoint);
    show_features(out, endpoint);
    for certificate in endpoint.certificates.known().into_iter().flatten() {
        show_certificate(out, certificate);
    }
    if let Some(staple) = endpoint.staple.known() {
        let staple = if staple.is_some() { "yes" } else { "no" };
        let _ = writeln!(out, "  Stapled OCSP response  {staple}");
    }
}

/// What protects the exchange of keys.
fn show_exchanges(out: &mut String, endpoint: &TlsEndpoint) {
    for version in [VersionName::Tls12, VersionName::Tls13] {
        let schemes = endpoint.signature_algorithms.known().into_iter().flatten();
        let schemes = schemes.filter(|scheme| scheme.version == version);
        let names: Vec<&str> = schemes.map(|scheme| scheme.name.as_str()).collect();
        if !names.is_empty() {
            let _ = writeln!(
                out,
                "  Signatures in {}  {}",
                word(version),
                names.join(" ")
            );
        }
    }
    for field in endpoint.finite_fields.known().into_iter().flatten() {
        let origin = field.origin.as_deref().unwrap_or("its own prime");
        let _ = writeln!(out, "  Finite field  {} bits, {origin}", field.bits);
    }
    for (name, reused) in [("DH", &endpoint.reuses_dh), ("ECDH", &endpoint.reuses_ecdh)] {
        if let Some(Some(true)) = reused.known() {
            let _ = writeln!(out, "  {name} values are used more than once");
        }
    }
}

/// What else it grants: one line each, "not seen" where that is so.
fn show_features(out: &mut String, endpoint: &TlsEndpoint) {
    let fixed = |seen: &Seen<bool>| match seen.known() {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not seen",
    };
    let maybe = |seen: &Seen<Option<bool>>| match seen.known() {
        Some(Some(true)) => "yes",
        Some(Some(false)) => "no",
        Some(None) => "does not apply",
        None => "not seen",
    };
    let resumption = endpoint.resumption.known().cloned().unwrap_or_default();
    for (name, seen) in [
        (
            "Secure renegotiation",
            maybe(&endpoint.secure_renegotiation),
        ),
        (
            "Extended master secret",
            maybe(&endpoint.extended_master_secret),
        ),
        ("Encrypt-then-MAC", maybe(&endpoint.encrypt_then_mac)),
        ("Compression", fixed(&endpoint.compression)),
        ("Heartbeat", maybe(&endpoint.heartbeat)),
        ("Refuses fallback", maybe(&endpoint.refuses_fallback)),
        ("NPN", maybe(&endpoint.npn)),
        (
            "ChaCha20 first on request",
            maybe(&endpoint.chacha_priority),
        ),
        ("TLS 1.2 by session id", maybe(&resumption.tls12_id)),
        ("TLS 1.2 by ticket", maybe(&resumption.tls12_ticket)),
        ("TLS 1.3 by ticket", maybe(&resumption.tls13_ticket)),
        ("Early data (0-RTT)", maybe(&resumption.early_data)),
        (
            "Compressed certificates",
            maybe(&endpoint.certificate_compression),
        ),
        (
            "Passes over unknown values",
            fixed(&endpoint.tolerates_unknown),
        ),
        (
            "Takes a large ClientHello",
            fixed(&endpoint.takes_large_hello),
        ),
    ] {
        let _ = writeln!(out, "  {name:<27} {seen}");
    }
    let alpn = endpoint.alpn.known().into_iter().flatten();
    let alpn: Vec<&str> = alpn.map(|protocol| protocol.name.as_str()).collect();
    if !alpn.is_empty() {
        let _ = writeln!(out, "  {:<27} {}", "ALPN", alpn.join(" "));
    }
    for (name, answer) in [
        ("Without a name", &endpoint.without_name),
        ("With a wrong name", &endpoint.wrong_name),
    ] {
        if let Some(answer) = answer.known() {
            let _ = writeln!(out, "  {name:<27} {}", word(answer).replace('_', " "));
        }
    }
    if let Some(Some(asked)) = endpoint.client_certificate.known() {
        let count = asked.authorities;
        let _ = writeln!(
            out,
            "  Asks clients for a certificate, naming {count} authorities"
        );
    }
    if endpoint.throttles.known() == Some(&true) {
        out.push_str("  It turned us away at times (rate limit)\n");
    }
}

fn show_certificate(out: &mut String, certificate: &Certificate) {
    let key = &certificate.public_key;
    let size = match (&key.curve, key.bits) {
        (Some(curve), _) => curve.clone(),
        (None, Some(bits)) => format!("{bits} bits"),
        (None, None) => String::new(),
    };
    let names: Vec<&str> = certificate
        .names
        .iter()
        .map(|name| name.name.as_str())
        .collect();
    let _ = writeln!(
        out,
        "  Certificate  {} {size}  {}",
        certificate.key, certificate.subject
    );
    let _ = writeln!(out, "      issuer  {}", certificate.issuer.name);
    let _ = writeln!(out, "      names   {}", names.join(" "));
    let _ = writeln!(
        out,
        "      valid   {} to {}",
        certificate.not_before.strftime("%Y-%m-%d"),
        certificate.not_after.strftime("%Y-%m-%d")
    );
    let trusted = if certificate.chain.trusted {
        "trusted"
    } else {
        "not trusted"
    };
    let _ = writeln!(
        out,
        "      chain   {} sent, {trusted}",
        certificate.chain.sent
    );
    for problem in &certificate.chain.problems {
        let _ = writeln!(out, "      {}: {}", word(problem.name), problem.detail);
    }
}

/// A value of a closed vocabulary as it stands in documents.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
