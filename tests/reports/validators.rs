//! Calls the tools of others.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::made::Made;

/// What a validator needs to run.
#[derive(Clone, Copy)]
pub struct Needs(&'static [&'static str]);

impl Needs {
    pub const NOTHING: Self = Self(&[]);
    pub const PYTHON: Self = Self(&["python"]);
    pub const PYTHON_AND_NODE: Self = Self(&["python", "node"]);
    pub const PYTHON_NODE_AND_JAVA: Self = Self(&["python", "node", "java"]);
    /// What a page that was printed is judged with.
    pub const PAPER: Self = Self(&["python", "node", "chromium", "pdftotext"]);
    const BROWSER: Self = Self(&["node", "chromium"]);

    /// Whether all of it is there; says what is left out when it is not.
    fn met(self, what: &str) -> bool {
        let missing: Vec<&str> = self
            .0
            .iter()
            .copied()
            .filter(|need| missing().iter().any(|word| word == need))
            .collect();
        if !missing.is_empty() {
            // Past the capture of the test runner, which would swallow it.
            let _ = writeln!(
                std::io::stderr(),
                "LEFT OUT: {what} is not validated, because there is no {}",
                missing.join(" and no ")
            );
        }
        missing.is_empty()
    }
}

/// What `tests/reports/validators` could not have.
fn missing() -> &'static [String] {
    static MISSING: OnceLock<Vec<String>> = OnceLock::new();
    MISSING.get_or_init(|| {
        let done = Command::new("bash")
            .arg(here().join("validators"))
            .output()
            .unwrap();
        assert!(done.status.success());
        let said = String::from_utf8(done.stdout).unwrap();
        said.lines().map(str::to_owned).collect()
    })
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports")
}

fn installed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/validators")
}

/// The faults that validators find in a format, a line each.
pub fn judged(format: &str, made: &Made, needs: Needs) -> Vec<String> {
    file_judged(format, &made.path(format), &made.path("json"), needs)
}

/// The faults that validators find in a file that was made of a document, a line each.
pub fn file_judged(format: &str, file: &Path, document: &Path, needs: Needs) -> Vec<String> {
    if needs.0.is_empty() || !needs.met(format) {
        return Vec::new();
    }
    let done = Command::new(installed().join("python/bin/python"))
        .arg(here().join("check.py"))
        .arg(format)
        .args([file, document])
        .output()
        .unwrap();
    faults(format, &done)
}

/// The faults that Chromium and axe-core find in the page, a line each.
pub fn html_in_browser(made: &Made, extent: &str) -> Vec<String> {
    in_browser(&made.path("html"), extent)
}

/// The same for a page without script, which is printed beside itself as a PDF.
pub fn page_in_browser(page: &Path) -> Vec<String> {
    in_browser(page, "page")
}

fn in_browser(page: &Path, extent: &str) -> Vec<String> {
    if !Needs::BROWSER.met("the page in a browser") {
        return Vec::new();
    }
    let done = Command::new("node")
        .arg(here().join("browser.mjs"))
        .arg(installed())
        .arg("/usr/bin/chromium")
        .arg(page)
        .arg(extent)
        .output()
        .unwrap();
    faults("html", &done)
}

fn faults(what: &str, done: &std::process::Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&done.stdout);
    let mut faults: Vec<String> = said.lines().map(|line| format!("{what}: {line}")).collect();
    if !done.status.success() && faults.is_empty() {
        let error = String::from_utf8_lossy(&done.stderr);
        faults.push(format!("{what}: the validator failed: {error}"));
    }
    faults
}
