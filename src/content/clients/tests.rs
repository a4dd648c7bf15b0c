//! The catalogue is read strictly.

use super::*;
use crate::content::source::Source;
use std::collections::BTreeSet;

const GOOD: &str = "id: a\nname: A 1\nplatform: any\nstanding: program\nsource: made up\n\
versions: [TLS1.2, TLS1.3]\nsuites: [TLS_AES_128_GCM_SHA256, \"0xCC13\"]\ngroups: [x25519]\n\
key_shares: [x25519]\nsignature_schemes: [rsa_pss_rsae_sha256]\nserver_name: true\n\
hello_bytes: 200\nmin_dh_bits: 1024\n";

fn file(text: &str) -> FoundFile {
    FoundFile {
        path: "a.yaml".to_owned(),
        source: Source::new("clients/a.yaml", text),
        embedded: false,
    }
}

#[test]
fn every_client_of_the_program_is_read() {
    let clients = embedded().expect("the catalogue");
    assert!(clients.len() >= 60, "{}", clients.len());
    let names: BTreeSet<String> = clients
        .iter()
        .map(|client| format!("{} ({})", client.name, client.platform))
        .collect();
    assert_eq!(names.len(), clients.len(), "two clients have the same name");
    for client in &clients {
        let credited = ["testssl.sh", "recorded"];
        let credited = credited.iter().any(|word| client.source.starts_with(word));
        assert!(credited, "{} names no source", client.id);
        assert!(!client.offer.versions.is_empty(), "{}", client.id);
        let tls13 = client.offer.versions.contains(&Version::Tls13);
        assert_eq!(tls13, !client.offer.key_shares.is_empty(), "{}", client.id);
    }
}

#[test]
fn an_entry_says_the_same_as_the_lines_made_of_it() {
    let client = read(&file(GOOD)).expect("a client");
    assert_eq!(client.offer.suites, [0x1301, 0xcc13]);
    assert_eq!(client.limits.min_dh_bits, Some(1024));
    let head = "id: a\nname: A 1\nplatform: any\nstanding: program\nsource: made up\n";
    let again = format!("{head}{}", lines_of(&client.offer));
    assert_eq!(read(&file(&again)).expect("a client").offer, client.offer);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (from, to, words) in [
        ("id: a\n", "id: b\n", "must be named b.yaml"),
        (
            "standing: program",
            "standing: programme",
            "clients/a.yaml:4:11",
        ),
        (
            "[x25519]\nkey",
            "[x25518]\nkey",
            "no name of `groups`|is not a name of `groups`",
        ),
        (
            "TLS_AES_128_GCM_SHA256,",
            "TLS_AES_128,",
            "is not a name of `suites`",
        ),
        (
            "key_shares: [x25519]",
            "key_shares: [secp256r1]",
            "is one of `groups`",
        ),
        ("[TLS1.2, TLS1.3]", "[TLS1.3, TLS1.2]", "oldest first"),
        (
            "hello_bytes: 200",
            "hello_bytes: 20",
            "lies between 40 and 16384",
        ),
        ("hello_bytes: 200\n", "", "lacks the key `hello_bytes`"),
        (
            "server_name: true",
            "server_name: yes",
            "must be true or false",
        ),
        ("server_name", "servername", "did you mean `server_name`?"),
        ("\"0xCC13\"", "TLS_AES_128_GCM_SHA256", "twice"),
        (
            "[TLS_AES_128_GCM_SHA256, \"0xCC13\"]",
            "[]",
            "at least one suite",
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let problems = read(&file(&GOOD.replacen(from, to, 1))).expect_err(to);
        let text = problems.to_string();
        let told = words.split('|').any(|words| text.contains(words));
        assert!(told, "{to}: {text}");
    }
}
