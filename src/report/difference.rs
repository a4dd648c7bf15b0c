//! Two profiles compared, in plain words.

use std::io::{self, Write};

use super::matrix::short;
use super::page::{Page, Style, words};
use super::points::{self, named};
use super::table::TableOptions;
use crate::model::{
    difference::{Asking, Aspect, CheckDifference, ControlDifference, Difference, UseOfCheck},
    disagreement::Stance,
    profile::Scope,
};

/// Writes the difference as text.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(
    difference: &Difference,
    options: TableOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(options, out);
    let (one, other) = (&difference.one, &difference.other);
    let mut title = format!("{} and {}", one.id, other.id);
    if let Some(day) = difference.at {
        title.push_str(&format!(", on {day}"));
    }
    page.text(Style::Strong, &title)?;
    for profile in [one, other] {
        page.text(Style::Faint, &format!("{}: {}", profile.id, profile.title))?;
    }
    let same = u64::try_from(difference.same.len()).unwrap_or(u64::MAX);
    let alike = match difference.same.is_empty() {
        true => "They ask for the same on no control.".to_owned(),
        false => format!(
            "They ask for the same on {}: {}.",
            words(same, "control", "controls"),
            difference.same.join(", ")
        ),
    };
    page.text(Style::Plain, &alike)?;
    points::write(&difference.points, &mut page)?;
    let sections = [
        (Asking::OnlyOne, format!("Only {} asks for", one.id)),
        (Asking::OnlyOther, format!("Only {} asks for", other.id)),
        (Asking::Both, "Both ask for, and not alike".to_owned()),
    ];
    for (asked_by, title) in sections {
        let of_kind = |control: &&ControlDifference| control.asked_by == asked_by;
        let mut controls = difference.controls.iter().filter(of_kind).peekable();
        if controls.peek().is_none() {
            continue;
        }
        page.heading(&title)?;
        let rows: Vec<_> = controls
            .map(|control| {
                let text = match asked_by {
                    Asking::OnlyOne => alone(control, &control.one),
                    Asking::OnlyOther => alone(control, &control.other),
                    Asking::Both => both(control, &one.id, &other.id),
                };
                vec![(Style::Strong, control.id.clone()), (Style::Plain, text)]
            })
            .collect();
        page.list(&[9], &rows)?;
    }
    Ok(())
}

fn alone(control: &ControlDifference, stances: &[Stance]) -> String {
    let mut text = control.title.clone();
    for stance in stances {
        text.push_str(&format!("\n  {}: {}", requirement(stance), stance.text));
    }
    for check in &control.checks {
        text.push_str(&format!("\n  check {}", check.check));
        for used in check.one.iter().chain(&check.other) {
            text.push_str(&conditions(used));
        }
    }
    text
}

fn both(control: &ControlDifference, one: &str, other: &str) -> String {
    let mut text = control.title.clone();
    for check in &control.checks {
        text.push_str(&format!(
            "\n  {}{}",
            check.check,
            aspects(check, one, other)
        ));
        for (profile, uses) in [(one, &check.one), (other, &check.other)] {
            for used in uses {
                text.push_str(&format!(
                    "\n    {profile}: {}{}",
                    used.obligation,
                    conditions(used)
                ));
            }
        }
    }
    // Where no check shows the difference, the requirements do.
    if control.checks.is_empty() {
        for stance in control.one.iter().chain(&control.other) {
            text.push_str(&format!("\n  {}: {}", requirement(stance), stance.text));
        }
    }
    text
}

fn requirement(stance: &Stance) -> String {
    named(
        &stance.profile,
        &stance.row,
        stance.printed.as_deref(),
        stance.obligation,
    )
}

fn aspects(check: &CheckDifference, one: &str, other: &str) -> String {
    if check.one.is_empty() {
        return format!(": only {other} uses it");
    }
    if check.other.is_empty() {
        return format!(": only {one} uses it");
    }
    let words: Vec<&str> = check
        .aspects
        .iter()
        .map(|aspect| match aspect {
            Aspect::Obligation => "another obligation",
            Aspect::Params => "other parameters",
            Aspect::Dates => "other dates",
            Aspect::Roles => "for other roles",
            Aspect::Over => "over other targets",
            Aspect::Alternatives => "with other alternatives",
        })
        .collect();
    format!(": {}", words.join(", "))
}

/// Under what conditions a check is used, each after a comma.
fn conditions(used: &UseOfCheck) -> String {
    let mut text = String::new();
    for (name, value) in &used.params {
        text.push_str(&format!(", {name} = {}", short(value)));
    }
    if let Some(from) = used.from {
        text.push_str(&format!(", from {from}"));
    }
    if let Some(until) = used.until {
        text.push_str(&format!(", until {until}"));
    }
    if !used.roles.is_empty() {
        let roles: Vec<&str> = used.roles.iter().map(|role| role.key()).collect();
        text.push_str(&format!(", for {}", roles.join(" and ")));
    }
    text.push_str(match used.over {
        Scope::Target => "",
        Scope::Organisation => ", met when every target meets it",
        Scope::AnyTarget => ", met when one target meets it",
    });
    if used.alternative {
        text.push_str(", or another way");
    }
    text
}
