//! What every format shows, in words: the report without its markup.

use serde::Serialize;

use super::{
    NO_FIGURE, binding, counted, handling, kind, method, own, own_movement, period, reach,
    reach_movement, title,
};
use crate::model::{
    period::{
        AggregatePart, Among, Caution, ControlPart, EntryPart, Missing, OwnPart, PeriodPart,
        PeriodReport,
    },
    tlp::Tlp,
};
use crate::report::wording::{effort, line, lines};

/// The whole report in words.
#[derive(Serialize)]
pub struct View {
    pub label: &'static str,
    pub class: &'static str,
    pub title: String,
    /// Sentences for who reads nothing else.
    pub lead: Vec<String>,
    pub periods: Vec<PeriodView>,
    pub areas: Vec<AreaView>,
    /// Whether a column tells what moved.
    pub trend: bool,
    pub missing: Vec<MissingGroup>,
    pub without_figures: Vec<String>,
    pub method: Vec<String>,
    pub limits: Vec<String>,
    pub sources: Vec<(String, String)>,
}

/// A period.
#[derive(Serialize)]
pub struct PeriodView {
    pub id: String,
    pub days: String,
    pub own: String,
    pub took_part: String,
    pub cautions: Vec<&'static str>,
}

/// Controls of an area.
#[derive(Serialize)]
pub struct AreaView {
    pub name: String,
    pub controls: Vec<ControlView>,
}

/// A control.
#[derive(Serialize)]
pub struct ControlView {
    pub id: String,
    pub title: String,
    pub why: String,
    pub rows: Vec<RowView>,
}

/// A demand: what is counted, its figures in each period, and what moved.
#[derive(Serialize)]
pub struct RowView {
    pub counted: String,
    pub demand: String,
    pub figures: Vec<Vec<String>>,
    pub trend: Vec<String>,
}

/// What is most often missing, by whom.
#[derive(Serialize)]
pub struct MissingGroup {
    pub title: String,
    pub practices: Vec<MissingView>,
}

/// A practice that is missing.
#[derive(Serialize)]
pub struct MissingView {
    pub name: String,
    pub figure: String,
    pub why: String,
    pub remedies: Vec<RemedyView>,
}

/// How to mend it.
#[derive(Serialize)]
pub struct RemedyView {
    pub title: String,
    pub effort: &'static str,
    /// The product that the advice is for; else it is in words.
    pub product: Option<String>,
    pub advice: String,
}

/// Puts the report into words.
pub fn view(report: &PeriodReport) -> View {
    View {
        label: report.tlp.key(),
        class: class(report.tlp),
        title: title(report),
        lead: lead(report),
        periods: report.periods.iter().map(period_view).collect(),
        areas: areas(report),
        trend: report.periods.len() > 1,
        missing: [Among::Participants, Among::Own]
            .into_iter()
            .filter_map(|among| group(report, among))
            .collect(),
        without_figures: report
            .without_figures
            .iter()
            .map(|(id, title)| line(&format!("{id} {title}")))
            .collect(),
        method: method::method(report),
        limits: method::limits(report),
        sources: method::sources(report),
    }
}

fn class(label: Tlp) -> &'static str {
    match label {
        Tlp::Clear => "clear",
        Tlp::Green => "green",
        Tlp::Amber | Tlp::AmberStrict => "amber",
        Tlp::Red => "red",
    }
}

fn lead(report: &PeriodReport) -> Vec<String> {
    let mut lead = vec![
        "This report tells how far public systems of elections (websites, voter registration, mail and domain names) follow agreed good practice, as it can be seen from outside.".to_owned(),
    ];
    if let Some(exchange) = &report.exchange {
        let simulated = match exchange.simulated {
            true => " It is made up, and so are its figures.",
            false => "",
        };
        lead.push(format!(
            "Figures of participants come from the exchange {} ({}), counted together; no participant's own standing is shown.{simulated}",
            line(&exchange.title),
            line(&exchange.id)
        ));
    }
    if let Some(office) = &report.office {
        let whose = match office.organisations.len() {
            0 => "the office that made it".to_owned(),
            _ => {
                let names: Vec<String> = office.organisations.iter().map(|o| line(o)).collect();
                names.join(", ")
            }
        };
        let reason = match &office.reason {
            Some(reason) => format!(
                " Their owner gives them the label {}: {}",
                office.label,
                line(reason)
            ),
            None => String::new(),
        };
        lead.push(format!(
            "Own figures are exact and are those of {whose}.{reason}"
        ));
    }
    lead.push("Every number is the word of those who measured: it is self-declared. There is no overall score and no ranking.".to_owned());
    lead.push(format!(
        "This page is {}. {}",
        report.tlp,
        handling(report.tlp)
    ));
    lead
}

fn period_view(part: &PeriodPart) -> PeriodView {
    PeriodView {
        id: line(&part.id),
        days: format!("{} to {}", part.from, part.to),
        own: part
            .own
            .as_ref()
            .map_or_else(|| "none".to_owned(), own_part),
        took_part: part
            .aggregate
            .as_ref()
            .map_or_else(|| "none".to_owned(), took_part),
        cautions: part.marks.iter().copied().map(Caution::words).collect(),
    }
}

fn own_part(part: &OwnPart) -> String {
    let kinds: Vec<String> = part
        .kinds
        .iter()
        .map(|(of, count)| format!("{count} {}", kind(*of)))
        .collect();
    let seen = match part.names.saturating_sub(part.observed) {
        0 => "all of them seen".to_owned(),
        missed => format!("{} seen, {missed} not", part.observed),
    };
    format!(
        "{} names ({}), {seen}",
        part.names,
        match kinds.is_empty() {
            true => "of no kind".to_owned(),
            false => kinds.join(", "),
        }
    )
}

/// Who took part: names only of those who consented.
fn took_part(part: &AggregatePart) -> String {
    let names: Vec<String> = part.named.values().map(|name| line(name)).collect();
    let unnamed = part
        .participants
        .saturating_sub(u64::try_from(part.named.len()).unwrap_or(u64::MAX));
    let who = match (names.is_empty(), unnamed) {
        (true, _) => "none of them agreed to be named".to_owned(),
        (false, 0) => names.join(", "),
        (false, unnamed) => format!("{}, and {unnamed} that are not named", names.join(", ")),
    };
    format!("{} participants: {who}", part.participants)
}

fn areas(report: &PeriodReport) -> Vec<AreaView> {
    let mut areas: Vec<AreaView> = Vec::new();
    for control in &report.controls {
        let name = line(&control.area);
        if areas.last().is_none_or(|area| area.name != name) {
            areas.push(AreaView {
                name,
                controls: Vec::new(),
            });
        }
        if let Some(area) = areas.last_mut() {
            area.controls.push(control_view(report, control));
        }
    }
    areas
}

fn control_view(report: &PeriodReport, control: &ControlPart) -> ControlView {
    ControlView {
        id: line(&control.id),
        title: line(&control.title),
        why: control.why.as_deref().map(line).unwrap_or_default(),
        rows: control
            .entries
            .iter()
            .map(|entry| row(report, entry))
            .collect(),
    }
}

fn row(report: &PeriodReport, entry: &EntryPart) -> RowView {
    let demand = match entry.demands.is_empty() {
        true => {
            let rows: Vec<String> = entry.rows.iter().map(ToString::to_string).collect();
            rows.join(" / ")
        }
        false => entry.demands.join("; "),
    };
    let figures = entry.own.iter().zip(&entry.reach);
    let figures = figures.map(|(count, reached)| {
        let own = count.map(|count| format!("Own: {}", own(count, entry.organisations)));
        let both: Vec<String> = own.into_iter().chain(reached.map(reach)).collect();
        match both.is_empty() {
            true => vec![NO_FIGURE.to_owned()],
            false => both,
        }
    });
    RowView {
        counted: counted(entry),
        demand: format!("{} ({})", line(&demand), binding(entry.obligation)),
        figures: figures.collect(),
        trend: trend(report, entry),
    }
}

fn trend(report: &PeriodReport, entry: &EntryPart) -> Vec<String> {
    let own = entry
        .own_trend
        .map(|moved| format!("Own: {}", own_movement(report, moved)));
    let reach = entry
        .reach_trend
        .map(|moved| format!("Participants: {}", reach_movement(report, moved)));
    let mut trend: Vec<String> = own.into_iter().chain(reach).collect();
    if entry.judged_differently {
        trend.push("judged differently elsewhere in this report: not compared".to_owned());
    }
    if trend.is_empty() {
        trend.push("none to tell".to_owned());
    }
    trend
}

fn group(report: &PeriodReport, among: Among) -> Option<MissingGroup> {
    let mut of_group = report
        .missing
        .iter()
        .filter(|missing| missing.among == among);
    let when = period(report, of_group.clone().next()?.period);
    let title = match among {
        Among::Participants => format!("Among participants, in {when}"),
        Among::Own => format!("Among own names, in {when}"),
    };
    let practices = of_group.by_ref().map(missing).collect();
    Some(MissingGroup { title, practices })
}

fn missing(missing: &Missing) -> MissingView {
    let figure = match missing.among {
        Among::Participants => format!(
            "{} of {} participants do not reach 90 % of their {}",
            missing.missing,
            missing.of,
            kind(missing.kind)
        ),
        Among::Own => format!(
            "{} of {} judged {} do not meet it",
            missing.missing,
            missing.of,
            kind(missing.kind)
        ),
    };
    let remedies = missing.remedies.iter().map(|remedy| RemedyView {
        title: line(&remedy.title),
        effort: effort(remedy.effort),
        product: remedy.product.as_deref().map(line),
        advice: lines(&remedy.advice),
    });
    MissingView {
        name: line(&format!("{} {}", missing.control, missing.title)),
        figure,
        why: missing.why.as_deref().map(line).unwrap_or_default(),
        remedies: remedies.collect(),
    }
}
