//! Counts an office's own runs, exactly: for its own eyes, and for reports that
//! it makes of itself. What other offices could see does not limit it.

use jiff::{Timestamp, civil::Date};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    count::{self, Cells, Counted, Judged},
    exchange::Period,
    measure::Refused,
    names,
};
use crate::judge::{Dates, ResolvedProfile, TargetResult, not_reached};
use crate::model::{
    cell::Kind,
    observation::Observation,
    period::{OwnPart, Way},
    run::RunHeader,
    target::Target,
    tlp::Tlp,
    verdict::Verdict,
};

/// When runs count for a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Id of the period.
    pub id: String,
    /// First day, UTC; also the policy date.
    pub from: Date,
    /// Last day, UTC.
    pub to: Date,
}

impl Span {
    /// A period by its name: the whole half-year, for an office by itself.
    pub fn named(id: &str) -> Option<Self> {
        let (from, to) = names::days_of_period(id)?;
        Some(Self {
            id: id.to_owned(),
            from,
            to,
        })
    }

    /// The window of a period of an exchange.
    pub fn window(period: &Period) -> Self {
        let closes = period.closes_at().to_zoned(jiff::tz::TimeZone::UTC).date();
        Self {
            id: period.id.clone(),
            from: period.opens,
            to: closes.yesterday().unwrap_or(closes),
        }
    }

    /// Whether a moment is of the period.
    pub fn holds(&self, at: Timestamp) -> bool {
        let day = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        self.from <= day && day <= self.to
    }
}

/// The counting of own runs for one period.
pub struct OwnRuns<'a> {
    profile: &'a ResolvedProfile,
    span: &'a Span,
    part: OwnPart,
    /// Organisations as the runs name them.
    organisations: BTreeSet<String>,
    /// The strictest label of the runs.
    label: Option<Tlp>,
    staged: bool,
    names: BTreeMap<(String, Option<String>), Name>,
}

struct Name {
    target: Target,
    newest: Option<(Timestamp, Vec<Verdict>)>,
}

/// What own runs of a period say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCounts {
    /// What the runs hold.
    pub part: OwnPart,
    /// Organisations as the runs name them.
    pub organisations: BTreeSet<String>,
    /// The strictest label of the runs.
    pub label: Tlp,
    /// Whether some looked at staged or private systems, or trusted more than the public does.
    pub staged: bool,
    /// The counts, by entry and kind.
    pub cells: Vec<Counted>,
}

impl<'a> OwnRuns<'a> {
    /// Begins with no run.
    pub fn new(profile: &'a ResolvedProfile, span: &'a Span) -> Self {
        Self {
            profile,
            span,
            part: OwnPart {
                runs: 0,
                names: 0,
                kinds: BTreeMap::new(),
                observed: 0,
                first: None,
                last: None,
                ways: BTreeSet::new(),
                tools: BTreeSet::new(),
                tables: BTreeSet::new(),
                cells: 0,
                hidden: 0,
            },
            organisations: BTreeSet::new(),
            label: None,
            staged: false,
            names: BTreeMap::new(),
        }
    }

    /// The dates to judge by.
    pub fn dates(&self) -> Dates {
        Dates {
            as_of: self.span.from,
        }
    }

    /// Takes in the header of a run.
    ///
    /// # Errors
    /// When its label is none, or is TLP:RED.
    pub fn run(&mut self, header: &RunHeader) -> Result<(), Refused> {
        let label = match Tlp::parse(&header.tlp) {
            Some(Tlp::Red) => {
                return Err(Refused("it is TLP:RED, which never leaves".to_owned()));
            }
            Some(label) => label,
            None => return Err(Refused("it carries no label of TLP 2.0".to_owned())),
        };
        self.label = self.label.max(Some(label));
        self.part.runs += 1;
        self.part.tools.insert(header.tool.clone());
        let tables = header.tables.iter();
        let tables = tables.map(|(name, edition)| format!("{name} {edition}"));
        self.part.tables.extend(tables);
        let conditions = &header.conditions;
        self.part.ways.insert(Way {
            level: conditions.level,
            areas: conditions.areas.iter().copied().collect(),
            page_cap: conditions.page_cap,
            routes: conditions.routes.clone(),
            vrps: conditions.vrps.clone(),
        });
        self.staged |= conditions.staged
            || conditions.allow_private
            || conditions.extra_roots
            || conditions.given_resolver
            || conditions.given_anchor
            || conditions.root_hints.is_some();
        self.organisations.extend(header.organisation.clone());
        for target in &header.targets {
            let key = (target.key(), header.organisation.clone());
            let known = self.names.entry(key).or_insert_with(|| Name {
                target: target.clone(),
                newest: None,
            });
            known.target.roles.extend(target.roles.iter().copied());
        }
        Ok(())
    }

    /// Whether an observation counts: it is of the period, and newer than what is known of its name.
    pub fn wants(&self, header: &RunHeader, observation: &Observation) -> bool {
        let at = observation.observed_at;
        let key = (observation.target.key(), header.organisation.clone());
        let newest = self.names.get(&key).and_then(|name| name.newest.as_ref());
        self.span.holds(at) && newest.is_none_or(|(known, _)| *known < at)
    }

    /// Takes in the result of an observation that was wanted.
    pub fn take(&mut self, header: &RunHeader, result: &TargetResult) {
        let key = (result.key.as_str().to_owned(), header.organisation.clone());
        if let Some(name) = self.names.get_mut(&key) {
            let verdicts = result.entries.iter().map(|entry| entry.verdict).collect();
            name.newest = Some((result.observed_at, verdicts));
        }
    }

    /// Ends in the counts; `None` where no run is of the period. Names without
    /// an observation stay open.
    pub fn finish(mut self) -> Option<OwnCounts> {
        let label = self.label?;
        let judged: Vec<Judged<'_>> = self
            .names
            .iter()
            .map(|((_, organisation), name)| Judged {
                roles: &name.target.roles,
                organisation: organisation.as_deref().unwrap_or_default(),
                verdicts: match &name.newest {
                    Some((_, verdicts)) => verdicts.clone(),
                    None => not_reached(self.profile, &name.target, self.span.from)
                        .into_iter()
                        .map(|outcome| outcome.verdict)
                        .collect(),
                },
            })
            .collect();
        let cells = count::cells(self.profile, &judged, false, Cells::All);
        let part = &mut self.part;
        part.names = length(judged.len());
        for name in &judged {
            for kind in Kind::of_roles(name.roles) {
                *part.kinds.entry(kind).or_default() += 1;
            }
        }
        let seen = self.names.values().filter_map(|name| name.newest.as_ref());
        let times = seen.map(|(at, _)| *at);
        part.observed = length(times.clone().count());
        part.first = times.clone().min();
        part.last = times.max();
        part.cells = length(cells.len());
        let published = count::cells(self.profile, &judged, false, Cells::Published);
        let shown = published.iter().filter(|cell| cell.tally.bands().is_ok());
        part.hidden = part.cells.saturating_sub(length(shown.count()));
        Some(OwnCounts {
            part: self.part,
            organisations: self.organisations,
            label,
            staged: self.staged,
            cells,
        })
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
