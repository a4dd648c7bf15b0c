//! `profiles list|show|diff`.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
};

use super::{
    console::Console,
    content::ContentArgs,
    coverage,
    exit::{Exit, Trouble},
    profile_diff, prose,
};
use crate::content::{Content, merge::Merged};
use crate::judge::{Calendar, ResolvedCheck, ResolvedEntry, ResolvedProfile};
use crate::model::profile::{Obligation, Scope};

/// List, show and compare profiles
#[derive(Args)]
pub struct ProfilesArgs {
    #[command(subcommand)]
    command: ProfilesCommand,
}

#[derive(Subcommand)]
enum ProfilesCommand {
    /// List all profiles
    List(ListArgs),
    /// Show what a profile demands, with its checks and parameters
    Show(ShowArgs),
    /// Say where two profiles differ, and where no configuration satisfies both
    Diff(profile_diff::DiffArgs),
}

#[derive(Args)]
#[command(after_help = "Example:\n  \
scrutineer profiles list")]
struct ListArgs {
    #[command(flatten)]
    content: ContentArgs,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  \
scrutineer profiles show de-bsi-tr-02102-2\n  \
scrutineer profiles show de-bsi-tr-02102-2 --at 2027-01-01\n  \
scrutineer profiles show nl-internet-nl-1.11 --coverage")]
struct ShowArgs {
    /// Id of the profile, such as common-baseline
    id: String,
    /// Show instead which requirements of its guideline it judges, and which not and why
    #[arg(long)]
    coverage: bool,
    /// Show only what applies on this day, and what begins or ends when
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with = "coverage")]
    at: Option<Date>,
    #[command(flatten)]
    content: ContentArgs,
}

/// Runs the command.
///
/// # Errors
/// Profiles that cannot be loaded or resolved, and ids that do not exist.
pub fn run(args: &ProfilesArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let text = match &args.command {
        ProfilesCommand::Diff(args) => return profile_diff::run(args, console),
        ProfilesCommand::List(args) => {
            let content = args.content.load(console)?;
            list(&content, console.width)
        }
        ProfilesCommand::Show(args) => {
            let content = args.content.load(console)?;
            let resolved = content
                .resolve(&args.id)
                .map_err(|faults| console.faults(&faults))?;
            let merged = content
                .merged(&args.id)
                .map_err(|faults| console.faults(&faults))?;
            if args.coverage {
                let coverage = content
                    .coverage(&merged)
                    .map_err(|faults| console.faults(&faults))?;
                coverage::show(&merged.profile.profile, &coverage, console.width.into())
            } else {
                show(&content, &resolved, &merged, args.at, console.width.into())
            }
        }
    };
    console.print(&text)?;
    Ok(Exit::Done)
}

fn list(content: &Content, width: u16) -> String {
    let rows: Vec<Vec<String>> = content
        .profiles
        .values()
        .map(|loaded| {
            let profile = &loaded.profile;
            let entries = content
                .merged(&profile.id)
                .map_or(profile.entries.len(), |merged| merged.entries.len());
            let source = match (&profile.source, &profile.extends) {
                (Some(source), _) => source.to_string(),
                (None, Some(extends)) => format!("extends {extends}"),
                (None, None) => String::new(),
            };
            vec![
                profile.id.clone(),
                entries.to_string(),
                source,
                profile.title.clone(),
            ]
        })
        .collect();
    prose::table(&["PROFILE", "ENTRIES", "SOURCE", "TITLE"], &rows, width)
}

fn show(
    content: &Content,
    resolved: &ResolvedProfile,
    merged: &Merged<'_>,
    at: Option<Date>,
    width: usize,
) -> String {
    let calendar = at.map(|day| (day, resolved.calendar(day)));
    let mut out = String::new();
    prose::paragraph(
        &mut out,
        0,
        &format!("{}: {}", resolved.id, resolved.title),
        width,
    );
    if let Some(source) = &merged.profile.profile.source {
        prose::paragraph(&mut out, 0, &source.to_string(), width);
    }
    prose::verbatim(&mut out, 0, &format!("digest {}", resolved.digest));
    if !merged.changes.is_empty() {
        prose::heading(&mut out, "What it changes");
        for change in &merged.changes {
            prose::paragraph(&mut out, 2, change, width);
        }
    }
    if let Some((day, calendar)) = &calendar {
        season(&mut out, *day, calendar, resolved.entries.len(), width);
    }
    let entries: Vec<&ResolvedEntry> = match calendar {
        Some((_, calendar)) => calendar.applies,
        None => resolved.entries.iter().collect(),
    };
    // By control, in the order of controls; entries over several stand under the first.
    let order: BTreeMap<&str, usize> = content
        .controls
        .iter()
        .enumerate()
        .map(|(index, loaded)| (loaded.control.id.as_str(), index))
        .collect();
    let mut by_control: BTreeMap<(usize, &str), Vec<&ResolvedEntry>> = BTreeMap::new();
    for entry in entries {
        let of_row = entry.row.strip_prefix("control#");
        let first = of_row
            .map_or_else(|| entry.controls(), |id| [id].into())
            .into_iter()
            .map(|id| (order.get(id).copied().unwrap_or(usize::MAX), id))
            .min()
            .unwrap_or((usize::MAX, ""));
        by_control.entry(first).or_default().push(entry);
    }
    for ((_, control), entries) in by_control {
        let title = resolved.controls.get(control).map_or("", String::as_str);
        prose::heading(&mut out, &format!("{control}  {title}"));
        for entry in entries {
            one_entry(&mut out, entry, width);
        }
    }
    out
}

/// What applies on a day, and what begins or ends when.
fn season(out: &mut String, day: Date, calendar: &Calendar<'_>, entries: usize, width: usize) {
    let applies = calendar.applies.len();
    prose::heading(out, &format!("On {day}"));
    prose::paragraph(
        out,
        2,
        &format!("{applies} of {entries} entries apply."),
        width,
    );
    for entry in &calendar.ended {
        let until = entry.until.map(|until| until.to_string());
        let line = format!(
            "ended on {}: {}",
            until.unwrap_or_default(),
            one_line(entry)
        );
        prose::paragraph(out, 2, &line, width);
    }
    if calendar.changes.is_empty() {
        prose::paragraph(out, 2, "Nothing begins or ends after that.", width);
        return;
    }
    prose::heading(out, "What changes after that");
    for (day, turn) in &calendar.changes {
        for entry in &turn.begins {
            let line = format!("{day} begins: {}", one_line(entry));
            prose::paragraph(out, 2, &line, width);
        }
        for entry in &turn.ends {
            let line = format!("{day} is the last day of: {}", one_line(entry));
            prose::paragraph(out, 2, &line, width);
        }
    }
}

fn one_line(entry: &ResolvedEntry) -> String {
    format!("{}: {}", name_of(entry), entry.text)
}

fn name_of(entry: &ResolvedEntry) -> String {
    let printed = entry.printed.as_deref();
    named(entry.level, &entry.row, entry.variant.as_deref(), printed)
}

/// An entry with its level, its row and the id that the guideline prints.
pub(super) fn named(
    level: Obligation,
    row: &str,
    variant: Option<&str>,
    printed: Option<&str>,
) -> String {
    let mut line = format!("{level}  {row}");
    if let Some(variant) = variant {
        let _ = write!(line, " as {variant}");
    }
    if let Some(printed) = printed.filter(|printed| !row.ends_with(printed)) {
        let _ = write!(line, " ({printed})");
    }
    line
}

/// From when and until when an entry applies.
pub(super) fn dates<T: Display>(from: Option<T>, until: Option<T>) -> Option<String> {
    match (from, until) {
        (Some(from), Some(until)) => Some(format!("from {from} until {until}")),
        (Some(from), None) => Some(format!("from {from}")),
        (None, Some(until)) => Some(format!("until {until}")),
        (None, None) => None,
    }
}

fn one_entry(out: &mut String, entry: &ResolvedEntry, width: usize) {
    prose::paragraph(out, 2, &name_of(entry), width);
    if !entry.row.starts_with("control#") {
        prose::paragraph(out, 6, &entry.text, width);
    }
    if !entry.roles.is_empty() {
        let roles: Vec<&str> = entry.roles.iter().map(|role| role.key()).collect();
        prose::paragraph(out, 6, &format!("for {}", roles.join(", ")), width);
    }
    match entry.over {
        Scope::Target => {}
        Scope::Organisation => prose::paragraph(out, 6, "met when every target meets it", width),
        Scope::AnyTarget => prose::paragraph(out, 6, "met when one target meets it", width),
    }
    if let Some(dates) = dates(entry.from, entry.until) {
        prose::paragraph(out, 6, &dates, width);
    }
    for (number, group) in entry.groups.iter().enumerate() {
        if number > 0 {
            prose::paragraph(out, 6, "or", width);
        }
        for check in group {
            prose::paragraph(out, 6, &format!("check {}", used(check)), width);
        }
    }
    if let Some(because) = &entry.because {
        prose::paragraph(out, 6, &format!("because {because}"), width);
    }
}

/// A check with the parameters that differ from its defaults.
fn used(check: &ResolvedCheck) -> String {
    with_params(&check.check.id, &check.changed_params())
}

/// A check with parameters, each cut where it is long.
pub(super) fn with_params(check: &str, params: &BTreeMap<String, Value>) -> String {
    let mut words = check.to_owned();
    for (name, value) in params {
        let mut value = value.to_string();
        if value.chars().count() > 120 {
            value = format!("{}…", value.chars().take(119).collect::<String>());
        }
        let _ = write!(words, "  {name} = {value}");
    }
    words
}
