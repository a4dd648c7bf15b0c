//! The Debian package: built, listed, installed into a fresh root, started, removed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::support::{SCRUTINEER, is_root, left_out, program, repository, succeeds};

/// The package of the built program, made once for all tests.
pub fn package(test: &str) -> Option<&'static Path> {
    static PACKAGE: OnceLock<PathBuf> = OnceLock::new();
    program("dpkg-deb", "dpkg", test)?;
    Some(PACKAGE.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deb");
        fs::remove_dir_all(&out).ok();
        // Little work for a package that nobody keeps.
        let mut build = Command::new(repository("packaging/debian/build"));
        build
            .arg(SCRUTINEER)
            .arg(&out)
            .env("DEB_COMPRESSION", "-Zgzip -z1");
        PathBuf::from(succeeds(&mut build).trim())
    }))
}

/// The content of the package in a folder of its own.
pub fn unpacked(test: &str) -> Option<tempfile::TempDir> {
    let root = tempfile::tempdir().unwrap();
    succeeds(
        Command::new("dpkg-deb")
            .arg("-x")
            .arg(package(test)?)
            .arg(root.path()),
    );
    Some(root)
}

#[test]
fn the_package_holds_what_it_should() {
    let Some(package) = package("the Debian package") else {
        return;
    };
    let list = succeeds(Command::new("dpkg-deb").arg("-c").arg(package));
    for line in [
        "-rwxr-xr-x root/root ./usr/bin/scrutineer",
        "-rwxr-xr-x root/root ./usr/lib/scrutineer/nightly",
        "-rw-r--r-- root/root ./usr/lib/systemd/system/scrutineer.service",
        "-rw-r--r-- root/root ./usr/lib/systemd/system/scrutineer.timer",
        "-rw-r--r-- root/root ./usr/share/man/man1/scrutineer.1.gz",
        "-rw-r--r-- root/root ./usr/share/man/man1/scrutineer-scan.1.gz",
        "-rw-r--r-- root/root ./usr/share/bash-completion/completions/scrutineer",
        "-rw-r--r-- root/root ./usr/share/zsh/vendor-completions/_scrutineer",
        "-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/scrutineer.fish",
        "-rw-r--r-- root/root ./usr/share/doc/scrutineer/copyright",
        "-rw-r--r-- root/root ./usr/share/doc/scrutineer/changelog.gz",
        "-rw-r--r-- root/root ./usr/share/doc/scrutineer/examples/inventory.yaml",
        "-rw-r--r-- root/root ./etc/default/scrutineer",
        "drwxr-xr-x root/root ./etc/scrutineer/",
    ] {
        let mut parts = line.split(' ');
        let (mode, owner, path) = (
            parts.next().unwrap(),
            parts.next().unwrap(),
            parts.next().unwrap(),
        );
        let found = list
            .lines()
            .find(|found| found.ends_with(&format!(" {path}")));
        let found = found.unwrap_or_else(|| panic!("{path} is missing:\n{list}"));
        assert!(found.starts_with(mode) && found.contains(owner), "{found}");
    }
    let field = |name: &str| succeeds(Command::new("dpkg-deb").arg("-f").arg(package).arg(name));
    assert_eq!(field("Version").trim(), env!("CARGO_PKG_VERSION"));
    assert!(
        field("Depends").starts_with("libc6 (>= 2."),
        "{}",
        field("Depends")
    );
}

#[test]
fn the_package_is_installed_started_and_purged() {
    let test = "installing the Debian package into a fresh root";
    let Some(package) = package(test) else {
        return;
    };
    if !is_root() {
        left_out(test, "needs root");
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let base = root.path();
    for folder in ["updates", "info", "triggers"] {
        fs::create_dir_all(base.join("var/lib/dpkg").join(folder)).unwrap();
    }
    fs::write(base.join("var/lib/dpkg/status"), "").unwrap();
    let dpkg = |arguments: &[&str]| {
        // The root holds nothing else, so the scripts of the package run outside of it and are told so in DPKG_ROOT.
        let mut command = Command::new("dpkg");
        command.arg(format!("--root={}", base.display()));
        command.args([
            "--force-depends",
            "--force-script-chrootless",
            "--log=/dev/null",
        ]);
        succeeds(command.args(arguments).env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ))
    };
    dpkg(&["--install", package.to_str().unwrap()]);
    let status = dpkg(&["--status", "scrutineer"]);
    assert!(
        status.contains("\nStatus: install ok installed\n"),
        "{status}"
    );
    assert_eq!(
        dpkg(&["--verify", "scrutineer"]),
        "",
        "files differ from what was packaged"
    );
    let installed = base.join("usr/bin/scrutineer");
    let version = succeeds(Command::new(&installed).arg("--version"));
    assert_eq!(version.trim(), scrutineer::TOOL);
    let listed = succeeds(Command::new(&installed).args(["profiles", "list"]));
    assert!(listed.contains("common-baseline"), "{listed}");

    // What the administrator changed stays when the package goes, and goes when it is purged.
    let settings = base.join("etc/default/scrutineer");
    fs::write(&settings, "SCRUTINEER_KEEP_DAYS=30\n").unwrap();
    let runs = base.join("var/lib/private/scrutineer/runs");
    fs::create_dir_all(&runs).unwrap();
    dpkg(&["--remove", "scrutineer"]);
    assert!(!installed.exists() && settings.exists() && runs.exists());
    dpkg(&["--purge", "scrutineer"]);
    assert!(!settings.exists() && !runs.exists());
}
