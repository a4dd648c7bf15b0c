//! Counts what runs say of a participant, by entry and kind.
//!
//! A [`Measurement`] takes headers and judged targets in any order and keeps
//! of each name the newest observation of the window. It refuses what an
//! outsider could not see, and what was not measured with what the period pins.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::count::{self, Cells, Counted, Judged};
use super::document::Looked;
use super::exchange::{Exchange, Period, Pins};
use super::names;
use super::panel::Names;
use crate::judge::{Dates, ResolvedProfile, TargetResult, not_reached};
use crate::model::{
    cell::Kind,
    level::Level,
    observation::{Conditions, Observation},
    run::RunHeader,
    target::Target,
    verdict::Verdict,
};
use crate::wire::text::clean;

/// Why runs cannot become a baseline: one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

fn refused<T>(message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(message.into()))
}

/// The program that judges: what pins are checked against besides the runs.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Name and version.
    pub tool: &'a str,
    /// Its moving tables with their editions.
    pub tables: &'a [(&'a str, &'a str)],
}

/// Organisations that a pool may count, each of which consented.
pub type Members = BTreeSet<String>;

/// The counting of a participant's runs for a period.
pub struct Measurement<'a> {
    exchange: &'a Exchange,
    period: &'a Period,
    profile: &'a ResolvedProfile,
    members: Option<&'a Members>,
    /// Whether observations outside of the window count too: for a look of one's own.
    any_time: bool,
    /// How the first run looked at targets; the others must have done the same.
    looked: Option<Looked>,
    /// The organisation of the first run, where there is no pool.
    organisation: Option<Option<String>>,
    names: BTreeMap<String, Name>,
}

/// A name of the panel.
struct Name {
    target: Target,
    organisation: Option<String>,
    newest: Option<Newest>,
}

/// The newest observation of a name in the window.
struct Newest {
    at: Timestamp,
    /// The verdict of each entry.
    verdicts: Vec<Verdict>,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// How targets were looked at.
    pub looked: Looked,
    /// Kinds with at least one name.
    pub kinds: BTreeSet<Kind>,
    /// The counts, by entry and kind; of entries with equal digests, the first alone.
    pub cells: Vec<Counted>,
    /// The names of each kind, by key.
    pub names: Names,
    /// When each name of the panel was seen, if it was; by key.
    pub observed: BTreeMap<String, Option<Timestamp>>,
}

impl<'a> Measurement<'a> {
    /// Begins with no run. `members` makes it a pool.
    ///
    /// # Errors
    /// When the profile, the pack or the program is not what the period pins.
    pub fn new(
        exchange: &'a Exchange,
        period: &'a Period,
        profile: &'a ResolvedProfile,
        program: Program<'_>,
        members: Option<&'a Members>,
    ) -> Result<Self, Refused> {
        let pins = &period.pins;
        if profile.id != exchange.profile {
            return refused(format!(
                "the exchange judges under {}, and this is {}",
                exchange.profile, profile.id
            ));
        }
        for (what, pinned, found) in [
            ("checks", &pins.pack, &profile.pack.digest),
            ("profile", &pins.profile, &profile.digest),
        ] {
            if pinned != found {
                return refused(format!(
                    "{} pins {what} with the digest {pinned}, and these have {found}: use the pack that the stewards hand out (--pack FILE; `scrutineer pack show FILE` tells its digests)",
                    period.id
                ));
            }
        }
        recent_enough(program.tool, period, "this program")?;
        let own = |name: &str| {
            let known = program.tables.iter().find(|(known, _)| *known == name);
            known.map(|(_, edition)| *edition)
        };
        for (table, pinned) in &pins.tables {
            if own(table) != Some(pinned) {
                return refused(format!(
                    "{} pins the table {table} in the edition {pinned}, and this program carries {}: use the release that the exchange names",
                    period.id,
                    own(table).unwrap_or("none")
                ));
            }
        }
        Ok(Self {
            exchange,
            period,
            profile,
            members,
            any_time: false,
            looked: None,
            organisation: None,
            names: BTreeMap::new(),
        })
    }

    /// Counts observations of any time: to look at a run of one's own, and never to publish.
    pub fn at_any_time(mut self) -> Self {
        self.any_time = true;
        self
    }

    /// The dates to judge by: everybody's are those of the period.
    pub fn dates(&self) -> Dates {
        Dates {
            as_of: self.period.opens,
        }
    }

    /// Takes in the header of a run: its targets are names of the panel.
    ///
    /// # Errors
    /// When the run was not made as the period pins, or shows what no outsider could see.
    pub fn run(&mut self, header: &RunHeader) -> Result<(), Refused> {
        recent_enough(&header.tool, self.period, "the run")?;
        same_tables(&self.period.pins, &header.tables)?;
        self.outsider(&header.conditions)?;
        let looked = looked(&header.conditions);
        match &self.looked {
            Some(known) if *known != looked => {
                return refused(
                    "the run was made with another level, --only or --pages than the run before: a baseline has one",
                );
            }
            _ => self.looked = Some(looked),
        }
        self.of_whom(header)?;
        for target in &header.targets {
            let key = target.key();
            match self.names.get_mut(&key) {
                None => {
                    let name = Name {
                        target: target.clone(),
                        organisation: header.organisation.clone(),
                        newest: None,
                    };
                    self.names.insert(key, name);
                }
                Some(known) if known.organisation != header.organisation => {
                    return refused(format!(
                        "two organisations of the pool both scanned {key}: it can count for one alone"
                    ));
                }
                // The runs were made at different times; whatever a name was said to be, it is.
                Some(known) => known.target.roles.extend(target.roles.iter().copied()),
            }
        }
        Ok(())
    }

    /// Whether an observation may count: it is of the window, and newer than what is known of its name.
    ///
    /// # Errors
    /// When it was made in another way than its run says.
    pub fn wants(&self, header: &RunHeader, observation: &Observation) -> Result<bool, Refused> {
        if observation.conditions != header.conditions {
            return refused(format!(
                "{} was observed under other conditions than its run says",
                observation.target.key()
            ));
        }
        let at = observation.observed_at;
        let known = self.names.get(&observation.target.key());
        let newest = known.and_then(|name| name.newest.as_ref());
        let in_time = self.any_time || self.period.counts(at);
        Ok(in_time && newest.is_none_or(|newest| newest.at <= at))
    }

    /// Takes in the result of an observation that was wanted.
    ///
    /// # Errors
    /// When the name was seen twice at the same moment with different verdicts,
    /// or by no run that was taken in.
    pub fn take(&mut self, result: &TargetResult) -> Result<(), Refused> {
        let key: &str = &result.key;
        let Some(name) = self.names.get_mut(key) else {
            return refused(format!("no run names {key}"));
        };
        let verdicts: Vec<Verdict> = result.entries.iter().map(|entry| entry.verdict).collect();
        if let Some(newest) = &name.newest {
            if newest.at > result.observed_at {
                return Ok(());
            }
            if newest.at == result.observed_at && newest.verdicts != verdicts {
                return refused(format!(
                    "{key} was observed twice at {}, and judged differently: leave one of the runs out",
                    newest.at
                ));
            }
        }
        name.newest = Some(Newest {
            at: result.observed_at,
            verdicts,
        });
        Ok(())
    }

    /// Ends in the counts. Names without an observation in the window stay open.
    ///
    /// # Errors
    /// When there is no run, or nothing in them is of the window.
    pub fn finish(self) -> Result<Counts, Refused> {
        let Some(looked) = self.looked.clone() else {
            return refused("there is no run");
        };
        if self.names.values().all(|name| name.newest.is_none()) {
            return refused(format!(
                "no observation is of the window of {} ({} and the {} days from then, UTC)",
                self.period.id,
                self.period.opens,
                super::exchange::WINDOW_DAYS
            ));
        }
        let names: Vec<Judged> = self.names.values().map(|name| self.judged(name)).collect();
        let kinds: BTreeSet<Kind> = names
            .iter()
            .flat_map(|name| Kind::of_roles(name.roles))
            .collect();
        let cells = count::cells(
            self.profile,
            &names,
            self.members.is_some(),
            Cells::Published,
        );
        let mut by_kind = Names::new();
        for (key, name) in &self.names {
            for kind in Kind::of_roles(&name.target.roles) {
                by_kind.entry(kind).or_default().insert(key.clone());
            }
        }
        let observed = self
            .names
            .into_iter()
            .map(|(key, name)| (key, name.newest.map(|newest| newest.at)))
            .collect();
        Ok(Counts {
            looked,
            kinds,
            cells,
            names: by_kind,
            observed,
        })
    }

    fn judged<'n>(&self, name: &'n Name) -> Judged<'n> {
        Judged {
            roles: &name.target.roles,
            organisation: name.organisation.as_deref().unwrap_or_default(),
            verdicts: match &name.newest {
                Some(newest) => newest.verdicts.clone(),
                None => not_reached(self.profile, &name.target, self.period.opens)
                    .into_iter()
                    .map(|outcome| outcome.verdict)
                    .collect(),
            },
        }
    }

    /// Refuses what an outsider could not see. A made-up exchange counts staged targets.
    fn outsider(&self, conditions: &Conditions) -> Result<(), Refused> {
        if conditions.level > Level::Standard {
            return refused(
                "the run was made with --level intrusive: a baseline counts what every outsider could see; scan with --level standard",
            );
        }
        if self.exchange.simulated {
            return Ok(());
        }
        let staged = [
            (conditions.staged, "--connect-to"),
            (conditions.allow_private, "--allow-private"),
            (conditions.extra_roots, "--ca-file"),
            (conditions.given_resolver, "--resolver"),
            (conditions.given_anchor, "--trust-anchor"),
            (conditions.root_hints.is_some(), "--root-hints"),
        ];
        match staged.into_iter().find(|(used, _)| *used) {
            Some((_, option)) => refused(format!(
                "the run was made with {option}: a baseline counts what every outsider could see; scan without it"
            )),
            None => Ok(()),
        }
    }

    /// Checks that the run is of the participant, or of a member of the pool.
    fn of_whom(&mut self, header: &RunHeader) -> Result<(), Refused> {
        let name = |organisation: &Option<String>| match organisation {
            Some(organisation) => clean(organisation, 100),
            None => "no organisation".to_owned(),
        };
        if let Some(members) = self.members {
            let known = |organisation: &String| members.contains(organisation);
            return match header.organisation.as_ref().is_some_and(known) {
                true => Ok(()),
                false => refused(format!(
                    "the run is of {}, which is no member of the pool that consented",
                    name(&header.organisation)
                )),
            };
        }
        let known = self
            .organisation
            .get_or_insert_with(|| header.organisation.clone());
        match *known == header.organisation {
            true => Ok(()),
            false => refused(format!(
                "the run is of {}, and the run before of {}: several organisations take part as a pool (--pool FILE)",
                name(&header.organisation),
                name(known)
            )),
        }
    }
}

fn looked(conditions: &Conditions) -> Looked {
    Looked {
        level: conditions.level,
        areas: conditions.areas.iter().copied().collect(),
        page_cap: conditions.page_cap,
        routes: conditions.routes.clone(),
        vrps: conditions.vrps.clone(),
    }
}

fn recent_enough(tool: &str, period: &Period, what: &str) -> Result<(), Refused> {
    let least = &period.pins.least_tool;
    match names::version(tool) >= names::version(least) && names::version(tool).is_some() {
        true => Ok(()),
        false => refused(format!(
            "{} asks for scrutineer {least} or newer, and {what} is of {}",
            period.id,
            clean(tool, 60)
        )),
    }
}

fn same_tables(pins: &Pins, tables: &BTreeMap<String, String>) -> Result<(), Refused> {
    for (table, pinned) in &pins.tables {
        if tables.get(table) != Some(pinned) {
            let found = tables.get(table).map_or("none", String::as_str);
            return refused(format!(
                "the run was made with the table {table} in the edition {}, and the period pins {pinned}: scan with the release that the exchange names",
                clean(found, 60)
            ));
        }
    }
    Ok(())
}
