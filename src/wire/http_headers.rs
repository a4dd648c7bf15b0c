//! Small response headers as browsers read them: X-Frame-Options and
//! X-Content-Type-Options (HTML section 7.8, Fetch section 3.5),
//! Cache-Control (RFC 9111 section 5.2), Content-Type (RFC 9110 section 8.3),
//! Alt-Svc (RFC 7838 section 3).

use super::hsts::split_outside_quotes;

/// What X-Frame-Options comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Nobody may frame the page: `DENY`, or values that contradict each other,
    /// which browsers take as a refusal.
    Deny,
    /// Only the same origin may.
    SameOrigin,
    /// The header has no force: missing, `ALLOWALL`, `ALLOW-FROM` or unknown words only.
    Unlimited,
}

/// Reads all X-Frame-Options headers of an answer, as HTML section 7.8 says:
/// equal words count once; several different ones of which one is known refuse.
pub fn x_frame_options(headers: &[&[u8]]) -> Framing {
    let mut words: Vec<String> = Vec::new();
    for header in headers {
        for word in split_list(header) {
            let word = word.to_ascii_lowercase();
            if !words.contains(&word) && words.len() < 64 {
                words.push(word);
            }
        }
    }
    match words.as_slice() {
        [one] => match one.as_str() {
            "deny" => Framing::Deny,
            "sameorigin" => Framing::SameOrigin,
            _ => Framing::Unlimited,
        },
        several => {
            let known = ["deny", "sameorigin", "allowall"];
            if several.iter().any(|word| known.contains(&word.as_str())) {
                Framing::Deny
            } else {
                Framing::Unlimited
            }
        }
    }
}

/// Whether X-Content-Type-Options stops sniffing: the first value alone counts.
pub fn nosniff(headers: &[&[u8]]) -> bool {
    headers
        .first()
        .and_then(|header| split_list(header).into_iter().next())
        .is_some_and(|word| word.eq_ignore_ascii_case("nosniff"))
}

/// Directives of all Cache-Control headers, names in lower case, values as sent.
pub fn cache_control(headers: &[&[u8]]) -> Vec<String> {
    let mut directives = Vec::new();
    for part in headers.iter().flat_map(|header| split_list(header)) {
        if part.is_empty() || directives.len() >= 64 {
            continue;
        }
        directives.push(match part.split_once('=') {
            Some((name, value)) => {
                format!(
                    "{}={}",
                    name.trim().to_ascii_lowercase(),
                    value.trim().to_ascii_lowercase()
                )
            }
            None => part.to_ascii_lowercase(),
        });
    }
    directives
}

/// Media type in lower case and `charset` of a Content-Type header; the last valid header counts.
pub fn content_type(headers: &[&[u8]]) -> Option<(String, Option<String>)> {
    headers.iter().rev().find_map(|header| {
        let text = String::from_utf8_lossy(header).into_owned();
        let mut parts = split_outside_quotes(&text, ';').into_iter();
        let media = parts.next()?.trim().to_ascii_lowercase();
        let (kind, subtype) = media.split_once('/')?;
        if kind.is_empty() || subtype.is_empty() || media.contains(' ') {
            return None;
        }
        let charset = parts
            .filter_map(|part| part.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
            .map(|(_, value)| value.trim().trim_matches('"').to_ascii_lowercase());
        Some((media, charset))
    })
}

/// Protocols that Alt-Svc headers offer (`h3`, `h3-29`, ...), each once; `clear` empties the list.
pub fn alt_svc(headers: &[&[u8]]) -> Vec<String> {
    let mut protocols: Vec<String> = Vec::new();
    for part in headers.iter().flat_map(|header| split_list(header)) {
        if part.eq_ignore_ascii_case("clear") {
            protocols.clear();
        } else if let Some((protocol, _)) = part.split_once('=') {
            let protocol = protocol.trim().to_ascii_lowercase();
            if !protocol.is_empty() && !protocols.contains(&protocol) && protocols.len() < 16 {
                protocols.push(protocol);
            }
        }
    }
    protocols
}

/// The token of a header such as Cross-Origin-Opener-Policy in lower case, if it is one of
/// `known`. Parameters do not count; several headers or values are no token (RFC 9651 section 4.2).
pub fn token_of(headers: &[&[u8]], known: &[&'static str]) -> Option<&'static str> {
    let [one] = headers else {
        return None;
    };
    let text = std::str::from_utf8(one).ok()?;
    let token = text.split(';').next().unwrap_or_default().trim();
    known.iter().copied().find(|word| *word == token)
}

/// Whether a product header such as `Server` names a version: a digit after a
/// slash, or a number with a dot.
pub fn names_version(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.windows(2).any(|pair| {
        matches!(pair, [b'/', digit] if digit.is_ascii_digit())
            || matches!(pair, [b'/', b'v' | b'V'])
                && value.bytes().any(|byte| byte.is_ascii_digit())
    }) || bytes
        .windows(3)
        .any(|three| matches!(three, [a, b'.', b] if a.is_ascii_digit() && b.is_ascii_digit()))
}

/// Elements of a list header, split at commas outside of quoted strings, trimmed.
fn split_list(header: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(header);
    split_outside_quotes(&text, ',')
        .into_iter()
        .take(256)
        .map(|part| part.trim_matches([' ', '\t']).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw<'a>(headers: &[&'a str]) -> Vec<&'a [u8]> {
        headers.iter().map(|header| header.as_bytes()).collect()
    }

    #[test]
    fn framing_follows_the_standard() {
        let cases: &[(&[&str], Framing)] = &[
            (&[], Framing::Unlimited),
            (&["DENY"], Framing::Deny),
            (&[" SameOrigin "], Framing::SameOrigin),
            (&["ALLOWALL"], Framing::Unlimited),
            (&["ALLOW-FROM https://a.example"], Framing::Unlimited),
            (&["\"DENY\""], Framing::Unlimited),
            (&["DENY;"], Framing::Unlimited),
            (&[""], Framing::Unlimited),
            (&["SAMEORIGIN", "sameorigin"], Framing::SameOrigin),
            (&["SAMEORIGIN, SAMEORIGIN"], Framing::SameOrigin),
            (&["DENY", "SAMEORIGIN"], Framing::Deny),
            (&["ALLOWALL, SAMEORIGIN"], Framing::Deny),
            (&["ALLOW-FROM https://a.example, foo"], Framing::Unlimited),
        ];
        for (headers, expected) in cases {
            assert_eq!(x_frame_options(&raw(headers)), *expected, "{headers:?}");
        }
    }

    #[test]
    fn sniffing_is_stopped_by_the_first_value_alone() {
        let cases: &[(&[&str], bool)] = &[
            (&[], false),
            (&["nosniff"], true),
            (&["NoSniff "], true),
            (&["nosniff, nosniff"], true),
            (&["no-sniff", "nosniff"], false),
            (&["'nosniff'"], false),
            (&["nosniff;"], false),
        ];
        for (headers, expected) in cases {
            assert_eq!(nosniff(&raw(headers)), *expected, "{headers:?}");
        }
    }

    #[test]
    fn lists_and_parameters_are_split() {
        assert_eq!(
            cache_control(&raw(&["No-Store, private=\"a,b\"", "MAX-AGE = 0,"])),
            ["no-store", "private=\"a,b\"", "max-age=0"]
        );
        assert_eq!(
            content_type(&raw(&["Text/HTML; charset=\"UTF-8\""])),
            Some(("text/html".to_owned(), Some("utf-8".to_owned())))
        );
        assert_eq!(content_type(&raw(&["nonsense"])), None);
        assert_eq!(
            content_type(&raw(&["text/plain", "bad"])),
            Some(("text/plain".to_owned(), None))
        );
        assert_eq!(
            alt_svc(&raw(&["h3=\":443\"; ma=86400, h3-29=\":443\""])),
            ["h3", "h3-29"]
        );
        assert!(alt_svc(&raw(&["h3=\":443\", clear"])).is_empty());
    }

    #[test]
    fn versions_are_noticed() {
        let cases = [
            ("nginx", false),
            ("nginx/1.24.0", true),
            ("Apache", false),
            ("Apache/2", true),
            ("Microsoft-IIS/10.0", true),
            ("PHP/8.2.7", true),
            ("ASP.NET", false),
            ("cloudflare", false),
            ("Express", false),
            ("Jetty(9.4.z)", true),
            ("AmazonS3", false),
        ];
        for (value, expected) in cases {
            assert_eq!(names_version(value), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let headers: [&[u8]; 2] = [&bytes, &bytes];
            let _ = (x_frame_options(&headers), nosniff(&headers), cache_control(&headers));
            let _ = (content_type(&headers), alt_svc(&headers));
            let _ = names_version(&String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn tokens_of_isolation() {
        let known = ["same-origin", "unsafe-none"];
        let cases: &[(&[&[u8]], Option<&str>)] = &[
            (&[b"same-origin"], Some("same-origin")),
            (&[b" same-origin; report-to=\"x\""], Some("same-origin")),
            // Tokens of structured fields keep their case.
            (&[b"Same-Origin"], None),
            (&[b"same-origin", b"same-origin"], None),
            (&[b"same-origin, unsafe-none"], None),
            (&[b"\xff"], None),
            (&[], None),
        ];
        for (headers, expected) in cases {
            assert_eq!(token_of(headers, &known), *expected, "{headers:?}");
        }
    }
}
