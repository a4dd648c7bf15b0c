//! `scrutineer baseline create`: judges runs under the exchange's profile and
//! writes what may leave: cells in bands.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    baseline_panel,
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
    signed,
    state::{State, StateArgs},
};
use crate::baseline::{
    cut::{self, Declared},
    document::{Consents, MANIFEST, MOST_BYTES, Statement, Subject},
    exchange::{Exchange, Period},
    explain::explain,
    found::{Found, baseline_in},
    ledger::Cut,
    manifest::Manifest,
    measure::{Counts, Measurement, Program},
    names,
    panel::{self, Pinned},
};
use crate::content::{exchange_file, pool_file};
use crate::judge::{Observed, ResolvedProfile, hex};
use crate::model::cell::Kind;
use crate::scan::facts;
use crate::store::{
    RunEnd, RunReader,
    atomic::{self, Mode},
};

/// Deepest folder of an exchange that is searched for earlier documents.
const DEEPEST: usize = 4;
/// Most files of an exchange that are searched.
const MOST_FILES: usize = 20_000;

/// Judge runs under the profile of an exchange, and write cells in bands: what may leave
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer baseline create run.jsonl --exchange exchange.yaml \\\n      --participant office-a --period 2026H2 --explain\n  \
scrutineer baseline create run.jsonl --exchange exchange.yaml \\\n      --participant office-a --period 2026H2 --complete web,mail\n\n\
The document is TLP:AMBER and not signed yet. Runs, exact counts and the manifest stay at home.")]
pub struct CreateArgs {
    /// The runs, as `scan --save` wrote them. Of each name the newest observation of the window counts.
    #[arg(value_name = "RUN.jsonl", required = true)]
    pub runs: Vec<PathBuf>,
    /// The file of the exchange.
    #[arg(long, value_name = "FILE")]
    pub exchange: PathBuf,
    /// Your id in the exchange.
    #[arg(long, value_name = "ID")]
    pub participant: String,
    /// The period, such as 2026H2.
    #[arg(long, value_name = "PERIOD")]
    pub period: String,
    /// Kinds of which the runs hold every name that you answer for, as the panel that you pinned
    /// says (`baseline panel`). Default: what it says. The others are said to be chosen.
    #[arg(long, value_name = "KIND,...", value_enum, value_delimiter = ',')]
    pub complete: Vec<KindArg>,
    /// The names are not those of the pinned panel: kinds that differ are said to be chosen.
    #[arg(long)]
    pub panel_changed: bool,
    /// Count for these organisations, which consented, as one participant.
    #[arg(long, value_name = "FILE")]
    pub pool: Option<PathBuf>,
    /// What may be done with the document: `named`, you are named in aggregates and reports;
    /// `clear-aggregate`, aggregates may be public.
    #[arg(long, value_name = "WHAT,...", value_enum, value_delimiter = ',')]
    pub consent: Vec<ConsentArg>,
    /// Take the place of your earlier document with this digest.
    #[arg(long, value_name = "SHA256", requires = "reason")]
    pub replaces: Option<String>,
    /// Why it takes the place of another.
    #[arg(long, value_name = "TEXT", requires = "replaces")]
    pub reason: Option<String>,
    /// Show the exact counts and why cells are hidden or banded, and write nothing.
    #[arg(long)]
    pub explain: bool,
    /// Write the document here. Default: PARTICIPANT.PERIOD.baseline.json
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When the document is said to be made. Default: now.
    #[arg(long, value_name = "TIME")]
    pub created: Option<Timestamp>,
    #[command(flatten)]
    pub state: StateArgs,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// [`Kind`] as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum KindArg {
    Web,
    Mail,
    Dns,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Web => Self::Web,
            KindArg::Mail => Self::Mail,
            KindArg::Dns => Self::Dns,
        }
    }
}

/// What a participant may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConsentArg {
    /// Aggregates and reports may name it.
    Named,
    /// Aggregates may be labelled TLP:CLEAR.
    ClearAggregate,
}

/// Runs the command.
///
/// # Errors
/// When arguments, files or the runs do not fit the exchange.
pub fn run(args: &CreateArgs, console: &mut Console) -> Result<Exit, Trouble> {
    if !names::is_id(&args.participant) {
        return Err(format!("--participant {:?} is not an id", args.participant).into());
    }
    let exchange = exchange_file::load(&args.exchange).map_err(|faults| console.faults(&faults))?;
    let period = period(&args.period, &exchange)?;
    let profile = args.content.resolve_one(&exchange.profile, console)?;
    let members = match &args.pool {
        Some(path) => {
            let members = pool_file::load(path, period.opens);
            Some(members.map_err(|faults| console.faults(&faults))?)
        }
        None => None,
    };
    let program = Program {
        tool: crate::TOOL,
        tables: &crate::TABLES,
    };
    let mut measurement =
        Measurement::new(&exchange, period, &profile, program, members.as_ref()).map_err(said)?;
    for path in &args.runs {
        measure(path, &profile, &mut measurement, console)?;
    }
    let counts = measurement.finish().map_err(said)?;
    if args.explain {
        let decided = cut::decide(&counts, members.is_some());
        let text = explain(&exchange, &args.participant, &period.id, &profile, &decided)
            .map_err(|error| error.to_string())?;
        return console.print(&text).map(|()| Exit::Done);
    }
    let state = args.state.open()?;
    no_second_cut(args, &exchange, &state)?;
    let pinned = baseline_panel::load(&state, &exchange, &args.participant, &period.id)?;
    let mut declared = declared(args);
    declared.complete = panel::complete(
        &exchange,
        pinned.as_ref(),
        &counts.names,
        &declared.complete,
        args.panel_changed,
    )
    .map_err(said)?;
    let baseline = cut::cut(
        &exchange,
        period,
        &profile,
        &counts,
        members.is_some(),
        declared,
    )
    .map_err(said)?;
    let mut manifest = manifest(args, &exchange, &counts)?;
    manifest.panel = pinned.as_ref().map(Pinned::digest);
    let statement = Statement::new(vec![Subject::new(MANIFEST, manifest.digest())], baseline);
    statement
        .check()
        .map_err(|wrong| format!("the document would not be valid: {wrong}"))?;
    write(args, &state, &statement, &manifest, console)
}

/// A period of the calendar, by its id.
///
/// # Errors
/// When there is none, with those that there are.
pub(super) fn period<'e>(id: &str, exchange: &'e Exchange) -> Result<&'e Period, Trouble> {
    exchange.calendar.period(id).ok_or_else(|| {
        let periods = exchange.calendar.periods.iter();
        let known: Vec<&str> = periods.map(|period| period.id.as_str()).collect();
        format!(
            "--period {id:?} is not in the calendar of {}, which has: {}",
            exchange.id,
            known.join(", ")
        )
        .into()
    })
}

/// Counts one run.
///
/// # Errors
/// When it cannot be read, or does not fit the exchange.
pub(super) fn measure(
    path: &Path,
    profile: &ResolvedProfile,
    measurement: &mut Measurement<'_>,
    console: &mut Console,
) -> Result<(), Trouble> {
    let of_run = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut reader = RunReader::open(path, &facts::known()).map_err(said)?;
    let header = reader.header().clone();
    measurement.run(&header).map_err(|error| of_run(&error))?;
    let dates = measurement.dates();
    while let Some(observation) = reader.next_observation().map_err(said)? {
        let wanted = measurement.wants(&header, &observation);
        if wanted.map_err(|error| of_run(&error))? {
            let result = Observed::from(observation).judge(profile, &dates);
            let result = result.map_err(|error| of_run(&error))?;
            measurement.take(&result).map_err(|error| of_run(&error))?;
        }
    }
    if let Some(RunEnd::Torn { line }) = reader.end() {
        console.note(format!(
            "{}:{line}: is cut off, as when a scan is killed; its target counts as not reached",
            path.display()
        ));
    }
    Ok(())
}

fn declared(args: &CreateArgs) -> Declared {
    Declared {
        participant: args.participant.clone(),
        created: args.created.unwrap_or_else(Timestamp::now),
        tool: crate::TOOL.to_owned(),
        complete: args.complete.iter().copied().map(Kind::from).collect(),
        consents: Consents {
            named: args.consent.contains(&ConsentArg::Named),
            clear_aggregate: args.consent.contains(&ConsentArg::ClearAggregate),
        },
        replaces: args.replaces.clone().zip(args.reason.clone()),
    }
}

/// Refuses a second document for a period, whether the ledger or the folder of
/// the exchange knows the first, unless it is named as the one to replace.
fn no_second_cut(args: &CreateArgs, exchange: &Exchange, state: &State) -> Result<(), Trouble> {
    let folder = match args.exchange.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let ledger = state.ledger()?;
    // Each earlier document: its digest, what it replaces, and where it is known from.
    let of_period = |cut: &&Cut| {
        cut.exchange == exchange.id
            && cut.participant == args.participant
            && cut.period == args.period
    };
    let mut earlier: Vec<(String, Option<String>, String)> = ledger
        .cuts
        .iter()
        .filter(of_period)
        .map(|cut| {
            let place = "the ledger".to_owned();
            (cut.payload.clone(), cut.replaces.clone(), place)
        })
        .collect();
    let mut files = Vec::new();
    json_files(folder, 0, &mut files);
    for path in files {
        let bytes = signed::read(&path, 2 * MOST_BYTES);
        if let Some(found) = bytes.ok().and_then(|bytes| baseline_in(&bytes))
            && is_own(&found, args, exchange)
        {
            let place = path.display().to_string();
            earlier.push((found.payload, found.baseline.replaces, place));
        }
    }
    let replaced: BTreeSet<&String> = earlier
        .iter()
        .filter_map(|(_, replaces, _)| replaces.as_ref())
        .collect();
    let mut current = earlier
        .iter()
        .filter(|(payload, _, _)| !replaced.contains(payload));
    match (current.clone().next(), &args.replaces) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(
            "--replaces names a document that neither the ledger nor the folder of the exchange knows"
                .into(),
        ),
        (Some(_), Some(named)) if current.any(|(payload, _, _)| payload == named) => Ok(()),
        (Some((payload, _, place)), _) => Err(format!(
            "{} already has a document for {}: {payload}, known from {place}. A period is cut once; a correction names what it replaces (--replaces {payload} --reason TEXT)",
            args.participant, args.period
        )
        .into()),
    }
}

fn is_own(found: &Found, args: &CreateArgs, exchange: &Exchange) -> bool {
    let baseline = &found.baseline;
    baseline.exchange == exchange.id
        && baseline.participant == args.participant
        && baseline.period == args.period
}

/// The JSON files below a folder. What cannot be read is left out: it is looked
/// at to guard against slips. Links are not followed.
fn json_files(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() && depth < DEEPEST {
            json_files(&path, depth + 1, files);
        } else if kind.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == "json")
            && files.len() < MOST_FILES
        {
            files.push(path);
        }
    }
}

fn manifest(args: &CreateArgs, exchange: &Exchange, counts: &Counts) -> Result<Manifest, Trouble> {
    let mut seed = [0u8; 32];
    SystemRandom::new()
        .fill(&mut seed)
        .map_err(|_| "this machine gives no random bytes for the salt of the manifest")?;
    let runs: Result<Vec<String>, Trouble> =
        args.runs.iter().map(|path| file_digest(path)).collect();
    Ok(Manifest::new(
        [&exchange.id, &args.participant, &args.period],
        runs?,
        &counts.observed,
        &seed,
    ))
}

fn file_digest(path: &Path) -> Result<String, Trouble> {
    let mut hasher = Hasher(Sha256::new());
    File::open(path)
        .and_then(|mut file| io::copy(&mut file, &mut hasher))
        .map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
    Ok(hex(&hasher.0.finalize()))
}

struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the document, then remembers it. The manifest comes first: without
/// it nobody could show later what was counted.
fn write(
    args: &CreateArgs,
    state: &State,
    statement: &Statement<crate::baseline::document::Baseline>,
    manifest: &Manifest,
    console: &mut Console,
) -> Result<Exit, Trouble> {
    let baseline = &statement.predicate;
    let payload = statement.digest();
    let kept = format!(
        "manifests/{}.{}.{}.{}.json",
        baseline.exchange,
        baseline.participant,
        baseline.period,
        payload.get(..16).unwrap_or_default()
    );
    let text = serde_json::to_vec(manifest).expect("manifests hold texts and times alone");
    state.keep(&kept, &text)?;
    let path = args.output.clone().unwrap_or_else(|| {
        PathBuf::from(format!(
            "{}.{}.baseline.json",
            baseline.participant, baseline.period
        ))
    });
    atomic::create(&path, &statement.to_bytes(), Mode::Usual).map_err(said)?;
    let mut ledger = state.ledger()?;
    ledger.record(Cut {
        exchange: baseline.exchange.clone(),
        participant: baseline.participant.clone(),
        period: baseline.period.clone(),
        payload: payload.clone(),
        created: baseline.created,
        replaces: baseline.replaces.clone(),
    });
    state.keep_ledger(&ledger)?;
    console.note(format!(
        "{}: {} cells, {}, digest {payload}; not signed yet",
        path.display(),
        baseline.cells.len(),
        baseline.label
    ));
    console.note(format!(
        "{}: the manifest names targets and stays at home",
        state.path(&kept).display()
    ));
    Ok(Exit::Done)
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
