//! Changes: failures merged into what an administrator does at once.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::gather::{Item, Spot};
use crate::model::{
    check::{Effort, Severity},
    finding::{Finding, Findings},
    profile::Obligation,
};

/// How bad it is that something stays undone.
pub(super) type Risk = (Obligation, Severity);

/// A change before it has its place.
pub(super) struct Draft<'a> {
    /// Id of the change.
    pub id: &'a str,
    /// Products that its lines are for; empty: for all.
    pub products: Vec<&'a str>,
    pub items: Vec<(Spot<'a>, Item<'a>)>,
}

impl<'a> Draft<'a> {
    /// Merges what one change mends: the same change on targets of the same products.
    pub fn merge(
        items: BTreeMap<Spot<'a>, Item<'a>>,
        document: &'a Findings,
        catalogue: &'a Catalogue,
    ) -> Vec<Self> {
        let recognised: BTreeMap<&str, &[String]> = document
            .targets
            .iter()
            .map(|target| (target.key.as_str(), target.products.as_slice()))
            .collect();
        let mut fitting: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut merged: BTreeMap<(&str, Vec<&str>), Self> = BTreeMap::new();
        for (spot, item) in items {
            let id = catalogue.change_of(spot.check);
            let fitting = fitting.entry(id).or_insert_with(|| catalogue.products(id));
            let products: Vec<&str> = recognised
                .get(spot.target)
                .copied()
                .unwrap_or_default()
                .iter()
                .map(String::as_str)
                .filter(|product| fitting.contains(product))
                .collect();
            merged
                .entry((id, products.clone()))
                .or_insert_with(|| Self {
                    id,
                    products,
                    items: Vec::new(),
                })
                .items
                .push((spot, item));
        }
        merged.into_values().collect()
    }

    pub fn checks(&self) -> BTreeSet<&'a str> {
        self.items.iter().map(|(spot, _)| spot.check).collect()
    }

    pub fn targets(&self) -> BTreeSet<&'a str> {
        self.items.iter().map(|(spot, _)| spot.target).collect()
    }

    /// The worst failure that it closes, those against a `must` before all others.
    pub fn risk(&self) -> Risk {
        let claims = self.items.iter().flat_map(|(_, item)| &item.claims);
        claims
            .map(|claim| (claim.requirement.obligation, claim.finding.severity))
            .max()
            .unwrap_or((Obligation::May, Severity::Info))
    }

    pub fn effort(&self) -> Effort {
        let efforts = self.findings().map(|finding| finding.effort);
        efforts.max().unwrap_or(Effort::Low)
    }

    /// Spots at which a `must` fails.
    pub fn failures(&self) -> usize {
        self.items
            .iter()
            .filter(|(_, item)| binding(item) == Obligation::Must)
            .count()
    }

    /// What fails, once for each spot.
    pub fn findings(&self) -> impl Iterator<Item = &'a Finding> {
        self.items
            .iter()
            .filter_map(|(_, item)| item.claims.first().map(|claim| claim.finding))
    }
}

fn binding(item: &Item<'_>) -> Obligation {
    let claims = item.claims.iter();
    claims
        .map(|claim| claim.requirement.obligation)
        .max()
        .unwrap_or(Obligation::May)
}
