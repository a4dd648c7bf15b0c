//! The facts that a check reads.

use super::FactUse;
use super::schema::Slot;
use crate::model::level::{Area, Level};

/// A place in the observation, for every item of the lists on the way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FactPath {
    pub path: String,
    pub area: Option<Area>,
    pub level: Level,
}

impl FactPath {
    /// The target itself.
    pub fn root() -> Self {
        Self {
            path: String::new(),
            area: None,
            level: Level::Passive,
        }
    }

    /// A field of the place. The level is the highest on the way.
    pub fn field(&self, name: &str, slot: &Slot) -> Self {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        self.at(path, slot)
    }

    /// The items of the list at the place.
    pub fn item(&self, slot: &Slot) -> Self {
        self.at(format!("{}[]", self.path), slot)
    }

    fn at(&self, path: String, slot: &Slot) -> Self {
        Self {
            path,
            area: slot.area.or(self.area),
            level: self.level.max(slot.level.unwrap_or(Level::Passive)),
        }
    }
}

/// Every place that a check passes, numbered.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths(Vec<FactUse>);

impl Paths {
    pub fn add(&mut self, fact: &FactPath) -> usize {
        if let Some(number) = self.0.iter().position(|known| known.path == fact.path) {
            return number;
        }
        self.0.push(FactUse {
            path: fact.path.clone(),
            area: fact.area,
            level: fact.level,
        });
        self.0.len() - 1
    }

    /// The path of a number.
    pub fn name(&self, number: usize) -> Option<&str> {
        self.0.get(number).map(|fact| fact.path.as_str())
    }

    /// The places that are read, sorted: those that are only passed on the way
    /// to another are left out.
    pub fn read(&self) -> Vec<FactUse> {
        let mut read: Vec<FactUse> = self
            .0
            .iter()
            .filter(|fact| !self.0.iter().any(|other| leads_to(&fact.path, &other.path)))
            .cloned()
            .collect();
        read.sort();
        read
    }
}

fn leads_to(shorter: &str, longer: &str) -> bool {
    longer
        .strip_prefix(shorter)
        .is_some_and(|rest| rest.starts_with('.') || rest.starts_with("[]"))
}
