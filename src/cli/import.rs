//! `scrutineer import`: what other programs saw, as a run that `judge` takes.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use super::run_header::header;
use super::{
    console::Console,
    exit::{Exit, Trouble},
};
use crate::content::{inventory, target_name::parse_target};
use crate::derive;
use crate::model::{
    gap::{Gap, GapReason},
    level::{Area, Level},
    observation::{Conditions, Cost, OBSERVATION_SCHEMA, Observation},
    target::{Role, Target},
};
use crate::net::Scope;
use crate::probes::web::{PROBE, har as capture};
use crate::store::RunWriter;
use crate::wire::{
    har::{self, Log},
    text::clean,
};

/// Most bytes of a capture.
const FILE_MAX: u64 = 256 << 20;
/// Hosts that a message names.
const HOSTS_NAMED: usize = 10;

/// Take what another program saw as an observation, to be judged as a scan is. Nothing is sent.
#[derive(Args, Debug)]
pub struct ImportArgs {
    #[command(subcommand)]
    command: ImportCommand,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    Har(HarArgs),
}

/// Take the pages of a browser's capture (HAR 1.2), such as those behind a login.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer import har login.har --scope vote.example.gov \\\n      --save run.jsonl\n  \
scrutineer import har login.har -i inventory.yaml --save run.jsonl\n  \
scrutineer judge run.jsonl --profile registration-portal\n\n\
In the browser: open the developer tools, disable the cache, go through the pages, and\n\
save all as HAR with content; in Chromium with sensitive data, else cookies are missing.\n\
Cookie values, credentials, posted forms and query strings do not get into the run; the\n\
capture itself is as secret as the session that it shows.")]
pub struct HarArgs {
    /// The capture.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Take pages of this site only: a name, host:port or URL. May be repeated.
    #[arg(long, value_name = "NAME", required_unless_present = "inventory")]
    pub scope: Vec<String>,
    /// Take pages of the websites of this inventory only.
    #[arg(short, long, value_name = "FILE", conflicts_with = "scope")]
    pub inventory: Option<PathBuf>,
    /// The sites given with --scope are registration portals.
    #[arg(long, requires = "scope")]
    pub portal: bool,
    /// Keep the observations in this new file (JSON Lines), for `judge`.
    #[arg(long, value_name = "RUN.jsonl")]
    pub save: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When the capture cannot be read, has nothing in the scope, or the run cannot be written.
pub fn run(args: &ImportArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match &args.command {
        ImportCommand::Har(args) => import(args, console),
    }
}

fn import(args: &HarArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let (inventory, targets) = targets(args, console)?;
    let log = read(&args.file)?;
    let scope = Scope::new(
        Level::Passive,
        targets.iter().map(|target| target.name.as_str()),
        inventory.scope.domains.iter().map(String::as_str),
    );
    let conditions = Conditions::plain(
        Level::Passive,
        vec![Area::Web],
        u32::try_from(har::ENTRIES_MAX).unwrap_or(u32::MAX),
        "none: read from a capture".to_owned(),
    );
    let mut observations = Vec::new();
    let mut pages = 0usize;
    for target in targets {
        let taken = capture::read(&log, &target, &|host| scope.contains(&target.name, host));
        let Some(started) = &taken.started else {
            continue;
        };
        let observed_at = time(&args.file, &target, started)?;
        pages = pages.saturating_add(taken.pages);
        let mut gaps = taken.report.gaps;
        gaps.extend(not_shown());
        let facts = taken.report.facts.map(|facts| (Area::Web, facts));
        let mut observation = Observation {
            schema: OBSERVATION_SCHEMA.to_owned(),
            target,
            observed_at,
            conditions: conditions.clone(),
            fact_versions: BTreeMap::from([(Area::Web, PROBE.fact_version)]),
            gaps,
            evidence: taken.report.evidence,
            cost: Cost::default(),
            facts: facts.into_iter().collect(),
        };
        // A capture holds no TLS, so that no client is asked about.
        derive::apply(&mut observation, &[]);
        observation.gaps.sort();
        observation.gaps.dedup();
        observation.evidence.sort();
        observation.evidence.dedup();
        observations.push(observation);
    }
    let Some(first) = observations.iter().map(|own| own.observed_at).min() else {
        let seen = capture::hosts(&log, HOSTS_NAMED);
        let seen = match seen.is_empty() {
            true => "it holds no answer of any website".to_owned(),
            false => format!("it holds {}", seen.join(", ")),
        };
        let name = args.file.display();
        return Err(format!(
            "{name}: nothing in it lies in the scope: {seen}; name the site with --scope"
        )
        .into());
    };
    let organisation = inventory.organisation.map(|organisation| organisation.name);
    let targets = observations.iter().map(|own| own.target.clone()).collect();
    let header = header(first, organisation, conditions, targets, None);
    let mut writer = RunWriter::create(&args.save, &header).map_err(said)?;
    for observation in &observations {
        writer.write(observation).map_err(said)?;
    }
    console.note(format!(
        "{}: {pages} pages of {} sites; judge them with: scrutineer judge {0}",
        args.save.display(),
        observations.len(),
    ));
    Ok(match pages {
        0 => Exit::NotObserved,
        _ => Exit::Done,
    })
}

/// The websites whose pages may be taken.
fn targets(
    args: &HarArgs,
    console: &Console,
) -> Result<(inventory::Inventory, Vec<Target>), Trouble> {
    if let Some(path) = &args.inventory {
        let found = inventory::load(path).map_err(|faults| console.faults(&faults))?;
        let mut targets = found.targets.clone();
        targets.retain(|target| target.roles.is_empty() || target.has_website());
        return Ok((found, targets));
    }
    let mut keys = BTreeSet::new();
    let mut targets = Vec::new();
    for name in &args.scope {
        let mut target = parse_target(name).map_err(said)?;
        target.roles = BTreeSet::from([Role::Website]);
        if args.portal {
            target.roles.insert(Role::RegistrationPortal);
        }
        if keys.insert(target.key()) {
            targets.push(target);
        }
    }
    Ok((inventory::Inventory::default(), targets))
}

fn read(path: &Path) -> Result<Log, Trouble> {
    let name = path.display();
    let cannot = |error: std::io::Error| {
        format!("{name}: cannot read the capture: {error}; give the file that the browser saved")
    };
    let file = File::open(path).map_err(cannot)?;
    let mut bytes = Vec::new();
    let most = FILE_MAX.saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_MAX) {
        let most = FILE_MAX >> 20;
        return Err(format!("{name}: is larger than {most} MiB: capture fewer pages").into());
    }
    har::parse(&bytes).map_err(|error| {
        let place = match error.place {
            Some((line, column)) => format!(":{line}:{column}"),
            None => String::new(),
        };
        let message = clean(&error.message, 300);
        format!("{name}{place}: is no HAR capture that can be read: {message}; save it again in the browser, as HAR with content").into()
    })
}

fn time(path: &Path, target: &Target, text: &str) -> Result<Timestamp, Trouble> {
    let time: Timestamp = text.parse().map_err(|_| {
        format!(
            "{}: the first request to {} has `startedDateTime` {:?}, which is no time; save the capture again in the browser",
            path.display(),
            target.key(),
            clean(text, 60)
        )
    })?;
    Ok(time.round(jiff::Unit::Second).unwrap_or(time))
}

/// The areas that a capture says nothing of.
fn not_shown() -> impl Iterator<Item = Gap> {
    let others = Area::ALL.into_iter().filter(|area| *area != Area::Web);
    others.map(|area| Gap {
        at: format!("/{area}"),
        reason: GapReason::NotAsked,
        detail: Some("a browser's capture does not show it".to_owned()),
    })
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
