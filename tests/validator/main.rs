//! The validator scenarios of the crate `domain`, which in turn took most of them from
//! Unbound and Knot Resolver: what they hold to be secure, insecure or bogus, our chain
//! walk and our proofs must hold to be the same. They are fetched from crates.io once;
//! where that cannot be reached the test says so on standard error and is left out.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "these are tests"
)]

mod resolve;
mod script;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use hickory_proto::rr::RecordType;
use resolve::{Kept, Verdict, judge};
use script::{Asked, Script};

const VERSION: &str = "0.12.3";
/// Scenarios in that version.
const SCENARIOS: usize = 96;

/// Scenarios whose expectation is not about what an answer proves, with the reason.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "val_bogus_nodata",
        "two of its four questions hold a proof of absence to be bogus because the SOA record \
         beside it has a wrong signature: the proof holds without it (RFC 4035 section 5.4), \
         and the probe asks for the SOA record itself",
    ),
    (
        "val_deleg_nons",
        "its keys are of the algorithm DSA, which nobody should use and this program does not \
         know: such a zone counts as unsigned (RFC 4035 section 5.2)",
    ),
    ("val_faildnskey", "likewise DSA"),
    (
        "val_minimal_baddnskeyprotocol",
        "a DNSKEY record with another protocol than 3 is one that the codec refuses: the \
         observation has a gap (malformed) in its place, and no verdict",
    ),
    ("val_nokeyprime", "likewise DSA"),
    (
        "val_root_ds",
        "asks for DS records of the root, which has no parent: the program never does",
    ),
    (
        "val_rrsig",
        "asks for RRSIG records alone, which nothing proves",
    ),
];

/// The folder with the scenarios.
fn scenarios() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("validator-scenarios");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let manifest = folder.join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"scenarios\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\ndomain = {{ version = \"={VERSION}\", default-features = false }}\n\n[workspace]\n"
    );
    fs::write(&manifest, text).map_err(|error| error.to_string())?;
    fs::write(folder.join("lib.rs"), "").map_err(|error| error.to_string())?;
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "metadata",
            "--quiet",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(&manifest);
    if std::env::var_os("SCRUTINEER_NO_INSTALL").is_some() {
        command.arg("--offline");
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let package = packages
        .iter()
        .find(|package| package["name"] == "domain")
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or("the crate is not among the packages")?;
    Ok(Path::new(package)
        .with_file_name("test-data")
        .join("validator"))
}

/// What a scenario says of a question.
fn expected(asked: &Asked) -> Option<&'static [Verdict]> {
    let said = |list: &[String], word: &str| list.iter().any(|flag| flag == word);
    // The client does not want the answer to be validated, or asks for signatures,
    // over which there are none (RFC 4035 section 2.2): the program never does.
    if said(&asked.flags, "CD") || asked.rtype == RecordType::RRSIG {
        return None;
    }
    if said(&asked.expected, "SERVFAIL") {
        return Some(&[Verdict::Bogus]);
    }
    if said(&asked.expected, "AD") {
        return Some(&[Verdict::Secure]);
    }
    // Nobody is told that it is secure who has not asked (RFC 6840 section 5.8).
    let wants = said(&asked.flags, "DO") || said(&asked.flags, "AD");
    let counts = said(&asked.matches, "all") || said(&asked.matches, "flags");
    match wants && counts {
        true => Some(&[Verdict::Insecure]),
        false => Some(&[Verdict::Secure, Verdict::Insecure]),
    }
}

fn run(path: &Path) -> Result<usize, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let script = Script::read(&text)?;
    let mut judged = 0;
    let mut wrong = Vec::new();
    let mut kept = Kept::new();
    for asked in script.asked()? {
        let Some(allowed) = expected(&asked) else {
            continue;
        };
        judged += 1;
        let (verdict, why) = judge(&script, &mut kept, asked.step, &asked.name, asked.rtype)?;
        if !allowed.contains(&verdict) {
            wrong.push(format!(
                "step {}: {} {} is {verdict:?} ({why}), expected {allowed:?}",
                asked.step, asked.name, asked.rtype
            ));
        }
    }
    match wrong.is_empty() {
        true => Ok(judged),
        false => Err(wrong.join("; ")),
    }
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    let folder = match scenarios() {
        Ok(folder) => folder,
        Err(why) => {
            let line = format!("\nLEFT OUT: the validator scenarios could not be fetched: {why}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return;
        }
    };
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rpl"))
        .collect();
    paths.sort();
    let otherwise: BTreeMap<&str, &str> = OTHERWISE.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut judged = 0;
    for path in &paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        match (run(path), otherwise.contains_key(name.as_str())) {
            (Ok(0), true) => {}
            (Ok(questions), false) => {
                assert!(questions > 0, "{name} asks nothing");
                judged += questions;
            }
            (Ok(_), true) => wrong.push(format!("{name} comes out right and is listed as not")),
            (Err(why), false) => wrong.push(format!("{name}: {why}")),
            (Err(_), true) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(paths.len(), SCENARIOS);
    assert!(judged >= 100, "{judged} questions");
}
