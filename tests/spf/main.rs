//! The test suite of RFC 7208 (openspf.org, release 2014.04), as the sources of
//! `pyspf` carry it. They are fetched from PyPI once; where that cannot be
//! reached the test says so on standard error and is left out.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "these are tests"
)]

mod zone;

use serde_json::Value;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use scrutineer::wire::spf::{Client, Verdict, check_host};
use zone::Zone;

const PACKAGE: &str = "pyspf-2.0.14";
const SUITE: &str = "test/rfc7208-tests.yml";
/// Cases in the suite.
const CASES: usize = 203;

/// The suite, from the sources of pyspf.
fn suite() -> Result<String, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rfc7208");
    let kept = folder.join("tests.yml");
    if let Ok(text) = fs::read_to_string(&kept) {
        return Ok(text);
    }
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let archive: PathBuf = folder.join(format!("{PACKAGE}.tar.gz"));
    if std::env::var_os("SCRUTINEER_NO_INSTALL").is_none() && !archive.exists() {
        let output = Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args([
                "--disable-pip-version-check",
                "--no-binary",
                ":all:",
                "--dest",
            ])
            .arg(&folder)
            .arg(PACKAGE.replacen('-', "==", 1))
            .output()
            .map_err(|error| format!("python3 does not start: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    let output = Command::new("tar")
        .args(["-xzOf"])
        .arg(&archive)
        .arg(format!("{PACKAGE}/{SUITE}"))
        .output()
        .map_err(|error| format!("tar does not start: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).map_err(|error| error.to_string())?;
    fs::write(&kept, &text).map_err(|error| error.to_string())?;
    Ok(text)
}

#[test]
fn every_case_of_the_suite_gives_the_expected_result() {
    let text = match suite() {
        Ok(text) => text,
        Err(why) => {
            let line = format!("\nLEFT OUT: the suite of RFC 7208 could not be fetched: {why}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return;
        }
    };
    let mut cases = 0;
    let mut wrong = Vec::new();
    for scenario in text.split("\n---\n").skip(1) {
        let scenario: Value = serde_saphyr::from_str(scenario).expect("a scenario");
        let zone = Zone::read(&scenario["zonedata"]);
        for (name, case) in scenario["tests"].as_object().expect("tests") {
            cases += 1;
            if let Err(why) = run(case, &zone) {
                wrong.push(format!("{} / {name}: {why}", scenario["description"]));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(cases, CASES);
}

fn run(case: &Value, zone: &Zone) -> Result<(), String> {
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    let ip = text("host").parse().map_err(|_| "no address".to_owned())?;
    let client = Client::new(ip, text("mailfrom"), text("helo"));
    let checked = check_host(&client.domain, &client, &|question| zone.reply(question));
    let expected: Vec<&str> = match &case["result"] {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let result = match checked.result {
        Verdict::None => "none",
        Verdict::Neutral => "neutral",
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::SoftFail => "softfail",
        Verdict::TempError => "temperror",
        Verdict::PermError => "permerror",
    };
    if !expected.contains(&result) {
        return Err(format!("{result} and not {expected:?}"));
    }
    // DEFAULT stands for the receiver's own words.
    let explanation = checked.explanation.unwrap_or_else(|| "DEFAULT".to_owned());
    match case["explanation"].as_str() {
        Some(expected) if expected != explanation => {
            Err(format!("explains {explanation:?} and not {expected:?}"))
        }
        _ => Ok(()),
    }
}
