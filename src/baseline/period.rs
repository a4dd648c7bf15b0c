//! Puts an office's own counts and aggregates of an exchange together for a
//! report about one or several periods. Only equal entry digests are compared.

use std::collections::{BTreeMap, BTreeSet};

mod caution;
mod missing;

pub use missing::remedy;

use super::{
    assign::{Assignment, counts_organisations},
    band::{FEWEST_JUDGED, LEAST_COVERAGE},
    cut,
    document::{Aggregate, FEWEST_PARTICIPANTS, Looked},
    exchange::Exchange,
    measure::Refused,
    own::{OwnCounts, Span},
};
use crate::judge::{ResolvedEntry, ResolvedProfile};
use crate::model::{
    cell::{Kind, RowName},
    control::control_area,
    finding::ProfileRef,
    period::{
        AggregatePart, ControlPart, Count, Direction, EntryPart, HidingRules, Movement, OfExchange,
        Office, PERIOD_SCHEMA, PeriodPart, PeriodReport, ReachCount, Way,
    },
    tlp::Tlp,
};

/// Most periods of a report.
pub const MOST_PERIODS: usize = 8;

/// An aggregate that was verified and accepted.
#[derive(Clone, Copy, Debug)]
pub struct AcceptedAggregate<'a> {
    /// Digest of its payload.
    pub payload: &'a str,
    /// What it says.
    pub aggregate: &'a Aggregate,
    /// Whether the roster has expired.
    pub stale: bool,
    /// Whether the key that signed it took the place of a lost one.
    pub recovered: bool,
}

/// What is known of a period.
#[derive(Debug)]
pub struct Known<'a> {
    /// When it is.
    pub span: Span,
    /// What own runs say.
    pub own: Option<OwnCounts>,
    /// The aggregate.
    pub aggregate: Option<AcceptedAggregate<'a>>,
}

/// The label that an owner gives to its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The label.
    pub label: Tlp,
    /// Why it is lower than that of the runs.
    pub reason: String,
}

/// What a report is made of, besides the periods.
pub struct Ground<'a> {
    /// The profile that own runs are judged under.
    pub profile: &'a ResolvedProfile,
    /// The exchange; `None` for an office by itself.
    pub exchange: Option<&'a Exchange>,
    /// Names of participants, by id.
    pub names: &'a dyn Fn(&str) -> Option<String>,
    /// Whether the roster withdrew an entry.
    pub withdrawn: &'a dyn Fn(&str) -> bool,
    /// The label that the owner gives to its figures; `None`: that of the runs.
    pub given: Option<Given>,
    /// Name and version of the program.
    pub tool: &'a str,
}

/// Makes the report. It takes the strictest label of what it is made from.
///
/// # Errors
/// When there is no figure, or too many periods.
pub fn report(ground: &Ground<'_>, periods: &[Known<'_>]) -> Result<PeriodReport, Refused> {
    if periods.len() > MOST_PERIODS {
        let message = format!("a report holds at most {MOST_PERIODS} periods");
        return Err(Refused(message));
    }
    let own = periods.iter().filter_map(|period| period.own.as_ref());
    let office = office(ground, own);
    let aggregates = periods.iter().filter_map(|period| period.aggregate);
    let labels = aggregates.map(|one| one.aggregate.label);
    let labels = labels.chain(office.as_ref().map(|office| office.label));
    let Some(tlp) = Tlp::strictest(labels) else {
        return Err(Refused(
            "no own run and no aggregate is of these periods: there is nothing to report"
                .to_owned(),
        ));
    };
    let parts: Vec<PeriodPart> = periods.iter().map(|period| part(ground, period)).collect();
    let parts = caution::mark(ground, parts, periods);
    let entries = entries(ground, periods);
    let missing = missing::missing(ground.profile, &entries);
    let (controls, without_figures) = controls(ground.profile, entries);
    Ok(PeriodReport {
        schema: PERIOD_SCHEMA.to_owned(),
        tlp,
        exchange: ground.exchange.map(|exchange| OfExchange {
            id: exchange.id.clone(),
            title: exchange.title.clone(),
            simulated: exchange.simulated,
        }),
        office,
        profile: ProfileRef {
            id: ground.profile.id.clone(),
            title: ground.profile.title.clone(),
            digest: ground.profile.digest.clone(),
        },
        pack: ground.profile.pack.clone(),
        tool: ground.tool.to_owned(),
        rules: HidingRules {
            fewest_judged: FEWEST_JUDGED,
            least_coverage: LEAST_COVERAGE,
            fewest_participants: FEWEST_PARTICIPANTS,
        },
        periods: parts,
        controls,
        without_figures,
        missing,
    })
}

fn office<'a>(
    ground: &Ground<'_>,
    own: impl Iterator<Item = &'a OwnCounts> + Clone,
) -> Option<Office> {
    let of_runs = Tlp::strictest(own.clone().map(|counts| counts.label))?;
    let organisations = own.flat_map(|counts| counts.organisations.iter().cloned());
    let given = ground.given.as_ref();
    Some(Office {
        organisations: organisations.collect(),
        label: given.map_or(of_runs, |given| given.label),
        reason: given
            .filter(|given| given.label < of_runs)
            .map(|given| given.reason.clone()),
    })
}

fn part(ground: &Ground<'_>, known: &Known<'_>) -> PeriodPart {
    PeriodPart {
        id: known.span.id.clone(),
        from: known.span.from,
        to: known.span.to,
        own: known.own.as_ref().map(|own| own.part.clone()),
        aggregate: known.aggregate.map(|one| aggregate(ground, one)),
        marks: BTreeSet::new(),
    }
}

fn aggregate(ground: &Ground<'_>, one: AcceptedAggregate<'_>) -> AggregatePart {
    let aggregate = one.aggregate;
    let same = aggregate.profile.digest == ground.profile.digest;
    let shown = |cell: &&super::document::AggregateCell| !(ground.withdrawn)(&cell.entry);
    let cells = aggregate.cells.iter().filter(shown).count();
    let named = aggregate.named.iter();
    AggregatePart {
        payload: one.payload.to_owned(),
        label: aggregate.label,
        created: aggregate.created,
        participants: length(aggregate.payloads.len()),
        named: named
            .map(|id| (id.clone(), (ground.names)(id).unwrap_or_else(|| id.clone())))
            .collect(),
        pack: aggregate.pack.clone(),
        profile: aggregate.profile.digest.clone(),
        ways: aggregate.conditions.iter().map(way).collect(),
        tools: aggregate.tools.clone(),
        tables: aggregate
            .tables
            .iter()
            .map(|(name, edition)| format!("{name} {edition}"))
            .collect(),
        chosen: aggregate.chosen.clone(),
        pools: aggregate.pools,
        cells: length(cells),
        hidden: same.then(|| hidden(ground.profile, aggregate, ground.withdrawn)),
        withdrawn: length(aggregate.cells.len().saturating_sub(cells)),
    }
}

/// Demands that a baseline counts, and about which the aggregate shows nothing.
fn hidden(
    profile: &ResolvedProfile,
    aggregate: &Aggregate,
    withdrawn: &dyn Fn(&str) -> bool,
) -> u64 {
    let shown = aggregate.cells.iter().map(|cell| cell.entry.as_str());
    let shown: BTreeSet<&str> = shown.filter(|entry| !withdrawn(entry)).collect();
    let assignments = Assignment::of_profile(profile);
    let entries = profile.entries.iter().zip(assignments);
    let counted = entries.filter(|(_, assignment)| assignment.barred.is_none());
    let counted: BTreeSet<&str> = counted.map(|(entry, _)| entry.digest.as_str()).collect();
    length(counted.difference(&shown).count())
}

fn way(looked: &Looked) -> Way {
    Way {
        level: looked.level,
        areas: looked.areas.clone(),
        page_cap: looked.page_cap,
        routes: looked.routes.clone(),
        vrps: looked.vrps.clone(),
    }
}

/// Everything that is counted, by entry and kind, with the controls it serves.
type Entries = BTreeMap<(String, Kind), (EntryPart, BTreeSet<String>)>;

fn entries(ground: &Ground<'_>, periods: &[Known<'_>]) -> Entries {
    let mut entries = Entries::new();
    let profile = ground.profile;
    for (number, period) in periods.iter().enumerate() {
        for cell in period.own.iter().flat_map(|own| &own.cells) {
            let Some(entry) = profile.entries.get(cell.entry) else {
                continue;
            };
            let slot = slot(
                &mut entries,
                profile,
                &entry.digest,
                cell.kind,
                periods.len(),
            );
            if let Some(own) = slot.0.own.get_mut(number) {
                *own = Some(Count {
                    pass: cell.tally.pass,
                    fail: cell.tally.fail,
                    open: cell.tally.inconclusive,
                });
            }
        }
        let aggregate = period.aggregate.iter();
        for cell in aggregate.flat_map(|one| &one.aggregate.cells) {
            if (ground.withdrawn)(&cell.entry) {
                continue;
            }
            let slot = slot(&mut entries, profile, &cell.entry, cell.kind, periods.len());
            slot.0.rows.extend(cell.rows.iter().cloned());
            slot.1.extend(cell.controls.iter().cloned());
            if let Some(reach) = slot.0.reach.get_mut(number) {
                *reach = Some(ReachCount {
                    reach: cell.reach,
                    participants: cell.participants,
                });
            }
        }
    }
    let mut names: BTreeMap<(RowName, Kind), u64> = BTreeMap::new();
    for (entry, _) in entries.values() {
        for row in &entry.rows {
            *names.entry((row.clone(), entry.kind)).or_default() += 1;
        }
    }
    for (entry, _) in entries.values_mut() {
        let several = |row: &RowName| {
            names
                .get(&(row.clone(), entry.kind))
                .is_some_and(|n| *n > 1)
        };
        entry.judged_differently = entry.rows.iter().any(several);
        entry.own_trend = movement(&entry.own, moved);
        entry.reach_trend = movement(&entry.reach, reached);
    }
    entries
}

/// The place of an entry and kind, with what the profile says of it.
fn slot<'e>(
    entries: &'e mut Entries,
    profile: &ResolvedProfile,
    digest: &str,
    kind: Kind,
    periods: usize,
) -> &'e mut (EntryPart, BTreeSet<String>) {
    entries.entry((digest.to_owned(), kind)).or_insert_with(|| {
        let of_digest: Vec<&ResolvedEntry> = profile
            .entries
            .iter()
            .filter(|entry| entry.digest == digest)
            .collect();
        let controls = of_digest.iter().flat_map(|entry| entry.controls());
        let controls = controls.map(str::to_owned).collect();
        let part = EntryPart {
            entry: digest.to_owned(),
            kind,
            rows: cut::rows(profile, digest).into_iter().collect(),
            demands: of_digest
                .first()
                .map_or_else(Vec::new, |entry| demands(entry)),
            obligation: of_digest.iter().map(|entry| entry.level).max(),
            organisations: of_digest.iter().any(|entry| counts_organisations(entry)),
            judged_differently: false,
            own: vec![None; periods],
            reach: vec![None; periods],
            own_trend: None,
            reach_trend: None,
        };
        (part, controls)
    })
}

/// Titles of the checks of an entry, each once.
fn demands(entry: &ResolvedEntry) -> Vec<String> {
    let mut titles: Vec<String> = Vec::new();
    for check in entry.groups.iter().flatten() {
        if !titles.contains(&check.check.title) {
            titles.push(check.check.title.clone());
        }
    }
    titles
}

/// From the first period with a figure to the last, where there are two.
fn movement<T: Copy>(
    figures: &[Option<T>],
    direction: impl Fn(T, T) -> Direction,
) -> Option<Movement> {
    let known = |(number, figure): (u32, &Option<T>)| figure.map(|figure| (number, figure));
    let (from, first) = (0u32..).zip(figures).find_map(known)?;
    let (to, last) = (0u32..).zip(figures).filter_map(known).last()?;
    (from < to).then(|| Movement {
        from,
        to,
        direction: direction(first, last),
    })
}

/// Compares shares exactly, by cross-multiplication.
fn moved(first: Count, last: Count) -> Direction {
    let before = u128::from(first.pass) * u128::from(last.judged());
    let after = u128::from(last.pass) * u128::from(first.judged());
    if first.judged() == 0 || last.judged() == 0 {
        return Direction::Untold;
    }
    match after.cmp(&before) {
        std::cmp::Ordering::Greater => Direction::Better,
        std::cmp::Ordering::Less => Direction::Worse,
        std::cmp::Ordering::Equal => Direction::Same,
    }
}

fn reached(first: ReachCount, last: ReachCount) -> Direction {
    if first.participants != last.participants {
        return Direction::OtherParticipants;
    }
    match last.reach.cmp(&first.reach) {
        std::cmp::Ordering::Greater => Direction::Better,
        std::cmp::Ordering::Less => Direction::Worse,
        std::cmp::Ordering::Equal => Direction::Same,
    }
}

/// The entries below their controls, and the controls about which nothing is known.
fn controls(
    profile: &ResolvedProfile,
    entries: Entries,
) -> (Vec<ControlPart>, BTreeMap<String, String>) {
    let used = profile.entries.iter().flat_map(|entry| entry.controls());
    let used: BTreeSet<String> = used.map(str::to_owned).collect();
    let mut parts: BTreeMap<(usize, String), ControlPart> = BTreeMap::new();
    for (entry, controls) in entries.into_values() {
        for id in &controls {
            let (order, area) = control_area(id);
            let part = parts
                .entry((order, id.clone()))
                .or_insert_with(|| ControlPart {
                    id: id.clone(),
                    title: title(profile, id),
                    area: area.to_owned(),
                    why: missing::why(profile, id),
                    entries: Vec::new(),
                });
            part.entries.push(entry.clone());
        }
    }
    let mut parts: Vec<ControlPart> = parts.into_values().collect();
    for part in &mut parts {
        part.entries.sort_by(|one, other| {
            (&one.rows, one.kind, &one.entry).cmp(&(&other.rows, other.kind, &other.entry))
        });
    }
    let known: BTreeSet<&String> = parts.iter().map(|part| &part.id).collect();
    let without = used.iter().filter(|id| !known.contains(id));
    let without = without.map(|id| (id.clone(), title(profile, id))).collect();
    (parts, without)
}

/// The title of a control; the control itself where the profile's pack does not know it.
fn title(profile: &ResolvedProfile, id: &str) -> String {
    let title = profile.controls.get(id).cloned();
    title.unwrap_or_else(|| id.to_owned())
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
