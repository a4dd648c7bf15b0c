//! Pages, man pages and completions that the program makes of itself.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::support::{SCRUTINEER, program, repository, succeeds};

const MEND: &str = "cargo run --quiet -- generate reference --out docs/reference";

fn generate(what: &str, out: &Path) {
    succeeds(
        Command::new(SCRUTINEER)
            .args(["generate", what, "--out"])
            .arg(out),
    );
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn the_reference_is_up_to_date() {
    let made = tempfile::tempdir().unwrap();
    generate("reference", made.path());
    let kept = repository("docs/reference");
    let (new, old) = (names(made.path()), names(&kept));
    let surplus: Vec<&String> = old.difference(&new).collect();
    assert!(
        surplus.is_empty(),
        "remove from docs/reference: {surplus:?}"
    );
    let stale: Vec<&String> = new
        .iter()
        .filter(|name| {
            let text = |folder: &Path| fs::read(folder.join(name)).ok();
            text(made.path()) != text(&kept)
        })
        .collect();
    assert!(
        stale.is_empty(),
        "docs/reference is not up to date ({stale:?}): run\n  {MEND}"
    );
}

#[test]
fn man_pages_can_be_shown() {
    let made = tempfile::tempdir().unwrap();
    generate("man", made.path());
    let pages = names(made.path());
    assert!(
        pages.contains("scrutineer.1") && pages.contains("scrutineer-scan.1"),
        "{pages:?}"
    );
    let Some(groff) = program("groff", "groff-base", "man pages in groff") else {
        return;
    };
    for page in pages {
        let mut command = Command::new(&groff);
        command
            .args(["-man", "-Tutf8", "-wall", "-Wbreak"])
            .arg(made.path().join(&page));
        let output = command.output().unwrap();
        let warnings = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && warnings.trim().is_empty(),
            "{page}: {warnings}"
        );
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("scrutineer"), "{page}");
    }
}

#[test]
fn bash_completes_commands_options_and_values() {
    let made = tempfile::tempdir().unwrap();
    generate("completions", made.path());
    let script = made.path().join("scrutineer.bash");
    let complete = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let [.., before, last] = words.as_slice() else {
            panic!("{words:?}");
        };
        let code = format!(
            "source {}; COMP_WORDS=({}); COMP_CWORD={}; _scrutineer scrutineer '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script.display(),
            words.join(" "),
            words.len() - 1
        );
        succeeds(Command::new("bash").args(["--norc", "-c", &code]))
    };
    assert!(complete("scrutineer sc").lines().any(|word| word == "scan"));
    assert!(
        complete("scrutineer scan --fail")
            .lines()
            .any(|word| word == "--fail-on")
    );
    assert!(
        complete("scrutineer scan --level in")
            .lines()
            .any(|word| word == "intrusive")
    );
    assert!(
        !complete("scrutineer gen").contains("generate"),
        "hidden commands stay hidden"
    );
}
