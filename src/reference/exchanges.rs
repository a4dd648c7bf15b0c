//! The page of exchanges: what a scan sends, by role and level, as the probes plan it.

use std::collections::BTreeSet;

use super::{
    MARK,
    markdown::{cell, code, table},
};
use crate::model::{
    level::Level,
    target::{Pins, Role, Target},
};
use crate::probes::registry::REGISTRY;

/// Name of the target in the tables.
const NAME: &str = "vote.example";

const ROLES: [Role; 6] = [
    Role::Website,
    Role::RegistrationPortal,
    Role::Results,
    Role::Api,
    Role::MailDomain,
    Role::DnsZone,
];

pub(super) fn page() -> String {
    let mut out = format!(
        "{MARK}\n\n# What a scan sends\n\nThe exchanges that each probe plans for a target {}, with the most times that each is made. \
         `scrutineer scan NAME --dry-run` prints this list for your own targets, and sends nothing. Limits over all of it: see \
         [what is sent to your servers](../what-is-sent.md).\n",
        code(NAME)
    );
    for role in ROLES {
        out += &format!("\n## A target with the role `{}`\n", role.key());
        let mut before = BTreeSet::new();
        for level in [Level::Passive, Level::Standard, Level::Intrusive] {
            let rows = rows(role, level);
            let new: Vec<Vec<String>> = rows
                .iter()
                .filter(|row| !before.contains(*row))
                .cloned()
                .collect();
            before.extend(rows);
            out += &match (level, new.is_empty()) {
                (_, true) => format!("\nLevel {level}: nothing more.\n"),
                (Level::Passive, false) => format!("\nLevel {level}:\n\n"),
                (_, false) => format!("\nLevel {level}, besides or in place of that:\n\n"),
            };
            out += &table(&["area", "at most", "what", "to"], &new);
        }
    }
    out
}

fn rows(role: Role, level: Level) -> Vec<Vec<String>> {
    let target = Target {
        name: NAME.to_owned(),
        port: None,
        roles: BTreeSet::from([role]),
        paths: Vec::new(),
        ignore_robots: false,
        origin: Vec::new(),
        dkim_selectors: Vec::new(),
        pins: Pins::default(),
        source: None,
    };
    let areas = target.areas();
    let probes = REGISTRY.iter().filter(|probe| areas.contains(&probe.area));
    let exchanges = probes.flat_map(|probe| (probe.plan)(&target, level));
    exchanges
        .map(|exchange| {
            vec![
                exchange.area.key().to_owned(),
                exchange.at_most.to_string(),
                cell(&exchange.what),
                cell(&exchange.to),
            ]
        })
        .collect()
}
