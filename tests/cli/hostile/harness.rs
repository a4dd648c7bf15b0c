//! Runs the built program against one hostile server, and looks at all that comes out.

use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::names::{self, Zone};
use crate::support::scrutineer;

/// The name that is scanned, at 192.0.2.1 unless a case says otherwise.
pub const OFFICE: &str = "office.hostile.example";
/// Most memory of a scan of one hostile target, in KiB.
const MEMORY_MAX: u64 = 100 * 1024;
/// How long after its deadline a scan may take to end on a busy machine, in seconds.
const GRACE: u64 = 20;
/// Cases that are run side by side.
const SIDE_BY_SIDE: usize = 20;

/// A connection, encrypted or not.
pub trait Pipe: Read + Write + Send {}
impl<T: Read + Write + Send> Pipe for T {}

/// What a server does with a connection.
pub type Serve = Arc<dyn Fn(&mut dyn Pipe) + Send + Sync>;

/// A server's behaviour from a closure.
pub fn serve(what: impl Fn(&mut dyn Pipe) + Send + Sync + 'static) -> Serve {
    Arc::new(what)
}

/// A scan of a hostile target, and what must come of it.
pub struct Case {
    pub what: String,
    /// The area that is looked at.
    pub area: &'static str,
    pub target: String,
    pub zone: Zone,
    /// Servers by port of the target; ports without one are closed.
    pub servers: Vec<(u16, Serve)>,
    /// Seconds for the target.
    pub deadline: u64,
    /// Reasons of which at least one must be given for a gap in the area. None: no demand.
    pub reasons: &'static [&'static str],
    /// Words that must stand somewhere in the facts and gaps.
    pub words: &'static [&'static str],
    /// Whether nothing can be seen, so that no check may pass or fail.
    pub blind: bool,
    /// Whether what is seen says nothing against the site, so that no check may fail.
    pub faultless: bool,
    /// Whether all that is demanded can be seen, so that the gate may pass.
    pub may_pass: bool,
    /// Connections that must never come.
    pub trap: Option<Trap>,
}

impl Case {
    pub fn new(what: impl Into<String>, area: &'static str) -> Self {
        Self {
            what: what.into(),
            area,
            target: OFFICE.to_owned(),
            zone: names::ordinary(),
            servers: Vec::new(),
            deadline: 12,
            reasons: &[],
            words: &[],
            blind: false,
            faultless: false,
            may_pass: false,
            trap: None,
        }
    }
}

/// A listener that nobody may connect to.
#[derive(Clone)]
pub struct Trap {
    pub port: u16,
    caught: Arc<AtomicU64>,
}

impl Trap {
    pub fn set() -> Self {
        let caught = Arc::new(AtomicU64::new(0));
        let count = caught.clone();
        let at = listen(serve(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        Self {
            port: at.port(),
            caught,
        }
    }
}

/// Serves on a free loopback port until the process ends.
pub fn listen(what: Serve) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let what = what.clone();
            let _ = stream.set_read_timeout(Some(Duration::from_secs(40)));
            let _ = stream.set_write_timeout(Some(Duration::from_secs(40)));
            thread::Builder::new()
                .stack_size(256 << 10)
                .spawn(move || what(&mut stream as &mut TcpStream))
                .unwrap();
        }
    });
    at
}

/// A port that nobody listens on: below those that listeners get.
fn closed() -> SocketAddr {
    SocketAddr::from(([127, 9, 9, 9], 1))
}

/// Runs all cases, and panics with every fault of every case.
pub fn run(cases: Vec<Case>) {
    let queue = Mutex::new(cases.into_iter());
    let faults = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let found = one(&case);
                    faults.lock().unwrap().extend(
                        found
                            .into_iter()
                            .map(|fault| format!("{} ({}): {fault}", case.what, case.area)),
                    );
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// What came out of a run of the program.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    /// Highest resident memory, in KiB.
    pub peak: u64,
    pub took: Duration,
}

/// Runs a command to its end, or kills it after `limit`; then there is no code.
pub fn watch(command: &mut Command, folder: &Path, limit: Duration) -> Ended {
    let (out, err) = (folder.join("stdout"), folder.join("stderr"));
    let began = Instant::now();
    let mut child = command
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let code = loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        // Until it has begun, a child is a copy of the test with the test's memory.
        let begun = status.starts_with("Name:\tscrutineer\n");
        let line = status
            .lines()
            .find(|line| begun && line.starts_with("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if began.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        thread::sleep(Duration::from_millis(15));
    };
    let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    Ended {
        code,
        out: read(out),
        err: read(err),
        peak,
        took: began.elapsed(),
    }
}

/// Characters that may change what a terminal shows.
pub fn unsafe_in(text: &str) -> Option<String> {
    let unsafe_one = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(*c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let at = text.find(|c| unsafe_one(&c))?;
    let around: String = text[..at].chars().rev().take(60).collect();
    let around: String = around.chars().rev().collect();
    let after: String = text[at..].chars().take(20).collect();
    Some(format!("{around}{after:?}"))
}

static FINDINGS_SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let output = scrutineer().args(["schema", "findings"]).output().unwrap();
    jsonschema::validator_for(&serde_json::from_slice(&output.stdout).unwrap()).unwrap()
});

/// Runs one case and returns what is wrong.
fn one(case: &Case) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let resolver = names::start(case.zone.clone());
    let run = folder.join("run.jsonl");
    let root = folder.join("root.pem");
    fs::write(&root, &super::encrypted::OWN.root).unwrap();
    let mut scan = scrutineer();
    scan.args([
        "scan",
        &case.target,
        "--only",
        case.area,
        "--format",
        "json",
    ])
    .args(["--deadline", &case.deadline.to_string()])
    .args(["--resolver", &resolver.to_string()])
    .args(["--connections-per-second", "1000"])
    .args(["--connections-per-address", "8"])
    .arg("--ca-file")
    .arg(&root)
    .arg("--save")
    .arg(&run);
    for port in [25, 80, 443] {
        let server = case.servers.iter().find(|(own, _)| *own == port);
        let at = server.map_or_else(closed, |(_, what)| listen(what.clone()));
        scan.arg("--connect-to")
            .arg(format!("192.0.2.1:{port}:{}:{}", at.ip(), at.port()));
    }
    let limit = Duration::from_secs(case.deadline + GRACE);
    let scanned = watch(&mut scan, folder, limit);
    let mut faults = Vec::new();
    if scanned.code.is_none() {
        faults.push(format!("did not end within {limit:?}"));
        return faults;
    }
    let judged = watch(
        scrutineer().arg("judge").arg(&run),
        folder,
        Duration::from_secs(30),
    );
    let saved = fs::read_to_string(&run).unwrap_or_default();
    let observation: Value = saved
        .lines()
        .nth(1)
        .and_then(|line| serde_json::from_str(line).ok())
        .unwrap_or_default();
    let told: Vec<String> = gaps_of(&observation, case.area);
    let findings: Value = serde_json::from_str(&scanned.out).unwrap_or_default();
    println!(
        "{:4} {:45} exit {:?} {:5.1} s {:3} MiB passed {} open {}\n       {}",
        case.area,
        case.what,
        scanned.code.unwrap(),
        scanned.took.as_secs_f32(),
        scanned.peak / 1024,
        findings["summary"]["passed"],
        findings["summary"]["open"],
        told.iter()
            .take(6)
            .map(|gap| gap.chars().take(180).collect::<String>())
            .collect::<Vec<_>>()
            .join("\n       ")
    );
    if let Some(log) = std::env::var_os("HOSTILE_LOG") {
        let log = Path::new(&log).join(case.what.replace([' ', '/', ':'], "-"));
        let _ = fs::write(log, format!("{}\n{}", judged.out, saved));
    }

    if scanned.peak > MEMORY_MAX {
        faults.push(format!("took {} KiB of memory", scanned.peak));
    }
    if judged.peak > MEMORY_MAX {
        faults.push(format!("judging took {} KiB of memory", judged.peak));
    }
    if findings.is_null() {
        faults.push(format!("no JSON came out: {}{}", scanned.out, scanned.err));
        return faults;
    }
    if let Some(error) = FINDINGS_SCHEMA.iter_errors(&findings).next() {
        faults.push(format!(
            "not of the schema: {error} at {}",
            error.instance_path()
        ));
    }
    let wrong = match scanned.code {
        Some(0) => !case.may_pass,
        code => !matches!(code, Some(1 | 3)),
    };
    if wrong || scanned.code != judged.code {
        faults.push(format!(
            "exit {:?}, judged again {:?}: {}{}",
            scanned.code, judged.code, scanned.err, judged.err
        ));
    }
    let fails = &findings["summary"]["failures"];
    let failed: u64 = ["critical", "high", "medium", "low", "info"]
        .iter()
        .filter_map(|severity| fails[severity].as_u64())
        .sum();
    if case.faultless && (failed != 0 || scanned.code != Some(3)) {
        faults.push(format!(
            "{failed} failed where the site said nothing: {:?}",
            verdicts(&findings, "fail")
        ));
    }
    let something = findings["summary"]["passed"] != 0 || failed != 0 || scanned.code != Some(3);
    if case.blind && something {
        faults.push(format!(
            "nothing can be seen, and {} passed, {failed} failed: {:?}, {:?}",
            findings["summary"]["passed"],
            verdicts(&findings, "pass"),
            verdicts(&findings, "fail"),
        ));
    }
    for (name, text) in [
        ("the findings", &scanned.out),
        ("standard error", &scanned.err),
        ("the table", &judged.out),
        ("standard error of judge", &judged.err),
        ("the run", &saved),
    ] {
        if let Some(place) = unsafe_in(text) {
            faults.push(format!("control characters in {name}: {place}"));
        }
        if text.contains("panicked") || text.contains("RUST_BACKTRACE") {
            faults.push(format!("panic in {name}: {text}"));
        }
    }
    if told.iter().any(|gap| gap.contains(" internal ")) {
        faults.push(format!("a defect of ours: {told:?}"));
    }
    let has = |reason: &&str| told.iter().any(|gap| gap.contains(&format!(" {reason} ")));
    if !case.reasons.is_empty() && !case.reasons.iter().any(has) {
        faults.push(format!("none of {:?} is told: {told:#?}", case.reasons));
    }
    for word in case.words {
        if !observation.to_string().contains(word) {
            faults.push(format!("{word:?} is not told: {told:#?}"));
        }
    }
    if let Some(trap) = &case.trap {
        let caught = trap.caught.load(Ordering::Relaxed);
        if caught != 0 {
            faults.push(format!("{caught} connections to where none may go"));
        }
    }
    faults
}

/// The gaps of an area, each as place, reason and detail.
fn gaps_of(observation: &Value, area: &str) -> Vec<String> {
    let gaps = observation["gaps"].as_array();
    gaps.into_iter()
        .flatten()
        .filter(|gap| {
            gap["at"]
                .as_str()
                .unwrap_or_default()
                .starts_with(&format!("/{area}"))
        })
        .map(|gap| {
            let part = |key: &str| gap[key].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", part("at"), part("reason"), part("detail"))
        })
        .collect()
}

fn verdicts<'a>(findings: &'a Value, verdict: &str) -> Vec<&'a str> {
    let all = findings["verdicts"].as_array();
    all.into_iter()
        .flatten()
        .filter(|one| one["verdict"] == verdict)
        .filter_map(|one| one["check"].as_str())
        .collect()
}
