//! nginx: hardened, and with one fault at a time.

use std::{fs, process::Command};

use crate::{
    site::{Site, Stand},
    support::{Running, program},
};

/// How the server is set up. The default is hardened; a case breaks one thing.
struct Setup {
    site: Site,
    protocols: &'static str,
    ciphers: &'static str,
    server_tokens: &'static str,
    plain: &'static str,
    hsts: &'static str,
    nosniff: &'static str,
    policy: &'static str,
    /// More lines for the HTTPS server.
    more: &'static str,
}

const POLICY: &str = "add_header Content-Security-Policy \"default-src 'none'; style-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\" always;";

impl Default for Setup {
    fn default() -> Self {
        Self {
            site: Site::default(),
            protocols: "TLSv1.2 TLSv1.3",
            ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                      ECDHE-ECDSA-CHACHA20-POLY1305",
            server_tokens: "off",
            plain: "return 301 https://$host$request_uri;",
            hsts: "add_header Strict-Transport-Security \
                   \"max-age=63072000; includeSubDomains\" always;",
            nosniff: "add_header X-Content-Type-Options nosniff always;",
            policy: POLICY,
            more: "",
        }
    }
}

impl Setup {
    fn configuration(&self, stand: &Stand) -> String {
        format!(
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
            folder = stand.path().display(),
            tokens = self.server_tokens,
            http = stand.http,
            https = stand.https,
            plain = self.plain,
            certificate = stand.files.certificate.display(),
            key = stand.files.key.display(),
            protocols = self.protocols,
            ciphers = self.ciphers,
            hsts = self.hsts,
            nosniff = self.nosniff,
            policy = self.policy,
            more = self.more,
        )
    }
}

/// The hardened server, running; nothing where nginx is not installed.
pub fn serve(stand: &Stand, test: &str) -> Option<Running> {
    start(stand, &Setup::default(), test)
}

fn start(stand: &Stand, setup: &Setup, case: &str) -> Option<Running> {
    let nginx = program("nginx", "nginx-light", case)?;
    let configuration = stand.path().join("nginx.conf");
    fs::write(&configuration, setup.configuration(stand)).unwrap();
    let mut command = Command::new(nginx);
    command
        .arg("-p")
        .arg(stand.path())
        .arg("-c")
        .arg(configuration)
        // The system's own OpenSSL settings would rule out what some cases plant.
        .env("OPENSSL_CONF", "/dev/null");
    let ports = [stand.http, stand.https];
    Some(Running::start(
        &mut command,
        &ports,
        &stand.path().join("log"),
    ))
}

#[track_caller]
fn check(case: &str, setup: &Setup, planted: &[&str]) {
    let case = format!("nginx: {case}");
    let stand = Stand::new(&setup.site);
    if let Some(_server) = start(&stand, setup, &case) {
        stand.finds(&case, planted);
    }
}

#[test]
fn hardened() {
    check("hardened", &Setup::default(), &[]);
}

#[test]
fn faults_in_transport() {
    let site = |site| Setup {
        site,
        ..Setup::default()
    };
    check(
        "TLS 1.0 and 1.1",
        &Setup {
            protocols: "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
            ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
            ..Setup::default()
        },
        &["tls.protocol.no-legacy", "tls.signatures.no-sha1"],
    );
    check(
        "certificate for another name",
        &site(Site {
            names: &["other.example"],
            ..Site::default()
        }),
        &["cert.name.matches-host"],
    );
    check(
        "certificate ended",
        &site(Site {
            age_days: 100,
            ..Site::default()
        }),
        &["cert.validity.in-date"],
    );
    check(
        "certificate ends in a week",
        &site(Site {
            age_days: 83,
            ..Site::default()
        }),
        &["cert.validity.time-left"],
    );
    check(
        "root not known",
        &site(Site {
            trusted: false,
            ..Site::default()
        }),
        &["cert.chain.trusted"],
    );
}

#[test]
fn faults_in_answers() {
    check(
        "no HSTS",
        &Setup {
            hsts: "",
            ..Setup::default()
        },
        &["web.hsts.one-year"],
    );
    check(
        "HSTS for a day",
        &Setup {
            hsts: "add_header Strict-Transport-Security \"max-age=86400; includeSubDomains\";",
            ..Setup::default()
        },
        &["web.hsts.one-year"],
    );
    check(
        "version in the banner",
        &Setup {
            server_tokens: "on",
            ..Setup::default()
        },
        &["web.banner.no-version", "expo.error-page.silent"],
    );
    check(
        "HTTP without redirect",
        &Setup {
            plain: "",
            ..Setup::default()
        },
        &["web.redirect.same-host-first"],
    );
    check(
        "nosniff missing",
        &Setup {
            nosniff: "",
            ..Setup::default()
        },
        &["web.sniffing.off"],
    );
    check(
        "policy allows inline script",
        &Setup {
            policy: "add_header Content-Security-Policy \"default-src 'self' 'unsafe-inline'; \
                     object-src 'none'; base-uri 'none'; frame-ancestors 'none'\" always;",
            ..Setup::default()
        },
        &["web.csp.no-inline-script"],
    );
    check(
        "session cookie without attributes",
        &Setup {
            more: "add_header Set-Cookie \"PHPSESSID=1; path=/\";",
            ..Setup::default()
        },
        &[
            "web.cookies.http-only",
            "web.cookies.same-site",
            "web.cookies.secure",
        ],
    );
    check(
        "session cookie on the redirect from HTTP",
        &Setup {
            plain: "add_header Set-Cookie \"PHPSESSID=1; path=/; HttpOnly; SameSite=Lax\" always; \
                    return 301 https://$host$request_uri;",
            ..Setup::default()
        },
        &["web.cookies.secure-on-redirects"],
    );
    check(
        "form that sends a birth date in the clear",
        &Setup {
            site: Site {
                page: "<!doctype html><html lang=\"en\"><head><title>Find</title></head><body>\
                       <form id=\"find\" action=\"http://site.example/find\">\
                       <label>Date of birth <input type=\"date\" name=\"dob\"></label>\
                       <input type=\"submit\"></form></body></html>",
                ..Site::default()
            },
            ..Setup::default()
        },
        &[
            "portal.form.https-action",
            "portal.form.no-get",
            "portal.page.no-store",
        ],
    );
}
