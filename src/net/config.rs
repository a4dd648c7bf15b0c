//! What a user sets about the network, and the signal that stops a scan.

use hickory_proto::dnssec::rdata::DS;
use rustls::pki_types::CertificateDer;
use std::{future::pending, net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::watch;

use super::{connect_rule::ConnectRule, rdap::RdapSource};
use crate::wire::{
    ct_logs::LogList,
    root_hints::RootServer,
    routes::{Payloads, Routes},
};

/// What a user sets about the network.
#[derive(Clone, Debug, Default)]
pub struct NetConfig {
    /// The recursive resolver to ask; the system's own without it.
    pub resolver: Option<SocketAddr>,
    /// Connections that are led elsewhere, first match first.
    pub connect_to: Vec<ConnectRule>,
    /// Whether addresses that are not public may be connected to.
    pub allow_private: bool,
    /// Trusted roots beside the public ones.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// DS records of the root zone that are trusted; those of IANA when empty.
    pub trust_anchors: Vec<DS>,
    /// Servers of the root from which delegations are followed, if the user gave some.
    pub root_hints: Option<Vec<RootServer>>,
    /// The routing table that the user gave.
    pub routes: Option<Arc<Routes>>,
    /// Validated payloads of RPKI that the user gave.
    pub payloads: Option<Arc<Payloads>>,
    /// The certificate transparency logs that count, if the user gave a list of them.
    pub ct_logs: Option<Arc<LogList>>,
    /// Digests of the files that the user gave.
    pub digests: Digests,
    /// Where to ask about registrations of domains.
    pub rdap: RdapSource,
    /// Whom operators of scanned servers can write to; part of the user agent.
    pub contact: Option<String>,
    /// How much may be sent, how fast, and how long to wait.
    pub limits: Limits,
}

/// Digests of files that the user gave, as `sha256:HEX`: scans with other files are
/// not quite comparable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// Of the root servers.
    pub root_hints: Option<String>,
    /// Of the routing table.
    pub routes: Option<String>,
    /// Of the RPKI payloads.
    pub vrps: Option<String>,
}

/// How much may be sent, how fast, and how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most open connections, over all targets.
    pub connections: usize,
    /// Most open connections to one address, over all targets that live there.
    pub connections_per_address: usize,
    /// Most new connections to one address a second; 0 for no limit.
    pub new_per_second: u32,
    /// Most open connections to one loopback address. It is the user's own
    /// machine, so nothing else slows connections to it.
    pub connections_to_loopback: usize,
    /// Most connections that one target may cost.
    pub connections_per_target: u64,
    /// Most DNS queries that one target may cost, retries included.
    pub queries_per_target: u64,
    /// Most bytes received on one connection.
    pub bytes_per_connection: u64,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long a connection may stay silent while something is awaited.
    pub idle_timeout: Duration,
    /// How long to wait for the answer to one DNS packet.
    pub dns_timeout: Duration,
    /// How often to send a DNS packet again that got no answer.
    pub dns_retries: u32,
    /// Most DNS queries under way, over all targets.
    pub dns_in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            connections_per_address: 2,
            new_per_second: 10,
            connections_to_loopback: 16,
            connections_per_target: 1_000,
            queries_per_target: 1_000,
            bytes_per_connection: 8 << 20,
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(10),
            dns_timeout: Duration::from_secs(2),
            dns_retries: 2,
            dns_in_flight: 64,
        }
    }
}

/// Stops a scan: every exchange of a session that holds its signal ends at once.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// A stopper that has not been used.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Stops everything that holds the signal. Later calls do nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// The signal to hand on.
    pub fn signal(&self) -> StopSignal {
        StopSignal(self.0.subscribe())
    }
}

impl Default for Stopper {
    fn default() -> Self {
        Self::new()
    }
}

/// Tells when the user stops the scan.
#[derive(Clone, Debug)]
pub struct StopSignal(watch::Receiver<bool>);

impl StopSignal {
    /// A signal that never comes.
    pub fn never() -> Self {
        Stopper::new().signal()
    }

    /// Whether the scan was stopped.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the scan is stopped.
    pub async fn stopped(&self) {
        let mut receiver = self.0.clone();
        // Without a stopper the signal never comes.
        if receiver.wait_for(|stopped| *stopped).await.is_err() {
            pending::<()>().await;
        }
    }
}
