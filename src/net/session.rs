//! The network of the process, and as one target's probes may use it: with its deadline,
//! budget, cost and leave to connect. What may be connected to stands in `guard`, what is
//! asked of the resolver in `lookups`.

use rustls::RootCertStore;
use std::{
    collections::{BTreeSet, HashSet},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::SemaphorePermit,
    time::{Instant, sleep_until},
};

mod admission;
mod datagram;
mod guard;
mod lookups;
mod service;

pub use self::admission::Admission;
use self::lookups::Lookups;
pub use self::service::{SERVICE_ALIASES_MAX, ServiceRecords};
use super::{
    authority::Servers,
    config::{Digests, Limits, NetConfig, StopSignal},
    connection::Connection,
    error::NetError,
    http::Pool,
    kept::Kept,
    meter::Meter,
    pace::Pace,
    rdap::{RdapSource, Registries},
    resolver::Resolver,
    scope::{Scope, normal},
};
use crate::{
    model::{gap::GapReason, level::Level, observation::Cost, target::Target},
    wire::{
        ct_logs::LogList,
        routes::{Payloads, Routes},
    },
};

/// The network of the whole process: configuration, limits over all targets,
/// resolver and trusted roots. Cheap to clone.
#[derive(Clone)]
pub struct Net {
    shared: Arc<Shared>,
}

struct Shared {
    config: NetConfig,
    resolver: Resolver,
    registries: Registries,
    kept: Kept,
    pace: Pace,
    roots: Arc<RootCertStore>,
    user_agent: String,
}

impl Net {
    /// Sets up the network. Fails when there is no resolver to ask or a root
    /// certificate cannot be used. Sends nothing.
    pub fn new(config: NetConfig) -> Result<Self, NetError> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for root in &config.extra_roots {
            roots.add(root.clone()).map_err(|error| {
                NetError::new(
                    GapReason::Malformed,
                    format!("a certificate given as a trusted root cannot be used: {error}"),
                )
            })?;
        }
        let shared = Shared {
            resolver: Resolver::new(config.resolver, config.limits)?,
            registries: Registries::default(),
            kept: Kept::default(),
            pace: Pace::new(config.limits),
            roots: Arc::new(roots),
            user_agent: user_agent(config.contact.as_deref()),
            config,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The resolver that is asked, as address and port.
    pub fn resolver(&self) -> String {
        self.shared.resolver.label()
    }

    /// Digests of the files that the user gave.
    pub fn digests(&self) -> &Digests {
        &self.shared.config.digests
    }

    /// What we call ourselves towards web servers: name, version and contact.
    pub fn user_agent(&self) -> &str {
        &self.shared.user_agent
    }

    /// Begins the work on one target; `deadline` runs from now.
    pub fn session(
        &self,
        target: &Target,
        scope: Scope,
        deadline: Duration,
        stop: StopSignal,
    ) -> Session {
        let started = Instant::now();
        Session {
            inner: Arc::new(Inner {
                net: self.clone(),
                target: normal(&target.name),
                scope,
                started,
                deadline: started + deadline.min(Duration::from_secs(24 * 3600)),
                stop,
                meter: Meter::new(self.shared.config.limits),
                lookups: Lookups::default(),
                servers: Servers::default(),
                admitted: Mutex::default(),
                http: Pool::default(),
                vouched: Mutex::default(),
            }),
        }
    }
}

/// The network as one target's probes may use it: with the target's scope,
/// deadline, budget, cost and DNS cache. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    net: Net,
    target: String,
    scope: Scope,
    started: Instant,
    deadline: Instant,
    stop: StopSignal,
    meter: Meter,
    lookups: Lookups,
    servers: Servers,
    /// Servers of registries that may be asked beside what belongs to the scan.
    admitted: Mutex<HashSet<(String, u16)>>,
    http: Pool,
    /// Hosts outside of the scan that trusted certificates name.
    vouched: Mutex<BTreeSet<String>>,
}

impl Session {
    /// The routing table that the user gave.
    pub fn routes(&self) -> Option<&Routes> {
        self.config().routes.as_deref()
    }

    /// The validated payloads of RPKI that the user gave.
    pub fn payloads(&self) -> Option<&Payloads> {
        self.config().payloads.as_deref()
    }

    /// The certificate transparency logs that count, if the user gave a list of them.
    pub fn ct_logs(&self) -> Option<&LogList> {
        self.config().ct_logs.as_deref()
    }

    /// What a URL gave to any target of this run before, or what `fetch` gives now:
    /// for what authorities publish for everybody.
    ///
    /// # Errors
    /// As `fetch`, now or before.
    pub async fn kept(
        &self,
        url: &str,
        fetch: impl Future<Output = Result<Vec<u8>, NetError>>,
    ) -> Result<Arc<Vec<u8>>, NetError> {
        self.inner.net.shared.kept.once(url, fetch).await
    }

    /// Connects to an address of a host, if the scope and the limits allow it.
    /// The address and port are the logical ones; `--connect-to` is applied here.
    pub async fn connect(&self, host: &str, ip: IpAddr, port: u16) -> Result<Connection, NetError> {
        self.admit(host, ip, port).await?.open().await
    }

    /// Asks for leave to connect, for clients that open their own sockets.
    /// Waits for the limits on the address. The leave ends when it is dropped.
    pub async fn admit(&self, host: &str, ip: IpAddr, port: u16) -> Result<Admission, NetError> {
        self.check()?;
        self.check_host(host, port).await?;
        let peer = self.peer(host, ip, port).await?;
        self.inner.meter.connection()?;
        let pace = &self.inner.net.shared.pace;
        let wait = Duration::from_secs(24 * 3600);
        let permit = self
            .within(wait, "queue", pace.admit(peer.ip()))
            .await?
            .ok_or_else(|| NetError::new(GapReason::Internal, "the queue was closed"))?;
        Ok(Admission {
            session: self.clone(),
            logical: SocketAddr::new(ip, port),
            peer,
            permit,
        })
    }

    /// The trusted roots.
    pub fn roots(&self) -> &Arc<RootCertStore> {
        &self.inner.net.shared.roots
    }

    /// What we call ourselves towards web servers.
    pub fn user_agent(&self) -> &str {
        self.inner.net.user_agent()
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.inner.net.shared.config.limits
    }

    /// How far the scan goes.
    pub fn level(&self) -> Level {
        self.inner.scope.level
    }

    /// When work on the target has to end.
    pub fn deadline(&self) -> Instant {
        self.inner.deadline
    }

    /// Tells when the user stops the scan.
    pub fn stop_signal(&self) -> &StopSignal {
        &self.inner.stop
    }

    /// Notes that a connection was for the enumeration of what a TLS server accepts.
    pub fn note_enumeration(&self) {
        self.inner.meter.enumeration();
    }

    /// What the target cost so far.
    pub fn cost(&self) -> Cost {
        let elapsed = self.inner.started.elapsed().as_millis();
        Cost {
            milliseconds: u64::try_from(elapsed).unwrap_or(u64::MAX),
            ..self.inner.meter.cost()
        }
    }

    /// Fails when the deadline has passed or the scan was stopped.
    pub fn check(&self) -> Result<(), NetError> {
        if self.inner.stop.is_stopped() || Instant::now() >= self.inner.deadline {
            return Err(spent(self));
        }
        Ok(())
    }

    /// Runs an exchange for at most `limit`, never past the deadline or the
    /// stop of the scan. `what` stands in the error.
    pub async fn within<T>(
        &self,
        limit: Duration,
        what: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, NetError> {
        self.check()?;
        let until = (Instant::now() + limit).min(self.inner.deadline);
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.inner.stop.stopped() => Err(spent(self)),
            () = sleep_until(until) => {
                if until >= self.inner.deadline {
                    Err(spent(self))
                } else {
                    let detail = format!("{what}: nothing within {} s", limit.as_secs_f32());
                    Err(NetError::new(GapReason::Timeout, detail))
                }
            }
        }
    }

    pub(super) fn http_pool(&self) -> &Pool {
        &self.inner.http
    }

    pub(super) fn meter(&self) -> &Meter {
        &self.inner.meter
    }

    pub(super) fn servers(&self) -> &Servers {
        &self.inner.servers
    }

    pub(super) fn rdap_source(&self) -> &RdapSource {
        &self.config().rdap
    }

    pub(super) fn registries(&self) -> &Registries {
        &self.inner.net.shared.registries
    }

    /// Waits for one of the DNS questions that may be under way over all targets.
    pub(super) async fn dns_turn(&self) -> Result<SemaphorePermit<'_>, NetError> {
        self.inner.net.shared.resolver.turn().await
    }

    fn config(&self) -> &NetConfig {
        &self.inner.net.shared.config
    }
}

/// Why a session can do nothing more.
pub(super) fn spent(session: &Session) -> NetError {
    if session.inner.stop.is_stopped() {
        return NetError::new(GapReason::Interrupted, "the scan was stopped");
    }
    let allowed = session.inner.deadline - session.inner.started;
    NetError::new(
        GapReason::BudgetSpent,
        format!("the {} s for this target are over", allowed.as_secs_f32()),
    )
}

/// Name, version and contact. Only characters that a header may hold.
fn user_agent(contact: Option<&str>) -> String {
    let name = concat!("scrutineer/", env!("CARGO_PKG_VERSION"));
    let contact: String = contact
        .unwrap_or_default()
        .chars()
        .filter(|c| matches!(c, ' '..='~') && !matches!(c, '(' | ')' | '\\'))
        .take(200)
        .collect();
    match contact.trim() {
        "" => name.to_owned(),
        contact => format!("{name} (+{contact})"),
    }
}
