//! How the figures came about, and what they cannot say.

use super::line;
use crate::model::{comparison::SELF_DECLARED, period::PeriodReport};

/// How the figures came about, a paragraph each.
pub fn method(report: &PeriodReport) -> Vec<String> {
    let mut method = vec![
        format!(
            "A program looked at public systems from outside, as every visitor, mail server and resolver can. What it saw was saved and judged by fixed checks under the profile {} ({}). A demand is a line of this profile.",
            line(&report.profile.title),
            line(&report.profile.id)
        ),
        "Of each name, the newest observation within the days of the period counts. What could not be seen is neither met nor failed: it is told apart as not seen. An accepted failure (a waiver) counts as a failure.".to_owned(),
    ];
    if report.office.is_some() {
        method.push("Own figures are exact counts from the office's own scans. Saved scans of all periods were judged by the same checks, as of the first day of each period, so that they can be compared.".to_owned());
        method.push(hidden_own(report));
    }
    if report.exchange.is_some() {
        let rules = report.rules;
        method.push(format!(
            "Figures of the exchange come from aggregates alone. Each participant publishes how its names stand in coarse bands; an aggregate counts how many participants reach 90 %, which means that at least nine of ten of their judged names meet the demand. A participant shows a figure when at least {} of its names were judged and they are at least {} % of those to be judged, and an aggregate shows one when at least {} participants do. Whether a figure is shown never depends on how many fail. Every aggregate was signed, and accepted by the stewards of the exchange.",
            rules.fewest_judged, rules.least_coverage, rules.fewest_participants
        ));
        method.extend(hidden_aggregates(report));
    }
    method.push("A trend is told only where a demand stayed exactly the same (the same digest). Between participants only equal numbers of participants are compared; who takes part may have changed all the same.".to_owned());
    method
}

fn hidden_own(report: &PeriodReport) -> String {
    let parts = report.periods.iter();
    let told: Vec<String> = parts
        .filter_map(|part| {
            let own = part.own.as_ref()?;
            Some(format!(
                "{} of {} in {}",
                own.hidden,
                own.cells,
                line(&part.id)
            ))
        })
        .collect();
    format!(
        "Hidden cells: of the office's own figures in this report, an exchange would hide {}, because too few names are counted or too many could not be seen.",
        told.join(", ")
    )
}

fn hidden_aggregates(report: &PeriodReport) -> Vec<String> {
    let parts = report.periods.iter();
    parts
        .filter_map(|part| {
            let aggregate = part.aggregate.as_ref()?;
            let hidden = match aggregate.hidden {
                Some(0) => "none is hidden of any demand of the profile".to_owned(),
                Some(hidden) => format!(
                    "about {hidden} demands of the profile no figure is shown, because fewer than {} participants show one",
                    report.rules.fewest_participants
                ),
                None => "how many demands are hidden cannot be told, because the participants judged under another edition of the profile".to_owned(),
            };
            let withdrawn = match aggregate.withdrawn {
                0 => String::new(),
                withdrawn => format!("; {withdrawn} figures were withdrawn by the exchange"),
            };
            Some(format!(
                "Hidden cells in {}: {} figures are shown; {hidden}{withdrawn}. How many cells single participants hide is told to nobody.",
                line(&part.id),
                aggregate.cells
            ))
        })
        .collect()
}

/// What the report cannot say, a sentence each.
pub fn limits(report: &PeriodReport) -> Vec<String> {
    let mut limits = vec![
        format!("{SELF_DECLARED} Nobody else has counted again for this report."),
        "It does not say whether an election was attacked, and nothing about voting machines, counting, staff or buildings: only about systems that can be reached from the Internet.".to_owned(),
        "It names no website, mail domain or zone that fails. Neither does it say that what was not looked at is safe.".to_owned(),
        "There is no overall score and no ranking: demands weigh differently, and offices differ in size and duties. Who adds the lines up gets a number without a meaning.".to_owned(),
    ];
    if report.exchange.is_some() {
        limits.push("Whether a participant reaches 90 % may hang on one single name. Whoever does not take part is not in the figures.".to_owned());
    }
    if report.office.is_some() {
        limits.push("Own figures are exact: where few names are counted, they may let a reader guess which one fails. Mind the label.".to_owned());
        limits.push("Own figures of small numbers move a lot when one name changes, and names come and go between periods.".to_owned());
    }
    limits
}

/// From what the figures were made, for who wants to check them.
pub fn sources(report: &PeriodReport) -> Vec<(String, String)> {
    let mut sources = vec![
        ("Made by".to_owned(), line(&report.tool)),
        (
            format!("Profile {}", line(&report.profile.id)),
            line(&report.profile.digest),
        ),
        ("Pack of checks".to_owned(), line(&report.pack.digest)),
    ];
    for part in &report.periods {
        let id = line(&part.id);
        if let Some(own) = &part.own {
            sources.push((
                format!("Own scans, {id}"),
                ways(&own.ways, &own.tools, &own.tables),
            ));
        }
        if let Some(aggregate) = &part.aggregate {
            let text = format!(
                "{} payload {}; pack {}; {}",
                aggregate.label,
                line(&aggregate.payload),
                line(&aggregate.pack),
                ways(&aggregate.ways, &aggregate.tools, &aggregate.tables)
            );
            sources.push((format!("Aggregate, {id}"), text));
        }
    }
    sources
}

fn ways(
    ways: &std::collections::BTreeSet<crate::model::period::Way>,
    tools: &std::collections::BTreeSet<String>,
    tables: &std::collections::BTreeSet<String>,
) -> String {
    let ways = ways.iter().map(|way| {
        let areas: Vec<&str> = way.areas.iter().map(|area| area.key()).collect();
        let given = [("routes", &way.routes), ("vrps", &way.vrps)];
        let given: String = given
            .into_iter()
            .filter_map(|(what, digest)| Some(format!(", {what} {}", line(digest.as_ref()?))))
            .collect();
        format!(
            "level {}, areas {}, at most {} pages a website{given}",
            way.level,
            areas.join(" "),
            way.page_cap
        )
    });
    let texts = tools.iter().chain(tables).map(|text| line(text));
    let all: Vec<String> = ways.chain(texts).collect();
    all.join("; ")
}
