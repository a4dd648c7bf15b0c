//! The findings document itself, as JSON.

use std::io::{self, Write};

use super::json_text::Escaping;
use crate::model::finding::Findings;

/// Writes the document, indented, with a newline at its end. The same document
/// gives the same bytes.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(findings: &Findings, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaping::new(out), findings)?;
    out.write_all(b"\n")
}
