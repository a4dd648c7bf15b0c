//! An observation made ready for judging: its gaps as a tree beside the facts.

use serde_json::Value;
use std::collections::HashMap;

/// An observation made ready for judging. Borrows the facts; nothing is copied
/// but the places of its gaps.
#[derive(Debug)]
pub struct Document<'a> {
    root: &'a Value,
    gaps: GapNode,
}

/// The gaps at one place and below it.
#[derive(Debug, Default)]
pub(super) struct GapNode {
    /// Gaps at this very place.
    pub here: Vec<usize>,
    /// Gaps that say that the list at this place may have more items.
    pub open: Vec<usize>,
    children: HashMap<String, GapNode>,
}

impl<'a> Document<'a> {
    /// Reads the `gaps` of an observation, whole or partial (an example of a
    /// check). A gap whose place cannot be read hides the whole observation:
    /// nothing better is known of it.
    pub fn new(observation: &'a Value) -> Self {
        let mut gaps = GapNode::default();
        let listed = observation.get("gaps").and_then(Value::as_array);
        for (index, gap) in listed.into_iter().flatten().enumerate() {
            let at = gap.get("at").and_then(Value::as_str);
            gaps.insert(at.and_then(segments).unwrap_or_default(), index);
        }
        Self {
            root: observation,
            gaps,
        }
    }

    /// The observation.
    pub fn value(&self) -> &'a Value {
        self.root
    }

    pub(super) fn gaps(&self) -> &GapNode {
        &self.gaps
    }
}

impl GapNode {
    /// The gaps at and below a member or, by its number, an item.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.get(name)
    }

    /// The gaps at and below the item of a list.
    pub fn item(&self, index: usize) -> Option<&Self> {
        if self.children.is_empty() {
            return None;
        }
        self.children.get(index.to_string().as_str())
    }

    /// Gaps that leave a list of known length open: those at its end, and
    /// those of items past the last one it has.
    pub fn beyond(&self, length: usize) -> Vec<usize> {
        let mut found = self.open.clone();
        for (name, child) in &self.children {
            if name.parse::<usize>().is_ok_and(|index| index >= length) {
                child.collect(&mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// All gaps at this place and below it.
    pub fn all(&self) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect(&self, found: &mut Vec<usize>) {
        found.extend(&self.here);
        found.extend(&self.open);
        for child in self.children.values() {
            child.collect(found);
        }
    }

    fn insert(&mut self, mut segments: Vec<String>, index: usize) {
        let open = segments.last().is_some_and(|last| last == "-");
        if open {
            segments.pop();
        }
        let mut node = self;
        for segment in segments {
            node = node.children.entry(segment).or_default();
        }
        if open {
            node.open.push(index);
        } else {
            node.here.push(index);
        }
    }
}

/// Most levels that a gap may name; facts are never that deep.
const MAX_SEGMENTS: usize = 64;

/// The segments of a JSON Pointer (RFC 6901 section 4).
fn segments(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let segments: Vec<String> = pointer
        .strip_prefix('/')?
        .split('/')
        .take(MAX_SEGMENTS + 1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect();
    (segments.len() <= MAX_SEGMENTS).then_some(segments)
}
