//! Referrer-Policy as a browser takes it (W3C Referrer Policy sections 4.1 and 8.1).

/// The policies of the standard; the empty one is left out, as it sets nothing.
const KNOWN: [&str; 8] = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

/// The last known token of all Referrer-Policy headers, in lower case; `None` when none is known.
pub fn from_headers(headers: &[&[u8]]) -> Option<&'static str> {
    headers
        .iter()
        .rev()
        .find_map(|header| last_known(&String::from_utf8_lossy(header)))
}

fn last_known(header: &str) -> Option<&'static str> {
    header.rsplit(',').find_map(known)
}

/// The policy that a `meta` element named `referrer` sets by its `content`, old words included
/// (HTML section 4.2.5.1).
pub fn from_meta(content: &str) -> Option<&'static str> {
    match content.trim().to_ascii_lowercase().as_str() {
        "never" => Some("no-referrer"),
        "default" => Some("strict-origin-when-cross-origin"),
        "always" => Some("unsafe-url"),
        "origin-when-crossorigin" => Some("origin-when-cross-origin"),
        other => known(other),
    }
}

fn known(token: &str) -> Option<&'static str> {
    let token = token.trim();
    KNOWN
        .into_iter()
        .find(|known| token.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_known_token_counts() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&[], None),
            (&[""], None),
            (&["no-referrer"], Some("no-referrer")),
            (&["No-Referrer "], Some("no-referrer")),
            (&["no-referrer, strict-origin"], Some("strict-origin")),
            (&["no-referrer, future-policy"], Some("no-referrer")),
            (&["no-referrer,"], Some("no-referrer")),
            (&["unsafe-url", "same-origin"], Some("same-origin")),
            (&["unsafe-url", "nonsense"], Some("unsafe-url")),
            (&["no-referrer; strict-origin"], None),
            (&["never"], None),
        ];
        for (headers, expected) in cases {
            let raw: Vec<&[u8]> = headers.iter().map(|header| header.as_bytes()).collect();
            assert_eq!(from_headers(&raw), *expected, "{headers:?}");
        }
    }

    #[test]
    fn meta_elements_know_old_words() {
        assert_eq!(from_meta("never"), Some("no-referrer"));
        assert_eq!(from_meta(" Origin "), Some("origin"));
        assert_eq!(from_meta("no-referrer, origin"), None);
        assert_eq!(from_meta(""), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = (from_headers(&[&bytes]), from_meta(&String::from_utf8_lossy(&bytes)));
        }
    }
}
