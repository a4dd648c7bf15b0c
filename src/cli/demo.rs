//! `scrutineer demo`: the embedded estate, scanned as any other target.

use clap::{Args, Parser};
use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    console::Console,
    demo_exchange,
    exit::{Exit, Trouble},
    result::{Format, ResultArgs},
    scan::{self, ScanArgs},
};
use crate::estate::{Counts, Estate};
use crate::model::finding::Findings;

/// Limits of the scan. The servers are our own, so that politeness only costs time.
const PACE: [&str; 2] = [
    "--connections-per-address=32",
    "--connections-per-second=1000",
];

const INVENTORY: &str = "inventory.yaml";
const RUN: &str = "run.jsonl";
const FINDINGS: &str = "findings.json";
const ROOT: &str = "root.pem";
const ANCHOR: &str = "root.ds";

/// See it work: three election offices on this machine, scanned without any network, and an exchange
/// of seven offices that compare how they stand.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer demo\n  \
scrutineer demo --out /tmp/demo --quiet\n\n\
Needs no network and no root. Ends with 0 when the demo ran, although one of its offices fails.")]
pub struct DemoArgs {
    /// Leave inventory, run, findings and the exchange in this folder.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    pub out: PathBuf,
    /// Draw no progress.
    #[arg(short, long)]
    pub quiet: bool,
}

/// The arguments of `scan`, read as if they had been typed.
#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    scan: ScanArgs,
}

/// Runs the command.
///
/// # Errors
/// When the folder cannot be used or the servers cannot be started.
pub fn run(args: &DemoArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    let estate = runtime
        .block_on(Estate::start())
        .map_err(|error| error.to_string())?;
    prepare(&args.out, &estate).map_err(|error| format!("{}: {error}", args.out.display()))?;
    let began = Instant::now();
    let typed = Typed::try_parse_from(arguments(args, &estate)).map_err(|e| e.to_string())?;
    let exit = scan::run(&typed.scan, console)?;
    let took = began.elapsed();
    let path = args.out.join(FINDINGS);
    let findings: Findings = fs::read(&path)
        .map_err(|error| error.to_string())
        .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let shown = ResultArgs {
        format: Format::Table,
        output: None,
        ..typed.scan.result
    };
    shown.write(&[findings], console)?;
    let counts = estate.counts();
    drop(estate);
    let exchange = demo_exchange::run(&args.out, &args.out.join(RUN))?;
    console.print(&farewell(&args.out, took, counts, &exchange))?;
    Ok(match exit {
        // That the neglected office fails is the point of the demo.
        Exit::GateFailed => Exit::Done,
        other => other,
    })
}

/// Makes the folder. What an earlier demo left there is replaced, and nothing else.
fn prepare(folder: &Path, estate: &Estate) -> io::Result<()> {
    let inventory = folder.join(INVENTORY);
    // By its first line, so that a newer program knows the folder of an older one.
    let mark = estate.inventory().lines().next();
    let ours = fs::read_to_string(&inventory).is_ok_and(|text| text.lines().next() == mark);
    let files = [INVENTORY, RUN, FINDINGS, ROOT, ANCHOR].map(|name| (name, folder.join(name)));
    let there = || files.iter().filter(|(_, path)| path.exists());
    if let Some((name, _)) = there().next()
        && !ours
    {
        return Err(io::Error::other(format!(
            "{name} is there already and not from a demo; choose another folder with --out"
        )));
    }
    demo_exchange::clear(folder)?;
    for (_, path) in there() {
        fs::remove_file(path)?;
    }
    fs::create_dir_all(folder)?;
    fs::write(inventory, estate.inventory())?;
    fs::write(folder.join(ROOT), estate.root_pem())?;
    fs::write(folder.join(ANCHOR), estate.trust_anchor())
}

fn arguments(args: &DemoArgs, estate: &Estate) -> Vec<OsString> {
    let with = |option: &str, value: &OsStr| {
        let mut argument = OsString::from(option);
        argument.push(value);
        argument
    };
    let file = |option: &str, name: &str| with(option, args.out.join(name).as_os_str());
    let mut arguments = vec![
        "demo".into(),
        file("--inventory=", INVENTORY),
        file("--save=", RUN),
        file("--output=", FINDINGS),
        file("--ca-file=", ROOT),
        file("--trust-anchor=", ANCHOR),
        "--format=json".into(),
        with("--resolver=", estate.resolver().to_string().as_ref()),
        with("--rdap=", estate.registry().as_ref()),
    ];
    arguments.extend(PACE.map(OsString::from));
    let rules = estate.connect_rules().iter();
    arguments.extend(rules.map(|rule| with("--connect-to=", rule.as_ref())));
    if args.quiet {
        arguments.push("--quiet".into());
    }
    arguments
}

fn farewell(folder: &Path, took: Duration, counts: Counts, exchange: &str) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    format!(
        "\nThe demo's servers ran inside this program. They saw {} connections and {} DNS questions in {}.{} s;\n\
         nothing left this machine, and the commands shown above had their answers while it ran.\n\n\
         {}   what was looked at\n\
         {}       what was seen; judge it again at any time\n\
         {}   what is wrong, for programs\n\
         {exchange}\n\
         Next:\n  \
         scrutineer judge {} --format json\n  \
         scrutineer explain portal.form.https-action\n  \
         scrutineer scan vote.example.gov      (a name that you answer for)\n",
        counts.connections,
        counts.queries,
        took.as_secs(),
        took.subsec_millis() / 100,
        path(INVENTORY),
        path(RUN),
        path(FINDINGS),
        path(RUN),
    )
}
