//! The text that a page shows, brought into a form that stays the same from visit to visit.
//!
//! What counts: the title, and all text outside of scripts, styles, templates, comments and what
//! `noscript` holds, one line for each block of the page, words parted by single spaces. What
//! is left out, because it changes with every answer and says nothing to a voter: attributes,
//! so nonces, anti-forgery tokens and hidden fields; times of day with seconds, with the date
//! right before them; and numbers of requests (UUIDs, and lower-case hexadecimal of 16
//! characters and more). A time without seconds and a date alone stay: "polls close at 8:00 p.m."
//! is what a forger would change.

use html5gum::emitters::callback::CallbackEvent;
use sha2::{Digest, Sha256};

use super::{html::each_event, text::clean};

/// Most lines of a page that are kept, the longest one, and all together (characters).
const LINES_MAX: usize = 400;
const LINE_CHARS: usize = 300;
const TEXT_CHARS: usize = 16_384;
/// Most bytes of one line that are collected before it ends.
const BUFFER_MAX: usize = 64 << 10;

/// The text of a page in its stable form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageText {
    /// SHA-256 over all lines, each ended by a line feed, in hexadecimal.
    pub digest: String,
    /// Its first lines, cleaned.
    pub lines: Vec<String>,
    /// Whether there are more lines, or longer ones, than are kept.
    pub cut: bool,
}

/// Reads the text of a document.
pub fn page_text(html: &str) -> PageText {
    let mut state = Scan::default();
    each_event(html, |event| state.event(event));
    state.finish()
}

/// Elements whose content nobody reads.
const MUTED: [&str; 8] = [
    "script", "style", "noscript", "template", "iframe", "noembed", "noframes", "object",
];
/// Elements that do not end a line.
const INLINE: [&str; 36] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "img", "input", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "svg", "time", "tt", "u", "var", "wbr",
];

#[derive(Default)]
struct Scan {
    /// The element that mutes, and how often it is open.
    muted: Option<(&'static str, u32)>,
    line: String,
    hash: Sha256,
    kept: usize,
    text: PageText,
}

impl Scan {
    fn event(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => self.start(name),
            CallbackEvent::EndTag { name } => self.end(name),
            CallbackEvent::String { value } if self.muted.is_none() => {
                // Longer lines are cut into several.
                for piece in value.chunks(BUFFER_MAX / 2) {
                    if self.line.len() >= BUFFER_MAX / 2 {
                        self.end_line();
                    }
                    self.line.push_str(&String::from_utf8_lossy(piece));
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, name: &[u8]) {
        match &mut self.muted {
            Some((muted, depth)) if muted.as_bytes() == name => *depth = depth.saturating_add(1),
            Some(_) => {}
            None => {
                self.muted = MUTED
                    .into_iter()
                    .find(|muted| muted.as_bytes() == name)
                    .map(|muted| (muted, 1));
                self.boundary(name);
            }
        }
    }

    fn end(&mut self, name: &[u8]) {
        match &mut self.muted {
            Some((muted, depth)) => {
                if muted.as_bytes() == name {
                    *depth = depth.saturating_sub(1);
                    if *depth == 0 {
                        self.muted = None;
                    }
                }
            }
            None => self.boundary(name),
        }
    }

    fn boundary(&mut self, name: &[u8]) {
        if !INLINE.iter().any(|inline| inline.as_bytes() == name) {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let line = stable(&std::mem::take(&mut self.line));
        if line.is_empty() {
            return;
        }
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        let kept = clean(&line, LINE_CHARS);
        let chars = kept.chars().count();
        if self.text.lines.len() >= LINES_MAX || self.kept.saturating_add(chars) > TEXT_CHARS {
            self.text.cut = true;
            return;
        }
        self.text.cut |= line.chars().nth(LINE_CHARS).is_some();
        self.kept = self.kept.saturating_add(chars);
        self.text.lines.push(kept);
    }

    fn finish(mut self) -> PageText {
        self.end_line();
        self.text.digest = hex(&self.hash.finalize());
        self.text
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What stands for a word that is new with each answer.
const MASK: &str = "*";

/// One line, its words parted by single spaces, those that are new with each answer masked.
fn stable(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let core = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '+' && c != '-');
        let masked = if is_clock(core) {
            mask_date(&mut words);
            true
        } else {
            is_stamp(core) || is_identifier(core)
        };
        words.push(match masked {
            true => word.replacen(core, MASK, 1),
            false => word.to_owned(),
        });
    }
    words.join(" ")
}

/// Masks the date at the end of a line, as it stands before a time with seconds.
fn mask_date(words: &mut [String]) {
    let core = |word: &String| {
        word.trim_matches(|c: char| !c.is_ascii_alphanumeric())
            .to_owned()
    };
    let Some(last) = words.last().map(core) else {
        return;
    };
    let numeric = |text: &str| {
        let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
        parts.len() == 3 && parts.iter().all(|part| is_digits(part, 1..=4))
    };
    // The date of RFC 9110 and RFC 5322: Mon, 23 Nov 2026.
    let spelled = |words: &[String]| match words {
        [.., day, month, year] => {
            is_digits(&core(day), 1..=2)
                && month.chars().all(char::is_alphabetic)
                && is_digits(&core(year), 4..=4)
        }
        _ => false,
    };
    let count = if numeric(&last) {
        1
    } else if spelled(words) {
        let weekday = words.iter().rev().nth(3);
        let named = weekday.is_some_and(|word| word.ends_with(',') && word.len() == 4);
        if named { 4 } else { 3 }
    } else {
        0
    };
    for word in words.iter_mut().rev().take(count) {
        MASK.clone_into(word);
    }
}

fn is_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A time of day with seconds: 08:15:30, 8:15:30.123, 08:15:30Z, 08:15:30+02:00.
fn is_clock(word: &str) -> bool {
    let word = word.trim_end_matches('Z');
    let word = word.split(['+', '-']).next().unwrap_or_default();
    let mut parts = word.split(':');
    let (Some(hours), Some(minutes), Some(seconds), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (seconds, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, "0"));
    is_digits(hours, 1..=2)
        && is_digits(minutes, 2..=2)
        && is_digits(seconds, 2..=2)
        && is_digits(fraction, 1..=9)
}

/// A time stamp of RFC 3339.
fn is_stamp(word: &str) -> bool {
    word.split_once(['T', 't']).is_some_and(|(date, time)| {
        let parts: Vec<&str> = date.split('-').collect();
        matches!(parts.as_slice(), [year, month, day]
            if is_digits(year, 4..=4) && is_digits(month, 2..=2) && is_digits(day, 2..=2))
            && is_clock(time)
    })
}

/// The number of a request: a UUID, or hexadecimal with letters and digits. Capital letters
/// are left alone, since the number of a bank account may look like that.
fn is_identifier(word: &str) -> bool {
    let hexadecimal = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let groups: Vec<usize> = word.split('-').map(str::len).collect();
    let uuid = groups == [8, 4, 4, 4, 12] && hexadecimal(&word.replace('-', ""));
    let letters = word.bytes().filter(u8::is_ascii_lowercase).count();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    uuid || (word.len() >= 16 && hexadecimal(word) && letters >= 2 && digits >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_page_becomes_lines() {
        let text = page_text(
            "<!doctype html><title>Votes &amp; polls</title><style>p{}</style><script>x</script>\
             <template>no</template><noscript>no</noscript><!-- no --><h1>Where <em>to</em> vote</h1>\
             <p>Polls close at 8:00&nbsp;p.m.<br>Bring   a\n card<p><a href=/x nonce=a>Map</a>",
        );
        assert_eq!(
            text.lines,
            [
                "Votes & polls",
                "Where to vote",
                "Polls close at 8:00 p.m.",
                "Bring a card",
                "Map"
            ]
        );
        assert!(!text.cut);
        assert_eq!(text.digest.len(), 64);
    }

    #[test]
    fn what_is_new_with_each_answer_is_masked_and_nothing_else() {
        let cases = [
            ("Page made 2026-11-23 03:42:13.", "Page made * *."),
            ("at 2026-11-23T03:42:13Z", "at *"),
            ("Mon, 23 Nov 2026 03:42:13 GMT", "* * * * * GMT"),
            ("23 Nov 2026, 03:42:13", "* * * *"),
            ("(3:42:13)", "(*)"),
            ("Request 9f8a7b6c5d4e3f2a", "Request *"),
            ("ID: 123e4567-e89b-12d3-a456-426614174000", "ID: *"),
            ("Polls close at 8:00 p.m.", "Polls close at 8:00 p.m."),
            ("on 3 November 2026 at 20:00", "on 3 November 2026 at 20:00"),
            ("call 555-0100-2000", "call 555-0100-2000"),
            ("IBAN DE89370400440532013000", "IBAN DE89370400440532013000"),
            ("1234567890123456", "1234567890123456"),
            ("facade decade", "facade decade"),
        ];
        for (given, expected) in cases {
            assert_eq!(stable(given), expected, "{given}");
        }
    }

    #[test]
    fn long_pages_are_cut_and_told_apart_by_the_digest() {
        let page = |last: &str| format!("{}<p>{last}", "<p>line".repeat(LINES_MAX));
        let (one, two) = (page_text(&page("one")), page_text(&page("two")));
        assert!(one.cut && one.lines == two.lines && one.digest != two.digest);
        let wide = page_text(&format!("<p>{}", "x ".repeat(100_000)));
        assert!(wide.cut && wide.lines.len() < 10);
    }

    proptest! {
        #[test]
        fn any_document_is_read(html in "(<p>|<script>|</script>|<template>|</template>|[a-z0-9:é\u{202e}\u{1b} ]){0,200}") {
            let text = page_text(&html);
            prop_assert!(text.lines.len() <= LINES_MAX);
            prop_assert!(!text.lines.iter().any(|line| line.contains(crate::wire::text::is_unsafe)));
            prop_assert_eq!(page_text(&html), text);
        }
    }
}
