//! nginx: hardened, and with one fault at a time.

use std::{fs, path::Path, process::Command};

use crate::support::{
    Authority, Names, Running, Terms, assert_exactly, folder, free_port, program, scan,
};

const HOST: &str = "site.example";
const ZONE: &str = "
$TTL 300
@    IN SOA ns1.site.example. hostmaster.site.example. 1 7200 3600 1209600 300
@    IN NS  ns1.site.example.
@    IN NS  ns2.site.example.
@    IN A   192.0.2.80
ns1  IN A   192.0.2.53
ns2  IN A   198.51.100.53
";
/// The rest of the world, in which there is nothing.
const ROOT: &str = "
$TTL 300
@ IN SOA ns. hostmaster. 1 7200 3600 1209600 300
@ IN NS ns.
";

/// How the server is set up. The default is hardened; a case breaks one thing.
struct Setup {
    names: &'static [&'static str],
    age_days: u32,
    lifetime_days: u32,
    /// Whether the scan is told of the root.
    trusted: bool,
    protocols: &'static str,
    ciphers: &'static str,
    server_tokens: &'static str,
    plain: &'static str,
    hsts: &'static str,
    nosniff: &'static str,
    policy: &'static str,
    /// More lines for the HTTPS server.
    more: &'static str,
    page: &'static str,
}

const HSTS: &str =
    "add_header Strict-Transport-Security \"max-age=63072000; includeSubDomains\" always;";
const NOSNIFF: &str = "add_header X-Content-Type-Options nosniff always;";
const POLICY: &str = "add_header Content-Security-Policy \"default-src 'none'; style-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\" always; \
     add_header X-Frame-Options DENY always;";
const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
     <title>Site</title></head><body><p>Polls close at 8 p.m.</p></body></html>";

impl Default for Setup {
    fn default() -> Self {
        Self {
            names: &[HOST],
            age_days: 5,
            lifetime_days: 90,
            trusted: true,
            protocols: "TLSv1.2 TLSv1.3",
            ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                      ECDHE-ECDSA-CHACHA20-POLY1305",
            server_tokens: "off",
            plain: "return 301 https://$host$request_uri;",
            hsts: HSTS,
            nosniff: NOSNIFF,
            policy: POLICY,
            more: "",
            page: PAGE,
        }
    }
}

impl Setup {
    fn write(&self, folder: &Path, http: u16, https: u16, authority: &Authority) {
        let files = authority.issue(
            &Terms {
                names: self.names,
                age_days: self.age_days,
                lifetime_days: self.lifetime_days,
            },
            folder,
        );
        let root = folder.join("www");
        fs::create_dir_all(root.join(".well-known")).unwrap();
        fs::write(root.join("index.html"), self.page).unwrap();
        let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 90);
        let contact = format!(
            "Contact: mailto:security@{HOST}\nExpires: {}\n",
            expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        );
        fs::write(root.join(".well-known/security.txt"), contact).unwrap();
        let configuration = format!(
            r#"
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/t1;
    proxy_temp_path {folder}/t2;
    fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4;
    scgi_temp_path {folder}/t5;
    types {{ text/html html; text/plain txt; }}
    charset utf-8;
    server_tokens {tokens};
    root {folder}/www;
    server {{
        listen 127.0.0.1:{http};
        {plain}
    }}
    server {{
        listen 127.0.0.1:{https} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_protocols {protocols};
        ssl_ciphers {ciphers};
        ssl_ecdh_curve X25519:prime256v1:secp384r1;
        ssl_prefer_server_ciphers on;
        {hsts}
        {nosniff}
        {policy}
        add_header Referrer-Policy strict-origin-when-cross-origin always;
        add_header Permissions-Policy "camera=(), geolocation=(), microphone=()" always;
        add_header Cross-Origin-Opener-Policy same-origin always;
        add_header Cross-Origin-Resource-Policy same-origin always;
        {more}
    }}
}}
"#,
            folder = folder.display(),
            tokens = self.server_tokens,
            plain = self.plain,
            certificate = files.certificate.display(),
            key = files.key.display(),
            protocols = self.protocols,
            ciphers = self.ciphers,
            hsts = self.hsts,
            nosniff = self.nosniff,
            policy = self.policy,
            more = self.more,
        );
        fs::write(folder.join("nginx.conf"), configuration).unwrap();
    }
}

/// What stays open to wish for on this nginx, however it is set up: its
/// OpenSSL has no post-quantum groups, and a private authority has no logs.
const KNOWN: &[&str] = &["tls.groups.post-quantum"];

fn check(name: &str, setup: &Setup, planted: &[&str]) {
    let Some(nginx) = program("nginx", "nginx-light", name) else {
        return;
    };
    let names = Names::serve(&[(".", ROOT), ("site.example.", ZONE)]);
    let folder = folder();
    let authority = Authority::new();
    let (http, https) = (free_port(), free_port());
    setup.write(folder.path(), http, https, &authority);
    let mut command = Command::new(nginx);
    command
        .args(["-p"])
        .arg(folder.path())
        .arg("-c")
        .arg(folder.path().join("nginx.conf"))
        // The system's own OpenSSL settings would rule out what some cases plant.
        .env("OPENSSL_CONF", "/dev/null");
    let log = folder.path().join("log");
    let _server = Running::start(&mut command, &[http, https], &log);
    let mut arguments = vec![
        HOST.to_owned(),
        "--only=tls,web".to_owned(),
        format!("--resolver={}", names.address),
        format!("--connect-to=192.0.2.80:80:127.0.0.1:{http}"),
        format!("--connect-to=192.0.2.80:443:127.0.0.1:{https}"),
    ];
    if setup.trusted {
        let root = authority.write(folder.path());
        arguments.push(format!("--ca-file={}", root.display()));
    }
    let outcome = scan(&arguments);
    let expected: Vec<&str> = KNOWN.iter().chain(planted).copied().collect();
    assert_exactly(&outcome, name, &expected);
}

#[test]
fn hardened() {
    check("nginx hardened", &Setup::default(), &[]);
}

#[test]
fn one_fault_at_a_time() {
    let cases: &[(&str, Setup, &[&str])] = &[
        (
            "no HSTS",
            Setup {
                hsts: "",
                ..Setup::default()
            },
            &["web.hsts.one-year"],
        ),
        (
            "HSTS for a day",
            Setup {
                hsts: "add_header Strict-Transport-Security max-age=86400;",
                ..Setup::default()
            },
            &["web.hsts.one-year"],
        ),
        (
            "TLS 1.0 and 1.1",
            Setup {
                protocols: "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
                ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
                ..Setup::default()
            },
            &["tls.protocol.no-legacy", "tls.suites.no-cbc"],
        ),
        (
            "version in the banner",
            Setup {
                server_tokens: "on",
                ..Setup::default()
            },
            &["web.banner.no-version"],
        ),
        (
            "HTTP without redirect",
            Setup {
                plain: "",
                ..Setup::default()
            },
            &["web.redirect.same-host-first"],
        ),
        (
            "nosniff missing",
            Setup {
                nosniff: "",
                ..Setup::default()
            },
            &["web.headers.nosniff"],
        ),
        (
            "certificate for another name",
            Setup {
                names: &["other.example"],
                ..Setup::default()
            },
            &["cert.name.matches-host"],
        ),
        (
            "certificate ended",
            Setup {
                age_days: 100,
                ..Setup::default()
            },
            &["cert.validity.in-date"],
        ),
        (
            "certificate ends in a week",
            Setup {
                age_days: 83,
                ..Setup::default()
            },
            &["cert.validity.time-left"],
        ),
        (
            "root not known",
            Setup {
                trusted: false,
                ..Setup::default()
            },
            &["cert.chain.trusted"],
        ),
        (
            "session cookie without attributes",
            Setup {
                more: "add_header Set-Cookie \"PHPSESSID=1; path=/\";",
                ..Setup::default()
            },
            &[
                "web.cookie.secure",
                "web.cookie.http-only",
                "web.cookie.same-site",
            ],
        ),
    ];
    for (name, setup, planted) in cases {
        check(&format!("nginx: {name}"), setup, planted);
    }
}
