//! Just enough of DER (X.690) to read and write what certificates are checked
//! with: elements, one after the other, borrowed from the bytes they stand in.
//!
//! Nothing recurses, and every length is held against the bytes that are there.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fmt;

/// BOOLEAN
pub const BOOLEAN: u8 = 0x01;
/// INTEGER
pub const INTEGER: u8 = 0x02;
/// BIT STRING
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING
pub const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER
pub const OID: u8 = 0x06;
/// ENUMERATED
pub const ENUMERATED: u8 = 0x0a;
/// SEQUENCE
pub const SEQUENCE: u8 = 0x30;

/// What is wrong with some bytes, for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The tag; those of more than one byte are not read.
    pub tag: u8,
    /// What stands in it.
    pub content: &'a [u8],
    /// The element with its header.
    pub whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements within.
    pub fn inside(&self) -> Reader<'a> {
        Reader::new(self.content)
    }
}

/// Reads elements from the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The tag of the next element.
    pub fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element, whatever it is.
    ///
    /// # Errors
    /// When the header is cut short, the tag takes more than one byte, the length
    /// is indefinite or goes beyond the end.
    pub fn element(&mut self) -> Result<Element<'a>, Malformed> {
        const SHORT: Malformed = Malformed("an element is cut short");
        let [tag, first, rest @ ..] = self.0 else {
            return Err(SHORT);
        };
        if tag & 0x1f == 0x1f {
            return Err(Malformed("a tag of more than one byte"));
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let (digits, rest) = rest.split_at_checked(count).ok_or(SHORT)?;
                let length = digits
                    .iter()
                    .fold(0usize, |length, digit| length << 8 | usize::from(*digit));
                (length, rest)
            }
            _ => return Err(Malformed("a length that DER does not have")),
        };
        let (content, after) = rest.split_at_checked(length).ok_or(SHORT)?;
        let used = self.0.len() - after.len();
        let whole = self.0.get(..used).unwrap_or_default();
        self.0 = after;
        Ok(Element {
            tag: *tag,
            content,
            whole,
        })
    }

    /// The next element, which must have this tag.
    ///
    /// # Errors
    /// As [`Reader::element`], and when it is another.
    pub fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        match self.peek() {
            Some(next) if next == tag => self.element(),
            Some(_) => Err(Malformed("an element of another kind than expected")),
            None => Err(Malformed("an element is missing")),
        }
    }

    /// The next element if it has this tag.
    ///
    /// # Errors
    /// As [`Reader::element`].
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        match self.peek() {
            Some(next) if next == tag => self.element().map(Some),
            _ => Ok(None),
        }
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// When something does.
    pub fn end(&self) -> Result<(), Malformed> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(Malformed("bytes follow the last element")),
        }
    }

    /// A time (UTCTime or GeneralizedTime, RFC 5280 section 4.1.2.5), in
    /// seconds since 1970.
    ///
    /// # Errors
    /// When the next element is no such time.
    pub fn time(&mut self) -> Result<i64, Malformed> {
        let element = self.element()?;
        time(&element).ok_or(Malformed("not a time"))
    }
}

/// The only element of some bytes, which must have this tag.
///
/// # Errors
/// When it is another, is cut short, or something follows.
pub fn only(bytes: &[u8], tag: u8) -> Result<Element<'_>, Malformed> {
    let mut reader = Reader::new(bytes);
    let element = reader.expect(tag)?;
    reader.end()?;
    Ok(element)
}

/// The bytes of a BIT STRING whose length is a whole number of bytes.
///
/// # Errors
/// When it is not.
pub fn bits<'a>(element: &Element<'a>) -> Result<&'a [u8], Malformed> {
    match element.content {
        [0, bits @ ..] => Ok(bits),
        _ => Err(Malformed("a string of bits that does not fill its bytes")),
    }
}

fn time(element: &Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(element.content).ok()?;
    let digits = text.strip_suffix('Z')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match (element.tag, digits.len()) {
        // Two digits: 1950 to 2049.
        (0x17, 12) => {
            let (short, rest) = digits.split_at_checked(2)?;
            let short: i16 = short.parse().ok()?;
            (
                if short < 50 {
                    2000 + short
                } else {
                    1900 + short
                },
                rest,
            )
        }
        (0x18, 14) => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let time = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    let zoned = time.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

/// An element with its header.
pub fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let digits = length.get(zeros..).unwrap_or_default();
    match (content.len(), u8::try_from(digits.len())) {
        (0..=0x7f, _) => out.push(digits.first().copied().unwrap_or(0)),
        (_, count) => {
            out.push(0x80 | count.unwrap_or(8));
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A SEQUENCE of elements that are written already.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    write(SEQUENCE, &parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let bytes = write(OCTET_STRING, &content);
            let element = only(&bytes, OCTET_STRING).unwrap();
            assert_eq!((element.content, element.whole), (&content[..], &bytes[..]));
        }
        let pair = sequence(&[&write(INTEGER, &[1]), &write(INTEGER, &[2])]);
        assert_eq!(pair, [0x30, 6, 2, 1, 1, 2, 1, 2]);
    }

    #[test]
    fn what_der_does_not_have_is_refused() {
        let wrong: [&[u8]; 7] = [
            &[],
            &[0x30],
            &[0x30, 0x80, 0, 0],
            &[0x30, 2, 0],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x1f, 0x81, 0, 0],
            &[0x30, 0x82, 1],
        ];
        for bytes in wrong {
            assert!(Reader::new(bytes).element().is_err(), "{bytes:?}");
        }
        assert!(only(&[5, 0, 5, 0], 5).is_err());
        assert!(bits(&only(&[3, 2, 1, 0], BIT_STRING).unwrap()).is_err());
    }

    #[test]
    fn times() {
        let cases: [(u8, &str, Option<i64>); 8] = [
            (0x17, "700101000000Z", Some(0)),
            (0x17, "491231235959Z", Some(2_524_607_999)),
            (0x17, "500101000000Z", Some(-631_152_000)),
            (0x18, "20260228120000Z", Some(1_772_280_000)),
            (0x18, "20260229120000Z", None),
            (0x18, "20260228120000.5Z", None),
            (0x18, "20260228120000+0100", None),
            (0x17, "20260228120000Z", None),
        ];
        for (tag, text, expected) in cases {
            let bytes = write(tag, text.as_bytes());
            assert_eq!(Reader::new(&bytes).time().ok(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader::new(&bytes);
            while let Ok(element) = reader.element() {
                prop_assert!(element.whole.ends_with(element.content));
                let _ = (time(&element), bits(&element));
            }
        }
    }
}
