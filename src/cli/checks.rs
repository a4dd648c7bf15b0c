//! `checks list|show|lint|test`.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, path::PathBuf};

use super::{
    console::Console,
    content::{self, ContentArgs},
    exit::{Exit, Trouble},
    prose,
};
use crate::content::{
    Content,
    check_file::LoadedCheck,
    diagnostic::Diagnostics,
    examples::{self, Tally},
    lies_below,
    resolve::check_digest,
};

/// Below this width, in columns, a table would break words.
const NARROW: u16 = 90;

/// List, show, lint and test checks
#[derive(Args)]
pub struct ChecksArgs {
    #[command(subcommand)]
    command: ChecksCommand,
}

#[derive(Subcommand)]
enum ChecksCommand {
    /// List all checks by area
    List(ListArgs),
    /// Show a check as its file has it
    Show(ShowArgs),
    /// Find what is wrong with checks, controls and profiles
    #[command(after_help = "Examples:\n  \
scrutineer checks lint\n  \
scrutineer checks lint my-checks\n\n\
Each fault is shown with its file, line and column. Exit code 2 when there is one.")]
    Lint(PathsArgs),
    /// Run the examples of checks, and each again with one fact taken away
    #[command(after_help = "Examples:\n  \
scrutineer checks test\n  \
scrutineer checks test my-checks/web/permissions.limited.yaml")]
    Test(PathsArgs),
}

#[derive(Args)]
#[command(after_help = "Examples:\n  \
scrutineer checks list\n  \
scrutineer checks list --format json | jq -r '.checks[].id'")]
struct ListArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
    #[command(flatten)]
    content: ContentArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum ListFormat {
    Table,
    Json,
}

#[derive(Args)]
#[command(after_help = "Example:\n  \
scrutineer checks show tls.protocol.no-legacy\n\n\
`scrutineer explain` tells the same to people.")]
struct ShowArgs {
    /// Id of the check, such as tls.protocol.no-legacy
    id: String,
    #[command(flatten)]
    content: ContentArgs,
}

#[derive(Args)]
struct PathsArgs {
    /// Files or folders of checks; without any, those in the program
    paths: Vec<PathBuf>,
    #[command(flatten)]
    content: ContentArgs,
}

/// Runs the command.
///
/// # Errors
/// Checks that cannot be loaded, and ids that do not exist.
pub fn run(args: &ChecksArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match &args.command {
        ChecksCommand::List(args) => {
            let content = args.content.load(console)?;
            let text = match args.format {
                ListFormat::Table => list_table(&content, console.width),
                ListFormat::Json => list_json(&content),
            };
            console.print(&text)?;
            Ok(Exit::Done)
        }
        ChecksCommand::Show(args) => {
            let content = args.content.load(console)?;
            let check = content
                .check(&args.id)
                .map_err(|faults| console.faults(&faults))?;
            console.print(&show(check, usize::from(console.width)))?;
            Ok(Exit::Done)
        }
        ChecksCommand::Lint(args) => lint(args, console),
        ChecksCommand::Test(args) => test(args, console),
    }
}

fn list_table(content: &Content, width: u16) -> String {
    let mut by_area: BTreeMap<&str, Vec<&LoadedCheck>> = BTreeMap::new();
    for (id, check) in &content.checks {
        let area = id.split('.').next().unwrap_or_default();
        by_area.entry(area).or_default().push(check);
    }
    let mut rows = Vec::new();
    for check in by_area.into_values().flatten() {
        rows.push(vec![
            check.check.id.clone(),
            check.check.control.clone(),
            check.check.severity.to_string(),
            check.level().to_string(),
            check.check.title.clone(),
        ]);
    }
    let mut text = if width < NARROW {
        narrow_list(&rows, usize::from(width))
    } else {
        prose::table(
            &["CHECK", "CONTROL", "SEVERITY", "LEVEL", "TITLE"],
            &rows,
            width,
        )
    };
    let last = format!(
        "{} for {}. `scrutineer explain CHECK` tells what one is for.",
        prose::count(rows.len(), "check"),
        prose::count(content.controls.len(), "control")
    );
    text.push('\n');
    prose::paragraph(&mut text, 0, &last, usize::from(width));
    text
}

/// Each check on a line of its own, with its title below.
fn narrow_list(rows: &[Vec<String>], width: usize) -> String {
    let mut text = String::new();
    for row in rows {
        if let [id, control, severity, level, title] = row.as_slice() {
            prose::paragraph(&mut text, 0, id, width);
            let more = format!("{title} ({control}, {severity}, {level})");
            prose::paragraph(&mut text, 4, &more, width);
        }
    }
    text
}

/// Values of parameters where no profile sets any.
pub(super) fn defaults(check: &LoadedCheck) -> Map<String, Value> {
    check
        .check
        .params
        .iter()
        .map(|(name, decl)| (name.clone(), decl.default.clone()))
        .collect()
}

fn list_json(content: &Content) -> String {
    let checks: Vec<Value> = content
        .checks
        .values()
        .map(|loaded| {
            let check = &loaded.check;
            json!({
                "id": check.id,
                "control": check.control,
                "title": check.title,
                "severity": check.severity,
                "effort": check.effort,
                "level": loaded.level(),
                "facts": loaded.program.facts().iter().map(|fact| fact.path.clone()).collect::<Vec<_>>(),
                "params": check.params,
                "digest": check_digest(&loaded.program, &defaults(loaded)),
                "file": loaded.source.name,
            })
        })
        .collect();
    let document =
        json!({ "schema": "scrutineer.checks/1", "pack": content.pack(), "checks": checks });
    let mut text = serde_json::to_string_pretty(&document).expect("JSON values can be printed");
    text.push('\n');
    text
}

fn show(loaded: &LoadedCheck, width: usize) -> String {
    let mut text = String::new();
    prose::paragraph(&mut text, 0, &format!("# {}", loaded.source.name), width);
    prose::paragraph(
        &mut text,
        0,
        &format!(
            "# digest {}",
            check_digest(&loaded.program, &defaults(loaded))
        ),
        width.max(100),
    );
    prose::verbatim(&mut text, 0, &loaded.source.text);
    text
}

/// Loads the program's content with the paths over it.
fn load(args: &PathsArgs, console: &mut Console) -> Result<Result<Content, Diagnostics>, Trouble> {
    if let Some(path) = &args.content.pack {
        if !args.paths.is_empty() {
            return Err("--pack takes nothing over it: leave the paths out, or --pack".into());
        }
        return Ok(content::open_pack(path, console)?.exact());
    }
    let checks: Vec<PathBuf> = args
        .content
        .checks
        .iter()
        .chain(&args.paths)
        .cloned()
        .collect();
    Ok(Content::load(&checks, &args.content.profiles))
}

fn lint(args: &PathsArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let (content, faults) = match load(args, console)? {
        Ok(content) => {
            let mut faults = content.notes.clone();
            for id in content.profiles.keys() {
                if let Err(more) = content.resolve(id) {
                    faults.extend(more);
                }
            }
            faults.sort();
            (Some(content), faults)
        }
        Err(faults) => (None, faults),
    };
    if !faults.is_empty() {
        let text = faults.render(console.colour, usize::from(console.width));
        console.print(&format!("{text}\n\n"))?;
    }
    let mut parts = Vec::new();
    if let Some(content) = &content {
        parts.push(prose::count(content.checks.len(), "check"));
        parts.push(prose::count(content.controls.len(), "control"));
        parts.push(prose::count(content.profiles.len(), "profile"));
    }
    parts.push(prose::count(faults.errors(), "error"));
    parts.push(prose::count(faults.warnings(), "warning"));
    console.print(&format!("{}\n", parts.join(", ")))?;
    Ok(if faults.has_errors() {
        Exit::Wrong
    } else {
        Exit::Done
    })
}

fn test(args: &PathsArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let content = load(args, console)?.map_err(|faults| console.faults(&faults))?;
    let mut tally = Tally::default();
    for check in content.checks.values() {
        let chosen = args.paths.is_empty()
            || (!check.embedded
                && args
                    .paths
                    .iter()
                    .any(|path| lies_below(&check.source.name, path)));
        if chosen {
            examples::run(check, &mut tally);
        }
    }
    if !tally.failures.is_empty() {
        let text = tally
            .failures
            .render(console.colour, usize::from(console.width));
        console.print(&format!("{text}\n\n"))?;
    }
    console.print(&format!(
        "{}, {}, {}: {}\n",
        prose::count(tally.checks, "check"),
        prose::count(tally.examples, "example"),
        prose::count(tally.erosions, "erosion"),
        if tally.failures.is_empty() {
            "all as expected".to_owned()
        } else {
            prose::count(tally.failures.errors(), "failure")
        }
    ))?;
    if tally.checks == 0 {
        return Err("there is no check to test".into());
    }
    Ok(if tally.failures.has_errors() {
        Exit::Wrong
    } else {
        Exit::Done
    })
}
