//! A report about one or several periods, one file a format. Every page says
//! that its numbers are self-declared, and carries its label. Words are for a
//! reader who knows elections and not protocols.

pub mod html;
pub mod markdown;
mod method;
mod view;

use super::wording::line;
use crate::model::{
    cell::Kind,
    period::{Count, Direction, EntryPart, Movement, PeriodReport, ReachCount},
    profile::Obligation,
    tlp::Tlp,
};

/// What stands where a period has no figure.
const NO_FIGURE: &str = "no figure";

/// Names of a kind, in words.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Web => "websites",
        Kind::Mail => "mail domains",
        Kind::Dns => "domain name zones",
    }
}

/// What is counted in an entry.
fn counted(entry: &EntryPart) -> String {
    match entry.organisations {
        true => format!("organisations with {}", kind(entry.kind)),
        false => kind(entry.kind).to_owned(),
    }
}

/// How binding a demand is, in words.
fn binding(obligation: Option<Obligation>) -> &'static str {
    match obligation {
        Some(Obligation::Must) => "must be met",
        Some(Obligation::Should) => "should be met",
        Some(Obligation::May) => "may be met",
        None => "not among the demands of this report's profile",
    }
}

/// Exact own counts in words.
fn own(count: Count, organisations: bool) -> String {
    let what = match (organisations, count.judged()) {
        (false, 1) => "name meets it",
        (false, _) => "names meet it",
        (true, 1) => "organisation meets it",
        (true, _) => "organisations meet it",
    };
    let figure = match percent(count.pass, count.judged()) {
        None => "none could be judged".to_owned(),
        Some(percent) => format!(
            "{} of {} {what} ({percent}\u{a0}%)",
            count.pass,
            count.judged()
        ),
    };
    match count.open {
        0 => figure,
        open => format!("{figure}; {open} not seen"),
    }
}

/// Whole percent, rounded down, so that 100 is all of them.
fn percent(part: u64, whole: u64) -> Option<u128> {
    (100 * u128::from(part)).checked_div(u128::from(whole))
}

/// How many participants reach 90 %, in words.
fn reach(count: ReachCount) -> String {
    format!(
        "{} of {} participants reach 90\u{a0}%",
        count.reach, count.participants
    )
}

/// The name of the period with a number.
fn period(report: &PeriodReport, number: u32) -> String {
    let part = report.periods.get(number as usize);
    part.map_or_else(String::new, |part| line(&part.id))
}

/// How own counts moved.
fn own_movement(report: &PeriodReport, movement: Movement) -> String {
    let before = period(report, movement.from);
    match movement.direction {
        Direction::Better => format!("better than in {before}"),
        Direction::Worse => format!("worse than in {before}"),
        Direction::Same => format!("the same share as in {before}"),
        Direction::OtherParticipants | Direction::Untold => {
            format!("not comparable with {before}: nothing could be judged")
        }
    }
}

/// How participants moved.
fn reach_movement(report: &PeriodReport, movement: Movement) -> String {
    let before = period(report, movement.from);
    match movement.direction {
        Direction::Better => format!("more reach it than in {before}"),
        Direction::Worse => format!("fewer reach it than in {before}"),
        Direction::Same => format!("as many reach it as in {before}"),
        Direction::OtherParticipants | Direction::Untold => {
            format!("not comparable with {before}: another number of participants")
        }
    }
}

/// What a label means for who holds the page.
fn handling(label: Tlp) -> &'static str {
    match label {
        Tlp::Clear => "It may be given to everybody.",
        Tlp::Green => {
            "It may be shared within the community of those who protect elections, and not be published."
        }
        Tlp::Amber => {
            "It may be shared within the reader's organisation and with its clients, with those alone who need to know."
        }
        Tlp::AmberStrict => {
            "It may be shared within the reader's organisation, with those alone who need to know."
        }
        Tlp::Red => "It is for the persons addressed alone.",
    }
}

/// The title of the report.
fn title(report: &PeriodReport) -> String {
    let offices = report.office.as_ref();
    let organisations = offices.map(|office| &office.organisations);
    let who = match organisations.map(|names| (names.len(), names.first())) {
        Some((1, Some(one))) => line(one),
        Some((0, _)) => "this office".to_owned(),
        Some((several, _)) => format!("{several} organisations"),
        None => match &report.exchange {
            Some(exchange) => line(&exchange.title),
            None => "election offices".to_owned(),
        },
    };
    let first = report.periods.first().map(|part| line(&part.id));
    let last = report.periods.last().map(|part| line(&part.id));
    match (first, last) {
        (Some(first), Some(last)) if first != last => {
            format!("Protection of election systems, {who}: {first} to {last}")
        }
        (Some(first), _) => format!("Protection of election systems, {who}: {first}"),
        _ => format!("Protection of election systems, {who}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_whole_and_never_rounded_up() {
        let count = |pass, fail, open| Count { pass, fail, open };
        assert_eq!(
            own(count(199, 1, 0), false),
            "199 of 200 names meet it (99\u{a0}%)"
        );
        assert_eq!(
            own(count(1, 0, 2), false),
            "1 of 1 name meets it (100\u{a0}%); 2 not seen"
        );
        assert_eq!(
            own(count(0, 0, 3), false),
            "none could be judged; 3 not seen"
        );
        assert_eq!(
            own(count(0, 1, 0), true),
            "0 of 1 organisation meets it (0\u{a0}%)"
        );
        assert_eq!(
            own(count(u64::MAX, 0, 0), true),
            format!("{0} of {0} organisations meet it (100\u{a0}%)", u64::MAX)
        );
    }
}
