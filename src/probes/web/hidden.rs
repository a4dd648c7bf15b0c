//! Files that are not meant for visitors: where they are left behind, and what in their content
//! proves one. A status alone proves nothing.

use super::facts::RevealingPath;
use crate::wire::text::clean;

/// A path to ask for, and the content that shows that something is there.
pub(super) struct Suspect {
    pub(super) path: &'static str,
    pub(super) kind: &'static str,
    pub(super) proof: &'static str,
    test: Test,
}

enum Test {
    /// The body begins with one of these, and is no document.
    Begins(&'static [&'static [u8]]),
    /// The body has all of these, and is no document.
    Text(&'static [&'static str]),
    /// The body is a document that has all of these.
    Document(&'static [&'static str]),
    /// The body is a list of values parted by commas or semicolons, and no document.
    Table,
}

const fn at(path: &'static str, kind: &'static str, proof: &'static str, test: Test) -> Suspect {
    Suspect {
        path,
        kind,
        proof,
        test,
    }
}

const ZIP: Test = Test::Begins(&[b"PK\x03\x04"]);
const GZIP: Test = Test::Begins(&[b"\x1f\x8b\x08"]);
const DUMP: Test = Test::Begins(&[
    b"-- MySQL dump",
    b"-- MariaDB dump",
    b"-- phpMyAdmin SQL Dump",
    b"--\n-- PostgreSQL database dump",
    b"CREATE TABLE",
    b"DROP TABLE",
    b"INSERT INTO",
    b"/*!40",
]);
const LISTING: Test = Test::Document(&["<title>Index of /"]);

/// What is asked for at level intrusive, in order.
pub(super) const SUSPECTS: &[Suspect] = &[
    at(
        "/.git/HEAD",
        "repository",
        "ref:",
        Test::Begins(&[b"ref: refs/"]),
    ),
    at(
        "/.svn/wc.db",
        "repository",
        "SQLite database",
        Test::Begins(&[b"SQLite format 3\0"]),
    ),
    at(
        "/.hg/requires",
        "repository",
        "revlog",
        Test::Text(&["revlog"]),
    ),
    at(
        "/.DS_Store",
        "listing",
        "Bud1",
        Test::Begins(&[b"\0\0\0\x01Bud1"]),
    ),
    at("/.env", "secret", "KEY=value", Test::Text(&["APP_", "="])),
    at(
        "/.env.backup",
        "secret",
        "KEY=value",
        Test::Text(&["DB_", "="]),
    ),
    at("/.htpasswd", "secret", "password hash", Test::Text(&[":$"])),
    at(
        "/.ssh/id_rsa",
        "secret",
        "private key",
        Test::Text(&["PRIVATE KEY-----"]),
    ),
    at(
        "/id_rsa",
        "secret",
        "private key",
        Test::Text(&["PRIVATE KEY-----"]),
    ),
    at(
        "/.aws/credentials",
        "secret",
        "aws_access_key_id",
        Test::Text(&["aws_access_key_id"]),
    ),
    at(
        "/wp-config.php.bak",
        "secret",
        "DB_PASSWORD",
        Test::Text(&["<?php", "DB_PASSWORD"]),
    ),
    at(
        "/wp-config.php~",
        "secret",
        "DB_PASSWORD",
        Test::Text(&["<?php", "DB_PASSWORD"]),
    ),
    at(
        "/config.php.bak",
        "configuration",
        "<?php",
        Test::Text(&["<?php"]),
    ),
    at("/index.php.bak", "backup", "<?php", Test::Text(&["<?php"])),
    at(
        "/web.config.bak",
        "configuration",
        "<configuration",
        Test::Text(&["<configuration"]),
    ),
    at(
        "/web.config",
        "configuration",
        "<configuration",
        Test::Text(&["<configuration"]),
    ),
    at(
        "/appsettings.json",
        "configuration",
        "ConnectionStrings",
        Test::Text(&["ConnectionStrings"]),
    ),
    at("/backup.sql", "database", "SQL dump", DUMP),
    at("/dump.sql", "database", "SQL dump", DUMP),
    at("/database.sql", "database", "SQL dump", DUMP),
    at(
        "/db.sqlite3",
        "database",
        "SQLite database",
        Test::Begins(&[b"SQLite format 3\0"]),
    ),
    at("/backup.zip", "backup", "ZIP archive", ZIP),
    at("/www.zip", "backup", "ZIP archive", ZIP),
    at("/site.zip", "backup", "ZIP archive", ZIP),
    at("/backup.tar.gz", "backup", "gzip archive", GZIP),
    at("/voters.csv", "voter_data", "table", Test::Table),
    at("/voterfile.csv", "voter_data", "table", Test::Table),
    at("/voters.zip", "voter_data", "ZIP archive", ZIP),
    at("/voter_list.csv", "voter_data", "table", Test::Table),
    at(
        "/phpinfo.php",
        "diagnosis",
        "phpinfo()",
        Test::Document(&["phpinfo()", "PHP Version"]),
    ),
    at(
        "/info.php",
        "diagnosis",
        "phpinfo()",
        Test::Document(&["phpinfo()", "PHP Version"]),
    ),
    at(
        "/server-status",
        "diagnosis",
        "Apache Server Status",
        Test::Document(&["Apache Server Status"]),
    ),
    at(
        "/server-info",
        "diagnosis",
        "Apache Server Information",
        Test::Document(&["Apache Server Information"]),
    ),
    at(
        "/elmah.axd",
        "diagnosis",
        "Error Log for",
        Test::Document(&["Error Log for"]),
    ),
    at(
        "/trace.axd",
        "diagnosis",
        "Application Trace",
        Test::Document(&["Application Trace"]),
    ),
    at(
        "/actuator/env",
        "diagnosis",
        "propertySources",
        Test::Text(&["propertySources"]),
    ),
    at(
        "/adminer.php",
        "diagnosis",
        "Adminer",
        Test::Document(&["Adminer", "auth[driver]"]),
    ),
    at("/backup/", "listing", "Index of /", LISTING),
    at("/uploads/", "listing", "Index of /", LISTING),
    at("/files/", "listing", "Index of /", LISTING),
    at("/data/", "listing", "Index of /", LISTING),
];

impl Suspect {
    /// Whether a body is what stands at the path, and not a page for everything.
    pub(super) fn is_proven_by(&self, body: &[u8]) -> bool {
        let start = body.get(..4_096).unwrap_or(body);
        let text = String::from_utf8_lossy(start);
        match &self.test {
            Test::Begins(signs) => signs.iter().any(|sign| body.starts_with(sign)),
            Test::Text(signs) => {
                !is_document(&text) && signs.iter().all(|sign| text.contains(sign))
            }
            Test::Document(signs) => {
                is_document(&text) && signs.iter().all(|sign| text.contains(sign))
            }
            Test::Table => !is_document(&text) && is_table(&text),
        }
    }
}

fn is_document(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(400).collect();
    let start = start.to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|tag| start.contains(tag))
}

/// Whether the first three lines have the same number of separators, at least two.
fn is_table(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().take(3).collect();
    [',', ';', '\t'].iter().any(|separator| {
        let counts: Vec<usize> = lines.iter().map(|line| line.matches(*separator).count()).collect();
        matches!(counts.as_slice(), [first, rest @ ..] if *first >= 2 && !rest.is_empty() && rest.iter().all(|count| count == first))
    })
}

/// Words in a published path that tell of what lies there. What content management systems list
/// in every installation (`/wp-admin/`, `/admin/`, `/user/login`) tells nothing.
const REVEALING: &[(&str, &[&str])] = &[
    (
        "voter_data",
        &[
            "voterfile",
            "voterlist",
            "votersfile",
            "voterslist",
            "voterdata",
            "voterexport",
            "voterroll",
            "voterrecord",
            "electoralroll",
            "electoralregister",
            "registereexport",
            "pollbook",
            "voterscsv",
            "votersxls",
            "voterszip",
            "wahlerverzeichnis",
            "waehlerverzeichnis",
            "listeelectorale",
            "kiezersregister",
        ],
    ),
    ("repository", &["/.git", "/.svn", "/.hg"]),
    (
        "backup",
        &[
            "backup",
            "/bak/",
            ".bak",
            ".sql",
            ".old",
            "dbdump",
            "databasedump",
        ],
    ),
    (
        "administration",
        &["phpmyadmin", "adminer", "webmin", "cpanel", "controlpanel"],
    ),
    (
        "internal",
        &[
            "/internal/",
            "/intranet/",
            "/private/",
            "/confidential/",
            "/secret/",
            "/staging/",
            "unreleased",
            "testresults",
        ],
    ),
];

/// Most paths that are noted.
const REVEALING_MAX: usize = 50;

/// Which published paths tell more than they should.
pub(super) fn revealing<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<RevealingPath> {
    let mut found: Vec<RevealingPath> = paths
        .filter_map(|path| {
            let lower = path.to_lowercase();
            let squashed: String = lower
                .chars()
                .filter(|letter| !matches!(letter, '-' | '_' | ' ' | '+'))
                .collect();
            // Extensions stand apart from names in a path, and not in the list above.
            let joined = format!("{squashed}/")
                .replace(".csv", "csv")
                .replace(".xls", "xls")
                .replace(".zip", "zip");
            let (kind, _) = REVEALING.iter().find(|(_, words)| {
                words
                    .iter()
                    .any(|word| squashed.contains(word) || joined.contains(word))
            })?;
            Some(RevealingPath {
                key: clean(path, 200),
                kind: (*kind).to_owned(),
            })
        })
        .take(REVEALING_MAX)
        .collect();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found.dedup_by(|a, b| a.key == b.key);
    found
}

/// Ports of services that administrators, not voters, speak to; with the name of each.
pub(super) const PORTS: [(u16, &str); 10] = [
    (21, "FTP"),
    (23, "Telnet"),
    (445, "SMB"),
    (1433, "Microsoft SQL Server"),
    (3306, "MySQL"),
    (3389, "Remote Desktop"),
    (5432, "PostgreSQL"),
    (6379, "Redis"),
    (9200, "Elasticsearch"),
    (27017, "MongoDB"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn proven(path: &str, body: &[u8]) -> bool {
        let suspect = SUSPECTS.iter().find(|suspect| suspect.path == path);
        suspect.expect("a path of the table").is_proven_by(body)
    }

    #[test]
    fn content_proves_a_file() {
        let cases: &[(&str, &[u8], bool)] = &[
            ("/.git/HEAD", b"ref: refs/heads/main\n", true),
            ("/.git/HEAD", b"<!doctype html><p>ref: refs/", false),
            ("/.env", b"APP_KEY=base64:x\nDB_PASSWORD=y", true),
            ("/.env", b"<html><body>APP_=", false),
            ("/.htpasswd", b"admin:$apr1$x$y\n", true),
            ("/backup.zip", b"PK\x03\x04....", true),
            ("/backup.zip", b"Not here", false),
            ("/backup.sql", b"-- MySQL dump 10.13", true),
            ("/voters.csv", b"id,name,dob\n1,A,2\n2,B,3\n", true),
            ("/voters.csv", b"Not found, sorry, really\n", false),
            ("/voters.csv", b"<html>\na,b,c\na,b,c", false),
            (
                "/phpinfo.php",
                b"<!DOCTYPE html><head><title>phpinfo()</title></head><h1>PHP Version 8",
                true,
            ),
            (
                "/files/",
                b"<html><head><title>Index of /files/</title>",
                true,
            ),
            ("/files/", b"<html><head><title>Files</title>", false),
            (
                "/web.config",
                b"<?xml version=\"1.0\"?><configuration>",
                true,
            ),
        ];
        for (path, body, expected) in cases {
            assert_eq!(
                proven(path, body),
                *expected,
                "{path} {:?}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn published_paths_that_tell() {
        let paths = [
            "/wp-admin/",
            "/admin/",
            "/results/2026",
            "/exports/voter_file.csv",
            "/voters.csv",
            "/db-backup/",
            "/old/site.bak",
            "/.git/",
            "/internal/",
            "/internals-of-voting",
            "/phpMyAdmin/",
            "/draft/test-results/",
            "/register",
            "/voter-registration",
            "/how-to-list-voters",
        ];
        let found: Vec<(String, String)> = revealing(paths.into_iter())
            .into_iter()
            .map(|path| (path.key, path.kind))
            .collect();
        let expected = [
            ("/.git/", "repository"),
            ("/db-backup/", "backup"),
            ("/draft/test-results/", "internal"),
            ("/exports/voter_file.csv", "voter_data"),
            ("/internal/", "internal"),
            ("/old/site.bak", "backup"),
            ("/phpMyAdmin/", "administration"),
            ("/voters.csv", "voter_data"),
        ];
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        assert_eq!(found, expected);
    }
}
