//! Findings and the files made of them.

use scrutineer::model::finding::Findings;
use scrutineer::report;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A findings document in all formats, each a file.
pub struct Made {
    pub findings: Findings,
    folder: PathBuf,
}

impl Made {
    /// Renders a document into a folder below `target/tmp`.
    pub fn new(name: &str, findings: Findings) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let made = Self { findings, folder };
        for (format, _) in crate::FORMATS {
            std::fs::write(made.path(format), render(format, &made.findings)).unwrap();
        }
        made
    }

    /// The file of a format.
    pub fn path(&self, format: &str) -> PathBuf {
        self.folder.join(format!("findings.{format}"))
    }
}

/// The bytes of a format.
pub fn render(format: &str, document: &Findings) -> Vec<u8> {
    let mut out = Vec::new();
    let write = match format {
        "json" => report::json::write,
        "jsonl" => report::jsonl::write,
        "csv" => report::csv::write,
        "html" => report::html::write,
        "markdown" => report::markdown::write,
        "junit" => report::junit::write,
        "openmetrics" => report::openmetrics::write,
        "oscal" => report::oscal::write,
        "sarif" => report::sarif::write,
        other => panic!("{other} is no format"),
    };
    write(document, &mut out).unwrap();
    out
}

/// What a scan of the demo estate finds, judged again by the built program in every
/// format as a user would: `demo`, and then `judge --format`.
pub fn demo() -> &'static Made {
    static DEMO: OnceLock<Made> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let done = program(&["demo", "--quiet", "--out", "demo"], folder.path());
        assert_eq!(done, Some(0));
        let path = folder.path().join("demo/findings.json");
        let findings = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let made = Made::new("reports-demo", findings);
        for (format, _) in crate::FORMATS {
            let arguments = ["judge", "demo/run.jsonl", "--format", format, "-o", "out"];
            // The gate fails: the neglected office is there for that.
            assert_eq!(program(&arguments, folder.path()), Some(1), "{format}");
            let written = std::fs::read(folder.path().join("out")).unwrap();
            let expected = std::fs::read(made.path(format)).unwrap();
            assert!(written == expected, "judge --format {format} differs");
        }
        made
    })
}

fn program(arguments: &[&str], folder: &Path) -> Option<i32> {
    Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
        .status
        .code()
}
