//! Keeps the rule of who may know whom: reads the imports of every file.

// A test that cannot go on should stop at once.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::{collections::BTreeMap, fs, path::Path};

/// Rooms of `src`, and the rooms that each may name.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    BTreeMap::from([
        ("model", vec![]),
        ("wire", vec![]),
        ("rules", vec!["model", "wire"]),
        ("judge", vec!["model", "rules", "wire"]),
        ("baseline", vec!["model", "rules", "judge", "wire"]),
        ("plan", vec!["model", "rules", "judge"]),
        ("report", vec!["model", "wire"]),
        ("reference", vec!["model", "content", "probes::registry"]),
        (
            "content",
            vec![
                "model",
                "rules",
                "judge",
                "wire",
                "baseline::exchange",
                "baseline::names",
                // The document of a pack, which `content::pack` holds against its files.
                "baseline::document",
                "baseline::envelope",
                "baseline::pack",
                "probes::registry",
            ],
        ),
        ("net", vec!["model", "wire"]),
        ("probes", vec!["model", "wire", "net"]),
        ("derive", vec!["model", "wire", "probes::*::facts"]),
        ("store", vec!["model", "wire"]),
        ("scan", vec!["model", "net", "probes", "derive", "store"]),
        ("estate", vec!["model", "wire"]),
        ("cli", vec!["*"]),
    ])
}

/// Crates that open sockets or run tasks; only these rooms may name them.
const SOCKET_CRATES: [&str; 3] = ["tokio", "reqwest", "hickory_server"];
const SOCKET_ROOMS: [&str; 5] = ["net", "probes", "scan", "estate", "cli"];

#[test]
fn rooms_know_only_whom_they_may() {
    let allowed = allowed();
    let mut faults = Vec::new();
    let mut files = 0;
    for_each_source(Path::new("src"), &mut |path, text| {
        let relative = path.strip_prefix("src").unwrap();
        let parts: Vec<_> = relative.iter().map(|part| part.to_str().unwrap()).collect();
        let [room, rest @ ..] = parts.as_slice() else {
            return;
        };
        if rest.is_empty() {
            return;
        }
        files += 1;
        let Some(may) = allowed.get(room) else {
            faults.push(format!(
                "{}: room {room:?} is not in the table",
                path.display()
            ));
            return;
        };
        let inner = if rest.len() > 1 { Some(rest[0]) } else { None };
        let code = without_tests(text);
        for (number, named) in named_rooms(&code) {
            let own = named.first().is_some_and(|first| first == room);
            let place = format!("{}:{number}", path.display());
            if own {
                if *room == "probes"
                    && let (Some(inner), Some(other)) = (inner, named.get(1))
                    && other != inner
                    && other != "registry"
                {
                    faults.push(format!("{place}: probe {inner:?} knows probe {other:?}"));
                }
            } else if !may.iter().any(|pattern| matches(pattern, &named)) {
                faults.push(format!("{place}: {room:?} knows {:?}", named.join("::")));
            }
        }
        if !SOCKET_ROOMS.contains(room) {
            for name in SOCKET_CRATES {
                if code.contains(&format!("{name}::")) || code.contains(&format!("use {name};")) {
                    faults.push(format!("{}: {room:?} uses {name}", path.display()));
                }
            }
        }
    });
    assert!(files > 30, "only {files} files were read");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn sources_can_be_read_in_one_sitting() {
    let mut long = Vec::new();
    for_each_source(Path::new("src"), &mut |path, text| {
        let lines = text.lines().count();
        if lines > 700 {
            long.push(format!("{}: {lines} lines", path.display()));
        }
    });
    assert!(long.is_empty(), "split these files:\n{}", long.join("\n"));
}

fn matches(pattern: &str, named: &[String]) -> bool {
    pattern == "*"
        || pattern
            .split("::")
            .enumerate()
            .all(|(at, part)| part == "*" || named.get(at).is_some_and(|name| name == part))
}

/// Every path that begins with `crate::`, with its line; groups are taken apart.
fn named_rooms(code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let number = code[..at].lines().count().max(1);
        let mut paths = Vec::new();
        expand(&code[at + "crate::".len()..], &[], &mut paths);
        found.extend(paths.into_iter().map(|path| (number, path)));
    }
    found.retain(|(_, path)| !path.is_empty());
    found
}

/// Reads one path, with `{...}` after it taken apart, and returns how much was read.
fn expand(text: &str, above: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = above.to_vec();
    path.extend(path_of(text));
    let own = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len());
    if !text[own..].starts_with('{') {
        paths.push(path);
        return own;
    }
    let mut at = own + 1;
    while let Some(next) = text[at..].find(|c: char| !(c.is_whitespace() || c == ',')) {
        at += next;
        if text[at..].starts_with('}') {
            return at + 1;
        }
        let read = expand(&text[at..], &path, paths);
        // `*`, `self as x` and the like: go on behind the next separator.
        at += read.max(1);
        at += text[at..].find([',', '}', '{']).unwrap_or(text.len() - at);
    }
    text.len()
}

fn path_of(text: &str) -> Vec<String> {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len());
    text[..end]
        .split("::")
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Tests at the end of a file may know more than the file itself.
fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]")
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn for_each_source(folder: &Path, visit: &mut dyn FnMut(&Path, &str)) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                for_each_source(&path, visit);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            visit(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn imports_are_read_whole() {
    let code = "use crate::{\n    model::{gap::Gap, level::{Area, Level}},\n    net::Session as S,\n};\nfn f() { crate::wire::text::clean(x); }";
    let found: Vec<String> = named_rooms(code)
        .into_iter()
        .map(|(_, path)| path.join("::"))
        .collect();
    let expected = [
        "model::gap::Gap",
        "model::level::Area",
        "model::level::Level",
        "net::Session",
        "wire::text::clean",
    ];
    assert_eq!(found, expected);
}
