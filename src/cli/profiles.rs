//! `profiles list|show`.

use clap::{Args, Subcommand};
use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    console::Console,
    content::ContentArgs,
    coverage,
    exit::{Exit, Trouble},
    prose,
};
use crate::content::{Content, merge::Merged};
use crate::judge::{ResolvedCheck, ResolvedEntry, ResolvedProfile};
use crate::model::profile::Scope;

/// Lists and shows profiles
#[derive(Args)]
pub struct ProfilesArgs {
    #[command(subcommand)]
    command: ProfilesCommand,
}

#[derive(Subcommand)]
enum ProfilesCommand {
    /// Lists all profiles
    List(ListArgs),
    /// Shows what a profile demands, with its checks and parameters
    Show(ShowArgs),
}

#[derive(Args)]
struct ListArgs {
    #[command(flatten)]
    content: ContentArgs,
}

#[derive(Args)]
struct ShowArgs {
    /// Id of the profile, such as common-baseline
    id: String,
    /// Shows instead which requirements of its guideline it judges, and which not and why
    #[arg(long)]
    coverage: bool,
    #[command(flatten)]
    content: ContentArgs,
}

/// Runs the command.
///
/// # Errors
/// Profiles that cannot be loaded or resolved, and ids that do not exist.
pub fn run(args: &ProfilesArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let text = match &args.command {
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
                show(&content, &resolved, &merged, console.width.into())
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
    width: usize,
) -> String {
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
    // By control, in the order of controls; entries over several stand under the first.
    let order: BTreeMap<&str, usize> = content
        .controls
        .iter()
        .enumerate()
        .map(|(index, loaded)| (loaded.control.id.as_str(), index))
        .collect();
    let mut by_control: BTreeMap<(usize, &str), Vec<&ResolvedEntry>> = BTreeMap::new();
    for entry in &resolved.entries {
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

fn one_entry(out: &mut String, entry: &ResolvedEntry, width: usize) {
    let mut line = format!("{}  {}", entry.level, entry.row);
    if let Some(variant) = &entry.variant {
        let _ = write!(line, " as {variant}");
    }
    if let Some(printed) = entry
        .printed
        .as_deref()
        .filter(|printed| !entry.row.ends_with(printed))
    {
        let _ = write!(line, " ({printed})");
    }
    prose::paragraph(out, 2, &line, width);
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
    match (entry.from, entry.until) {
        (Some(from), Some(until)) => {
            prose::paragraph(out, 6, &format!("from {from} until {until}"), width);
        }
        (Some(from), None) => prose::paragraph(out, 6, &format!("from {from}"), width),
        (None, Some(until)) => prose::paragraph(out, 6, &format!("until {until}"), width),
        (None, None) => {}
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
    let mut words = check.check.id.clone();
    for (name, value) in &check.params {
        let default = check.check.params.get(name).map(|decl| &decl.default);
        if default != Some(value) {
            let mut value = value.to_string();
            if value.chars().count() > 120 {
                value = format!("{}…", value.chars().take(119).collect::<String>());
            }
            let _ = write!(words, "  {name} = {value}");
        }
    }
    words
}
