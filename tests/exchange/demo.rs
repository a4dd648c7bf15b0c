//! The exchange at the end of the demo: what it shows, and that no other exchange takes any of it.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};
use tempfile::TempDir;

use crate::{
    office::files,
    support::{Done, Exchange, NOW, document},
};

const OFFICES: [&str; 7] = [
    "average",
    "exemplary",
    "generated-large",
    "generated-pool",
    "generated-silent",
    "generated-small",
    "neglected",
];

/// What one demo left.
struct Demo {
    folder: TempDir,
    shown: String,
}

fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let done = call(folder.path(), &["demo", "--quiet", "--out", "out"]);
        assert_eq!(done.exit, 0, "{}", done.err);
        // It neither reads nor writes what its user has.
        assert!(!folder.path().join("home").exists());
        let shown = done.out;
        Demo { folder, shown }
    })
}

fn call(folder: &Path, arguments: &[&str]) -> Done {
    let output = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder.join("home"))
        .env("COLUMNS", "100")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Done {
        exit: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Demo {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("out/exchange").join(name)
    }

    fn text(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The command lines of the README.
    fn script(&self) -> Vec<String> {
        let readme = self.text("README.md");
        let block = readme.split("```sh\n").nth(1).unwrap();
        let block = block.split("```").next().unwrap();
        let lines = block.lines().filter(|line| line.starts_with("scrutineer "));
        lines.map(str::to_owned).collect()
    }

    /// The signed document of a participant, or the aggregate.
    fn envelope(&self, id: &str) -> PathBuf {
        let found = files(&self.path("shared"));
        let name = format!("{id}.dsse.json");
        let mut found = found.into_iter().filter(|path| path.ends_with(&name));
        found.next().unwrap()
    }

    fn predicate(&self, id: &str) -> Value {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let envelope: Value =
            serde_json::from_slice(&fs::read(self.envelope(id)).unwrap()).unwrap();
        let payload = STANDARD
            .decode(envelope["payload"].as_str().unwrap())
            .unwrap();
        let mut statement: Value = serde_json::from_slice(&payload).unwrap();
        statement["predicate"].take()
    }
}

/// The run of an office of the demo.
pub fn run_of(id: &str) -> String {
    demo().text(&format!("offices/{id}/run.jsonl"))
}

/// The cells of a document, by kind.
fn cells(predicate: &Value) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for cell in predicate["cells"].as_array().unwrap() {
        let kind = cell["kind"].as_str().unwrap().to_owned();
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

#[test]
fn seven_offices_show_what_the_rules_do() {
    let demo = demo();
    for id in OFFICES {
        let predicate = demo.predicate(id);
        assert_eq!(predicate["exchange"], "demo");
        assert_eq!(predicate["simulated"], true);
        assert_eq!(predicate["label"], "TLP:AMBER");
        assert_eq!(predicate["pool"], id == "generated-pool");
        let kinds = cells(&predicate);
        match id {
            "generated-small" => assert_eq!(kinds, BTreeMap::new(), "8 names show nothing"),
            "generated-silent" => {
                assert!(!kinds.contains_key("web"), "{kinds:?}");
                assert!(kinds["dns"] > 4 && kinds["mail"] > 4, "{kinds:?}");
            }
            _ => assert!(
                kinds["web"] > 10 && kinds["dns"] > 4 && kinds["mail"] > 4,
                "{id}: {kinds:?}"
            ),
        }
    }
    let bands = |id: &str| -> BTreeSet<String> {
        let predicate = demo.predicate(id);
        let cells = predicate["cells"].as_array().unwrap().iter();
        cells
            .map(|cell| cell["passing"].as_str().unwrap().to_owned())
            .collect()
    };
    let all: BTreeSet<String> = OFFICES.into_iter().flat_map(bands).collect();
    assert!(all.len() >= 4, "{all:?}");
    // Hidden, and why; exact counts stay at home.
    let silent = demo.text("offices/generated-silent/explain.txt");
    assert!(silent.starts_with("TLP:AMBER+STRICT\n"));
    assert!(silent.contains("hidden  judged are below 80 %"), "{silent}");
    let pool = demo.text("offices/generated-pool/explain.txt");
    assert!(
        pool.contains("5 organisations, the largest with 3"),
        "{pool}"
    );
    let sums = demo.predicate("aggregate");
    assert_eq!(sums["label"], "TLP:GREEN");
    assert_eq!(sums["payloads"].as_array().unwrap().len(), 7);
    assert_eq!(sums["named"], serde_json::json!(["exemplary"]));
    assert!(sums["cells"].as_array().unwrap().len() > 20);
    let page = demo.text("pages/comparison.html");
    for words in [
        "TLP:AMBER",
        "simulated",
        "elf-declared",
        "chosen panel",
        "neglected",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let own = demo.text("offices/generated-small/own.html");
    assert!(
        own.contains("TLP:AMBER+STRICT") && own.contains("reach 90"),
        "{own}"
    );
    // What the end of the demo points at is there.
    let mut told = 0;
    for line in demo
        .shown
        .lines()
        .filter(|line| line.starts_with("out/exchange/"))
    {
        let path = line.split("   ").next().unwrap();
        assert!(demo.folder.path().join(path).exists(), "{path}");
        told += 1;
    }
    assert_eq!(told, 5);
}

#[test]
fn what_is_shared_names_no_target_and_every_command_is_told() {
    let demo = demo();
    let mut names = BTreeSet::new();
    for path in files(&demo.path("offices")) {
        if path.extension().is_some_and(|kind| kind == "jsonl") {
            let header = fs::read_to_string(&path).unwrap();
            let header: Value = serde_json::from_str(header.lines().next().unwrap()).unwrap();
            let targets = header["targets"].as_array().unwrap().iter();
            names.extend(targets.map(|target| target["name"].as_str().unwrap().to_owned()));
            assert_eq!(
                header["conditions"]["staged"], true,
                "no real exchange takes it"
            );
        }
    }
    assert!(names.len() > 90, "{}", names.len());
    let generated = names.iter().filter(|name| name.contains("generated-"));
    assert_eq!(generated.count(), names.len() - 7, "7 names were scanned");
    let shared = files(&demo.path("shared")).into_iter();
    for path in shared.chain(files(&demo.path("pages"))) {
        let mut text = fs::read_to_string(&path).unwrap();
        if let Ok(envelope) = scrutineer::baseline::envelope::Envelope::read(text.as_bytes()) {
            text = String::from_utf8(envelope.payload).unwrap();
        }
        assert!(!text.contains("PRIVATE"), "{}", path.display());
        let named = names.iter().find(|name| text.contains(name.as_str()));
        assert_eq!(named, None, "{}", path.display());
    }
    let script = demo.script();
    for step in [
        "keys new",
        "roster init",
        "roster add",
        "roster trust",
        "baseline create",
        "baseline sign",
        "roster accept",
        "roster sign",
        "baseline verify",
        "baseline aggregate",
        "baseline compare",
    ] {
        let begins = format!("scrutineer {step} ");
        assert!(
            script.iter().any(|line| line.starts_with(&begins)),
            "{step}"
        );
    }
    // They go on working as typed in the folder: the last one, which only reads and writes a page.
    let last = script.last().unwrap();
    let words: Vec<&str> = last.split(' ').skip(1).collect();
    let folder = demo.path("");
    let before = demo.text("pages/comparison.html");
    let again = call(&folder, &words);
    assert_eq!(again.exit, 0, "{}", again.err);
    assert_eq!(before, demo.text("pages/comparison.html"));
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = folder.path().join("out/exchange");
    fs::create_dir_all(&exchange).unwrap();
    fs::write(exchange.join("README.md"), "# Our exchange\n").unwrap();
    let done = call(folder.path(), &["demo", "--quiet", "--out", "out"]);
    assert_eq!(done.exit, 2, "{}", done.out);
    assert!(
        done.err.contains("exchange is there already"),
        "{}",
        done.err
    );
    assert!(exchange.join("README.md").exists());
}

/// A real exchange, with the keys and a signed document of the demo beside it.
fn real() -> Exchange {
    let exchange = Exchange::new();
    let demo = demo();
    for (from, to) in [
        ("stewards/steward-1/key", "throw"),
        ("stewards/steward-1/key.pub", "throw.pub"),
        ("offices/average/key", "away"),
        ("offices/average/key.pub", "away.pub"),
        ("offices/average/run.jsonl", "run.jsonl"),
        ("shared/exchange.yaml", "demo.yaml"),
        ("shared/roster-1.dsse.json", "demo-1.dsse.json"),
        ("shared/roster-3.dsse.json", "demo-3.dsse.json"),
    ] {
        fs::copy(demo.path(from), exchange.path(to)).unwrap();
    }
    fs::copy(demo.envelope("average"), exchange.path("demo.dsse.json")).unwrap();
    exchange
}

#[test]
fn no_other_exchange_takes_the_keys() {
    let exchange = real();
    let root = ["throw.pub=X", "a.pub=A", "b.pub=B"];
    let init = exchange.run(&[
        "roster",
        "init",
        "--exchange",
        "exchange.json",
        "-o",
        "new.json",
        "--root",
        root[0],
        "--root",
        root[1],
        "--root",
        root[2],
    ]);
    assert_eq!(init.exit, 2);
    assert!(init.err.contains("simulated: key SHA256:"), "{}", init.err);
    let add = [
        "roster",
        "add",
        "roster-1.dsse.json",
        "--participant",
        "office-t",
        "--name",
        "T",
        "--key",
        "away.pub",
        "--at",
        NOW,
    ];
    exchange.refused(&add, "simulated: key SHA256:");
    let old = exchange.key_id("a");
    let replace = [
        "roster",
        "add",
        "roster-1.dsse.json",
        "--root",
        "throw.pub=X",
        "--instead-of",
        &old,
        "--at",
        NOW,
    ];
    exchange.refused(&replace, "simulated: key SHA256:");
    let sign = ["roster", "sign", "roster-1.dsse.json", "--key", "throw"];
    exchange.refused(&sign, "simulated: key SHA256:");
    exchange.write("p.json", &document().to_bytes());
    let sign = ["baseline", "sign", "p.json", "--key", "away"];
    exchange.refused(&sign, "simulated: key SHA256:");
    assert!(!exchange.path("p.dsse.json").exists());
    // Signed by other means, nobody knows the key.
    exchange.enveloped("p.dsse.json", &document().to_bytes(), "away");
    let verify = [
        "baseline",
        "verify",
        "p.dsse.json",
        "--roster",
        "roster-1.dsse.json",
        "--at",
        NOW,
    ];
    exchange.refused(&verify, "unknown key");
}

#[test]
fn no_other_exchange_takes_the_documents() {
    let exchange = real();
    let at = "2027-06-01T00:00:00Z";
    let accept = [
        "roster",
        "accept",
        "roster-1.dsse.json",
        "demo.dsse.json",
        "--as",
        "office-q",
        "--at",
        at,
    ];
    exchange.refused(&accept, "unknown key");
    for command in ["verify", "compare", "aggregate"] {
        let words = [
            "baseline",
            command,
            "demo.dsse.json",
            "--roster",
            "roster-1.dsse.json",
            "--at",
            NOW,
        ];
        exchange.refused(&words, "unknown key");
    }
    // Who signs them again with a key that is known is found out by what they say.
    let envelope = exchange.read("demo.dsse.json");
    let envelope = scrutineer::baseline::envelope::Envelope::read(&envelope).unwrap();
    let text = String::from_utf8(envelope.payload).unwrap();
    exchange.enveloped("again.dsse.json", text.as_bytes(), "p");
    let verify = [
        "baseline",
        "verify",
        "again.dsse.json",
        "--roster",
        "roster-1.dsse.json",
        "--at",
        NOW,
    ];
    exchange.refused(&verify, "other exchange: it belongs to \"demo\"");
    let renamed = text.replace("\"exchange\":\"demo\"", "\"exchange\":\"north-sea\"");
    exchange.enveloped("again.dsse.json", renamed.as_bytes(), "p");
    exchange.refused(&verify, "simulated: the document");
}

#[test]
fn no_other_exchange_takes_the_roster_or_the_runs() {
    let exchange = real();
    // The roster is of an exchange that nobody was told to trust.
    exchange.refused(
        &["roster", "trust", "demo-1.dsse.json", "--at", NOW],
        "not trusted yet",
    );
    let verify = [
        "baseline",
        "verify",
        "demo.dsse.json",
        "--roster",
        "demo-3.dsse.json",
        "--at",
        NOW,
    ];
    exchange.refused(&verify, "not trusted yet");
    // Nor does the made-up exchange go on under another name, or a real one under its name.
    let agreement = String::from_utf8(exchange.read("demo.yaml")).unwrap();
    for (from, to) in [
        ("id: demo", "id: sea"),
        ("simulated: true", "simulated: false"),
    ] {
        exchange.write("posing.yaml", agreement.replace(from, to).as_bytes());
        let created = create(&exchange);
        assert_eq!(created.exit, 2);
        let words = "`simulated` must be true in the exchange `demo`";
        assert!(created.err.contains(words), "{}", created.err);
    }
    let real = agreement
        .replace("id: demo", "id: sea")
        .replace("simulated: true\n", "");
    exchange.write("posing.yaml", real.as_bytes());
    let created = create(&exchange);
    assert_eq!(created.exit, 2);
    assert!(
        created.err.contains("made with --connect-to"),
        "{}",
        created.err
    );
    assert!(!exchange.path("b.json").exists());
}

/// `baseline create` on a run of the demo for the exchange of `posing.yaml`.
fn create(exchange: &Exchange) -> Done {
    let agreement = String::from_utf8(exchange.read("posing.yaml")).unwrap();
    let period = agreement.split("- id: ").nth(1).unwrap();
    let period = period.lines().next().unwrap();
    exchange.run(&[
        "baseline",
        "create",
        "run.jsonl",
        "--exchange",
        "posing.yaml",
        "--participant",
        "average",
        "--period",
        period,
        "-o",
        "b.json",
        "--created",
        "2030-01-01T00:00:00Z",
    ])
}
