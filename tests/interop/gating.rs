//! The commands of docs/gating.md, run against a real nginx.

use std::{fs, path::Path, process::Command};

use crate::{
    hosted::Hosted,
    nginx,
    site::{HOST, Site, Stand},
    support::Names,
};

/// The commands of the first block of the page, one a line.
fn commands() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gating.md");
    let page = fs::read_to_string(page).unwrap();
    let block = page.split("```sh\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    block.lines().map(str::to_owned).collect()
}

#[test]
fn the_page_does_not_lie() {
    let stand = Stand::new(&Site::default());
    let Some(_server) = nginx::serve(&stand, "the page about gates") else {
        return;
    };
    let root = stand.root();
    fs::copy(root, stand.path().join("ca.pem")).unwrap();
    // The name leads nowhere yet; the list of the authority can be had.
    let names = Names::serve(&[(
        ".",
        "$TTL 300\n@ IN SOA ns. h. 1 2 3 4 300\n@ IN NS ns.\ncrl.interop.example. IN A 192.0.2.81\n",
    )]);
    let lists = Hosted::one(stand.authority.revocation_list());
    let commands = commands();
    assert_eq!(commands.len(), 3);
    for command in commands {
        let mut command = command
            .replace("vote.example.gov", HOST)
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{}", stand.http))
            .replace("127.0.0.1:8443", &format!("127.0.0.1:{}", stand.https));
        if command.starts_with("scrutineer scan") {
            command.push_str(&format!(
                " --resolver {} --connect-to 192.0.2.81:80:127.0.0.1:{}",
                names.address, lists.port
            ));
        }
        let mut words = command.split_whitespace();
        assert_eq!(words.next(), Some("scrutineer"));
        let output = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
            .args(words)
            .current_dir(stand.path())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{command}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
