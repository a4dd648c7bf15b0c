//! The ten-minute start, followed word for word by somebody who has nothing yet.

use std::{fs, process::Command};

use crate::support::{Stand, repository, story};

/// The blocks of commands of the page, each a list of lines without their continuations.
fn blocks(page: &str) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    for block in page.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap().replace("\\\n", " ");
        blocks.push(block.lines().map(str::to_owned).collect());
    }
    blocks
}

/// A file that the page shows, by the comment in its first line.
fn file<'p>(page: &'p str, name: &str) -> &'p str {
    page.split("```yaml\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .find(|block| block.starts_with(&format!("# {name}")))
        .unwrap_or_else(|| panic!("the page shows no {name}"))
}

#[test]
fn the_ten_minute_start_does_not_lie() {
    let page = fs::read_to_string(repository("docs/start.md")).unwrap();
    let stand = Stand::new();
    let home = stand.folder.path();
    let scanned = "vote.example.gov";
    // The names of the page are those of nobody; here the demo's offices stand in for them.
    let inventory = file(&page, "inventory.yaml");
    assert!(inventory.contains("example.gov"), "{inventory}");
    let own = fs::read_to_string(home.join("inventory.yaml")).unwrap();
    fs::write(
        home.join("waivers.yaml"),
        file(&page, "waivers.yaml").replace("vote.example.gov", "vote.neglected.example"),
    )
    .unwrap();
    let theirs = home.join("theirs.yaml");
    fs::write(&theirs, inventory).unwrap();
    let mut ran = 0;
    for line in blocks(&page).into_iter().flatten() {
        let Some((command, expected)) = expectation(&line) else {
            continue;
        };
        fs::write(home.join("inventory.yaml"), &own).unwrap();
        let mut command = command.replace(scanned, "vote.neglected.example");
        if command.starts_with("scrutineer scan") && !command.contains("--dry-run") {
            command += &format!(" {}", stand.options);
        } else if command.contains("--dry-run") || command.starts_with("scrutineer doctor") {
            command += " --resolver 127.0.0.1:1";
        }
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(home)
            .env("HOME", home)
            .env("PATH", stand.path())
            .env_remove("XDG_STATE_HOME")
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(expected),
            "{command}\n{}",
            story(&output)
        );
        ran += 1;
    }
    assert!(ran >= 10, "only {ran} commands were run");
    // What the page tells people to write is taken.
    let taken = Command::new(crate::support::SCRUTINEER)
        .args([
            "scan",
            "--inventory",
            "theirs.yaml",
            "--dry-run",
            "--resolver",
            "127.0.0.1:1",
        ])
        .current_dir(home)
        .output()
        .unwrap();
    assert_eq!(taken.status.code(), Some(0), "{}", story(&taken));
}

/// A command and the exit code that the page promises: `# exit code N`, else 0. Lines of other
/// programs and those that install are not ours to run.
fn expectation(line: &str) -> Option<(String, i32)> {
    let (command, note) = line.split_once('#').unwrap_or((line, ""));
    let command = command.trim();
    if !command.starts_with("scrutineer ") {
        return None;
    }
    let code = note.split_once("exit code ").map_or(0, |(_, code)| {
        code.chars()
            .next()
            .and_then(|digit| digit.to_digit(10))
            .unwrap()
    });
    Some((command.to_owned(), i32::try_from(code).unwrap()))
}
