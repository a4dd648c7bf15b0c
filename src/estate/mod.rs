//! The embedded demo estate: servers of three election offices on loopback.
//!
//! One office does everything right, one stopped half way, one has been
//! neglected for years. Name service, websites, registration portals and mail
//! exchangers run inside the process on free ports of 127.0.0.1. The zones
//! answer with addresses that are reserved for documentation (RFC 5737,
//! RFC 3849), and [`Estate::connect_rules`] leads connections to them to the
//! ports on loopback: so what a scan sees reads like the real world, needs no
//! privilege and no network, and nobody's real address is ever named.
//!
//! Keys, ports and dates differ from start to start; all else stays the same.
//! [`toys`] are the offices that take part in the demo's exchange.

mod authority;
mod dns;
mod dns_authority;
mod http;
mod legacy;
mod listener;
mod lists;
mod logs;
mod mended;
mod offices;
mod registry;
mod smtp;
mod tls;
pub mod toys;
mod web;

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rustls::pki_types::CertificateDer;
use tokio::{
    net::{TcpListener, UdpSocket},
    task::JoinSet,
};

use crate::wire::dnssec::anchor_line;
use authority::Authority;

pub use mended::Mended;

/// The running servers. They stop when this is dropped.
pub struct Estate {
    resolver: SocketAddr,
    rules: Vec<String>,
    authority: Authority,
    trust_anchor: String,
    connections: Arc<AtomicU64>,
    queries: Arc<AtomicU64>,
    _names: dns::Service,
    _servers: JoinSet<()>,
}

/// What the servers of the estate have seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// TCP connections to web and mail servers.
    pub connections: u64,
    /// DNS questions.
    pub queries: u64,
}

/// The estate could not be started.
#[derive(Debug)]
pub struct EstateError {
    step: &'static str,
    detail: String,
}

impl EstateError {
    fn new(step: &'static str, detail: impl fmt::Display) -> Self {
        Self {
            step,
            detail: detail.to_string(),
        }
    }
}

impl fmt::Display for EstateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the demo estate could not {}: {}",
            self.step, self.detail
        )
    }
}

impl std::error::Error for EstateError {}

impl Estate {
    /// Starts all servers. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When loopback gives no free port, or keys and zones cannot be made.
    pub async fn start() -> Result<Self, EstateError> {
        Self::start_with(&Mended::default()).await
    }

    /// Starts all servers, with what the neglected office has mended. Must be
    /// called within a Tokio runtime.
    ///
    /// # Errors
    /// As [`Estate::start`].
    pub async fn start_with(mended: &Mended) -> Result<Self, EstateError> {
        let authority = Authority::new()?;
        let connections = Arc::new(AtomicU64::new(0));
        let queries = Arc::new(AtomicU64::new(0));
        let plan = offices::plan(&authority, mended)?;
        let mut servers = JoinSet::new();
        let mut rules = Vec::new();
        for service in plan.services {
            let (socket, address) = tcp().await?;
            for (host, port) in service.addresses {
                rules.push(rule(host, *port, address));
            }
            let connections = Arc::clone(&connections);
            servers.spawn(listener::run(socket, service.server, connections));
        }
        let (sockets, resolver) = name_sockets().await?;
        let mut authorities = Vec::new();
        for (zones, hosts) in offices::NAME_SERVERS {
            let (sockets, address) = name_sockets().await?;
            rules.extend(hosts.iter().map(|host| rule(host, 53, address)));
            authorities.push((sockets, *zones));
        }
        let names = dns::serve(sockets, authorities, plan.zones, Arc::clone(&queries))?;
        let (socket, address) = tcp().await?;
        let (host, port) = offices::REGISTRY;
        rules.push(rule(host, port, address));
        let registry = registry::Registry {
            signed: names.signed.clone(),
        };
        let registry = listener::Server::Registry(registry, plan.registry);
        servers.spawn(listener::run(socket, registry, Arc::clone(&connections)));
        let trust_anchor = names.anchor.as_ref().map(anchor_line).unwrap_or_default();
        Ok(Self {
            resolver,
            rules,
            authority,
            trust_anchor,
            connections,
            queries,
            _names: names,
            _servers: servers,
        })
    }

    /// Address of the name server, for UDP and TCP.
    pub fn resolver(&self) -> SocketAddr {
        self.resolver
    }

    /// Where to connect for each address in the zones, in the form of curl's
    /// `--connect-to`: `192.0.2.10:443:127.0.0.1:40123`.
    pub fn connect_rules(&self) -> &[String] {
        &self.rules
    }

    /// The root certificate that the servers' certificates lead to.
    pub fn root(&self) -> &CertificateDer<'static> {
        self.authority.root()
    }

    /// The root certificate as PEM.
    pub fn root_pem(&self) -> &str {
        self.authority.root_pem()
    }

    /// The certificate transparency logs of the estate, for `--ct-logs`.
    pub fn ct_logs(&self) -> String {
        self.authority.ct_logs()
    }

    /// The DS record of the root zone, for `--trust-anchor`.
    pub fn trust_anchor(&self) -> &str {
        &self.trust_anchor
    }

    /// The registry of the offices' domains, for `--rdap`.
    pub fn registry(&self) -> &'static str {
        "https://rdap.registry.example/"
    }

    /// The inventory of the three offices, as YAML.
    pub fn inventory(&self) -> &'static str {
        include_str!("inventory.yaml")
    }

    /// What the servers have seen until now.
    pub fn counts(&self) -> Counts {
        Counts {
            connections: self.connections.load(Ordering::Relaxed),
            queries: self.queries.load(Ordering::Relaxed),
        }
    }
}

fn rule(host: &str, port: u16, to: SocketAddr) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}:{to}")
    } else {
        format!("{host}:{port}:{to}")
    }
}

async fn tcp() -> Result<(TcpListener, SocketAddr), EstateError> {
    let failed = |e| EstateError::new("open a port on loopback", e);
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    Ok((socket, address))
}

/// One port that is free for both TCP and UDP.
async fn name_sockets() -> Result<(dns::Sockets, SocketAddr), EstateError> {
    const TRIES: usize = 16;
    let mut last = None;
    for _ in 0..TRIES {
        let (listener, address) = tcp().await?;
        match UdpSocket::bind(address).await {
            Ok(socket) => return Ok(((listener, socket), address)),
            Err(error) => last = Some(error),
        }
    }
    let detail = last.map(|error| error.to_string()).unwrap_or_default();
    Err(EstateError::new(
        "open a port for names on loopback",
        detail,
    ))
}

#[cfg(test)]
mod tests;
