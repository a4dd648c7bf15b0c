//! Bad files of every kind, each with the errors that it must give.
//!
//! A file below `tests/data/content/bad` begins with one line for each error:
//! `#! LINE:COLUMN part of the message`. Nothing else may be told.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Content, controls,
    diagnostic::{Diagnostic, Weight},
    files, inventory, profile_file,
};

/// The errors of a file; warnings are left out.
fn errors(content: &mut Content, kind: &str, path: &Path) -> Vec<Diagnostic> {
    let found = || files::on_disk(path, "file").unwrap().remove(0);
    let result = match kind {
        "check" => content.read_check(&found()).map(drop),
        "profile" => profile_file::read(&found()).and_then(|profile| {
            let id = profile.profile.id.clone();
            content.profiles.insert(id.clone(), profile);
            content.resolve(&id).map(drop)
        }),
        "inventory" => inventory::load(path).map(drop),
        "controls" => controls::read(&found()).map(drop),
        other => panic!("no such kind: {other}"),
    };
    let mut problems = result.expect_err("a bad file must not load");
    problems.sort();
    let errors = problems.iter().filter(|d| d.weight == Weight::Error);
    errors.cloned().collect()
}

#[test]
fn every_bad_file_is_told_at_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/content/bad");
    let mut content = Content::load(&[], &[]).unwrap();
    let mut files = 0;
    let mut wrong = Vec::new();
    for kind in ["check", "profile", "inventory", "controls"] {
        let mut paths: Vec<PathBuf> = fs::read_dir(root.join(kind))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            files += 1;
            let text = fs::read_to_string(&path).unwrap();
            let expected: Vec<&str> = text
                .lines()
                .map_while(|line| line.strip_prefix("#! "))
                .collect();
            let told: Vec<String> = errors(&mut content, kind, &path)
                .iter()
                .map(|problem| {
                    let (line, column) = problem.place.as_ref().map_or((0, 0), |p| p.position());
                    let shown = problem.render(false, 100);
                    assert!(
                        shown.chars().all(|c| c == '\n' || !c.is_control()),
                        "{shown:?}"
                    );
                    assert!(shown.contains(&format!(":{line}:{column}")), "{shown}");
                    format!("{line}:{column} {}", problem.message)
                })
                .collect();
            let fits = |(expected, told): (&&str, &String)| {
                let (place, message) = expected.split_once(' ').unwrap_or((expected, ""));
                told.split_once(' ')
                    .is_some_and(|(at, rest)| at == place && rest.contains(message))
            };
            if expected.is_empty()
                || told.len() != expected.len()
                || !expected.iter().zip(&told).all(fits)
            {
                wrong.push(format!(
                    "{kind}/{}\n  expected {expected:#?}\n  told {told:#?}",
                    path.file_name().unwrap().display(),
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(files >= 25);
}
