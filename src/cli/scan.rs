//! `scrutineer scan`: looks at targets, saves what was seen, and says what is wrong.

use clap::Args;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use super::run_header::header;
use super::{
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
    gating::GateArgs,
    network::NetworkArgs,
    progress::Bars,
    result::ResultArgs,
};
use crate::content::{clients, inventory, target_name::parse_target};
use crate::judge::{
    Dates, Observed, ResolvedProfile, Standing,
    against::{self, Earlier},
};
use crate::model::{
    finding::Findings,
    level::{Area, Level},
    observation::{Conditions, Observation},
    run::RunHeader,
    target::Target,
};
use crate::net::{Digests, Net, NetConfig, Scope, Stopper};
use crate::scan::{
    facts, plan,
    progress::{Progress, Quiet},
    runner::{self, ScanOptions},
};
use crate::store::{self, RunReader, RunWriter};

/// Look at names or at an inventory, and say what is wrong.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer scan vote.example.gov\n  \
scrutineer scan -i inventory.yaml --save run.jsonl -o findings.json \\\n      --format json\n  \
scrutineer scan staging.example.gov --ca-file lab.pem \\\n      --connect-to staging.example.gov:443:10.0.0.5:8443\n\n\
Scan only what you answer for. --dry-run prints what would be sent.")]
pub struct ScanArgs {
    /// Names to look at: vote.example.gov, host:port, or a URL.
    #[arg(value_name = "NAME", conflicts_with = "inventory")]
    pub names: Vec<String>,
    /// Look at the targets of this inventory.
    #[arg(short, long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// Judge by this profile.
    #[arg(long, value_name = "ID", default_value = "common-baseline")]
    pub profile: String,
    /// How far to go. `intrusive` needs an authorisation in the inventory.
    #[arg(long, value_enum, default_value_t = LevelArg::Standard)]
    pub level: LevelArg,
    /// Look at these areas only.
    #[arg(long, value_name = "AREA,...", value_delimiter = ',', value_enum)]
    pub only: Vec<AreaArg>,
    /// Keep the observations in this new file (JSON Lines), to judge them again later.
    #[arg(long, value_name = "RUN.jsonl", conflicts_with = "resume")]
    pub save: Option<PathBuf>,
    /// Go on with this run where it was stopped. Its targets come from its header; give the
    /// inventory again where it sets scope, contact or authorisation.
    #[arg(long, value_name = "RUN.jsonl", conflicts_with = "names")]
    pub resume: Option<PathBuf>,
    /// Print what would be sent, and send nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Targets looked at side by side.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,
    /// Most pages visited on a website.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub pages: u32,
    /// Draw no progress.
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub result: ResultArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub content: ContentArgs,
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// [`Level`] as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LevelArg {
    /// What one visiting browser, resolver and mail sender does.
    Passive,
    /// Also enumerates handshakes and asks for well-known paths.
    Standard,
    /// Also zone transfers, left-over files, ports and probes for old TLS holes.
    Intrusive,
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Passive => Self::Passive,
            LevelArg::Standard => Self::Standard,
            LevelArg::Intrusive => Self::Intrusive,
        }
    }
}

/// [`Area`] as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[allow(missing_docs)]
pub enum AreaArg {
    Dns,
    Tls,
    Web,
    Mail,
}

impl From<AreaArg> for Area {
    fn from(area: AreaArg) -> Self {
        match area {
            AreaArg::Dns => Self::Dns,
            AreaArg::Tls => Self::Tls,
            AreaArg::Web => Self::Web,
            AreaArg::Mail => Self::Mail,
        }
    }
}

/// What is to be scanned, from whichever source.
struct Job {
    header: RunHeader,
    /// Targets still to look at.
    targets: Vec<Target>,
    scope: Scope,
    writer: Option<RunWriter>,
}

/// What the network was told that no outsider is told.
struct SetUp {
    staged: bool,
    allow_private: bool,
    extra_roots: bool,
    given_resolver: bool,
    given_anchor: bool,
    /// Edition of the list of logs.
    ct_logs: Option<String>,
    digests: Digests,
}

impl SetUp {
    fn of(config: &NetConfig) -> Self {
        Self {
            staged: !config.connect_to.is_empty(),
            allow_private: config.allow_private,
            extra_roots: !config.extra_roots.is_empty(),
            given_resolver: config.resolver.is_some(),
            given_anchor: !config.trust_anchors.is_empty(),
            ct_logs: config.ct_logs.as_ref().map(|logs| logs.edition.clone()),
            digests: config.digests.clone(),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When arguments, inventory, checks or the run file are wrong, or nothing can be sent.
pub fn run(args: &ScanArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let content = args.content.load(console)?;
    let profile = content
        .resolve(&args.profile)
        .map_err(|faults| console.faults(&faults))?;
    let rules = args.gate.rules(&content, None, console)?;
    let inventory = read_targets(args, console)?;
    let mut config = args.network.config()?;
    config.allow_private |= inventory.scope.allow_private;
    config.contact = config.contact.or_else(|| inventory.contact.clone());
    let set_up = SetUp::of(&config);
    let net = Net::new(config).map_err(said)?;
    let mut job = prepare(args, inventory, &net, set_up, &profile)?;
    if args.dry_run {
        return dry_run(&job, console).map(|()| Exit::Done);
    }
    let earlier = earlier(args, &job.header, &profile, console)?;
    if let (Some(path), None) = (&args.save, &job.writer) {
        job.writer = Some(RunWriter::create(path, &job.header).map_err(said)?);
    }
    let mut document = perform(args, job, &net, &profile, console)?;
    rules.apply(&mut document, earlier.as_ref())?;
    args.result.write(&[document], console)
}

/// The earlier result, and whether it is of use: told before anything is sent.
fn earlier(
    args: &ScanArgs,
    header: &RunHeader,
    profile: &ResolvedProfile,
    console: &mut Console,
) -> Result<Option<Earlier>, Trouble> {
    let as_of = args.result.as_of(header);
    let mut all = args
        .gate
        .earlier(std::slice::from_ref(profile), as_of, console)?;
    let Some(earlier) = all.pop() else {
        return Ok(None);
    };
    let keys: Vec<String> = header.targets.iter().map(Target::key).collect();
    let targets = keys.iter().map(String::as_str).collect();
    match against::unfit(&earlier, header.organisation.as_deref(), &targets) {
        Some(why) => Err(why.into()),
        None => Ok(Some(earlier)),
    }
}

/// Targets and their scope, from names, an inventory or the header of a run.
fn read_targets(args: &ScanArgs, console: &Console) -> Result<inventory::Inventory, Trouble> {
    let mut found = inventory::Inventory::default();
    if let Some(path) = &args.inventory {
        found = inventory::load(path).map_err(|faults| console.faults(&faults))?;
    }
    if let Some(path) = &args.resume {
        let reader = RunReader::open(path, &facts::known()).map_err(said)?;
        let targets = &reader.header().targets;
        if args.inventory.is_some() && found.targets != *targets {
            return Err(format!(
                "{}: has other targets than the inventory: begin a new run with --save",
                path.display()
            )
            .into());
        }
        found.targets.clone_from(targets);
        let organisation = reader.header().organisation.clone();
        found.organisation =
            found
                .organisation
                .or(organisation.map(|name| inventory::Organisation {
                    name,
                    country: None,
                }));
    }
    let mut keys = BTreeSet::new();
    for name in &args.names {
        let target = parse_target(name).map_err(said)?;
        if keys.insert(target.key()) {
            found.targets.push(target);
        }
    }
    if found.targets.is_empty() {
        return Err("nothing to look at: give a name (scrutineer scan vote.example.gov) or an inventory (-i FILE)".into());
    }
    Ok(found)
}

fn prepare(
    args: &ScanArgs,
    inventory: inventory::Inventory,
    net: &Net,
    set_up: SetUp,
    profile: &ResolvedProfile,
) -> Result<Job, Trouble> {
    let level = Level::from(args.level);
    let started_at = Timestamp::now();
    authorised(level, &inventory, started_at)?;
    let areas: BTreeSet<Area> = if args.only.is_empty() {
        Area::ALL.into()
    } else {
        args.only.iter().copied().map(Area::from).collect()
    };
    let conditions = Conditions {
        level,
        areas: areas.into_iter().collect(),
        page_cap: args.pages,
        resolver: net.resolver(),
        staged: set_up.staged,
        allow_private: set_up.allow_private,
        extra_roots: set_up.extra_roots,
        given_resolver: set_up.given_resolver,
        given_anchor: set_up.given_anchor,
        ct_logs: set_up.ct_logs.is_some(),
        root_hints: set_up.digests.root_hints,
        routes: set_up.digests.routes,
        vrps: set_up.digests.vrps,
    };
    let scope = Scope::new(
        level,
        inventory.targets.iter().map(|target| target.name.as_str()),
        inventory.scope.domains.iter().map(String::as_str),
    );
    let mut header = header(
        started_at,
        inventory.organisation.map(|organisation| organisation.name),
        conditions.clone(),
        inventory.targets.clone(),
        Some(profile.pack.clone()),
    );
    if let Some(edition) = set_up.ct_logs {
        header.tables.insert("ct_logs".to_owned(), edition);
    }
    if let Some(path) = &args.resume {
        let (header, done, writer) = store::resume(path, &facts::known()).map_err(said)?;
        if header.conditions != conditions {
            return Err(format!(
                "{}: was begun under other conditions (level, areas, pages, resolver, --connect-to, --ca-file or --allow-private): give the same options, or begin a new run",
                path.display()
            )
            .into());
        }
        let mut targets = header.targets.clone();
        targets.retain(|target| !done.contains(&target.key()));
        return Ok(Job {
            header,
            targets,
            scope,
            writer: Some(writer),
        });
    }
    Ok(Job {
        targets: header.targets.clone(),
        header,
        scope,
        writer: None,
    })
}

/// The level `intrusive` needs the leave of whoever answers for the targets.
fn authorised(
    level: Level,
    inventory: &inventory::Inventory,
    now: Timestamp,
) -> Result<(), Trouble> {
    if level < Level::Intrusive {
        return Ok(());
    }
    let today: Date = now.to_zoned(TimeZone::UTC).date();
    let Some(authorisation) = &inventory.authorisation else {
        return Err("--level intrusive needs an `authorisation` in the inventory (-i FILE): who gave it, until when, for which targets".into());
    };
    match inventory.targets.iter().find(|target| !authorisation.covers(target, today)) {
        None => Ok(()),
        Some(target) => Err(format!(
            "--level intrusive: the authorisation of the inventory does not cover {} today ({today})",
            target.key()
        )
        .into()),
    }
}

fn dry_run(job: &Job, console: &mut Console) -> Result<(), Trouble> {
    let only: BTreeSet<Area> = job.header.conditions.areas.iter().copied().collect();
    let mut text = String::new();
    for target in &job.targets {
        text += &format!("{}\n", target.key());
        for exchange in plan::exchanges(target, job.header.conditions.level, &only) {
            text += &format!(
                "  {:<5} up to {:>3} x  {}  to {}\n",
                exchange.area.key(),
                exchange.at_most,
                exchange.what,
                exchange.to
            );
        }
    }
    text += "Nothing was sent.\n";
    console.print(&text)
}

fn perform(
    args: &ScanArgs,
    job: Job,
    net: &Net,
    profile: &ResolvedProfile,
    console: &mut Console,
) -> Result<Findings, Trouble> {
    let Job {
        header,
        targets,
        scope,
        mut writer,
    } = job;
    let dates = Dates {
        as_of: args.result.as_of(&header),
    };
    let mut standing = Standing::new(profile, &header, dates.as_of);
    let mut judge = |observation: Observation| -> Result<(), Trouble> {
        let judged = Observed::from(observation).judge(profile, &dates);
        standing.add(judged.map_err(|defect| defect.to_string())?);
        Ok(())
    };
    // What the earlier part of a resumed run saw is judged along.
    if let Some(path) = &args.resume {
        let mut reader = RunReader::open(path, &facts::known()).map_err(said)?;
        while let Some(observation) = reader.next_observation().map_err(said)? {
            judge(observation)?;
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    let bars = (console.err_is_terminal && !args.quiet).then(|| Arc::new(Bars::new(targets.len())));
    let progress: Arc<dyn Progress> = match &bars {
        Some(bars) => Arc::clone(bars) as Arc<dyn Progress>,
        None => Arc::new(Quiet),
    };
    let clients = clients::embedded().map_err(|faults| faults.to_string())?;
    let options = ScanOptions {
        conditions: header.conditions.clone(),
        scope,
        deadline: args.network.deadline(),
        clients: clients.into(),
        concurrency: usize::from(args.concurrency),
    };
    let stopper = Arc::new(Stopper::new());
    let stop = stopper.signal();
    let outcome = runtime.block_on(async {
        tokio::spawn(listen_for_interrupt(Arc::clone(&stopper)));
        runner::run(net, targets, &options, &progress, &stop, |observation| {
            if let Some(writer) = &mut writer {
                writer.write(&observation).map_err(said)?;
            }
            judge(observation)
        })
        .await
    });
    if let Some(bars) = &bars {
        bars.clear();
    }
    // Tasks that are still at work after an error hold nothing that is wanted.
    runtime.shutdown_background();
    outcome?;
    if stop.is_stopped() {
        let hint = match args.save.as_ref().or(args.resume.as_ref()) {
            Some(path) => format!("go on with: scrutineer scan --resume {}", path.display()),
            None => "nothing was saved; --save RUN.jsonl keeps observations".to_owned(),
        };
        console.note(format!("interrupted; what was seen so far follows. {hint}"));
    }
    Ok(standing.finish(args.gate.fail_on.into()))
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}

/// The first Ctrl-C lets targets at work hand over what they have; the second leaves at once.
async fn listen_for_interrupt(stopper: Arc<Stopper>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stopper.stop();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    }
}
