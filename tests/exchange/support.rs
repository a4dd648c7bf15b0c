//! A small exchange: three stewards, three offices, two periods.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use scrutineer::{
    baseline::{
        document::{Baseline, Consents, Looked, MANIFEST, NamedDigest, Statement, Subject},
        envelope::Envelope,
        secret,
    },
    model::{level::Level, tlp::Tlp},
};
use tempfile::TempDir;

/// Between the windows of 2026H1, which has closed, and of 2026H2.
pub const NOW: &str = "2026-04-10T00:00:00Z";
/// When the first roster is made.
pub const FOUNDED: &str = "2026-02-01T00:00:00Z";
/// After the term of the first roster.
pub const LATER: &str = "2026-10-02T00:00:00Z";

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

/// A folder with keys, rosters and documents.
pub struct Exchange {
    pub folder: TempDir,
}

impl Exchange {
    /// Root keys `a`, `b`, `c`; offices `office-p`, `office-q`, `office-r` with keys `p`, `q`,
    /// `r`; `x` is a stranger's key. Version 1 is signed and trusted.
    pub fn new() -> Self {
        let exchange = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for key in ["a", "b", "c", "d", "p", "q", "r", "x"] {
            exchange.good(&["keys", "new", key, "--no-passphrase"]);
        }
        exchange.write("exchange.json", agreement("north-sea", false).as_bytes());
        exchange.good(&[
            "roster",
            "init",
            "--exchange",
            "exchange.json",
            "--at",
            FOUNDED,
            "--root",
            "a.pub=A",
            "--root",
            "b.pub=B",
            "--root",
            "c.pub=C",
        ]);
        for who in ["p", "q", "r"] {
            let id = format!("office-{who}");
            let key = format!("{who}.pub");
            exchange.good(&[
                "roster",
                "add",
                "roster-1.dsse.json",
                "--participant",
                &id,
                "--name",
                &id,
                "--key",
                &key,
            ]);
        }
        exchange.signed("roster-1.dsse.json", &["a", "b"]);
        let fingerprint = exchange.fingerprint("roster-1.dsse.json");
        exchange.good(&[
            "roster",
            "trust",
            "roster-1.dsse.json",
            "--fingerprint",
            &fingerprint,
            "--as",
            "office-q",
            "--at",
            NOW,
        ]);
        exchange
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// The program in the folder, with its state there.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
        command
            .current_dir(self.folder.path())
            .env("XDG_STATE_HOME", self.path("usual-state"))
            .env("COLUMNS", "100")
            .args(arguments)
            .stdin(Stdio::null());
        if arguments.contains(&"--at") && !drafts(arguments) {
            command.args(["--state", "usual-state/scrutineer"]);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        let output = self.command(arguments).output().unwrap();
        Done {
            exit: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must succeed.
    pub fn good(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.exit, 0, "{arguments:?}\n{}{}", done.out, done.err);
        done.out
    }

    /// Runs a command that must be refused with exit 1 and these words.
    pub fn refused(&self, arguments: &[&str], words: &str) {
        let done = self.run(arguments);
        assert_eq!(done.exit, 1, "{arguments:?}\n{}{}", done.out, done.err);
        assert!(
            done.err.contains(words),
            "{words:?} is not in: {}",
            done.err
        );
        assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    }

    /// Signs a roster with several keys, one after the other.
    pub fn signed(&self, roster: &str, keys: &[&str]) {
        for key in keys {
            self.good(&["roster", "sign", roster, "--key", key]);
        }
    }

    pub fn fingerprint(&self, roster: &str) -> String {
        let shown = self.good(&["roster", "show", roster]);
        let line = shown.lines().find(|line| line.starts_with("Fingerprint"));
        line.unwrap().split_whitespace().nth(1).unwrap().to_owned()
    }

    pub fn key(&self, name: &str) -> SigningKey {
        let file = fs::read_to_string(self.path(name)).unwrap();
        secret::open(&file, None).unwrap().signing
    }

    /// SSH fingerprint of a key.
    pub fn key_id(&self, name: &str) -> String {
        let shown = self.good(&["keys", "show", &format!("{name}.pub")]);
        shown.lines().next().unwrap().to_owned()
    }

    /// Writes a document with the signature of a key, made without the program.
    pub fn enveloped(&self, name: &str, payload: &[u8], key: &str) {
        let mut envelope = Envelope::unsigned(payload.to_vec());
        envelope.sign(&self.key(key)).unwrap();
        self.write(name, &envelope.write().unwrap());
    }

    /// Drafts version 2 with a document of `office-p`, signs it and trusts it.
    pub fn accepted(&self, document: &str) {
        self.good(&[
            "roster",
            "accept",
            "roster-1.dsse.json",
            document,
            "--as",
            "office-q",
            "--at",
            NOW,
        ]);
        self.signed("roster-2.dsse.json", &["b", "c"]);
        self.good(&["roster", "trust", "roster-2.dsse.json", "--at", NOW]);
    }

    pub fn state(&self) -> Vec<u8> {
        self.read("usual-state/scrutineer/trust.json")
    }
}

/// Commands that draft take --at without a state.
fn drafts(arguments: &[&str]) -> bool {
    let drafting = ["init", "add", "revoke", "accept", "withdraw"];
    arguments.first() == Some(&"roster")
        && drafting.iter().any(|word| arguments.get(1) == Some(word))
}

/// What offices agreed on.
pub fn agreement(id: &str, simulated: bool) -> String {
    let pins = serde_json::json!({
        "pack": "0a".repeat(32), "profile": "0b".repeat(32), "tables": {}, "least_tool": "0.1.0",
    });
    serde_json::json!({
        "id": id, "title": "Offices around a sea", "profile": "common-baseline",
        "audience": ["office-p", "office-q", "office-r"], "simulated": simulated,
        "periods": [
            { "id": "2026H1", "opens": "2026-03-01", "pins": pins },
            { "id": "2026H2", "opens": "2026-09-01", "pins": pins },
        ],
    })
    .to_string()
}

/// A baseline of `office-p` for the period that has closed.
pub fn document() -> Statement<Baseline> {
    let offices = ["office-p", "office-q", "office-r"].map(str::to_owned);
    let baseline = Baseline {
        exchange: "north-sea".to_owned(),
        simulated: false,
        participant: "office-p".to_owned(),
        pool: false,
        period: "2026H1".to_owned(),
        created: time("2026-04-02T10:00:00Z"),
        profile: NamedDigest {
            id: "common-baseline".to_owned(),
            digest: "0b".repeat(32),
        },
        pack: "0a".repeat(32),
        tables: BTreeMap::new(),
        tool: "scrutineer 0.1.0".to_owned(),
        conditions: Looked {
            level: Level::Standard,
            areas: BTreeSet::new(),
            page_cap: 10,
            routes: None,
            vrps: None,
        },
        audience: BTreeSet::from(offices),
        label: Tlp::Amber,
        consents: Consents::default(),
        replaces: None,
        reason: None,
        panel: BTreeMap::new(),
        cells: Vec::new(),
    };
    Statement::new(vec![Subject::new(MANIFEST, "0c".repeat(32))], baseline)
}

/// The same, changed.
pub fn changed(change: impl FnOnce(&mut Baseline)) -> Statement<Baseline> {
    let mut statement = document();
    change(&mut statement.predicate);
    statement
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Finds a program, or says loudly that a test is left out: around the capture of test output.
pub fn program(name: &str, package: &str, test: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path
        .split(':')
        .map(|folder| Path::new(folder).join(name))
        .find(|candidate| candidate.is_file());
    if found.is_none() {
        left_out(
            test,
            &format!("`{name}` is missing (Debian package {package})"),
        );
    }
    found
}

/// Says loudly that a test is left out, and why.
pub fn left_out(test: &str, why: &str) {
    use std::io::Write;
    let line = format!("\nLEFT OUT: {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
