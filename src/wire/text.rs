//! Remote text made safe to store, show and compare.
//!
//! What a server sends may hold escape sequences, characters that turn the
//! direction of writing, invisible characters, and megabytes. None of that may
//! reach a fact, a message or a terminal.

/// Makes one line of remote text safe and short.
///
/// Tabs and line ends become a space; control characters, direction marks and
/// invisible characters become U+FFFD, so that the reader sees that something
/// stood there. At most `max_chars` characters are returned; a longer text is
/// cut and ends with `…`.
pub fn clean(s: &str, max_chars: usize) -> String {
    clean_with(s, max_chars, false)
}

/// Like [`clean`], for bytes: what is not UTF-8 becomes U+FFFD.
///
/// Only as many bytes are looked at as `max_chars` characters can need.
pub fn clean_bytes(bytes: &[u8], max_chars: usize) -> String {
    // No character takes more than 4 bytes; one more shows that something was cut.
    let most = max_chars.saturating_add(1).saturating_mul(4);
    let head = bytes.get(..most).unwrap_or(bytes);
    clean(&String::from_utf8_lossy(head), max_chars)
}

/// Like [`clean`], for text of several lines: line feeds stay, and carriage
/// returns before them go.
pub fn clean_lines(s: &str, max_chars: usize) -> String {
    clean_with(s, max_chars, true)
}

fn clean_with(s: &str, max_chars: usize, keep_lines: bool) -> String {
    let mut out = String::new();
    let mut chars = s.chars().peekable();
    let mut count = 0usize;
    while let Some(c) = chars.next() {
        if keep_lines && c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        if count == max_chars {
            // Make room for the mark that says that something is missing.
            if out.pop().is_some() {
                out.push('…');
            }
            break;
        }
        out.push(match c {
            '\n' if keep_lines => '\n',
            '\t' | '\n' | '\r' => ' ',
            c if is_unsafe(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        });
        count += 1;
    }
    out
}

/// Text for terminals that show nothing but ASCII: what stands for a few letters is
/// written with them, all else becomes a question mark.
pub fn to_ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '…' => plain.push_str("..."),
            '‐'..='―' | '─' => plain.push('-'),
            '‘' | '’' => plain.push('\''),
            '“' | '”' => plain.push('"'),
            '≥' => plain.push_str(">="),
            '≤' => plain.push_str("<="),
            '×' => plain.push('x'),
            '\u{a0}' => plain.push(' '),
            c if c.is_ascii() => plain.push(c),
            _ => plain.push('?'),
        }
    }
    plain
}

/// Whether a character may change how its surroundings are shown, or is not shown at all.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || u32::from(c) & 0xFFFE == 0xFFFE // noncharacters at the end of each plane
        || matches!(c,
            '\u{00AD}'                  // soft hyphen
            | '\u{061C}'                // Arabic letter mark
            | '\u{115F}' | '\u{1160}'   // Hangul fillers
            | '\u{180E}'                // Mongolian vowel separator
            | '\u{200B}'..='\u{200F}'   // zero width, direction marks
            | '\u{2028}' | '\u{2029}'   // line and paragraph separators
            | '\u{202A}'..='\u{202E}'   // direction embeddings and overrides
            | '\u{2060}'..='\u{206F}'   // invisible operators, direction isolates
            | '\u{3164}' | '\u{FFA0}'   // Hangul fillers
            | '\u{FDD0}'..='\u{FDEF}'   // noncharacters
            | '\u{FEFF}'                // byte order mark
            | '\u{FFF9}'..='\u{FFFB}'   // interlinear annotation
            | '\u{E0000}'..='\u{E0FFF}' // tags, variation selectors
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_keeps_what_letters_can_say() {
        assert_eq!(
            to_ascii("a…b – “c” ≥ 2 × é\u{fffd}"),
            "a...b - \"c\" >= 2 x ??"
        );
    }

    use proptest::prelude::*;

    #[test]
    fn unsafe_text_is_made_visible_and_short() {
        let cases: &[(&str, usize, &str)] = &[
            ("plain", 10, "plain"),
            ("", 10, ""),
            ("plain", 5, "plain"),
            ("plain", 4, "pla…"),
            ("plain", 1, "…"),
            ("plain", 0, ""),
            ("a\x1b[31mred\x07", 20, "a\u{FFFD}[31mred\u{FFFD}"),
            ("two\r\nlines\tand tab", 30, "two  lines and tab"),
            ("abc\u{202E}txt.exe", 30, "abc\u{FFFD}txt.exe"),
            ("in\u{200B}visible", 30, "in\u{FFFD}visible"),
            ("\u{9b}31m", 30, "\u{FFFD}31m"),
            (
                "no\u{FFFF}\u{FDD0}\u{1FFFE}",
                30,
                "no\u{FFFD}\u{FFFD}\u{FFFD}",
            ),
            ("Grüße, 選挙", 30, "Grüße, 選挙"),
        ];
        for (given, max, expected) in cases {
            assert_eq!(clean(given, *max), *expected, "{given:?} at {max}");
        }
        assert_eq!(clean_lines("a\r\nb\rc\n\x1b", 30), "a\nb c\n\u{FFFD}");
        assert_eq!(clean_bytes(b"ab\xff\x00c", 30), "ab\u{FFFD}\u{FFFD}c");
        assert_eq!(clean_bytes(&[b'x'; 1 << 20], 3), "xx…");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_or_long_comes_out(bytes in proptest::collection::vec(any::<u8>(), 0..300), max in 0usize..50) {
            let out = clean_bytes(&bytes, max);
            prop_assert!(out.chars().count() <= max);
            prop_assert!(!out.chars().any(is_unsafe));
        }
    }
}
