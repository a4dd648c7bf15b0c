//! Whether a browser does what our facts say: Chromium opens the sites that the program scans, and both
//! must say the same about scripts, frames, mixed content, cookies and reading from other sites.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::Command};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Authority, Names, Running, Terms, folder, free_port, program, scan};

const ADDRESS: &str = "192.0.2.90";
const ROOT: &str = "
$TTL 300
@ IN SOA ns. hostmaster. 1 7200 3600 1209600 300
@ IN NS ns.
";
/// What every script of the cases does.
const SCRIPT: &str = "globalThis.ran = 1";
const INLINE: &str = "<script>globalThis.ran = 1</script>";
const HANDLER: &str = "<img src=/none.png onerror='globalThis.ran = 1'>";

/// A page, what the browser is asked about it, and what our facts answer.
struct Case {
    kind: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    ours: fn(&Value) -> bool,
}

fn inline_runs(web: &Value) -> bool {
    let csp = &web["pages"][0]["csp"];
    csp.is_null() || csp["effective"]["inline_script_runs"] == true
}

fn framed(web: &Value) -> bool {
    web["pages"][0]["framing_limited"] == false
}

/// Mixed content that is blocked does not run; what is upgraded, or no mixed content at all, does.
fn part_loads(web: &Value) -> bool {
    let parts = web["pages"][0]["mixed_content"].as_array().unwrap();
    parts.iter().all(|part| part["blockable"] == false)
}

fn cookie_kept(web: &Value) -> bool {
    web["pages"][0]["cookies"][0]["prefix_valid"] != false
}

fn read_with_session(web: &Value) -> bool {
    web["second_looks"][0]["foreign_origin_with_credentials"] == true
}

fn hash_usable(web: &Value) -> bool {
    let script = &web["pages"][0]["scripts"][0];
    script["integrity"] == false || script["crossorigin"] == true
}

const fn page(
    kind: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    ours: fn(&Value) -> bool,
) -> Case {
    Case {
        kind,
        headers,
        body,
        ours,
    }
}

const CSP: &str = "Content-Security-Policy";
const XFO: &str = "X-Frame-Options";
const ALLOW: &str = "Access-Control-Allow-Origin";
const SESSION: (&str, &str) = ("Access-Control-Allow-Credentials", "true");

const CASES: &[Case] = &[
    page("runs", &[], INLINE, inline_runs),
    page("runs", &[(CSP, "default-src 'self'")], INLINE, inline_runs),
    page(
        "runs",
        &[(CSP, "script-src 'unsafe-inline'")],
        INLINE,
        inline_runs,
    ),
    page(
        "runs",
        &[(CSP, "script-src 'unsafe-inline' 'nonce-YWJj'")],
        INLINE,
        inline_runs,
    ),
    page(
        "runs",
        &[(CSP, "script-src 'unsafe-inline' 'nonce-'")],
        INLINE,
        inline_runs,
    ),
    page(
        "runs",
        &[(
            CSP,
            "script-src 'unsafe-inline' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
        )],
        INLINE,
        inline_runs,
    ),
    page(
        "runs",
        &[(CSP, "script-src 'unsafe-inline' 'strict-dynamic'")],
        INLINE,
        inline_runs,
    ),
    page(
        "runs",
        &[
            (CSP, "script-src 'unsafe-inline'"),
            (CSP, "script-src 'self'"),
        ],
        INLINE,
        inline_runs,
    ),
    page(
        "runs",
        &[(CSP, "script-src 'unsafe-inline', img-src *")],
        INLINE,
        inline_runs,
    ),
    page(
        "runs",
        &[("Content-Security-Policy-Report-Only", "script-src 'none'")],
        INLINE,
        inline_runs,
    ),
    page(
        "runs",
        &[],
        "<meta http-equiv=content-security-policy content=\"script-src 'self'\"><script>globalThis.ran = 1</script>",
        inline_runs,
    ),
    page(
        "runs",
        &[(
            CSP,
            "script-src-elem 'self'; script-src-attr 'unsafe-inline'",
        )],
        HANDLER,
        inline_runs,
    ),
    page(
        "runs",
        &[(CSP, "script-src 'self'; script-src 'unsafe-inline'")],
        INLINE,
        inline_runs,
    ),
    page("runs", &[(CSP, "sandbox")], INLINE, inline_runs),
    page("framed", &[], "", framed),
    page("framed", &[(XFO, "DENY")], "", framed),
    page(
        "framed",
        &[(XFO, "ALLOW-FROM https://stranger.truth.example/")],
        "",
        framed,
    ),
    page("framed", &[(XFO, "DENY, SAMEORIGIN")], "", framed),
    page("framed", &[(CSP, "frame-ancestors 'none'")], "", framed),
    page(
        "framed",
        &[(CSP, "frame-ancestors *"), (XFO, "DENY")],
        "",
        framed,
    ),
    page(
        "framed",
        &[],
        "<meta http-equiv=content-security-policy content=\"frame-ancestors 'none'\">",
        framed,
    ),
    page(
        "runs",
        &[],
        "<script src=http://stranger.truth.example/a.js></script>",
        part_loads,
    ),
    page(
        "runs",
        &[(CSP, "upgrade-insecure-requests")],
        "<script src=http://stranger.truth.example/a.js></script>",
        part_loads,
    ),
    page(
        "picture",
        &[],
        "<img src=http://stranger.truth.example/a.gif>",
        part_loads,
    ),
    page(
        "picture",
        &[],
        "<img srcset='http://stranger.truth.example/a.gif 1x'>",
        part_loads,
    ),
    page(
        "cookie",
        &[("Set-Cookie", "__Host-a=1; Path=/; Secure")],
        "",
        cookie_kept,
    ),
    page(
        "cookie",
        &[(
            "Set-Cookie",
            "__Host-a=1; Path=/; Secure; Domain=truth.example",
        )],
        "",
        cookie_kept,
    ),
    page(
        "cookie",
        &[("Set-Cookie", "__Host-a=1; Path=/x; Secure")],
        "",
        cookie_kept,
    ),
    page(
        "cookie",
        &[("Set-Cookie", "__Secure-a=1; Path=/")],
        "",
        cookie_kept,
    ),
    page("read", &[], "x", read_with_session),
    page("read", &[(ALLOW, "*"), SESSION], "x", read_with_session),
    page(
        "read",
        &[(ALLOW, "$http_origin"), SESSION],
        "x",
        read_with_session,
    ),
    page("read", &[(ALLOW, "$http_origin")], "x", read_with_session),
    page(
        "runs",
        &[],
        "<script src=https://stranger.truth.example/a.js integrity=HASH></script>",
        hash_usable,
    ),
    page(
        "runs",
        &[],
        "<script src=https://stranger.truth.example/a.js integrity=HASH crossorigin></script>",
        hash_usable,
    ),
    page(
        "runs",
        &[],
        "<script src=https://stranger.truth.example/a.js integrity=md5-AAAA></script>",
        hash_usable,
    ),
];

#[test]
fn a_browser_does_what_the_facts_say() {
    let what = "what a browser does with policies, frames, cookies";
    let found = program("nginx", "nginx-light", what)
        .zip(program("chromium", "chromium", what))
        .zip(program("node", "nodejs", what));
    let Some(((nginx, chromium), node)) = found else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let validators = root.join("target/validators");
    if !validators.join("node_modules/playwright-core").is_dir() {
        eprintln!(
            "\nLEFT OUT: {what}: `bash tests/reports/validators` installs what drives the browser\n"
        );
        return;
    }
    let folder = folder();
    let (http, https) = (free_port(), free_port());
    let authority = Authority::new();
    let names: Vec<String> = (0..CASES.len())
        .map(|number| format!("p{number}.truth.example"))
        .collect();
    let _server = serve(&nginx, folder.path(), &authority, &names, http, https);
    let browser = ask_browser(
        &node,
        &chromium,
        &validators,
        folder.path(),
        &names,
        [http, https],
    );
    let facts = ask_ourselves(folder.path(), &authority, &names, http, https);
    let mut wrong = String::new();
    for (name, case) in names.iter().zip(CASES) {
        let theirs = browser[name].as_bool().unwrap();
        let ours = (case.ours)(&facts[name]);
        if ours != theirs {
            let _ = writeln!(
                wrong,
                "{} {:?} {}: the browser says {theirs}, we say {ours}",
                case.kind, case.headers, case.body
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn serve(
    nginx: &Path,
    folder: &Path,
    authority: &Authority,
    names: &[String],
    http: u16,
    https: u16,
) -> Running {
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.push("stranger.truth.example");
    let files = authority.issue(
        &Terms {
            names: &all,
            age_days: 5,
            lifetime_days: 90,
        },
        folder,
    );
    let hash = BASE64_STANDARD.encode(Sha256::digest(SCRIPT));
    let mut servers = String::new();
    let mut site = |name: &str, headers: &str, body: &str| {
        let root = folder.join(name);
        fs::create_dir_all(&root).unwrap();
        let body = body.replace("HASH", &format!("sha256-{hash}"));
        fs::write(
            root.join("index.html"),
            format!("<!doctype html><title>x</title>{body}<p>x"),
        )
        .unwrap();
        let _ = writeln!(
            servers,
            "server {{ listen 127.0.0.1:{https} ssl; listen 127.0.0.1:{http}; server_name {name}; root {}; {headers} }}",
            root.display()
        );
    };
    for (name, case) in names.iter().zip(CASES) {
        let headers: String = case
            .headers
            .iter()
            .map(|(name, value)| format!("add_header {name} \"{value}\" always; "))
            .collect();
        site(name, &headers, case.body);
    }
    site(
        "stranger.truth.example",
        &format!("add_header {ALLOW} \"*\" always;"),
        "",
    );
    let other = folder.join("stranger.truth.example");
    fs::write(other.join("a.js"), SCRIPT).unwrap();
    let gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    fs::write(other.join("a.gif"), gif).unwrap();
    let configuration = format!(
        "daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
         events {{ worker_connections 512; }}
         http {{ access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
         fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
         types {{ text/html html; text/javascript js; image/gif gif; }} server_names_hash_bucket_size 128;
         ssl_certificate {certificate}; ssl_certificate_key {key}; {servers} }}",
        folder = folder.display(),
        certificate = files.certificate.display(),
        key = files.key.display(),
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, configuration).unwrap();
    let mut command = Command::new(nginx);
    command.arg("-p").arg(folder).arg("-c").arg(path);
    Running::start(&mut command, &[http, https], &folder.join("log"))
}

fn ask_browser(
    node: &Path,
    chromium: &Path,
    validators: &Path,
    folder: &Path,
    names: &[String],
    ports: [u16; 2],
) -> Value {
    let cases: Vec<Value> = names
        .iter()
        .zip(CASES)
        .map(|(name, case)| json!({ "name": name, "kind": case.kind }))
        .collect();
    let file = folder.join("cases.json");
    fs::write(&file, Value::from(cases).to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/browser_truth.mjs");
    let output = Command::new(node)
        .arg(script)
        .arg(validators)
        .arg(chromium)
        .args(ports.map(|port| port.to_string()))
        .arg(file)
        .env("HOME", folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The web facts of each site.
fn ask_ourselves(
    folder: &Path,
    authority: &Authority,
    names: &[String],
    http: u16,
    https: u16,
) -> BTreeMap<String, Value> {
    let mut zone = "\n$TTL 300\n@ IN SOA ns hostmaster 1 7200 3600 1209600 300\n@ IN NS ns\nns IN A 192.0.2.53\n".to_owned();
    for name in names {
        let label = name.split('.').next().unwrap();
        let _ = writeln!(zone, "{label} IN A {ADDRESS}");
    }
    let resolver = Names::serve(&[(".", ROOT), ("truth.example.", &zone)]);
    let run = folder.join("run.jsonl");
    let mut arguments: Vec<String> = names.to_vec();
    arguments.extend([
        "--only=web".to_owned(),
        "--connections-per-second=1000".to_owned(),
        "--connections-per-address=16".to_owned(),
        format!("--resolver={}", resolver.address),
        format!("--ca-file={}", authority.write(folder).display()),
        format!("--connect-to={ADDRESS}:80:127.0.0.1:{http}"),
        format!("--connect-to={ADDRESS}:443:127.0.0.1:{https}"),
        format!("--save={}", run.display()),
    ]);
    scan(&arguments);
    let text = fs::read_to_string(run).unwrap();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|line| {
            Some((
                line["target"]["name"].as_str()?.to_owned(),
                line["web"].clone(),
            ))
        })
        .collect()
}
