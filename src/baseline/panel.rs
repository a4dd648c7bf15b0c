//! The panel: the names that a participant measures in a period, pinned before
//! its window opens, so that nobody leaves out what turned out badly.
//!
//! What is kept holds no name: each is hashed with a salt, which stays at home
//! with it. So a run can be held against the panel, and the differences counted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::exchange::{Exchange, Period};
use super::measure::Refused;
use crate::judge::digest;
use crate::model::{
    cell::{Kind, Panel},
    tlp::Tlp,
};

/// Version of the file.
pub const PANEL_SCHEMA: &str = "scrutineer.panel/1";

/// Names by kind.
pub type Names = BTreeMap<Kind, BTreeSet<String>>;

/// A panel that was pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// Always [`PANEL_SCHEMA`].
    pub schema: String,
    /// Always TLP:AMBER+STRICT: with its salt, guessed names can be tried against it.
    pub tlp: Tlp,
    /// Id of the exchange.
    pub exchange: String,
    /// Id of the participant.
    pub participant: String,
    /// Id of the period.
    pub period: String,
    /// When it was pinned.
    pub pinned_at: Timestamp,
    /// What is said of the names of each kind.
    pub panel: BTreeMap<Kind, Panel>,
    /// 64 hexadecimal digits that nobody can guess.
    pub salt: String,
    /// Salted digests of the names of each kind.
    pub names: BTreeMap<Kind, BTreeSet<String>>,
}

/// How the names of a kind differ from the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The kind.
    pub kind: Kind,
    /// Names of the panel that are in no run.
    pub missing: usize,
    /// Names of the runs that are not in the panel.
    pub added: usize,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            missing,
            added,
        } = self;
        write!(
            f,
            "{kind}: {missing} of the panel in no run, {added} of the runs not in the panel"
        )
    }
}

impl Pinned {
    /// Pins names. `salt` must come from a source of random bytes.
    ///
    /// # Errors
    /// When the window has opened, or a kind without names is said to be complete.
    pub fn new(
        exchange: &Exchange,
        period: &Period,
        participant: &str,
        (names, complete): (&Names, &BTreeSet<Kind>),
        pinned_at: Timestamp,
        salt: &[u8; 32],
    ) -> Result<Self, Refused> {
        if period.opens_at() <= pinned_at {
            return Err(Refused(format!(
                "the window of {} opened at {}: a panel is pinned before. Without one, names are said to be chosen",
                period.id,
                period.opens_at()
            )));
        }
        if let Some(kind) = complete.iter().find(|kind| !names.contains_key(kind)) {
            return Err(Refused(format!(
                "the inventory has no name of kind {kind}, so that it cannot be complete"
            )));
        }
        let panel = |kind: &Kind| match complete.contains(kind) {
            true => (*kind, Panel::Complete),
            false => (*kind, Panel::Chosen),
        };
        let salt = crate::judge::hex(salt);
        Ok(Self {
            schema: PANEL_SCHEMA.to_owned(),
            tlp: Tlp::AmberStrict,
            exchange: exchange.id.clone(),
            participant: participant.to_owned(),
            period: period.id.clone(),
            pinned_at: Timestamp::from_second(pinned_at.as_second()).unwrap_or(pinned_at),
            panel: names.keys().map(panel).collect(),
            names: hashed(&salt, names),
            salt,
        })
    }

    /// What the panel is known by: it binds every name and tells none.
    pub fn digest(&self) -> String {
        digest(self).expect("panels hold texts and times alone")
    }

    /// Kinds of which the names are not those of the panel.
    pub fn differences(&self, names: &Names) -> Vec<Difference> {
        let found = hashed(&self.salt, names);
        let none = BTreeSet::new();
        let kinds: BTreeSet<&Kind> = self.names.keys().chain(found.keys()).collect();
        let of_kind = |kind: &Kind| {
            let pinned = self.names.get(kind).unwrap_or(&none);
            let found = found.get(kind).unwrap_or(&none);
            Difference {
                kind: *kind,
                missing: pinned.difference(found).count(),
                added: found.difference(pinned).count(),
            }
        };
        let all = kinds.into_iter().map(of_kind);
        all.filter(|one| one.missing + one.added > 0).collect()
    }
}

/// Salted digests of names.
fn hashed(salt: &str, names: &Names) -> BTreeMap<Kind, BTreeSet<String>> {
    let of_name = |kind: Kind, name: &String| {
        digest(&(PANEL_SCHEMA, salt, kind, name)).expect("texts have a canonical form")
    };
    names
        .iter()
        .map(|(kind, names)| {
            (
                *kind,
                names.iter().map(|name| of_name(*kind, name)).collect(),
            )
        })
        .collect()
}

/// The kinds of which a document may say that every name was measured.
///
/// Without a panel none may, apart from rehearsals. With one, those that the
/// panel said it of and whose names are the panel's. `claimed` are those that
/// the participant says it of; none leaves it to the panel. With `changed`,
/// kinds that differ are chosen, and no error.
///
/// # Errors
/// When names differ from the panel, or more is claimed than it allows.
pub fn complete(
    exchange: &Exchange,
    pinned: Option<&Pinned>,
    names: &Names,
    claimed: &BTreeSet<Kind>,
    changed: bool,
) -> Result<BTreeSet<Kind>, Refused> {
    let Some(pinned) = pinned else {
        return match claimed.is_empty() || exchange.simulated {
            true => Ok(claimed.clone()),
            false => Err(Refused(
                "--complete needs a panel that was pinned before the window opened (`scrutineer baseline panel`); without one, names are said to be chosen".to_owned(),
            )),
        };
    };
    let differ = pinned.differences(names);
    if !differ.is_empty() && !changed {
        let told: Vec<String> = differ.iter().map(ToString::to_string).collect();
        return Err(Refused(format!(
            "the names are not those of the panel that was pinned at {} ({}): scan the panel, or give --panel-changed, and these kinds are said to be chosen",
            pinned.pinned_at,
            told.join("; ")
        )));
    }
    let whole = |kind: &Kind| {
        pinned.panel.get(kind) == Some(&Panel::Complete)
            && !differ.iter().any(|one| one.kind == *kind)
    };
    if let Some(kind) = claimed.iter().find(|kind| !whole(kind)) {
        return Err(Refused(format!(
            "--complete {kind}: the panel that was pinned at {} does not say so, or its names were changed",
            pinned.pinned_at
        )));
    }
    Ok(pinned.panel.keys().copied().filter(whole).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::exchange::{Calendar, Pins};
    use jiff::civil::date;

    fn exchange(simulated: bool) -> Exchange {
        Exchange {
            id: "north-sea".to_owned(),
            title: "North Sea".to_owned(),
            profile: "common-baseline".to_owned(),
            audience: BTreeSet::new(),
            simulated,
            calendar: Calendar {
                periods: vec![Period {
                    id: "2026H2".to_owned(),
                    opens: date(2026, 9, 1),
                    pins: Pins {
                        pack: "0a".repeat(32),
                        profile: "0b".repeat(32),
                        tables: BTreeMap::new(),
                        least_tool: "0.1.0".to_owned(),
                    },
                }],
            },
        }
    }

    fn names(web: &[&str], mail: &[&str]) -> Names {
        [(Kind::Web, web), (Kind::Mail, mail)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(kind, names)| (kind, names.iter().map(|name| (*name).to_owned()).collect()))
            .collect()
    }

    fn pin(names: &Names, complete: &[Kind], at: &str) -> Result<Pinned, Refused> {
        let exchange = exchange(false);
        let complete = complete.iter().copied().collect();
        let at = at.parse().unwrap();
        let period = &exchange.calendar.periods[0];
        Pinned::new(
            &exchange,
            period,
            "office-a",
            (names, &complete),
            at,
            &[7; 32],
        )
    }

    const BEFORE: &str = "2026-08-31T23:59:59Z";

    #[test]
    fn a_panel_is_pinned_before_the_window_and_tells_no_name() {
        let all = names(&["a.example", "b.example"], &["a.example"]);
        let pinned = pin(&all, &[Kind::Web], BEFORE).unwrap();
        let text = serde_json::to_string(&pinned).unwrap();
        assert!(!text.contains("example"), "{text}");
        let web = &pinned.names[&Kind::Web];
        assert!(
            web.is_disjoint(&pinned.names[&Kind::Mail]),
            "a name counts by kind"
        );
        assert_ne!(
            pinned.digest(),
            pin(&all, &[], BEFORE).unwrap().digest(),
            "what is said of it is bound as well"
        );
        let late = pin(&all, &[], "2026-09-01T00:00:00Z").unwrap_err();
        assert!(late.0.contains("is pinned before"), "{late}");
        assert!(pin(&all, &[Kind::Dns], BEFORE).is_err());
    }

    #[test]
    fn differences_are_counted_and_make_a_kind_chosen() {
        let all = names(&["a", "b", "c"], &["a"]);
        let pinned = pin(&all, &[Kind::Web, Kind::Mail], BEFORE).unwrap();
        assert_eq!(pinned.differences(&all), []);
        let other = names(&["a", "d"], &["a"]);
        let expected = Difference {
            kind: Kind::Web,
            missing: 2,
            added: 1,
        };
        assert_eq!(pinned.differences(&other), [expected]);
        let decide = |names: &Names, claimed: &[Kind], changed| {
            let claimed = claimed.iter().copied().collect();
            complete(&exchange(false), Some(&pinned), names, &claimed, changed)
        };
        let both = BTreeSet::from([Kind::Web, Kind::Mail]);
        assert_eq!(decide(&all, &[], false).unwrap(), both);
        let refused = decide(&other, &[], false).unwrap_err().0;
        assert!(
            refused.contains("web: 2 of the panel in no run, 1 of the runs not in the panel"),
            "{refused}"
        );
        let mail = BTreeSet::from([Kind::Mail]);
        assert_eq!(decide(&other, &[], true).unwrap(), mail);
        assert!(decide(&other, &[Kind::Web], true).is_err());
        assert!(decide(&names(&["a", "b", "c"], &[]), &[], false).is_err());
    }

    #[test]
    fn without_a_panel_names_are_chosen() {
        let all = names(&["a"], &[]);
        let decide = |simulated, claimed: &[Kind]| {
            let claimed = claimed.iter().copied().collect();
            complete(&exchange(simulated), None, &all, &claimed, false)
        };
        assert_eq!(decide(false, &[]).unwrap(), BTreeSet::new());
        assert!(
            decide(false, &[Kind::Web])
                .unwrap_err()
                .0
                .contains("pinned before")
        );
        assert_eq!(
            decide(true, &[Kind::Web]).unwrap(),
            BTreeSet::from([Kind::Web])
        );
    }
}
