//! The static binary, alone in an empty root, as the container has it.

use std::{fs, path::Path, process::Command};

use crate::support::{left_out, program, repository, story};

#[test]
fn the_static_binary_starts_in_an_empty_root() {
    let test = "the static binary in an empty root";
    let binary = repository("target/static/scrutineer");
    if !binary.exists() {
        left_out(
            test,
            "build it with `packaging/static-build target/static`; a release build takes long",
        );
        return;
    }
    let Some(unshare) = program("unshare", "util-linux", test) else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    fs::copy(&binary, root.path().join("scrutineer")).unwrap();
    fs::create_dir(root.path().join("work")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&unshare);
        command.args([
            "--map-root-user",
            "--net",
            &format!("--root={}", root.path().display()),
            "--wd=/work",
        ]);
        command
            .arg("/scrutineer")
            .args(arguments)
            .env_clear()
            .output()
            .unwrap()
    };
    let version = run(&["--version"]);
    if story(&version).contains("unshare failed") {
        left_out(test, "namespaces are not allowed here");
        return;
    }
    let told = String::from_utf8_lossy(&version.stdout).into_owned();
    assert_eq!(told.trim(), scrutineer::TOOL, "{}", story(&version));
    // Content is embedded, and a resolver that is not set up is told rather than looked for.
    let listed = run(&["profiles", "list"]);
    assert!(
        story(&listed).contains("common-baseline"),
        "{}",
        story(&listed)
    );
    let doctor = run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(3), "{}", story(&doctor));
    assert!(
        story(&doctor).contains("no resolver set up"),
        "{}",
        story(&doctor)
    );
    assert!(only(root.path(), &["scrutineer", "work"]));
}

fn only(folder: &Path, expected: &[&str]) -> bool {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names == expected
}
