//! Options about the network that every scanning command shares.

use clap::Args;
use hickory_proto::dnssec::rdata::DS;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use sha2::{Digest, Sha256};
use url::Url;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{
    net::{ConnectRule, Digests, Limits, NetConfig, RdapSource},
    wire::{
        ct_logs::LogList,
        dnssec::parse_anchors,
        root_hints::{RootServer, parse_hints},
        routes::{Payloads, Routes},
    },
};

/// Most bytes of a file of trusted roots or anchors that are read.
const FILE_MAX: u64 = 4 << 20;
/// Most bytes of a file of routes or payloads that are read.
const TABLE_MAX: u64 = 256 << 20;

/// What a file holds, with the file's digest; `None`: not given.
type Given<T> = Option<(T, String)>;

/// The digest of a file, as conditions of a scan name it.
fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Where to connect, and how politely.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// Ask this recursive resolver instead of the system's.
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = resolver)]
    pub resolver: Option<SocketAddr>,
    /// Connect to another place, as curl does: NAME:PORT:ADDR:PORT. NAME may be an address. May be repeated.
    #[arg(long, value_name = "NAME:PORT:ADDR:PORT")]
    pub connect_to: Vec<ConnectRule>,
    /// Trust the root certificates in this PEM file beside the public ones. May be repeated.
    #[arg(long, value_name = "PEM")]
    pub ca_file: Vec<PathBuf>,
    /// Begin DNSSEC validation with the DS records of the root in this file, not with IANA's.
    #[arg(long, value_name = "FILE")]
    pub trust_anchor: Option<PathBuf>,
    /// Follow delegations from the root servers in this file (in the form of named.root),
    /// not from IANA's.
    #[arg(long, value_name = "FILE")]
    pub root_hints: Option<PathBuf>,
    /// Tell the networks of name servers by this routing table: a network and its origin
    /// a line, as 192.0.2.0/24 64496, or a pfx2as file.
    #[arg(long, value_name = "FILE")]
    pub routes: Option<PathBuf>,
    /// Hold routes against these validated RPKI payloads, the JSON of Routinator or
    /// rpki-client; needs --routes.
    #[arg(long, value_name = "FILE", requires = "routes")]
    pub vrps: Option<PathBuf>,
    /// Verify the timestamps of certificates by the logs in this file: the log list
    /// (version 3, JSON) that Google or Apple publishes.
    #[arg(long, value_name = "FILE")]
    pub ct_logs: Option<PathBuf>,
    /// Ask the registry about each registered domain over RDAP: `iana` finds its server
    /// by IANA's list, an address names one. Off without it.
    #[arg(long, value_name = "iana|URL", value_parser = rdap)]
    pub rdap: Option<RdapSource>,
    /// Connect to addresses that are not public, such as those of a lab.
    #[arg(long)]
    pub allow_private: bool,
    /// Whom operators of scanned servers can write to; stands in the user agent.
    #[arg(long, value_name = "ADDRESS")]
    pub contact: Option<String>,
    /// Seconds that one target may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub deadline: u64,
    /// Most open connections to one address, over all targets.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub connections_per_address: u16,
    /// Most new connections a second to one address, over all targets.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_per_second: u32,
}

impl NetworkArgs {
    /// The network that these options ask for.
    ///
    /// # Errors
    /// When a file of root certificates cannot be used; says which and why.
    pub fn config(&self) -> Result<NetConfig, String> {
        let mut extra_roots = Vec::new();
        for path in &self.ca_file {
            extra_roots.extend(roots(path)?);
        }
        let (root_hints, hints_digest) = self.root_hints()?.unzip();
        let (routes, routes_digest) = self.routes()?.unzip();
        let (payloads, payloads_digest) = self.payloads()?.unzip();
        Ok(NetConfig {
            resolver: self.resolver,
            connect_to: self.connect_to.clone(),
            allow_private: self.allow_private,
            extra_roots,
            trust_anchors: self.trust_anchors()?,
            ct_logs: self.ct_logs()?,
            root_hints,
            routes,
            payloads,
            digests: Digests {
                root_hints: hints_digest,
                routes: routes_digest,
                vrps: payloads_digest,
            },
            rdap: self.rdap.clone().unwrap_or_default(),
            contact: self.contact.clone(),
            limits: Limits {
                connections_per_address: usize::from(self.connections_per_address),
                new_per_second: self.connections_per_second,
                ..Limits::default()
            },
        })
    }

    fn trust_anchors(&self) -> Result<Vec<DS>, String> {
        let Some(path) = &self.trust_anchor else {
            return Ok(Vec::new());
        };
        let bytes = read(path, "a file of trust anchors", FILE_MAX)?;
        parse_anchors(&String::from_utf8_lossy(&bytes))
            .map_err(|(line, what)| format!("{}:{line}: {what}", path.display()))
    }

    fn root_hints(&self) -> Result<Given<Vec<RootServer>>, String> {
        let Some(path) = &self.root_hints else {
            return Ok(None);
        };
        let bytes = read(path, "a file of root hints", FILE_MAX)?;
        parse_hints(&String::from_utf8_lossy(&bytes))
            .map(|hints| Some((hints, digest(&bytes))))
            .map_err(|(line, what)| format!("{}:{line}: {what}", path.display()))
    }

    fn routes(&self) -> Result<Given<Arc<Routes>>, String> {
        let Some(path) = &self.routes else {
            return Ok(None);
        };
        let bytes = read(path, "a routing table", TABLE_MAX)?;
        Routes::parse(&String::from_utf8_lossy(&bytes))
            .map(|routes| Some((Arc::new(routes), digest(&bytes))))
            .map_err(|(line, what)| format!("{}:{line}: {what}", path.display()))
    }

    fn payloads(&self) -> Result<Given<Arc<Payloads>>, String> {
        let Some(path) = &self.vrps else {
            return Ok(None);
        };
        let bytes = read(path, "a file of RPKI payloads", TABLE_MAX)?;
        Payloads::parse(&bytes)
            .map(|payloads| Some((Arc::new(payloads), digest(&bytes))))
            .map_err(|what| format!("{}: {what}", path.display()))
    }

    fn ct_logs(&self) -> Result<Option<Arc<LogList>>, String> {
        let Some(path) = &self.ct_logs else {
            return Ok(None);
        };
        let bytes = read(path, "a list of logs", FILE_MAX)?;
        LogList::parse(&bytes)
            .map(|logs| Some(Arc::new(logs)))
            .map_err(|what| format!("{}: {what}", path.display()))
    }

    /// Time that one target may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline)
    }
}

/// The address of a resolver, with port 53 where none is given.
pub(super) fn resolver(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .or_else(|_| {
            text.trim_matches(['[', ']'])
                .parse()
                .map(|ip| SocketAddr::new(ip, 53))
        })
        .map_err(|_| {
            "expected an address such as 9.9.9.9, 127.0.0.1:5353 or [2620:fe::fe]:53".to_owned()
        })
}

/// Where to ask about registrations.
fn rdap(text: &str) -> Result<RdapSource, String> {
    if text == "iana" {
        return Ok(RdapSource::Iana);
    }
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        .map(RdapSource::At)
        .ok_or_else(|| {
            "expected `iana` or the address of a server such as https://rdap.example/".to_owned()
        })
}

/// The bytes of a file that the user names, bounded.
fn read(path: &Path, what: &str, max: u64) -> Result<Vec<u8>, String> {
    let cannot = |error: &str| format!("{}: {error}", path.display());
    let length = std::fs::metadata(path)
        .map_err(|error| cannot(&format!("cannot be read: {error}")))?
        .len();
    if length > max {
        return Err(cannot(&format!("is too large for {what}")));
    }
    std::fs::read(path).map_err(|error| cannot(&format!("cannot be read: {error}")))
}

fn roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let cannot = |what: &str| format!("{}: {what}", path.display());
    let pem = read(path, "a file of root certificates", FILE_MAX)?;
    let roots: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| cannot(&format!("is not a PEM file of certificates: {error}")))?;
    if roots.is_empty() {
        return Err(cannot(
            "holds no certificate (expected -----BEGIN CERTIFICATE-----)",
        ));
    }
    Ok(roots)
}
