//! Programs, folders and the demo's servers.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use scrutineer::estate::Estate;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The built program.
pub const SCRUTINEER: &str = env!("CARGO_BIN_EXE_scrutineer");

/// A path of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Says loudly that a test is left out: around the capture of test output.
pub fn left_out(test: &str, why: &str) {
    let line = format!("\nLEFT OUT: {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Finds a program, also where only root looks by default; says so loudly when it is missing.
pub fn program(name: &str, package: &str, test: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path
        .split(':')
        .chain(["/usr/sbin", "/sbin"])
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

/// A validator that `tests/packaging/validators` installs; says so loudly when it is missing.
pub fn validator(name: &str, test: &str) -> Option<PathBuf> {
    let folder = repository("target/validators/packaging");
    let found = folder
        .join("whole")
        .exists()
        .then(|| folder.join("bin").join(name));
    if found.is_none() {
        left_out(test, "run tests/packaging/validators first");
    }
    found
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}

/// What a command printed, when it ended as it should.
pub fn succeeds(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", story(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// All that a command printed.
pub fn story(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The demo's servers, and a folder with what leads a scan to them.
pub struct Stand {
    pub folder: TempDir,
    /// Options of `scan` that lead to the servers.
    pub options: String,
    /// Answers as long as it lives.
    _estate: Estate,
    _runtime: Runtime,
}

impl Stand {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let estate = runtime.block_on(Estate::start()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("inventory.yaml", estate.inventory());
        put("root.pem", estate.root_pem());
        put("root.ds", estate.trust_anchor());
        let mut options = format!(
            "--ca-file root.pem --trust-anchor root.ds --connections-per-address 32 --connections-per-second 1000 --resolver {}",
            estate.resolver()
        );
        for rule in estate.connect_rules() {
            options += &format!(" --connect-to {rule}");
        }
        Self {
            folder,
            options,
            _estate: estate,
            _runtime: runtime,
        }
    }

    /// A folder of programs that has `scrutineer` in it, to stand first in PATH.
    pub fn path(&self) -> String {
        let bin = self.folder.path().join("bin");
        if !bin.exists() {
            fs::create_dir(&bin).unwrap();
            std::os::unix::fs::symlink(SCRUTINEER, bin.join("scrutineer")).unwrap();
        }
        let path = std::env::var("PATH").unwrap_or_default();
        format!("{}:{path}", bin.display())
    }
}
