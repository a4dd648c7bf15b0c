//! Takes facts away from an example, one at a time.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::model::level::Area;

/// Most variants of one example; far more than any example has facts.
const MAX_VARIANTS: usize = 2_000;
/// Facts deeper than this are left alone.
const MAX_DEPTH: usize = 32;

/// The example's observation with each fact of an area removed once, each list
/// opened once, with all its items, without the last and without any, and each
/// item hidden once, together with what was done to it. Judged again, the
/// verdict must stay or become inconclusive. What the inventory says (`target`)
/// is no observation and stays.
pub fn erosion(document: &Value) -> impl Iterator<Item = (String, Value)> + '_ {
    let mut places = Vec::new();
    for area in Area::ALL {
        if let Some(facts) = document.get(area.key()) {
            let pointer = format!("/{}", area.key());
            collect(facts, &pointer, 0, &mut places);
            places.push(Place::Fact(pointer));
        }
    }
    places.truncate(MAX_VARIANTS);
    places
        .into_iter()
        .filter_map(move |place| place.apply(document))
}

enum Place {
    /// A member of an object.
    Fact(String),
    /// A list, by its own pointer, and how many of its items are kept.
    Open(String, usize),
    /// An item of a list.
    Item(String),
}

impl Place {
    fn apply(self, document: &Value) -> Option<(String, Value)> {
        let mut eroded = document.clone();
        let told = match self {
            Self::Fact(at) => {
                let (parent, name) = at.rsplit_once('/')?;
                eroded
                    .pointer_mut(parent)?
                    .as_object_mut()?
                    .remove(&unescape(name))?;
                format!("{at} not observed")
            }
            Self::Open(at, kept) => {
                let list = eroded.pointer_mut(&at)?.as_array_mut()?;
                list.truncate(kept);
                add_gap(&mut eroded, &format!("{at}/-"))?;
                format!("{at} seen up to item {kept}")
            }
            Self::Item(at) => {
                add_gap(&mut eroded, &at)?;
                format!("{at} not determined")
            }
        };
        Some((told, eroded))
    }
}

fn collect(facts: &Value, at: &str, depth: usize, places: &mut Vec<Place>) {
    if depth >= MAX_DEPTH || places.len() >= MAX_VARIANTS {
        return;
    }
    match facts {
        Value::Object(members) => {
            for (name, member) in members {
                let place = format!("{at}/{}", escape(name));
                collect(member, &place, depth + 1, places);
                places.push(Place::Fact(place));
            }
        }
        Value::Array(items) => {
            let kept = BTreeSet::from([0, items.len().saturating_sub(1), items.len()]);
            places.extend(
                kept.into_iter()
                    .map(|kept| Place::Open(at.to_owned(), kept)),
            );
            for (index, item) in items.iter().enumerate() {
                let place = format!("{at}/{index}");
                collect(item, &place, depth + 1, places);
                places.push(Place::Item(place));
            }
        }
        _ => {}
    }
}

fn add_gap(document: &mut Value, at: &str) -> Option<()> {
    let gaps = document
        .as_object_mut()?
        .entry("gaps")
        .or_insert_with(|| json!([]));
    gaps.as_array_mut()?
        .push(json!({ "at": at, "reason": "timeout" }));
    Some(())
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescape(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}
