//! Many sites on one nginx and one Apache: each is the hardened site with one fault. The fault is
//! found, and nothing else is. All are scanned side by side by one run.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    net::TcpListener,
    path::Path,
    process::Command,
};

use serde_json::Value;

use crate::{
    observatory,
    support::{
        Authority, Files, Names, Outcome, Running, Terms, folder, free_port, is_root, program, scan,
    },
    web_cases::{CASES, Case, HARDENED},
};

const ADDRESS: &str = "192.0.2.80";
/// Where one more port is open.
const OPEN_ADDRESS: &str = "192.0.2.81";
const ROOT: &str = "
$TTL 300
@ IN SOA ns. hostmaster. 1 7200 3600 1209600 300
@ IN NS ns.
";
const PORTS: [u16; 10] = [21, 23, 445, 1433, 3306, 3389, 5432, 6379, 9200, 27017];

const PROFILE: &str = "
id: faults
title: The common baseline, and what is seen at level intrusive
extends: common-baseline
entries:
  - { row: control#EXPO-04, as: files, level: must, checks: [{ id: expo.files.none-left }] }
  - { row: control#EXPO-06, as: ports, level: must, checks: [{ id: expo.ports.closed }] }
";

/// Starts a server for the cases, with its ports for HTTP and HTTPS.
type Start = fn(&Path, &Files, &[(String, &Case)], u16, u16) -> Option<Running>;

/// A kind of server, and how its sites are written down.
struct Kind {
    name: &'static str,
    start: Start,
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let kinds = [
        Kind {
            name: "nginx",
            start: nginx,
        },
        Kind {
            name: "apache",
            start: apache,
        },
    ];
    let mut sites = 0usize;
    let mut wrong = String::new();
    for kind in kinds {
        let cases: Vec<(String, &Case)> = CASES
            .iter()
            .filter(|case| case.on.is_none_or(|only| only == kind.name))
            .enumerate()
            .map(|(number, case)| (format!("c{number}.{}", case.below), case))
            .collect();
        if let Some((outcome, differences)) = run(&kind, &cases) {
            sites += cases.len();
            wrong += &differences;
            for (name, case) in &cases {
                wrong += &compare(&kind, &outcome, name, case);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    if sites > 0 {
        println!("{sites} sites");
    }
}

/// The outcome of the scan, and where the Observatory scores the sites otherwise than we do.
fn run(kind: &Kind, cases: &[(String, &Case)]) -> Option<(Outcome, String)> {
    let folder = folder();
    let authority = Authority::new();
    let names: Vec<String> = cases
        .iter()
        .flat_map(|(name, case)| match case.covers_www {
            true => vec![name.clone(), format!("www.{name}")],
            false => vec![name.clone()],
        })
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let terms = Terms {
        names: &names,
        age_days: 5,
        lifetime_days: 90,
    };
    let files = authority.issue(&terms, folder.path());
    for (name, case) in cases {
        lay_out(&folder.path().join(name), name, case);
    }
    let (http, https) = (free_port(), free_port());
    let _server = (kind.start)(folder.path(), &files, cases, http, https)?;
    let zone = |lines: &str| {
        format!(
            "\n$TTL 300\n@ IN SOA ns hostmaster 1 7200 3600 1209600 300\n@ IN NS ns\nns IN A 192.0.2.53\n{lines}"
        )
    };
    let (mut plain, mut below) = (String::new(), String::new());
    for (name, case) in cases {
        let label = name.split('.').next().unwrap();
        let address = if case.open_port {
            OPEN_ADDRESS
        } else {
            ADDRESS
        };
        match case.below {
            "example" => {
                let _ = writeln!(plain, "{label} IN A {address}\nwww.{label} IN A {address}");
            }
            _ => {
                let _ = writeln!(below, "{label} IN A {address}");
            }
        }
    }
    let (plain, below) = (zone(&plain), zone(&below));
    let resolver = Names::serve(&[
        (".", ROOT),
        ("example.", &plain),
        ("faults.example.", &below),
    ]);
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let inventory = folder.path().join("inventory.yaml");
    fs::write(&inventory, write_inventory(cases)).unwrap();
    // What only level intrusive sees is no part of the common baseline.
    let profiles = folder.path().join("profiles");
    fs::create_dir(&profiles).unwrap();
    fs::write(profiles.join("faults.yaml"), PROFILE).unwrap();
    let mut arguments = vec![
        format!("--profiles={}", profiles.display()),
        "--profile=faults".to_owned(),
        "-i".to_owned(),
        inventory.display().to_string(),
        "--only=web".to_owned(),
        "--level=intrusive".to_owned(),
        "--connections-per-second=1000".to_owned(),
        "--connections-per-address=16".to_owned(),
        format!("--resolver={}", resolver.address),
        format!("--ca-file={}", authority.write(folder.path()).display()),
    ];
    let closed = free_port();
    for address in [ADDRESS, OPEN_ADDRESS] {
        arguments.push(format!("--connect-to={address}:80:127.0.0.1:{http}"));
        arguments.push(format!("--connect-to={address}:443:127.0.0.1:{https}"));
        for port in PORTS {
            let to = match (address, port) {
                (OPEN_ADDRESS, 3389) => open.local_addr().unwrap().port(),
                _ => closed,
            };
            arguments.push(format!("--connect-to={address}:{port}:127.0.0.1:{to}"));
        }
    }
    let outcome = scan(&arguments);
    let differences = observatory::compare(&observatory::Stand {
        kind: kind.name,
        folder: folder.path(),
        root: &authority.write(folder.path()),
        http,
        https,
        names: cases.iter().map(|(name, _)| name.clone()).collect(),
        findings: &outcome.findings,
    });
    Some((outcome, differences))
}

/// The site's files: its pages, and a security.txt that holds.
fn lay_out(root: &Path, name: &str, case: &Case) {
    fs::create_dir_all(root.join(".well-known")).unwrap();
    let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 90);
    let expires = expires.strftime("%Y-%m-%dT%H:%M:%SZ");
    let security = format!("Contact: mailto:security@{name}\nExpires: {expires}\n");
    let pages = [
        ("index.html", HARDENED),
        (".well-known/security.txt", security.as_str()),
        (
            "404.html",
            "<!doctype html><title>Not found</title><p>There is no such page.",
        ),
    ];
    for (path, content) in pages.iter().chain(case.files) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content.replace("HOST", name)).unwrap();
    }
    for path in case.without {
        let _ = fs::remove_file(root.join(path));
    }
}

fn write_inventory(cases: &[(String, &Case)]) -> String {
    let mut text =
        "organisation: { name: Interop, country: US }\ncontact: security@faults.example\n\
         authorisation:\n  by: The tests\n  until: \"2099-12-31\"\n  targets: ["
            .to_owned();
    let names: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
    let _ = writeln!(text, "{}]\ntargets:", names.join(", "));
    for name in names {
        let _ = writeln!(text, "  - {{ name: {name}, roles: [registration-portal] }}");
    }
    text
}

/// What is wrong with the verdicts on a site, as lines; nothing when all is as planted.
fn compare(kind: &Kind, outcome: &Outcome, name: &str, case: &Case) -> String {
    let expected: BTreeSet<&str> = case.finds.iter().copied().collect();
    let told = |verdict: &str| -> BTreeMap<&str, &Value> {
        let findings = outcome.findings["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|finding| finding["target"] == name && finding["verdict"] == verdict)
            .map(|finding| (finding["check"].as_str().unwrap(), finding))
            .collect()
    };
    let failing = told("fail");
    let mut wrong = String::new();
    let is = |id: &str| format!("{} {name} ({}): {id}", kind.name, case.what);
    for id in &expected {
        match failing.get(id) {
            None => wrong += &format!("{} is not found\n", is(id)),
            Some(finding) => {
                let text = finding.to_string();
                for word in case.words {
                    if !text.contains(word) {
                        wrong += &format!("{} does not name {word}: {text}\n", is(id));
                    }
                }
            }
        }
    }
    for (id, finding) in &failing {
        if !expected.contains(id) {
            wrong += &format!("{} is found besides: {}\n", is(id), finding["instances"]);
        }
    }
    let open = told("inconclusive").into_iter();
    for (id, finding) in open.filter(|(_, finding)| outcome.was_asked(finding)) {
        wrong += &format!("{} stays open: {}\n", is(id), finding["gaps"]);
    }
    wrong
}

fn nginx(
    folder: &Path,
    files: &Files,
    cases: &[(String, &Case)],
    http: u16,
    https: u16,
) -> Option<Running> {
    let nginx = program("nginx", "nginx-light", "many sites on nginx")?;
    let mut servers = String::new();
    for (name, case) in cases {
        let headers: String = case
            .headers()
            .iter()
            .map(|(name, value)| {
                format!(
                    "add_header {name} \"{}\" always;\n",
                    value.replace('"', "\\\"")
                )
            })
            .collect();
        let plain = match case.plain {
            "" => "return 301 https://$host$request_uri;",
            plain => plain,
        };
        let _ = write!(
            servers,
            "server {{ listen 127.0.0.1:{http}; server_name {name} www.{name}; root {root}; {plain} }}
             server {{ listen 127.0.0.1:{https} ssl http2; server_name {name} www.{name}; root {root};
             error_page 404 /404.html; {headers}{more} }}\n",
            root = folder.join(name).display(),
            more = case.nginx,
        );
    }
    let configuration = format!(
        "daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
         events {{ worker_connections 1024; }}
         http {{ access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
         fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
         types {{ text/html html; text/plain txt; application/xml xml; text/csv csv; }} charset utf-8;
         server_tokens off; server_names_hash_bucket_size 128; server_names_hash_max_size 4096;
         ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;
         {servers} }}",
        folder = folder.display(),
        certificate = files.certificate.display(),
        key = files.key.display(),
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, configuration).unwrap();
    let mut command = Command::new(nginx);
    command.arg("-p").arg(folder).arg("-c").arg(path);
    Some(Running::start(
        &mut command,
        &[http, https],
        &folder.join("log"),
    ))
}

fn apache(
    folder: &Path,
    files: &Files,
    cases: &[(String, &Case)],
    http: u16,
    https: u16,
) -> Option<Running> {
    let apache = program("apache2", "apache2", "many sites on Apache")?;
    let modules = "/usr/lib/apache2/modules";
    let load: String = [
        "mpm_event",
        "authz_core",
        "dir",
        "mime",
        "alias",
        "headers",
        "socache_shmcb",
        "ssl",
        "autoindex",
        "rewrite",
    ]
    .iter()
    .map(|name| format!("LoadModule {name}_module {modules}/mod_{name}.so\n"))
    .collect();
    let user = if is_root() {
        "User nobody\nGroup nogroup"
    } else {
        ""
    };
    let mut hosts = String::new();
    for (name, case) in cases {
        let headers: String = case
            .headers()
            .iter()
            .map(|(name, value)| {
                format!(
                    "Header always add {name} \"{}\"\n",
                    value.replace('"', "\\\"")
                )
            })
            .collect();
        let plain = match case.apache_plain {
            "" => "RewriteEngine On\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]",
            plain => plain,
        };
        let _ = write!(
            hosts,
            "<VirtualHost 127.0.0.1:{http}>\nServerName {name}\nServerAlias www.{name}\nDocumentRoot {root}\n{plain}\n</VirtualHost>
<VirtualHost 127.0.0.1:{https}>\nServerName {name}\nServerAlias www.{name}\nDocumentRoot {root}
SSLEngine on\nErrorDocument 404 /404.html\n{headers}\n{more}\n</VirtualHost>\n",
            root = folder.join(name).display(),
            more = case.apache,
        );
    }
    let configuration = format!(
        "ServerRoot {folder}\nServerName faults.example\nDefaultRuntimeDir {folder}\nPidFile {folder}/httpd.pid
ErrorLog {folder}/error.log\nMutex pthread\n{load}{user}\nListen 127.0.0.1:{http}\nListen 127.0.0.1:{https}
ServerTokens Prod\nServerSignature Off\nTraceEnable Off\nDirectoryIndex index.html\nTypesConfig /dev/null
AddType text/html .html\nAddType text/plain .txt\nAddType application/xml .xml\nAddDefaultCharset utf-8
<Directory {folder}>\nOptions -Indexes\nRequire all granted\n</Directory>
SSLCertificateFile {certificate}\nSSLCertificateKeyFile {key}\n{hosts}",
        folder = folder.display(),
        certificate = files.certificate.display(),
        key = files.key.display(),
    );
    let path = folder.join("httpd.conf");
    fs::write(&path, configuration).unwrap();
    let mut command = Command::new(apache);
    command.arg("-X").arg("-d").arg(folder).arg("-f").arg(path);
    Some(Running::start(
        &mut command,
        &[http, https],
        &folder.join("log"),
    ))
}
