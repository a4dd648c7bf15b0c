//! Keeps equal parts of many results once: a run over thousands of targets
//! names the same places, keys and lists of subjects again and again.

use std::collections::HashSet;
use std::hash::Hash;

use super::target::TargetResult;
use crate::model::{finding::SubjectVerdict, shared::Shared};

/// What was seen so far.
#[derive(Default)]
pub struct Interner {
    texts: HashSet<Shared<String>>,
    subjects: HashSet<Shared<Vec<SubjectVerdict>>>,
}

impl Interner {
    /// Puts known parts in the place of equal ones, and gives back spare room.
    pub fn compact(&mut self, result: &mut TargetResult) {
        for outcome in &mut result.uses {
            if !self.subjects.contains(&outcome.subjects) {
                for_each_place(&mut outcome.subjects, |place| one(&mut self.texts, place));
            }
            one(&mut self.subjects, &mut outcome.subjects);
        }
        for found in &mut result.findings {
            let finding = &mut found.finding;
            finding.instances.shrink_to_fit();
            for instance in &mut finding.instances {
                for list in [
                    &mut instance.subject,
                    &mut instance.items,
                    &mut instance.places,
                    &mut instance.addresses,
                ] {
                    list.shrink_to_fit();
                    for text in list {
                        one(&mut self.texts, text);
                    }
                }
            }
        }
    }
}

fn for_each_place(
    subjects: &mut Shared<Vec<SubjectVerdict>>,
    mut change: impl FnMut(&mut Shared<String>),
) {
    let mut list = (**subjects).clone();
    for subject in &mut list {
        change(&mut subject.at);
    }
    *subjects = Shared::new(list);
}

fn one<T: Eq + Hash>(known: &mut HashSet<Shared<T>>, value: &mut Shared<T>) {
    match known.get(value) {
        Some(first) => *value = first.clone(),
        None => {
            known.insert(value.clone());
        }
    }
}
