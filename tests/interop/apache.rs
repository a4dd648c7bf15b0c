//! Apache httpd: hardened, and with one fault at a time.

use std::{fs, process::Command};

use crate::{
    site::{HOST, Site, Stand},
    support::{Running, is_root, program},
};

const MODULES: &str = "/usr/lib/apache2/modules";

/// How the server is set up. The default is hardened; a case breaks one thing.
struct Setup {
    site: Site,
    tokens: &'static str,
    protocols: &'static str,
    ciphers: &'static str,
    plain: &'static str,
    hsts: &'static str,
    policy: &'static str,
    /// More lines for the HTTPS server.
    more: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            site: Site::default(),
            tokens: "Prod",
            protocols: "-all +TLSv1.2 +TLSv1.3",
            ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                      ECDHE-ECDSA-CHACHA20-POLY1305",
            plain: "<Location \"/\">\nRedirect permanent \"https://%{HTTP_HOST}%{REQUEST_URI}\"\n\
                    </Location>",
            hsts: "Header always set Strict-Transport-Security \
                   \"max-age=63072000; includeSubDomains\"",
            policy: "Header always set Content-Security-Policy \"default-src 'none'; \
                     style-src 'self'; object-src 'none'; base-uri 'none'; \
                     form-action 'self'; frame-ancestors 'none'\"",
            more: "",
        }
    }
}

impl Setup {
    fn configuration(&self, stand: &Stand) -> String {
        let load: String = [
            ("mpm_event", "mpm_event"),
            ("authz_core", "authz_core"),
            ("dir", "dir"),
            ("mime", "mime"),
            ("alias", "alias"),
            ("headers", "headers"),
            ("socache_shmcb", "socache_shmcb"),
            ("ssl", "ssl"),
        ]
        .iter()
        .map(|(name, file)| format!("LoadModule {name}_module {MODULES}/mod_{file}.so\n"))
        .collect();
        // Whoever is not root cannot change the user, and need not.
        let user = if is_root() {
            "User nobody\nGroup nogroup"
        } else {
            ""
        };
        format!(
            r#"
ServerRoot {folder}
ServerName {HOST}
DefaultRuntimeDir {folder}
PidFile {folder}/httpd.pid
ErrorLog {folder}/error.log
Mutex pthread
{load}
{user}
Listen 127.0.0.1:{http}
Listen 127.0.0.1:{https}
ServerTokens {tokens}
ServerSignature Off
TraceEnable Off
DocumentRoot {folder}/www
DirectoryIndex index.html
TypesConfig /dev/null
AddType "text/html" .html
AddType "text/plain" .txt
AddDefaultCharset utf-8
<Directory {folder}/www>
    Require all granted
</Directory>
<VirtualHost 127.0.0.1:{http}>
    {plain}
</VirtualHost>
<VirtualHost 127.0.0.1:{https}>
    SSLEngine on
    SSLCertificateFile {certificate}
    SSLCertificateKeyFile {key}
    SSLProtocol {protocols}
    SSLCipherSuite {ciphers}
    SSLOpenSSLConfCmd Groups X25519:P-256:P-384
    SSLHonorCipherOrder on
    {hsts}
    {policy}
    Header always set X-Content-Type-Options nosniff
    Header always set Referrer-Policy strict-origin-when-cross-origin
    Header always set Permissions-Policy "camera=(), geolocation=(), microphone=()"
    Header always set Cross-Origin-Opener-Policy same-origin
    Header always set Cross-Origin-Resource-Policy same-origin
    {more}
</VirtualHost>
"#,
            folder = stand.path().display(),
            http = stand.http,
            https = stand.https,
            tokens = self.tokens,
            plain = self.plain,
            certificate = stand.files.certificate.display(),
            key = stand.files.key.display(),
            protocols = self.protocols,
            ciphers = self.ciphers,
            hsts = self.hsts,
            policy = self.policy,
            more = self.more,
        )
    }
}

#[track_caller]
fn check(case: &str, setup: &Setup, planted: &[&str]) {
    let case = format!("Apache: {case}");
    let Some(apache) = program("apache2", "apache2", &case) else {
        return;
    };
    let stand = Stand::new(&setup.site);
    let configuration = stand.path().join("httpd.conf");
    fs::write(&configuration, setup.configuration(&stand)).unwrap();
    let mut command = Command::new(apache);
    command
        .args(["-X", "-d"])
        .arg(stand.path())
        .arg("-f")
        .arg(configuration)
        // The system's own OpenSSL settings would rule out what some cases plant.
        .env("OPENSSL_CONF", "/dev/null");
    let ports = [stand.http, stand.https];
    let _server = Running::start(&mut command, &ports, &stand.path().join("log"));
    stand.finds(&case, planted);
}

#[test]
fn hardened() {
    check("hardened", &Setup::default(), &[]);
}

#[test]
fn one_fault_at_a_time() {
    let cases: &[(&str, Setup, &[&str])] = &[
        (
            "versions in the banner",
            Setup {
                tokens: "Full",
                ..Setup::default()
            },
            &["web.banner.no-version"],
        ),
        (
            "TLS 1.1",
            Setup {
                protocols: "-all +TLSv1.1 +TLSv1.2 +TLSv1.3",
                ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
                ..Setup::default()
            },
            &["tls.protocol.no-legacy", "tls.signatures.no-sha1"],
        ),
        (
            "redirect by way of another host",
            Setup {
                plain: "Redirect permanent / https://www.site.example/",
                ..Setup::default()
            },
            &["web.redirect.same-host-first"],
        ),
        (
            "no HSTS",
            Setup {
                hsts: "",
                ..Setup::default()
            },
            &["web.hsts.one-year"],
        ),
        (
            "no policy against injected content",
            Setup {
                policy: "Header always set X-Frame-Options DENY",
                ..Setup::default()
            },
            &["web.csp.present"],
        ),
        (
            "certificate ended",
            Setup {
                site: Site {
                    age_days: 100,
                    ..Site::default()
                },
                ..Setup::default()
            },
            &["cert.validity.in-date"],
        ),
    ];
    for (case, setup, planted) in cases {
        check(case, setup, planted);
    }
}
