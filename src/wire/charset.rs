//! The encoding of a page's text (HTML section 13.2.3, Encoding Standard).

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How far into a document a `meta` element that names the encoding is looked for (bytes).
const PRESCAN: usize = 1024;

/// The text of a page: by its byte order mark, the `charset` of its media type, a `meta`
/// element, else as UTF-8 when it is that and as Windows-1252 when not. Never fails: what
/// cannot be read becomes U+FFFD.
pub fn decode(body: &[u8], charset: Option<&str>) -> String {
    let named = charset
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        .or_else(|| prescan(body));
    let encoding = named.unwrap_or_else(|| match std::str::from_utf8(body) {
        Ok(_) => UTF_8,
        // A body that was cut may end inside a letter; letters before it show that it is UTF-8.
        Err(error)
            if error.error_len().is_none()
                && body
                    .get(..error.valid_up_to())
                    .is_some_and(|whole| !whole.is_ascii()) =>
        {
            UTF_8
        }
        Err(_) => WINDOWS_1252,
    });
    // Looks for a byte order mark first.
    encoding.decode(body).0.into_owned()
}

fn prescan(body: &[u8]) -> Option<&'static Encoding> {
    let head = body.get(..PRESCAN).unwrap_or(body).to_ascii_lowercase();
    let at = head.windows(8).position(|word| word == b"charset=")?;
    let rest = head.get(at.saturating_add(8)..)?;
    let label: Vec<u8> = rest
        .iter()
        .copied()
        .skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '))
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(byte))
        .collect();
    let encoding = Encoding::for_label(&label)?;
    // A page that can be searched for these letters is not in UTF-16.
    Some(if encoding.is_ascii_compatible() {
        encoding
    } else {
        UTF_8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encodings_are_found_as_in_browsers() {
        let cases: &[(&[u8], Option<&str>, &str)] = &[
            (b"caf\xc3\xa9", None, "caf\u{e9}"),
            (b"caf\xe9", None, "caf\u{e9}"),
            (b"caf\xc3\xa9", Some("iso-8859-1"), "caf\u{c3}\u{a9}"),
            (b"\xef\xbb\xbfcaf\xc3\xa9", Some("iso-8859-1"), "caf\u{e9}"),
            (b"caf\xe9", Some("nonsense"), "caf\u{e9}"),
            (
                b"<meta charset='iso-8859-2'>\xb1",
                None,
                "<meta charset='iso-8859-2'>\u{105}",
            ),
            (b"<meta charset=utf-16>x", None, "<meta charset=utf-16>x"),
            (b"\xc3\xa9 cut \xc3", None, "\u{e9} cut \u{fffd}"),
            (b"\xff\xfea\0", None, "a"),
        ];
        for (body, charset, text) in cases {
            assert_eq!(decode(body, *charset), *text, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200), charset in "[a-z0-9-]{0,12}") {
            let _ = decode(&bytes, Some(&charset));
            let _ = decode(&bytes, None);
        }
    }
}
