//! The TLS probe against servers of other TLS libraries: versions, suites,
//! their order and groups are exactly what the configuration offers.

use std::{fs, path::PathBuf, process::Command, thread};

use scrutineer::{
    model::level::Level,
    probes::tls::facts::{PreferenceBy, VersionName},
};

use crate::support::{Running, free_port, program};
use crate::tls::{Pki, Seen, observe};
use crate::tls_offers::{A128, A256, CHACHA, MODERN, Offers, R128, R256, bars};

use PreferenceBy::{Client, Server, Single};
use VersionName::{Tls10, Tls11, Tls12, Tls13};

/// A configuration and what it offers.
struct Case {
    name: &'static str,
    start: fn(u16, &[&str]) -> Option<Running>,
    /// What the configuration says, for `start` to put in its place.
    settings: &'static [&'static str],
    versions: &'static [VersionName],
    /// In the server's order, or by code point where the client's order decides.
    tls12: &'static [&'static str],
    tls13: &'static [&'static str],
    by: &'static [(VersionName, PreferenceBy)],
    groups: &'static [&'static str],
}

const E128: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
const E256: &str = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
/// Groups of NSS without configuration.
const NSS: &[&str] = &[
    "secp256r1",
    "secp384r1",
    "secp521r1",
    "x25519",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192",
];

#[test]
fn gnutls() {
    all(&[
        Case {
            name: "two curves, both versions",
            start: gnutls_serv,
            settings: &[
                "ec",
                "NONE:+VERS-TLS1.2:+VERS-TLS1.3:+ECDHE-ECDSA:+AES-128-GCM:+AES-256-GCM:+AEAD:\
                 +GROUP-SECP256R1:+GROUP-X25519:+SIGN-ALL:+COMP-NULL",
            ],
            versions: MODERN,
            tls12: &[E128, E256],
            tls13: &[A128, A256],
            by: &[(Tls12, Client), (Tls13, Client)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "its own order",
            start: gnutls_serv,
            settings: &[
                "rsa",
                "NONE:+VERS-TLS1.2:+VERS-TLS1.3:+ECDHE-RSA:+AES-256-GCM:+AES-128-GCM:+AEAD:\
                 +GROUP-X25519:+SIGN-ALL:+COMP-NULL:%SERVER_PRECEDENCE",
            ],
            versions: MODERN,
            tls12: &[R256, R128],
            tls13: &[A256, A128],
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: &["x25519"],
        },
        Case {
            name: "finite fields of RFC 7919 in TLS 1.2",
            start: gnutls_serv,
            settings: &[
                "rsa",
                "NONE:+VERS-TLS1.2:+DHE-RSA:+AES-128-GCM:+AES-256-GCM:+AEAD:+GROUP-FFDHE2048:\
                 +GROUP-FFDHE3072:+SIGN-ALL:+COMP-NULL",
            ],
            versions: &[Tls12],
            tls12: &[
                "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
            ],
            tls13: &[],
            by: &[(Tls12, Client)],
            groups: &["ffdhe2048", "ffdhe3072"],
        },
        Case {
            name: "TLS 1.3 alone",
            start: gnutls_serv,
            settings: &[
                "ec",
                "NONE:+VERS-TLS1.3:+CHACHA20-POLY1305:+AEAD:+GROUP-X448:+GROUP-SECP521R1:\
                 +GROUP-FFDHE2048:+SIGN-ALL:+COMP-NULL",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[CHACHA],
            by: &[(Tls13, Single)],
            groups: &["secp521r1", "x448", "ffdhe2048"],
        },
        Case {
            name: "old versions",
            start: gnutls_serv,
            settings: &[
                "rsa",
                "NONE:+VERS-TLS1.0:+VERS-TLS1.1:+VERS-TLS1.2:+ECDHE-RSA:+RSA:+AES-128-CBC:+SHA1:\
                 +GROUP-SECP256R1:+GROUP-SECP384R1:+SIGN-ALL:+COMP-NULL",
            ],
            versions: &[Tls10, Tls11, Tls12],
            tls12: &[
                "TLS_RSA_WITH_AES_128_CBC_SHA",
                "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            ],
            tls13: &[],
            by: &[(Tls10, Client), (Tls12, Client)],
            groups: &["secp256r1", "secp384r1"],
        },
        Case {
            name: "RSA key exchange alone",
            start: gnutls_serv,
            settings: &[
                "rsa",
                "NONE:+VERS-TLS1.2:+RSA:+AES-256-GCM:+AEAD:+SIGN-ALL:+COMP-NULL",
            ],
            versions: &[Tls12],
            tls12: &["TLS_RSA_WITH_AES_256_GCM_SHA384"],
            tls13: &[],
            by: &[(Tls12, Single)],
            groups: &[],
        },
    ]);
}

#[test]
fn nss() {
    all(&[
        Case {
            name: "both versions",
            start: selfserv,
            settings: &["tls1.2:", ":1301:1302:1303:C02F:C030"],
            versions: MODERN,
            tls12: &[R128, R256],
            tls13: &[A128, CHACHA, A256],
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: NSS,
        },
        Case {
            name: "TLS 1.3 alone, one suite",
            start: selfserv,
            settings: &["tls1.3:", ":1302"],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A256],
            by: &[(Tls13, Single)],
            groups: NSS,
        },
        Case {
            name: "TLS 1.2 alone",
            start: selfserv,
            settings: &["tls1.2:tls1.2", ":C030"],
            versions: &[Tls12],
            tls12: &[R256],
            tls13: &[],
            by: &[(Tls12, Single)],
            groups: &["secp256r1", "secp384r1", "secp521r1", "x25519"],
        },
    ]);
}

#[test]
fn openssl_behind_haproxy_and_stunnel() {
    let usual: &'static [&'static str] = &[A256, CHACHA, A128];
    all(&[
        Case {
            name: "HAProxy, both versions",
            start: haproxy,
            settings: &[
                "rsa",
                "ssl-min-ver TLSv1.2 ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384 curves X25519:P-256",
            ],
            versions: MODERN,
            tls12: &[R128, R256],
            tls13: usual,
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "HAProxy, TLS 1.3 alone",
            start: haproxy,
            settings: &[
                "ec",
                "ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256 curves P-384",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A128],
            by: &[(Tls13, Single)],
            groups: &["secp384r1"],
        },
        Case {
            name: "HAProxy, TLS 1.2 alone, client's order",
            start: haproxy,
            settings: &[
                "ec",
                "ssl-max-ver TLSv1.2 ssl-min-ver TLSv1.2 prefer-client-ciphers ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256 curves P-256",
            ],
            versions: &[Tls12],
            tls12: &[E128, E256],
            tls13: &[],
            by: &[(Tls12, Client)],
            groups: &["secp256r1"],
        },
        Case {
            name: "stunnel, both versions",
            start: stunnel,
            settings: &[
                "ec",
                "sslVersionMin = TLSv1.2\nciphers = ECDHE-ECDSA-AES128-GCM-SHA256\ncurves = X25519:P-256",
            ],
            versions: MODERN,
            tls12: &[E128],
            tls13: &[A128, A256, CHACHA],
            by: &[(Tls12, Single), (Tls13, Client)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "stunnel, TLS 1.3 alone",
            start: stunnel,
            settings: &[
                "rsa",
                "sslVersionMin = TLSv1.3\nciphersuites = TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256\ncurves = P-521",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A128, CHACHA],
            by: &[(Tls13, Client)],
            groups: &["secp521r1"],
        },
    ]);
}

#[test]
fn openssl_behind_nginx_and_apache() {
    all(&[
        Case {
            name: "nginx, two certificates, its own order",
            start: nginx,
            settings: &[
                "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_ecdh_curve X25519:prime256v1:secp384r1; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256;",
            ],
            versions: MODERN,
            tls12: &[E128, R256, R128],
            tls13: &[A256, CHACHA, A128],
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: &["secp256r1", "secp384r1", "x25519"],
        },
        Case {
            name: "nginx, Mozilla's modern",
            start: nginx,
            settings: &[
                "ssl_protocols TLSv1.3; ssl_prefer_server_ciphers off; ssl_ecdh_curve X25519:prime256v1:secp384r1;",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A128, A256, CHACHA],
            by: &[(Tls13, Client)],
            groups: &["secp256r1", "secp384r1", "x25519"],
        },
        Case {
            name: "nginx, TLS 1.2 alone",
            start: nginx,
            settings: &[
                "ssl_protocols TLSv1.2; ssl_prefer_server_ciphers off; ssl_ecdh_curve prime256v1; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256;",
            ],
            versions: &[Tls12],
            tls12: &[R128, R256],
            tls13: &[],
            by: &[(Tls12, Client)],
            groups: &["secp256r1"],
        },
        Case {
            name: "Apache, TLS 1.2 alone, its own order",
            start: apache,
            settings: &[
                "SSLProtocol +TLSv1.2\nSSLHonorCipherOrder on\nSSLCipherSuite ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256\nSSLOpenSSLConfCmd Groups P-256:P-384",
            ],
            versions: &[Tls12],
            tls12: &[R256, R128],
            tls13: &[],
            by: &[(Tls12, Server)],
            groups: &["secp256r1", "secp384r1"],
        },
        Case {
            name: "Apache, TLS 1.3 alone",
            start: apache,
            settings: &[
                "SSLProtocol +TLSv1.3\nSSLHonorCipherOrder off\nSSLOpenSSLConfCmd Groups X25519",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A128, A256, CHACHA],
            by: &[(Tls13, Client)],
            groups: &["x25519"],
        },
    ]);
}

#[test]
fn go() {
    let usual: &'static [&'static str] = &[A128, CHACHA, A256];
    all(&[
        Case {
            name: "both versions",
            start: go_server,
            settings: &[
                "MinVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}",
            ],
            versions: MODERN,
            tls12: &[R128, R256],
            tls13: usual,
            by: &[(Tls12, Server)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "TLS 1.3 alone",
            start: go_server,
            settings: &[
                "MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.CurveP384}",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: usual,
            by: &[],
            groups: &["secp384r1"],
        },
        Case {
            name: "TLS 1.0 to 1.2",
            start: go_server,
            settings: &[
                "MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.CurveP521}, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}",
            ],
            versions: &[Tls10, Tls11, Tls12],
            tls12: &[R128, "TLS_RSA_WITH_AES_128_CBC_SHA"],
            tls13: &[],
            by: &[(Tls12, Server)],
            groups: &["secp521r1"],
        },
    ]);
}

#[test]
fn jsse() {
    all(&[
        Case {
            name: "both versions",
            start: java,
            settings: &[
                "x25519,secp256r1",
                "TLSv1.2,TLSv1.3",
                "TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            ],
            versions: MODERN,
            tls12: &[R128, R256],
            tls13: &[A256, A128],
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "TLS 1.2 alone",
            start: java,
            settings: &[
                "secp384r1",
                "TLSv1.2",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            ],
            versions: &[Tls12],
            tls12: &[R256],
            tls13: &[],
            by: &[(Tls12, Single)],
            groups: &["secp384r1"],
        },
    ]);
}

/// Starts the servers of all cases side by side, and looks at each.
fn all(cases: &[Case]) {
    let running: Vec<Option<(Running, u16)>> = thread::scope(|scope| {
        let starts: Vec<_> = cases
            .iter()
            .map(|case| {
                let port = free_port();
                scope.spawn(move || Some(((case.start)(port, case.settings)?, port)))
            })
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });
    let mut over = Vec::new();
    for (case, server) in cases.iter().zip(&running) {
        let Some((_, port)) = server else { return };
        let seen = observe(*port, None, Level::Standard);
        compare(case, &seen);
        over.extend(seen.over(case.name, bars(case.versions, case.groups)));
    }
    assert_eq!(over, Vec::<String>::new());
}

fn compare(case: &Case, seen: &Seen) {
    let offers = Offers {
        versions: case.versions,
        tls12: case.tls12,
        tls13: case.tls13,
        by: case.by,
        groups: case.groups,
    };
    offers.compare(case.name, seen);
}

/// Certificate and key in files of their own.
pub fn files(name: &str) -> (PathBuf, PathBuf) {
    let pki = Pki::get();
    (
        pki.path(&format!("{name}.pem")),
        pki.path(&format!("{name}.key")),
    )
}

/// Certificate and key in one file.
fn both(name: &str, port: u16) -> PathBuf {
    let (certificate, key) = files(name);
    let text = fs::read_to_string(certificate).unwrap() + &fs::read_to_string(key).unwrap();
    written(&format!("both-{port}.pem"), &text)
}

fn written(name: &str, text: &str) -> PathBuf {
    let path = Pki::get().path(name);
    fs::write(&path, text).unwrap();
    path
}

fn run(command: &mut Command, port: u16) -> Running {
    let log = Pki::get().path(&format!("log-{port}"));
    Running::start(command.env("OPENSSL_CONF", "/dev/null"), &[port], &log)
}

pub fn gnutls_serv(port: u16, settings: &[&str]) -> Option<Running> {
    let serv = program("gnutls-serv", "gnutls-bin", "GnuTLS")?;
    let (certificate, key) = files(settings[0]);
    let mut command = Command::new(serv);
    command.args(["--quiet", "--nodb", "--port", &port.to_string()]);
    command.arg("--x509certfile").arg(certificate);
    command.arg("--x509keyfile").arg(key);
    command.args(["--priority", settings[1]]);
    Some(run(&mut command, port))
}

pub fn selfserv(port: u16, settings: &[&str]) -> Option<Running> {
    let serv = program("selfserv", "libnss3-tools", "NSS")?;
    let certutil = program("certutil", "libnss3-tools", "NSS")?;
    let pk12util = program("pk12util", "libnss3-tools", "NSS")?;
    program("openssl", "openssl", "NSS")?;
    let folder = Pki::get().path(&format!("nss-{port}"));
    fs::create_dir(&folder).unwrap();
    let store = format!("sql:{}", folder.display());
    let bundle = pkcs12(port);
    let steps = [
        Command::new(certutil)
            .args(["-N", "-d", &store, "--empty-password"])
            .output(),
        Command::new(pk12util)
            .args(["-d", &store, "-W", "x", "-K", "", "-i"])
            .arg(&bundle)
            .output(),
    ];
    for step in steps {
        let step = step.unwrap();
        assert!(step.status.success(), "{step:?}");
    }
    let mut command = Command::new(serv);
    command.args(["-d", &store, "-n", "server", "-p", &port.to_string()]);
    command.args(["-V", settings[0], "-c", settings[1]]);
    Some(run(&mut command, port))
}

/// The RSA certificate with its key, password `x`, name `server`.
fn pkcs12(port: u16) -> PathBuf {
    let (certificate, key) = files("rsa");
    let bundle = Pki::get().path(&format!("bundle-{port}.p12"));
    let output = Command::new("openssl")
        .args([
            "pkcs12", "-export", "-name", "server", "-passout", "pass:x", "-in",
        ])
        .arg(certificate)
        .arg("-inkey")
        .arg(key)
        .arg("-out")
        .arg(&bundle)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    bundle
}

pub fn haproxy(port: u16, settings: &[&str]) -> Option<Running> {
    let haproxy = program("haproxy", "haproxy", "HAProxy")?;
    let pem = both(settings[0], port);
    let text = format!(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         frontend a\n bind 127.0.0.1:{port} ssl crt {} {}\n http-request return status 200\n",
        pem.display(),
        settings[1]
    );
    let file = written(&format!("haproxy-{port}.cfg"), &text);
    Some(run(
        Command::new(haproxy).arg("-db").arg("-f").arg(file),
        port,
    ))
}

fn stunnel(port: u16, settings: &[&str]) -> Option<Running> {
    let stunnel = program("stunnel4", "stunnel4", "stunnel")?;
    let pem = both(settings[0], port);
    let text = format!(
        "foreground = yes\npid =\n[a]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:1\n\
         cert = {}\n{}\n",
        pem.display(),
        settings[1]
    );
    let file = written(&format!("stunnel-{port}.conf"), &text);
    Some(run(Command::new(stunnel).arg(file), port))
}

pub fn nginx(port: u16, settings: &[&str]) -> Option<Running> {
    let nginx = program("nginx", "nginx-light", "nginx with TLS")?;
    let (rsa, rsa_key) = files("rsa");
    let (ec, ec_key) = files("ec");
    let folder = Pki::get().path(&format!("nginx-{port}"));
    fs::create_dir(&folder).unwrap();
    let text = format!(
        "daemon off; pid {folder}/pid; error_log {folder}/log; events {{}}\n\
         http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; \
         fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n\
         server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {}; ssl_certificate_key {}; \
         ssl_certificate {}; ssl_certificate_key {}; {} }} }}\n",
        rsa.display(),
        rsa_key.display(),
        ec.display(),
        ec_key.display(),
        settings[0],
        folder = folder.display(),
    );
    let file = written(&format!("nginx-{port}.conf"), &text);
    let mut command = Command::new(nginx);
    command
        .arg("-c")
        .arg(file)
        .arg("-e")
        .arg(folder.join("early"));
    Some(run(&mut command, port))
}

fn apache(port: u16, settings: &[&str]) -> Option<Running> {
    let apache = program("apache2", "apache2", "Apache with TLS")?;
    let (certificate, key) = files("rsa");
    let folder = Pki::get().path(&format!("apache-{port}"));
    fs::create_dir(&folder).unwrap();
    let text = format!(
        "ServerRoot /usr/lib/apache2\nServerName site.example\nListen 127.0.0.1:{port}\n\
         DefaultRuntimeDir {folder}\nPidFile {folder}/pid\nErrorLog {folder}/log\n\
         LoadModule mpm_event_module modules/mod_mpm_event.so\n\
         LoadModule authz_core_module modules/mod_authz_core.so\n\
         LoadModule ssl_module modules/mod_ssl.so\nSSLSessionCache none\nSSLEngine on\n\
         SSLCertificateFile {}\nSSLCertificateKeyFile {}\n{}\n",
        certificate.display(),
        key.display(),
        settings[0],
        folder = folder.display(),
    );
    let file = written(&format!("apache-{port}.conf"), &text);
    Some(run(
        Command::new(apache).arg("-X").arg("-f").arg(file),
        port,
    ))
}

pub fn go_server(port: u16, settings: &[&str]) -> Option<Running> {
    let go = program("go", "golang-go", "Go")?;
    let (certificate, key) = files("rsa");
    let source = format!(
        "package main\nimport (\"crypto/tls\"; \"io\"; \"log\"; \"net/http\")\n\
         func main() {{ s := &http.Server{{Addr: \"127.0.0.1:{port}\", \
         ErrorLog: log.New(io.Discard, \"\", 0), TLSConfig: &tls.Config{{{}}}}}; \
         log.Fatal(s.ListenAndServeTLS({:?}, {:?})) }}\n",
        settings[0],
        certificate.display().to_string(),
        key.display().to_string(),
    );
    let source = written(&format!("server-{port}.go"), &source);
    let program = Pki::get().path(&format!("server-{port}"));
    let output = Command::new(go)
        .args(["build", "-o"])
        .arg(&program)
        .arg(source)
        .env("GO111MODULE", "off")
        .env("GOCACHE", std::env::temp_dir().join("scrutineer-go-cache"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(run(&mut Command::new(program), port))
}

const JAVA: &str = r#"
import javax.net.ssl.*; import java.security.*; import java.io.*; import java.net.*;
public class Server {
  public static void main(String[] a) throws Exception {
    KeyStore k = KeyStore.getInstance("PKCS12");
    k.load(new FileInputStream(a[1]), "x".toCharArray());
    KeyManagerFactory f = KeyManagerFactory.getInstance("SunX509");
    f.init(k, "x".toCharArray());
    SSLContext c = SSLContext.getInstance("TLS");
    c.init(f.getKeyManagers(), null, null);
    SSLServerSocket s = (SSLServerSocket) c.getServerSocketFactory()
        .createServerSocket(Integer.parseInt(a[0]), 50, InetAddress.getByName("127.0.0.1"));
    s.setEnabledProtocols(a[2].split(","));
    s.setEnabledCipherSuites(a[3].split(","));
    while (true) {
      SSLSocket t = (SSLSocket) s.accept();
      new Thread(() -> {
        try { t.setSoTimeout(3000); t.startHandshake(); t.getInputStream().read(); } catch (Exception e) { }
        try { t.close(); } catch (Exception e) { }
      }).start();
    }
  }
}
"#;

pub fn java(port: u16, settings: &[&str]) -> Option<Running> {
    let javac = program("javac", "default-jdk-headless", "JSSE")?;
    let java = program("java", "default-jre-headless", "JSSE")?;
    let folder = Pki::get().path(&format!("java-{port}"));
    fs::create_dir(&folder).unwrap();
    let source = folder.join("Server.java");
    fs::write(&source, JAVA).unwrap();
    let compiled = Command::new(javac).arg(&source).output().unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    let mut command = Command::new(java);
    command.arg(format!("-Djdk.tls.namedGroups={}", settings[0]));
    command.arg("-cp").arg(folder).arg("Server");
    command.arg(port.to_string()).arg(pkcs12(port));
    command.args([settings[1], settings[2]]);
    Some(run(&mut command, port))
}
