//! A strict reader of JSON (RFC 8259, with the limits of RFC 7493).

use serde_json::{Map, Number, Value, map::Entry};

use super::{DEEPEST, Fault, LARGEST_INTEGER, MOST_BYTES, MOST_VALUES, Position};

/// Reads one document and nothing behind it.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Fault> {
    if bytes.len() > MOST_BYTES {
        return Err(Fault::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Fault::NotUtf8(error.valid_up_to()))?;
    let mut reader = Reader {
        text,
        at: 0,
        values: 0,
    };
    reader.skip_spaces();
    let value = reader.value(0)?;
    reader.skip_spaces();
    if reader.at < text.len() {
        return Err(Fault::Trailing(reader.position(reader.at)));
    }
    Ok(value)
}

struct Reader<'t> {
    text: &'t str,
    /// Offset of the next byte; always on a character boundary.
    at: usize,
    values: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        if depth > DEEPEST {
            return Err(Fault::TooDeep(self.position(self.at)));
        }
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(Fault::TooMany);
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.syntax("no value begins like this")),
            None => Err(self.syntax("it ends too early")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut fields = Map::new();
        self.at += 1;
        self.skip_spaces();
        if self.take(b'}') {
            return Ok(Value::Object(fields));
        }
        loop {
            self.skip_spaces();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.syntax("a key is missing"));
            }
            let key = self.string()?;
            self.skip_spaces();
            if !self.take(b':') {
                return Err(self.syntax("a colon is missing"));
            }
            self.skip_spaces();
            match fields.entry(key) {
                Entry::Vacant(place) => {
                    let value = self.value(depth + 1)?;
                    place.insert(value);
                }
                Entry::Occupied(place) => {
                    return Err(Fault::RepeatedKey(
                        self.position(start),
                        place.key().clone(),
                    ));
                }
            }
            self.skip_spaces();
            if self.take(b'}') {
                return Ok(Value::Object(fields));
            }
            if !self.take(b',') {
                return Err(self.syntax("a comma or a brace is missing"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_spaces();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_spaces();
            items.push(self.value(depth + 1)?);
            self.skip_spaces();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.syntax("a comma or a bracket is missing"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        let negative = self.take(b'-');
        let digits = self.digits();
        let whole = match digits {
            "" => return Err(self.syntax("a digit is missing")),
            "0" if negative => return Err(Fault::Float(self.position(start))),
            digits if digits.len() > 1 && digits.starts_with('0') => {
                return Err(self.syntax("a number begins with 0"));
            }
            digits => digits.parse::<i64>().ok(),
        };
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(Fault::Float(self.position(start)));
        }
        match whole {
            Some(whole) if whole <= LARGEST_INTEGER => {
                let signed = if negative { -whole } else { whole };
                Ok(Value::Number(Number::from(signed)))
            }
            _ => Err(Fault::LargeInteger(self.position(start))),
        }
    }

    fn digits(&mut self) -> &str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn string(&mut self) -> Result<String, Fault> {
        let mut out = String::new();
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .ok_or_else(|| self.syntax("a text has no end"))?;
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.syntax("a control character stands in a text")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let letter = self.peek();
        if !letter.is_some_and(|letter| letter.is_ascii()) {
            return Err(self.syntax("an escape is not known"));
        }
        self.at += 1;
        Ok(match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.syntax("an escape is not known")),
        })
    }

    /// The character of `\uXXXX`, or of two of them that make a surrogate pair.
    fn unicode(&mut self) -> Result<char, Fault> {
        let first = self.hex4()?;
        let code = match first {
            0xd800..=0xdbff => {
                let second = if self.take(b'\\') && self.take(b'u') {
                    self.hex4()?
                } else {
                    0
                };
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(self.syntax("half a surrogate pair"));
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            code => code,
        };
        // A low half on its own is no character either.
        char::from_u32(code).ok_or_else(|| self.syntax("half a surrogate pair"))
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .ok_or_else(|| self.syntax("four hexadecimal digits are missing"))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.syntax("no hexadecimal number"))
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.syntax("no value begins like this"))
        }
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.at += 1;
        }
        there
    }

    fn syntax(&self, what: &'static str) -> Fault {
        Fault::Syntax(self.position(self.at), what)
    }

    fn position(&self, at: usize) -> Position {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        Position {
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: at - line_start + 1,
        }
    }
}
