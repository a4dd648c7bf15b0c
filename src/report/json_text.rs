//! JSON that is safe at a terminal, and says the same.

use std::io::{self, Write};

use crate::wire::text::is_unsafe;

/// Passes JSON on, with characters that a terminal or an editor would act on, or
/// would not show, written as `\u` escapes (RFC 8259 section 7).
///
/// JSON leaves DEL, the C1 controls and direction marks as they are. Such
/// characters stand in strings alone, so that the document stays the same.
/// Each call must bring whole characters, as those of `serde_json` do.
pub struct Escaping<'a> {
    out: &'a mut dyn Write,
}

impl<'a> Escaping<'a> {
    /// Writes to `out`.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }
}

impl Write for Escaping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.iter().all(|byte| matches!(byte, 0..0x7f)) {
            self.out.write_all(bytes)?;
            return Ok(bytes.len());
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            if c != '\n' && is_unsafe(c) {
                self.out
                    .write_all(bytes.get(plain..at).unwrap_or_default())?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(self.out, "\\u{unit:04x}")?;
                }
                plain = at.saturating_add(c.len_utf8());
            }
        }
        self.out.write_all(bytes.get(plain..).unwrap_or_default())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    proptest! {
        #[test]
        fn the_document_stays_the_same_and_nothing_unsafe_is_left(text in "\\PC{0,20}[\u{0}-\u{a0}\u{200b}-\u{2070}\u{e0001}😀\"\\\\]{0,20}") {
            let value = json!({ &text: [&text] });
            let mut bytes = Vec::new();
            serde_json::to_writer_pretty(Escaping::new(&mut bytes), &value).unwrap();
            let written = String::from_utf8(bytes).unwrap();
            prop_assert!(!written.chars().any(|c| c != '\n' && is_unsafe(c)));
            prop_assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
        }
    }
}
