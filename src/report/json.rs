//! A document itself, as JSON.

use serde::Serialize;
use std::io::{self, Write};

use super::json_text::Escaping;

/// Writes the document, indented, with a newline at its end. The same document
/// gives the same bytes.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaping::new(out), document)?;
    out.write_all(b"\n")
}
