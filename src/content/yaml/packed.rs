//! Parsed files of the program as bytes: the build script packs, the program
//! unpacks, which takes a tenth of the time of parsing.
//!
//! Every value is its span (two numbers), a tag and what the tag asks for.
//! Numbers are LEB128. Text that stands in the source as it is is not repeated.

use std::ops::Range;

use super::node::{Key, Kind, Node};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
/// Text that is what stands at the span.
const AS_IT_STANDS: u8 = 5;
const TEXT: u8 = 6;
const LIST: u8 = 7;
const MAP: u8 = 8;

/// Packs the tree of a source.
#[allow(dead_code)] // the build script packs, the program does not
pub(super) fn pack(node: &Node, source: &str) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, node, source);
    out
}

#[allow(dead_code)]
fn put(out: &mut Vec<u8>, node: &Node, source: &str) {
    put_span(out, &node.span);
    match &node.kind {
        Kind::Null => out.push(NULL),
        Kind::Bool(false) => out.push(FALSE),
        Kind::Bool(true) => out.push(TRUE),
        Kind::Int(value) => {
            out.push(INT);
            out.extend(value.to_le_bytes());
        }
        Kind::Float(value) => {
            out.push(FLOAT);
            out.extend(value.to_le_bytes());
        }
        Kind::Text(text) => put_text(out, text, &node.span, source),
        Kind::List(items) => {
            out.push(LIST);
            put_number(out, items.len());
            for item in items {
                put(out, item, source);
            }
        }
        Kind::Map(entries) => {
            out.push(MAP);
            put_number(out, entries.len());
            for (key, value) in entries {
                put_span(out, &key.span);
                put_text(out, &key.text, &key.span, source);
                put(out, value, source);
            }
        }
    }
}

#[allow(dead_code)]
fn put_span(out: &mut Vec<u8>, span: &Range<usize>) {
    put_number(out, span.start);
    put_number(out, span.end.saturating_sub(span.start));
}

#[allow(dead_code)]
fn put_text(out: &mut Vec<u8>, text: &str, span: &Range<usize>, source: &str) {
    if source.get(span.clone()) == Some(text) {
        out.push(AS_IT_STANDS);
    } else {
        out.push(TEXT);
        put_number(out, text.len());
        out.extend(text.as_bytes());
    }
}

#[allow(dead_code)]
fn put_number(out: &mut Vec<u8>, number: usize) {
    let mut rest = number;
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Unpacks the tree of a source. `None` where the bytes are none that [`pack`] wrote.
#[allow(dead_code)] // the program unpacks, the build script does not
pub(super) fn unpack(bytes: &[u8], source: &str) -> Option<Node> {
    let mut packed = Packed {
        rest: bytes,
        source,
    };
    let node = packed.node()?;
    packed.rest.is_empty().then_some(node)
}

/// What is not unpacked yet.
struct Packed<'a> {
    rest: &'a [u8],
    source: &'a str,
}

#[allow(dead_code)]
impl Packed<'_> {
    fn node(&mut self) -> Option<Node> {
        let span = self.span()?;
        let kind = match self.byte()? {
            NULL => Kind::Null,
            FALSE => Kind::Bool(false),
            TRUE => Kind::Bool(true),
            INT => Kind::Int(i64::from_le_bytes(self.eight()?)),
            FLOAT => Kind::Float(f64::from_le_bytes(self.eight()?)),
            LIST => {
                let count = self.count()?;
                let mut items = Vec::with_capacity(count);
                for _ in 0..count {
                    items.push(self.node()?);
                }
                Kind::List(items)
            }
            MAP => {
                let count = self.count()?;
                let mut entries = Vec::with_capacity(count);
                for _ in 0..count {
                    let span = self.span()?;
                    let tag = self.byte()?;
                    let text = self.text(tag, &span)?;
                    entries.push((Key { text, span }, self.node()?));
                }
                Kind::Map(entries)
            }
            tag => Kind::Text(self.text(tag, &span)?),
        };
        Some(Node { span, kind })
    }

    fn span(&mut self) -> Option<Range<usize>> {
        let start = self.number()?;
        Some(start..start.checked_add(self.number()?)?)
    }

    fn text(&mut self, tag: u8, span: &Range<usize>) -> Option<String> {
        match tag {
            AS_IT_STANDS => self.source.get(span.clone()).map(str::to_owned),
            TEXT => {
                let length = self.number()?;
                let (text, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                std::str::from_utf8(text).ok().map(str::to_owned)
            }
            _ => None,
        }
    }

    /// How many follow: each takes a byte at least.
    fn count(&mut self) -> Option<usize> {
        self.number().filter(|count| *count <= self.rest.len())
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn eight(&mut self) -> Option<[u8; 8]> {
        let (eight, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*eight)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }
}
