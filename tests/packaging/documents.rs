//! The book: every page is listed, and every link leads somewhere.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::support::{left_out, repository};

/// Links of a Markdown text: `[words](to)`, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Odd parts are code.
        for part in line.split('`').step_by(2) {
            let mut rest = part;
            while let Some((_, after)) = rest.split_once("](") {
                let (to, after) = after.split_once(')').unwrap_or((after, ""));
                found.push(to.to_owned());
                rest = after;
            }
        }
    }
    found
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

/// Where the headings of a page can be linked to, as mdBook and code hosts make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim();
            title
                .chars()
                .filter_map(|c| match c {
                    ' ' => Some('-'),
                    c if c.is_alphanumeric() || c == '-' || c == '_' => {
                        Some(c.to_ascii_lowercase())
                    }
                    _ => None,
                })
                .collect()
        })
        .collect()
}

#[test]
fn every_page_is_in_the_book() {
    let docs = repository("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<PathBuf> = links(&summary).iter().map(|to| docs.join(to)).collect();
    let mut all = Vec::new();
    pages(&docs, &mut all);
    let missing: Vec<_> = all
        .iter()
        .filter(|page| !page.ends_with("SUMMARY.md") && !listed.contains(*page))
        .collect();
    assert!(missing.is_empty(), "add to docs/SUMMARY.md: {missing:?}");
    let lost: Vec<_> = listed.iter().filter(|page| !page.is_file()).collect();
    assert!(
        lost.is_empty(),
        "docs/SUMMARY.md lists what is not there: {lost:?}"
    );
}

/// A path without its links and dots.
fn within(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

#[test]
fn every_link_leads_somewhere() {
    let mut all = vec![
        repository("README.md"),
        repository("CONTRIBUTING.md"),
        repository("SECURITY.md"),
    ];
    all.push(repository("packaging/README.md"));
    pages(&repository("docs"), &mut all);
    let book = within(&repository("docs"));
    let mut faults = Vec::new();
    let mut seen = 0;
    for page in all {
        let text = fs::read_to_string(&page).unwrap();
        for to in links(&text) {
            if to.contains("://") || to.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (path, anchor) = to.split_once('#').unwrap_or((&to, ""));
            let target = match path {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            let anchored = || {
                let text = fs::read_to_string(&target).unwrap_or_default();
                anchors(&text).contains(anchor)
            };
            // The book has nothing but its own pages.
            let leaves = within(&page).starts_with(&book) && !within(&target).starts_with(&book);
            if leaves || !target.exists() || !(anchor.is_empty() || anchored()) {
                faults.push(format!("{}: {to}", page.display()));
            }
        }
    }
    assert!(seen > 100, "only {seen} links were read");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_book_is_built() {
    let out = tempfile::tempdir().unwrap();
    let Ok(built) = std::process::Command::new("mdbook")
        .args(["build", "--dest-dir"])
        .arg(out.path())
        .current_dir(repository("."))
        .output()
    else {
        return left_out("the_book_is_built", "mdbook is not installed");
    };
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    assert!(!said.contains("WARN"), "{said}");
    assert!(out.path().join("reference/commands.html").is_file());
}
