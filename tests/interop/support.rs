//! Real servers as child processes, names and certificates for them, and the
//! scan whose findings are compared with what was planted.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use hickory_proto::{
    rr::{LowerName, Name},
    serialize::txt::Parser,
};
use hickory_server::{
    Server,
    net::runtime::TokioRuntimeProvider,
    store::in_memory::InMemoryZoneHandler,
    zone_handler::{AxfrPolicy, Catalog, ZoneType},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::UdpSocket, runtime::Runtime};

const START_TIME: Duration = Duration::from_secs(15);
const SCAN_TIME: Duration = Duration::from_secs(90);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Finds a program, also where only root looks by default. When it is missing,
/// says loudly that `test` is left out: around the capture of test output.
pub fn program(name: &str, package: &str, test: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path
        .split(':')
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"])
        .map(|folder| Path::new(folder).join(name))
        .find(|candidate| candidate.is_file());
    if found.is_none() {
        left_out(
            test,
            &format!("`{name}` is missing (Debian package {package})"),
        );
    }
    found
}

/// Says loudly that a test is left out: around the capture of test output.
pub fn left_out(test: &str, why: &str) {
    let line = format!("\nLEFT OUT: {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Runs one of BIND's tools in a folder and returns what it prints; `None` when it is missing.
pub fn bind_tool(folder: &Path, name: &str, arguments: &[&str]) -> Option<String> {
    let path = program(name, "bind9-utils", "zones signed by BIND")?;
    let output = Command::new(path)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A port of loopback that was free a moment ago.
pub fn free_port() -> u16 {
    // Never the same one twice: servers that share ports would answer for each other. And below
    // those that the system gives to clients, which would take a port before its server does.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 15_000 + u16::try_from(std::process::id() % 100).unwrap() * 150;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        let here = (Ipv4Addr::LOCALHOST, port);
        if TcpListener::bind(here).is_ok() && std::net::UdpSocket::bind(here).is_ok() {
            return port;
        }
    }
}

/// A folder that a server with fewer privileges than ours can read.
pub fn folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// A server as a child process; ended when dropped.
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts a server and waits until it accepts connections on all `ports`.
    pub fn start(command: &mut Command, ports: &[u16], log: &Path) -> Self {
        let output = fs::File::create(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut running = Self { child };
        let end = Instant::now() + START_TIME;
        // BIND accepts connections before it has read its zones, and answers SERVFAIL until then.
        let is_bind = Path::new(command.get_program()).ends_with("named");
        let ready = |port: u16| {
            let loaded =
                || fs::read_to_string(log).is_ok_and(|log| log.contains("all zones loaded"));
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() && (!is_bind || loaded())
        };
        for port in ports {
            while !ready(*port) {
                let ended = running.child.try_wait().unwrap();
                if ended.is_some() || Instant::now() > end {
                    let log = fs::read_to_string(log).unwrap_or_default();
                    panic!("{command:?} does not serve port {port} ({ended:?}):\n{log}");
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        // Some servers open their ports before they find fault with their configuration.
        thread::sleep(Duration::from_millis(100));
        if let Some(status) = running.child.try_wait().unwrap() {
            let log = fs::read_to_string(log).unwrap_or_default();
            panic!("{command:?} ended with {status}:\n{log}");
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate authority of the test.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate's names and time.
pub struct Terms<'a> {
    pub names: &'a [&'a str],
    pub age_days: u32,
    pub lifetime_days: u32,
}

/// A certificate and its key, as PEM files.
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = Default::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Interop Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            rcgen::KeyUsagePurpose::KeyCertSign,
            rcgen::KeyUsagePurpose::CrlSign,
        ];
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// Writes the root, for `--ca-file`.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("root.pem");
        fs::write(&path, &self.pem).unwrap();
        path
    }

    /// The list of what it has revoked, in DER: nothing of what it issues here.
    pub fn revocation_list(&self) -> Vec<u8> {
        let now = SystemTime::now();
        let params = rcgen::CertificateRevocationListParams {
            this_update: (now - DAY).into(),
            next_update: (now + DAY).into(),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }

    /// Issues a certificate that keeps all rules but those that `terms` break.
    pub fn issue(&self, terms: &Terms<'_>, folder: &Path) -> Files {
        let names: Vec<String> = terms.names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = Default::default();
        params
            .distinguished_name
            .push(DnType::CommonName, terms.names[0]);
        let begin = SystemTime::now() - DAY * terms.age_days;
        params.not_before = begin.into();
        params.not_after = (begin + DAY * terms.lifetime_days - Duration::from_secs(1)).into();
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.crl_distribution_points = vec![rcgen::CrlDistributionPoint {
            uris: vec!["http://crl.interop.example/root.crl".to_owned()],
        }];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = Files {
            certificate: folder.join("leaf.pem"),
            key: folder.join("leaf.key"),
        };
        fs::write(&files.certificate, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }
}

/// A name server inside the test, for tests that are about other servers.
pub struct Names {
    pub address: SocketAddr,
    _server: Server<Catalog>,
    _runtime: Runtime,
}

impl Names {
    /// Serves zones, each given by its name and its master file.
    pub fn serve(zones: &[(&str, &str)]) -> Self {
        let runtime = Runtime::new().unwrap();
        let mut catalog = Catalog::new();
        for (origin, text) in zones {
            let origin = Name::from_ascii(origin).unwrap();
            let parser = Parser::new((*text).to_owned(), None, Some(origin.clone()));
            let (_, records) = parser.parse().unwrap();
            let zone = InMemoryZoneHandler::<TokioRuntimeProvider>::new(
                origin.clone(),
                records,
                ZoneType::Primary,
                AxfrPolicy::Deny,
                None,
            );
            catalog.upsert(LowerName::new(&origin), vec![Arc::new(zone.unwrap())]);
        }
        let mut server = Server::new(catalog);
        let address = runtime.block_on(async {
            let (tcp, udp) = loop {
                let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                    break (tcp, udp);
                }
            };
            let address = tcp.local_addr().unwrap();
            server.register_socket(udp);
            server.register_listener(tcp, Duration::from_secs(5), 16);
            address
        });
        Self {
            address,
            _server: server,
            _runtime: runtime,
        }
    }
}

/// What a scan said.
pub struct Outcome {
    pub exit: i32,
    pub findings: Value,
}

/// Runs the program with `scan`, and reads the findings document.
pub fn scan<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
    command
        .arg("scan")
        .args(arguments)
        .args(["--format", "json"]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let output = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let errors = thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let end = Instant::now() + SCAN_TIME;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > end {
            let _ = child.kill();
            panic!("{command:?} did not end within {SCAN_TIME:?}");
        }
        thread::sleep(Duration::from_millis(10));
    };
    let output = output.join().unwrap().unwrap();
    let errors = errors.join().unwrap().unwrap();
    let findings = serde_json::from_str(&output)
        .unwrap_or_else(|e| panic!("{command:?} wrote no findings: {e}\n{output}\n{errors}"));
    Outcome {
        exit: status.code().unwrap_or(-1),
        findings,
    }
}

impl Outcome {
    /// Ids of the checks that fail.
    pub fn failing(&self) -> BTreeSet<String> {
        self.checks("fail", |_| true)
    }

    /// Ids of the checks that stay open for another reason than that nobody asked.
    pub fn open(&self) -> BTreeSet<String> {
        self.checks("inconclusive", |finding| self.was_asked(finding))
    }

    /// Whether a finding is open for another reason than that nobody asked.
    pub fn was_asked(&self, finding: &Value) -> bool {
        let gaps = finding["gaps"].as_array().unwrap();
        let reason = |gap: &Value| {
            let index = usize::try_from(gap.as_u64().unwrap()).unwrap();
            self.findings["gaps"][index]["reason"].clone()
        };
        gaps.is_empty() || gaps.iter().any(|gap| reason(gap) != "not_asked")
    }

    fn checks(&self, verdict: &str, which: impl Fn(&Value) -> bool) -> BTreeSet<String> {
        let findings = self.findings["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|finding| finding["verdict"] == verdict && which(finding))
            .map(|finding| finding["check"].as_str().unwrap().to_owned())
            .collect()
    }

    /// How many checks on targets passed.
    pub fn passed(&self) -> u64 {
        self.findings["summary"]["passed"].as_u64().unwrap()
    }

    /// The findings as short lines, for the message of a failed assertion.
    pub fn story(&self) -> String {
        let findings = self.findings["findings"].as_array().unwrap();
        let open = self.open();
        let told = |f: &&Value| {
            f["verdict"] == "fail" || f["check"].as_str().is_some_and(|id| open.contains(id))
        };
        let lines = findings.iter().filter(told).map(|finding| {
            let word = |key: &str| finding[key].as_str().unwrap_or_default();
            format!(
                "{} {}: {}\n",
                word("verdict"),
                word("check"),
                word("message")
            )
        });
        let gaps = self.findings["gaps"].as_array().unwrap();
        let gaps = gaps.iter().map(|gap| format!("gap {gap}\n"));
        lines.chain(gaps).collect()
    }
}

/// Asserts that exactly these checks fail, that nothing stays open, and that
/// something was judged at all.
#[track_caller]
pub fn assert_exactly(outcome: &Outcome, case: &str, expected: &[&str]) {
    let gate = outcome.findings["gate"]["exit"].as_i64();
    assert_eq!(Some(i64::from(outcome.exit)), gate, "{case}: exit code");
    let expected: BTreeSet<String> = expected.iter().map(|id| (*id).to_owned()).collect();
    let story = outcome.story();
    assert_eq!(outcome.failing(), expected, "{case}\n{story}");
    let open = outcome.open();
    assert!(open.is_empty(), "{case} leaves {open:?} open\n{story}");
    assert!(outcome.passed() >= 5, "{case}: too little was judged");
}
