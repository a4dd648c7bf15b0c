//! What the TLS probe costs, counted and timed.
//!
//! `cargo bench --bench tls_cost` starts OpenSSL's `s_server` with a modern, two
//! intermediate and two legacy configurations, and nginx, where it is installed, with two
//! more. It looks at each with `scrutineer tls`, at once and through a proxy that delays
//! every connection and every answer as a round trip of 50 ms does. `s_server` serves one
//! connection after the other, nginx side by side as servers do. Politeness is the
//! default. It ends with 1 where a server costs more than its bars.

#![allow(clippy::print_stdout, clippy::panic)]

use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Half of the round trip.
const DELAY: Duration = Duration::from_millis(25);

/// Bars for an intermediate server at a round trip of 50 ms.
const WALL: Duration = Duration::from_millis(1_500);
const CPU: Duration = Duration::from_millis(150);

/// Suites of Mozilla's intermediate configuration up to TLS 1.2.
const INTERMEDIATE: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
    ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
    DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384";

/// Name, options of `s_server`, and the most connections that the enumeration of
/// versions, suites, order and groups may cost; the whole probe, half as many more. Up to
/// TLS 1.2 each suite of each version is named by an answer of its own, so that the bar of
/// the last server holds for lists of about its length.
const SERVERS: [(&str, &[&str], u64); 5] = [
    ("modern", &["-tls1_3", "-groups", "X25519:P-256:P-384"], 10),
    (
        "intermediate",
        &[
            "-no_tls1",
            "-no_tls1_1",
            "-groups",
            "X25519:P-256:P-384",
            "-cipher",
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
             ECDHE-ECDSA-CHACHA20-POLY1305",
        ],
        20,
    ),
    (
        "whole list",
        &[
            "-no_tls1",
            "-no_tls1_1",
            "-groups",
            "X25519:P-256:P-384",
            "-cipher",
            INTERMEDIATE,
        ],
        20,
    ),
    (
        "legacy",
        &[
            "-groups",
            "P-256",
            "-cipher",
            "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0",
        ],
        30,
    ),
    (
        "legacy, long",
        &[
            "-groups",
            "P-256",
            "-cipher",
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
             ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256:\
             ECDHE-RSA-AES128-SHA:AES128-SHA:AES256-SHA:@SECLEVEL=0",
        ],
        30,
    ),
];

/// Name, protocols, suites and bar of what nginx serves.
const NGINX: [(&str, &str, &str, u64); 2] = [
    ("nginx", "TLSv1.2 TLSv1.3", INTERMEDIATE, 20),
    (
        "nginx, legacy",
        "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
         ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0",
        30,
    ),
];

/// What must hold at a round trip of 50 ms for these too.
const TIMED: [&str; 3] = ["intermediate", "whole list", "nginx"];

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = |name: &str| folder.path().join(name).display().to_string();
    // As a server for clients of all ages has them: one on a curve, one of RSA.
    let kinds = [
        ("ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..]),
        ("rsa", &["rsa:2048"][..]),
    ];
    let mut files = Vec::new();
    for (name, kind) in kinds {
        let (certificate, key) = (path(&format!("{name}.pem")), path(&format!("{name}.key")));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-subj", "/CN=bench.example"])
            .args(["-keyout", &key, "-out", &certificate, "-newkey"])
            .args(kind)
            .output()
            .expect("openssl is installed");
        assert!(made.status.success(), "{made:?}");
        files.extend([certificate, key]);
    }
    println!(
        "{:<14} {:>8} {:>12} {:>12} {:>9} {:>9}",
        "server", "rtt", "enumeration", "connections", "wall ms", "cpu ms"
    );
    let mut over = false;
    for (name, options, bar) in SERVERS {
        let server = Server::openssl(&files, options);
        over |= measure(name, &server, bar);
    }
    for (name, protocols, suites, bar) in NGINX {
        match Server::nginx(folder.path(), &files, protocols, suites) {
            Some(server) => over |= measure(name, &server, bar),
            None => println!("{name:<14} left out: nginx is not installed"),
        }
    }
    if over {
        println!("above the bars");
        std::process::exit(1);
    }
}

/// Looks at a server at once and over a distance. Tells whether it costs more than its bars.
fn measure(name: &str, server: &Server, bar: u64) -> bool {
    let mut over = false;
    for delay in [Duration::ZERO, DELAY] {
        let port = match delay.is_zero() {
            true => server.port,
            false => delaying_proxy(server.port, delay),
        };
        let (enumeration, connections, wall, cpu) = look(port);
        let all = bar * 3 / 2;
        over |= enumeration > bar || connections > all;
        over |= TIMED.contains(&name) && !delay.is_zero() && (wall > WALL || cpu > CPU);
        println!(
            "{name:<14} {:>5} ms {enumeration:>7} / {bar:>2} {connections:>7} / {all:>2} {:>9} {:>9}",
            (delay * 2).as_millis(),
            wall.as_millis(),
            cpu.as_millis()
        );
    }
    over
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn openssl(files: &[String], options: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new("openssl");
        command
            .env("OPENSSL_CONF", "/dev/null")
            .args(["s_server", "-quiet", "-accept"])
            .arg(format!("127.0.0.1:{port}"))
            .args(
                ["-cert", "-key", "-dcert", "-dkey"]
                    .iter()
                    .zip(files)
                    .flat_map(|(option, file)| [*option, file]),
            )
            .args(options);
        Self::start(&mut command, port).expect("openssl is installed")
    }

    /// `None` where it is not installed.
    fn nginx(folder: &Path, files: &[String], protocols: &str, suites: &str) -> Option<Self> {
        let port = free_port();
        let place = folder.display();
        let names = ["ssl_certificate", "ssl_certificate_key"];
        let certificates: String = names
            .iter()
            .cycle()
            .zip(files)
            .map(|(name, file)| format!("{name} {file};\n"))
            .collect();
        let parameters = folder.join("dh.pem");
        let made = Command::new("openssl")
            .args(["dhparam", "-dsaparam", "-out"])
            .arg(&parameters)
            .arg("2048")
            .output()
            .expect("openssl is installed");
        assert!(made.status.success(), "{made:?}");
        let configuration = format!(
            "daemon off; master_process off; pid {place}/pid; error_log stderr;\n\
             events {{ worker_connections 200; }}\n\
             http {{ access_log off; ssl_session_cache shared:all:1m;\n\
             server {{ listen 127.0.0.1:{port} ssl; return 204;\n\
             ssl_protocols {protocols}; ssl_ciphers {suites};\n\
             ssl_ecdh_curve X25519:P-256:P-384; ssl_dhparam {};\n\
             ssl_prefer_server_ciphers on; {certificates} }} }}\n",
            parameters.display()
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration).expect("the folder can be written");
        // Where Debian has it, outside of an ordinary user's path.
        let program = ["/usr/sbin/nginx", "nginx"]
            .into_iter()
            .find(|name| Command::new(name).arg("-v").output().is_ok())?;
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-p"]).arg(folder);
        command.arg("-c").arg(file);
        Self::start(&mut command, port)
    }

    fn start(command: &mut Command, port: u16) -> Option<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < end, "it does not serve: {command:?}");
            thread::sleep(Duration::from_millis(20));
        }
        Some(Self { child, port })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    socket.local_addr().expect("it is bound").port()
}

/// Connections of the enumeration and of all, wall time and CPU time of one probe.
fn look(port: u16) -> (u64, u64, Duration, Duration) {
    let before = children_cpu();
    let begin = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(["tls", &format!("localhost:{port}"), "--allow-private"])
        .args(["--format", "json"])
        .output()
        .expect("the program starts");
    let wall = begin.elapsed();
    let cpu = children_cpu().saturating_sub(before);
    let facts: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let count = |what: &str| facts["cost"][what].as_u64().unwrap_or_default();
    (count("enumeration"), count("connections"), wall, cpu)
}

/// CPU time of all child processes that have ended, as `/proc` counts it (in
/// hundredths of a second).
fn children_cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<u64> = after_name
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // Fields 16 and 17 of proc(5); the state and what stands before it are gone.
    let ticks: u64 = fields.get(12..14).map_or(0, |times| times.iter().sum());
    Duration::from_millis(ticks * 10)
}

/// Passes connections on, with a delay for each direction and, at the begin, a
/// round trip for setting up the connection.
fn delaying_proxy(upstream: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // Here, so that they come to the server in the order in which they came.
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)) else {
                continue;
            };
            thread::spawn(move || {
                thread::sleep(delay * 2);
                let (Ok(from_client), Ok(to_client)) = (client.try_clone(), client.try_clone())
                else {
                    return;
                };
                let (Ok(to_server), from_server) = (server.try_clone(), server) else {
                    return;
                };
                let forth = thread::spawn(move || pass_on(from_client, to_server, delay));
                pass_on(from_server, to_client, delay);
                let _ = forth.join();
            });
        }
    });
    port
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let mut buffer = vec![0; 32_768];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        thread::sleep(delay);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
