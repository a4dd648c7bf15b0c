//! SMTP replies (RFC 5321 section 4.2).

use super::text::clean_bytes;

/// Most bytes of one reply line; the standard allows 512.
const LINE_MAX: usize = 2_048;
/// Most lines of one reply.
const LINES_MAX: usize = 100;

/// A reply: its code and the texts of its lines, cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The code, 200 to 599.
    pub code: u16,
    /// The text of each line.
    pub lines: Vec<String>,
}

/// Why bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadReply {
    /// A line without a code, or lines with different codes.
    Malformed,
    /// A line or a reply that is longer than is read.
    TooLong,
}

impl Reply {
    /// Whether a reply to EHLO offers an extension.
    pub fn offers(&self, keyword: &str) -> bool {
        self.lines.iter().skip(1).any(|line| {
            line.split([' ', '='])
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
        })
    }
}

/// Reads one reply from the front of the bytes, and how many it took; `None`
/// when it is not complete yet.
pub fn read_reply(bytes: &[u8]) -> Result<Option<(Reply, usize)>, BadReply> {
    let mut lines = Vec::new();
    let mut code = None;
    let mut taken = 0usize;
    let mut rest = bytes;
    loop {
        let Some(end) = rest.iter().position(|b| *b == b'\n') else {
            return if rest.len() > LINE_MAX {
                Err(BadReply::TooLong)
            } else {
                Ok(None)
            };
        };
        let (line, after) = rest
            .split_at_checked(end.saturating_add(1))
            .unwrap_or((rest, &[]));
        if line.len() > LINE_MAX || lines.len() >= LINES_MAX {
            return Err(BadReply::TooLong);
        }
        taken = taken.saturating_add(line.len());
        rest = after;
        let line = line.trim_ascii_end();
        let (digits, text) = line.split_at_checked(3).ok_or(BadReply::Malformed)?;
        let value = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u16>().ok())
            .filter(|value| (200..=599).contains(value))
            .ok_or(BadReply::Malformed)?;
        if code.is_some_and(|code| code != value) {
            return Err(BadReply::Malformed);
        }
        code = Some(value);
        let (more, text) = match text.split_first() {
            Some((b'-', text)) => (true, text),
            Some((b' ', text)) => (false, text),
            None => (false, text),
            Some(_) => return Err(BadReply::Malformed),
        };
        lines.push(clean_bytes(text, LINE_MAX));
        if !more {
            return Ok(Some((Reply { code: value, lines }, taken)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn replies() {
        let whole = |text: &str| {
            let (reply, taken) = read_reply(text.as_bytes()).expect(text).expect(text);
            (reply.code, reply.lines.join("|"), taken)
        };
        assert_eq!(
            whole("220 mx.example ESMTP\r\n"),
            (220, "mx.example ESMTP".to_owned(), 22)
        );
        assert_eq!(whole("250\r\n"), (250, String::new(), 5));
        assert_eq!(
            whole("250-a\r\n250-STARTTLS\r\n250 b\r\nx"),
            (250, "a|STARTTLS|b".to_owned(), 28)
        );
        assert_eq!(whole("220 \x1b[2J\n").1, "\u{FFFD}[2J");
        for text in ["", "220", "220 mx", "250-a\r\n", "250-a\r\n250 "] {
            assert_eq!(read_reply(text.as_bytes()), Ok(None), "{text:?}");
        }
        for text in [
            "HTTP/1.1 400\r\n",
            "\r\n",
            "250-a\r\n550 b\r\n",
            "999 x\r\n",
            "22\u{e9} x\r\n",
            "220x\r\n",
        ] {
            assert_eq!(
                read_reply(text.as_bytes()),
                Err(BadReply::Malformed),
                "{text:?}"
            );
        }
        let long = "2".repeat(3_000);
        assert_eq!(read_reply(long.as_bytes()), Err(BadReply::TooLong));
        let many = "250-a\r\n".repeat(200);
        assert_eq!(read_reply(many.as_bytes()), Err(BadReply::TooLong));
    }

    #[test]
    fn extensions() {
        let (reply, _) =
            read_reply(b"250-mx STARTTLS greets you\r\n250-SIZE 100\r\n250 starttls\r\n")
                .expect("a reply")
                .expect("complete");
        assert!(reply.offers("STARTTLS") && reply.offers("SIZE") && !reply.offers("PIPELINING"));
        let (reply, _) = read_reply(b"250 STARTTLS\r\n")
            .expect("a reply")
            .expect("complete");
        assert!(!reply.offers("STARTTLS"), "the first line is a greeting");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_reply(&bytes);
        }
    }
}
