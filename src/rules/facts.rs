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
pub(super) struct Paths {
    facts: Vec<FactUse>,
    /// Whether what is read now decides the verdict.
    pub deciding: bool,
}

impl Paths {
    pub fn add(&mut self, fact: &FactPath) -> usize {
        let known = self.facts.iter().position(|known| known.path == fact.path);
        let number = known.unwrap_or_else(|| {
            self.facts.push(FactUse {
                path: fact.path.clone(),
                area: fact.area,
                level: fact.level,
                decides: false,
            });
            self.facts.len() - 1
        });
        if let Some(fact) = self.facts.get_mut(number) {
            fact.decides |= self.deciding;
        }
        number
    }

    /// The path of a number.
    pub fn name(&self, number: usize) -> Option<&str> {
        self.facts.get(number).map(|fact| fact.path.as_str())
    }

    /// The places that are read, sorted: those that are only passed on the way
    /// to another are left out.
    pub fn read(&self) -> Vec<FactUse> {
        let below = |above: &FactUse| {
            let path = above.path.clone();
            self.facts
                .iter()
                .filter(move |fact| leads_to(&path, &fact.path))
        };
        let mut read: Vec<FactUse> = self.facts.clone();
        read.retain(|fact| below(fact).next().is_none());
        // A demand for a whole fact is one for its parts, which a message may read.
        for whole in self.facts.iter().filter(|fact| fact.decides) {
            if !below(whole).any(|fact| fact.decides) {
                for part in read
                    .iter_mut()
                    .filter(|fact| leads_to(&whole.path, &fact.path))
                {
                    part.decides = true;
                }
            }
        }
        read.sort();
        read
    }
}

fn leads_to(shorter: &str, longer: &str) -> bool {
    longer
        .strip_prefix(shorter)
        .is_some_and(|rest| rest.starts_with('.') || rest.starts_with("[]"))
}
