//! What protects the exchange of keys, and what else an endpoint grants, in its table.

use super::{Page, word};
use crate::model::seen::Seen;
use crate::probes::tls::facts::{
    EchFault, EchRetry, EncryptedHello, EndpointPurpose, TlsEndpoint, VersionName,
};

/// What stands in a row.
enum Told {
    /// This.
    Value(String),
    /// The fact does not apply; named at the end.
    NotApplicable,
    /// It was not seen; named at the end.
    NotSeen,
}

impl Told {
    fn value(text: &str) -> Self {
        Self::Value(text.to_owned())
    }

    /// A fact, where it was seen.
    fn of<T>(seen: &Seen<T>, told: impl FnOnce(&T) -> Self) -> Self {
        seen.known().map_or(Self::NotSeen, told)
    }

    /// A fact that may not apply.
    fn maybe<T>(seen: &Seen<Option<T>>, told: impl FnOnce(&T) -> Self) -> Self {
        Self::of(seen, |fact| fact.as_ref().map_or(Self::NotApplicable, told))
    }

    fn yes(is: bool) -> Self {
        Self::value(if is { "yes" } else { "no" })
    }
}

impl Page {
    /// What protects the exchange of keys.
    pub(super) fn exchanges(&mut self, endpoint: &TlsEndpoint) {
        for version in [VersionName::Tls12, VersionName::Tls13] {
            let schemes = endpoint.signature_algorithms.known().into_iter().flatten();
            let schemes = schemes.filter(|scheme| scheme.version == version);
            let names: Vec<&str> = schemes.map(|scheme| scheme.name.as_str()).collect();
            if !names.is_empty() {
                self.row(
                    &format!("Signatures in {}", word(version)),
                    &names.join(" "),
                );
            }
        }
        for field in endpoint.finite_fields.known().into_iter().flatten() {
            let origin = field.origin.as_deref().unwrap_or("its own prime");
            let unsafe_prime = match field.safe_prime.known() {
                Some(false) => ", not a safe prime",
                _ => "",
            };
            let told = format!("{} bits, {origin}{unsafe_prime}", field.bits);
            self.row("Finite field", &told);
        }
    }

    /// What else it grants; what does not apply and what was not seen comes last.
    pub(super) fn features(&mut self, endpoint: &TlsEndpoint) {
        let rows = rows(endpoint);
        let (mut not_applicable, mut not_seen) = (Vec::new(), Vec::new());
        for (label, told) in &rows {
            match told {
                Told::Value(text) => self.row(label, text),
                Told::NotApplicable => not_applicable.push(*label),
                Told::NotSeen => not_seen.push(*label),
            }
            if *label == ECH
                && let Some(Some(ech)) = endpoint.ech.known()
            {
                self.encrypted_hello(ech);
            }
        }
        if endpoint.throttles.known() == Some(&true) {
            self.row("Limits connections", "yes: it turned us away at times");
        }
        for (label, names) in [("Does not apply", not_applicable), ("Not seen", not_seen)] {
            if !names.is_empty() {
                self.row(label, &names.join("; "));
            }
        }
    }

    /// What came of an encrypted hello besides whether it was read.
    fn encrypted_hello(&mut self, ech: &EncryptedHello) {
        if let Some(Some(accepted)) = ech.retry_accepted.known() {
            let told = match accepted {
                true => "accepted",
                false => "not accepted either",
            };
            self.row("    key that it sent instead", told);
        }
        let Some(name) = &ech.public_name else {
            return;
        };
        let proven = match ech.public_name_chain.known() {
            None => "certificate not seen",
            Some(None) => "refused",
            Some(Some(chain)) if chain.trusted && chain.problems.is_empty() => "trusted",
            Some(Some(_)) => "not trusted",
        };
        self.row("    public name", &format!("{name}, {proven}"));
        let chain = ech.public_name_chain.known().and_then(Option::as_ref);
        for problem in chain.into_iter().flat_map(|chain| &chain.problems) {
            let name = word(problem.name).replace('_', " ");
            self.row("", &format!("{name}: {}", problem.detail));
        }
    }
}

const ECH: &str = "Encrypted hello (ECH)";

/// All rows, in their order.
fn rows(endpoint: &TlsEndpoint) -> Vec<(&'static str, Told)> {
    let fixed = |seen: &Seen<bool>| Told::of(seen, |is| Told::yes(*is));
    let maybe = |seen: &Seen<Option<bool>>| Told::maybe(seen, |is| Told::yes(*is));
    let reused = |seen: &Seen<Option<bool>>| {
        Told::maybe(seen, |reused| match reused {
            true => Told::value("used more than once"),
            false => Told::value("new each time"),
        })
    };
    let answer = |seen: &Seen<_>| Told::of(seen, |is| Told::Value(word(is).replace('_', " ")));
    let resumption = endpoint.resumption.known().cloned().unwrap_or_default();
    vec![
        ("DH values", reused(&endpoint.reuses_dh)),
        ("ECDH values", reused(&endpoint.reuses_ecdh)),
        (
            "Secure renegotiation",
            maybe(&endpoint.secure_renegotiation),
        ),
        (
            "Extended master secret",
            maybe(&endpoint.extended_master_secret),
        ),
        ("Encrypt-then-MAC", maybe(&endpoint.encrypt_then_mac)),
        ("Truncated MAC", maybe(&endpoint.truncated_hmac)),
        ("Compression", fixed(&endpoint.compression)),
        ("Heartbeat", maybe(&endpoint.heartbeat)),
        ("Refuses fallback", maybe(&endpoint.refuses_fallback)),
        ("ALPN", protocols(endpoint)),
        ("NPN", maybe(&endpoint.npn)),
        (
            "ChaCha20 first on request",
            maybe(&endpoint.chacha_priority),
        ),
        ("TLS 1.2 by session id", maybe(&resumption.tls12_id)),
        ("TLS 1.2 by ticket", maybe(&resumption.tls12_ticket)),
        ("TLS 1.3 by ticket", maybe(&resumption.tls13_ticket)),
        ("Early data (0-RTT)", maybe(&resumption.early_data)),
        ("Compressed certificates", compressed(endpoint)),
        (
            "Passes over unknown values",
            fixed(&endpoint.tolerates_unknown),
        ),
        (
            "Answers a newer version",
            maybe(&endpoint.tolerates_newer_version),
        ),
        (
            "Takes a large ClientHello",
            fixed(&endpoint.takes_large_hello),
        ),
        ("Without a name", answer(&endpoint.without_name)),
        ("With a wrong name", answer(&endpoint.wrong_name)),
        ("Asks for a certificate", authorities(endpoint)),
        (ECH, ech(endpoint)),
        ("QUIC", quic(endpoint)),
        ("Plain HTTP on port 80", plain(endpoint)),
        (
            "Fingerprint",
            Told::maybe(&endpoint.fingerprint, |is| Told::value(is)),
        ),
        ("Unlike the first address", differs(endpoint)),
    ]
}

fn joined<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(" ")
}

/// Application protocols; only websites are asked for them.
fn protocols(endpoint: &TlsEndpoint) -> Told {
    Told::of(&endpoint.alpn, |list| {
        match joined(list.iter().map(|one| one.name.as_str())) {
            none if none.is_empty() && endpoint.purpose != EndpointPurpose::Https => {
                Told::NotApplicable
            }
            none if none.is_empty() => Told::value("none"),
            names => Told::Value(names),
        }
    })
}

fn compressed(endpoint: &TlsEndpoint) -> Told {
    let names = endpoint.certificate_compression_algorithms.known();
    let names = names.into_iter().flatten().map(|one| one.name.as_str());
    let names = joined(names);
    Told::maybe(&endpoint.certificate_compression, |is| match is {
        true if !names.is_empty() => Told::Value(format!("yes: {names}")),
        is => Told::yes(*is),
    })
}

fn authorities(endpoint: &TlsEndpoint) -> Told {
    Told::of(&endpoint.client_certificate, |asked| match asked {
        None => Told::value("no"),
        Some(asked) => match asked.authorities {
            0 => Told::value("of any authority"),
            1 => Told::value("of 1 authority"),
            authorities => Told::Value(format!("of {authorities} authorities")),
        },
    })
}

/// Whether an encrypted hello was read.
fn ech(endpoint: &TlsEndpoint) -> Told {
    let website = endpoint.purpose == EndpointPurpose::Https && endpoint.starttls.is_none();
    Told::of(&endpoint.ech, |ech| match ech {
        None if website => Told::value("not published"),
        None => Told::NotApplicable,
        Some(ech) if let Some(Some(fault)) = ech.fault.known() => Told::value(match fault {
            EchFault::ListBroken => "published, and BROKEN: all HTTPS records are rejected with it",
            EchFault::OtherVersion => "published in a version that no client knows",
            EchFault::Extension => "published with extensions that no client knows",
            EchFault::PublicName => "published for a public name that is no name of a host",
            EchFault::Key => "published with a key of a wrong length",
        }),
        Some(ech) => match (ech.accepted.known(), ech.retry.known()) {
            (Some(true), _) => Told::value("published, and accepted"),
            (Some(false), Some(Some(retry))) => Told::value(match retry {
                EchRetry::Other => "published, and STALE: the server sends another key",
                EchRetry::Same => "published, NOT read, and sent again",
                EchRetry::None => "published, and NOT read",
                EchRetry::Ended => "published, and the handshake ENDS",
            }),
            (Some(false), _) => Told::value("published, and NOT read"),
            (None, _) => Told::value("published, not tried"),
        },
    })
}

fn quic(endpoint: &TlsEndpoint) -> Told {
    let website = endpoint.purpose == EndpointPurpose::Https && endpoint.starttls.is_none();
    Told::of(&endpoint.quic, |quic| match quic {
        None if website => Told::value("no"),
        None => Told::NotApplicable,
        Some(quic) => match joined(quic.versions.iter().map(|one| one.name.as_str())) {
            none if none.is_empty() => Told::value("yes, without a version that has a name"),
            names => Told::Value(names),
        },
    })
}

/// In what it answers otherwise than the first address.
fn differs(endpoint: &TlsEndpoint) -> Told {
    Told::of(&endpoint.differs, |parts| match parts.is_empty() {
        true => Told::NotApplicable,
        false => Told::Value(joined(
            parts
                .iter()
                .map(|part| word(part.name))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str),
        )),
    })
}

fn plain(endpoint: &TlsEndpoint) -> Told {
    Told::maybe(&endpoint.http_upgrade, |plain| {
        match plain.switches.known() {
            Some(true) => Told::value("it goes on as TLS when asked to (Opossum)"),
            Some(false) => Told::value("no upgrade to TLS"),
            None => Told::Value(format!(
                "offers TLS, and answers {} when asked",
                plain.status
            )),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The rows of an endpoint that speaks TLS and has these facts.
    fn shown(facts: &Value) -> String {
        let mut endpoint = json!({
            "key": "192.0.2.1:443", "purpose": "https", "host": "vote.example", "address": "192.0.2.1",
            "port": 443, "starttls": null, "speaks_tls": true
        });
        let object = endpoint.as_object_mut().expect("an object");
        object.extend(facts.as_object().expect("an object").clone());
        let endpoint: TlsEndpoint = serde_json::from_value(endpoint).expect("facts");
        let mut page = Page {
            text: String::new(),
            width: 100,
        };
        page.exchanges(&endpoint);
        page.features(&endpoint);
        page.text
    }

    #[test]
    fn facts_have_their_rows() {
        let text = shown(&json!({
            "truncated_hmac": false, "tolerates_newer_version": true, "tolerates_unknown": false,
            "certificate_compression": true, "certificate_compression_algorithms": [{ "name": "brotli" }, { "name": "zlib" }],
            "quic": { "versions": [{ "name": "v1" }, { "name": "draft-29" }] },
            "client_certificate": { "authorities": 2 }, "alpn": [], "reuses_dh": null, "reuses_ecdh": false,
            "finite_fields": [{ "prime": "00", "bits": 1024, "origin": null, "standard": false, "safe_prime": false }],
            "ech": {
                "config_id": 7, "public_name": "front.example", "accepted": false, "retry": "other", "retry_accepted": true,
                "public_name_chain": { "sent": 1, "trusted": true, "problems": [{ "name": "name_mismatch", "detail": "it is not for front.example" }] }
            }
        }));
        for line in [
            "  Finite field                 1024 bits, its own prime, not a safe prime\n",
            "  ECDH values                  new each time\n",
            "  Truncated MAC                no\n",
            "  ALPN                         none\n",
            "  Compressed certificates      yes: brotli zlib\n",
            "  Passes over unknown values   no\n",
            "  Answers a newer version      yes\n",
            "  Asks for a certificate       of 2 authorities\n",
            "  Encrypted hello (ECH)        published, and STALE: the server sends another key\n      \
             key that it sent instead accepted\n      \
             public name              front.example, not trusted\n                               \
             name mismatch: it is not for front.example\n",
            "  QUIC                         v1 draft-29\n",
            "  Does not apply               DH values\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_was_not_seen_is_named() {
        let text = shown(&json!({}));
        let (_, last) = text.split_once("  Not seen").expect("a last row");
        let last = last.split_whitespace().collect::<Vec<_>>().join(" ");
        for label in [
            "Answers a newer version",
            ECH,
            "QUIC",
            "Truncated MAC",
            "ALPN",
        ] {
            assert!(last.contains(label), "{label}\n{text}");
        }
        assert!(!text.contains("yes") && !text.contains("  no\n"), "{text}");
        let text = shown(&json!({ "ech": null, "quic": null, "client_certificate": null }));
        assert!(text.contains("  Encrypted hello (ECH)        not published\n"));
        assert!(text.contains("  QUIC                         no\n"));
        assert!(text.contains("  Asks for a certificate       no\n"));
        let text = shown(&json!({ "ech": { "config_id": null, "public_name": null } }));
        assert!(text.contains("  Encrypted hello (ECH)        published, not tried\n"));
    }
}
