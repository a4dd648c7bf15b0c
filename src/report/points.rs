//! Points on which profiles contradict each other or differ, for a person.

use std::io;

use super::page::{Page, Style};
use crate::model::{
    disagreement::{Exclusion, Point, PointKind, StanceRef},
    profile::Obligation,
};

/// Writes the points, contradictions first, under headings of their own.
pub fn write(points: &[Point], page: &mut Page<'_>) -> io::Result<()> {
    let sections = [
        (PointKind::Contradict, "Where they contradict each other"),
        (
            PointKind::AdviceContradicts,
            "Where the advice of one contradicts the other",
        ),
        (PointKind::Differ, "Where they differ"),
    ];
    for (kind, title) in sections {
        let mut points = points.iter().filter(|point| point.kind == kind).peekable();
        if points.peek().is_none() {
            continue;
        }
        page.heading(title)?;
        for point in points {
            one(point, page)?;
        }
    }
    Ok(())
}

fn one(point: &Point, page: &mut Page<'_>) -> io::Result<()> {
    let mut topic = point.topic.clone();
    if !point.controls.is_empty() {
        topic.push_str(&format!(" ({})", point.controls.join(", ")));
    }
    let mut rows = vec![vec![
        (Style::Strong, point.id.clone().unwrap_or_default()),
        (Style::Strong, topic),
    ]];
    let mut line =
        |style: Style, text: String| rows.push(vec![(Style::Plain, String::new()), (style, text)]);
    let mut said: Vec<&str> = Vec::new();
    for exclusion in &point.exclusions {
        if said.contains(&exclusion.why.as_str()) {
            continue;
        }
        said.push(&exclusion.why);
        let (style, head) = match binds(point, exclusion) {
            true => (Style::High, "No configuration satisfies both"),
            false => (
                Style::Medium,
                "No configuration follows both, but one of them only advises",
            ),
        };
        line(style, format!("{head}: {}.", exclusion.why));
    }
    if let Some(why) = &point.why_it_matters {
        line(Style::Plain, why.clone());
    }
    for position in &point.positions {
        line(Style::Plain, format!("- {}", position.position));
        for stance in &position.taken_by {
            line(
                Style::Faint,
                format!(
                    "    {}",
                    named(
                        &stance.profile,
                        &stance.row,
                        stance.printed.as_deref(),
                        stance.obligation
                    )
                ),
            );
        }
    }
    page.list(&[4], &rows)
}

/// Whether both sides of an exclusion are a `must`.
fn binds(point: &Point, exclusion: &Exclusion) -> bool {
    let must = |side: &StanceRef| {
        point
            .positions
            .iter()
            .flat_map(|position| &position.taken_by)
            .any(|stance| {
                stance.profile == side.profile
                    && stance.row == side.row
                    && stance.obligation == Obligation::Must
            })
    };
    must(&exclusion.one) && must(&exclusion.other)
}

/// A requirement with the id that its guideline prints.
pub fn named(profile: &str, row: &str, printed: Option<&str>, obligation: Obligation) -> String {
    match printed {
        Some(printed) => format!("{profile}, {printed} ({obligation}; {row})"),
        None => format!("{profile} ({obligation}; {row})"),
    }
}
