//! The network as one target's probes may use it.

use hickory_proto::{dnssec::rdata::DS, rr::RecordType};
use rustls::RootCertStore;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{OnceCell, SemaphorePermit},
    time::{Instant, sleep_until},
};

mod admission;
mod datagram;

pub use self::admission::Admission;
use super::{
    address::{AddressSet, Family, ScopedAddress},
    answer::{ALIASES_MAX, Answer, too_many_aliases},
    authority::Servers,
    config::{Digests, Limits, NetConfig, StopSignal},
    connect_rule::Host,
    connection::Connection,
    dns_query::{DnsQuery, DnsReply},
    error::NetError,
    http::Pool,
    kept::Kept,
    meter::Meter,
    pace::{Pace, lock},
    present::{name_text, parse_name},
    rdap::{RdapSource, Registries},
    resolver::Resolver,
    scope::{Scope, normal},
    special::{DOCUMENTATION, special_use},
};
use crate::{
    model::{gap::GapReason, level::Level, observation::Cost, target::Target},
    wire::{
        ct_logs::LogList,
        dnssec::iana_anchors,
        root_hints::{RootServer, iana_hints},
        routes::{Payloads, Routes},
    },
};

/// Port of mail transfer, on which mail exchangers are asked.
const SMTP: u16 = 25;
/// Port of HTTPS, on which MTA-STS policies are asked for.
const HTTPS: u16 = 443;
/// Port on which places that certificates name are asked.
const HTTP: u16 = 80;
/// Most hosts outside of the scan that certificates of one target may name.
const VOUCHED_MAX: usize = 8;

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
                cache: Mutex::default(),
                unchecked: Mutex::default(),
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
    cache: Mutex<HashMap<(String, RecordType), CachedLookup>>,
    unchecked: Mutex<HashMap<(String, RecordType), UncheckedLookup>>,
    servers: Servers,
    /// Servers of registries that may be asked beside what belongs to the scan.
    admitted: Mutex<HashSet<(String, u16)>>,
    http: Pool,
    /// Hosts outside of the scan that trusted certificates name.
    vouched: Mutex<BTreeSet<String>>,
}

type LookupResult = Result<Arc<Answer>, NetError>;
/// Filled once, however many ask at the same time.
type CachedLookup = Arc<OnceCell<LookupResult>>;
type UncheckedLookup = Arc<OnceCell<Result<Arc<DnsReply>, NetError>>>;

impl Session {
    /// Asks the resolver, once for each name and type. NXDOMAIN and an answer
    /// without records are answers; SERVFAIL and its like are
    /// [`GapReason::Refused`], never "no record". A name that is not a domain
    /// name gives [`GapReason::Malformed`].
    pub async fn lookup(&self, name: &str, rtype: RecordType) -> LookupResult {
        let name = parse_name(name)?;
        let key = (name_text(&name), rtype);
        let cell = lock(&self.inner.cache).entry(key).or_default().clone();
        cell.get_or_init(|| async {
            let wait = Duration::from_secs(24 * 3600);
            let answer = self.within(wait, "DNS", self.lookup_uncached(name, rtype));
            answer.await.and_then(|answer| answer.map(Arc::new))
        })
        .await
        .clone()
    }

    /// Asks the resolver for what it could not or did not validate itself
    /// (CD), once for each name and type: for our own validation.
    ///
    /// # Errors
    /// As [`Session::lookup`].
    pub async fn lookup_unchecked(
        &self,
        name: &str,
        rtype: RecordType,
    ) -> Result<Arc<DnsReply>, NetError> {
        let query = DnsQuery {
            recursion: true,
            checking_disabled: true,
            ..DnsQuery::new(parse_name(name)?, rtype)
        };
        let key = (name_text(&query.name), rtype);
        let cell = lock(&self.inner.unchecked).entry(key).or_default().clone();
        cell.get_or_init(|| async {
            let wait = Duration::from_secs(24 * 3600);
            let resolver = &self.inner.net.shared.resolver;
            let reply = self.within(wait, "DNS", resolver.send(query, &self.inner.meter));
            reply.await.and_then(|reply| reply.map(Arc::new))
        })
        .await
        .clone()
    }

    /// As [`Session::lookup`], but with what a resolver that validates would hold back.
    ///
    /// # Errors
    /// As [`Session::lookup`].
    pub async fn lookup_unvalidated(&self, name: &str, rtype: RecordType) -> LookupResult {
        let reply = self.lookup_unchecked(name, rtype).await?;
        let mut answer = Answer::from_message(&parse_name(name)?, rtype, reply.message.clone())?;
        answer.via = self.config().resolver;
        Ok(Arc::new(answer))
    }

    /// DS records of the root zone that are trusted.
    pub fn trust_anchors(&self) -> Vec<DS> {
        match self.config().trust_anchors.as_slice() {
            [] => iana_anchors(),
            given => given.to_vec(),
        }
    }

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

    /// Lets a host be asked over plain HTTP although it is not part of the scan:
    /// a certificate of the target names it, and an authority that is trusted
    /// signed that certificate.
    ///
    /// # Errors
    /// [`GapReason::NotAsked`] below level `standard`, [`GapReason::TooLarge`]
    /// when the target has named enough of them.
    pub fn vouch_for(&self, host: &str) -> Result<(), NetError> {
        if self.level() < Level::Standard {
            let detail = "places that certificates name are asked from level standard on";
            return Err(NetError::new(GapReason::NotAsked, detail));
        }
        let host = normal(host);
        let mut vouched = lock(&self.inner.vouched);
        if vouched.len() >= VOUCHED_MAX && !vouched.contains(&host) {
            let detail = format!("certificates name more than {VOUCHED_MAX} hosts");
            return Err(NetError::new(GapReason::TooLarge, detail));
        }
        vouched.insert(host);
        Ok(())
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

    /// Servers of the root to follow delegations from: those that the user gave,
    /// IANA's where the system's resolver is asked too. With a resolver of the
    /// user's alone there are none: its name space need not be the public one.
    pub fn root_servers(&self) -> Vec<RootServer> {
        match (&self.config().root_hints, self.config().resolver) {
            (Some(hints), _) => hints.clone(),
            (None, None) => iana_hints(),
            (None, Some(_)) => Vec::new(),
        }
    }

    async fn lookup_uncached(
        &self,
        name: hickory_proto::rr::Name,
        rtype: RecordType,
    ) -> Result<Answer, NetError> {
        let resolver = &self.inner.net.shared.resolver;
        let mut answer = resolver.ask(&name, rtype, &self.inner.meter).await?;
        while answer.stops_at_alias() {
            if answer.aliases.len() > ALIASES_MAX {
                return Err(too_many_aliases(&name));
            }
            let end = parse_name(answer.end())?;
            let next = resolver.ask(&end, rtype, &self.inner.meter).await?;
            let moved = !next.aliases.is_empty();
            answer = answer.continued(next)?;
            if !moved {
                break;
            }
        }
        answer.via = self.config().resolver;
        Ok(answer)
    }

    /// Looks up the addresses of a name, both families, through aliases, and
    /// says of each whether it may be connected to. A family that could not be
    /// looked up stands in [`AddressSet::failures`]; an error means that
    /// neither could. An address as name gives that address.
    pub async fn addresses(&self, name: &str) -> Result<AddressSet, NetError> {
        if let Ok(ip) = normal(name).parse::<IpAddr>() {
            return Ok(AddressSet {
                name: ip.to_string(),
                exists: true,
                aliases: Vec::new(),
                addresses: vec![self.scoped(name, ip)],
                failures: Vec::new(),
            });
        }
        // Loopback by definition, and nothing to ask a resolver about (RFC 6761 section 6.3).
        let bare = normal(name);
        if bare == "localhost" || bare.ends_with(".localhost") {
            let loopback = [
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ];
            return Ok(AddressSet {
                name: bare,
                exists: true,
                aliases: Vec::new(),
                addresses: loopback.map(|ip| self.scoped(name, ip)).into(),
                failures: Vec::new(),
            });
        }
        let (v4, v6) = tokio::join!(
            self.lookup(name, RecordType::A),
            self.lookup(name, RecordType::AAAA)
        );
        let mut set = AddressSet {
            name: normal(name),
            exists: false,
            aliases: Vec::new(),
            addresses: Vec::new(),
            failures: Vec::new(),
        };
        for (family, half) in [(Family::V4, v4), (Family::V6, v6)] {
            match half {
                Ok(answer) => {
                    set.exists |= answer.exists();
                    if set.aliases.is_empty() {
                        set.aliases.clone_from(&answer.aliases);
                    }
                    let found = answer.ips().into_iter().map(|ip| self.scoped(name, ip));
                    set.addresses.extend(found);
                }
                Err(error) => set.failures.push((family, error)),
            }
        }
        if set.addresses.is_empty() {
            // A staged name need not be in DNS yet: the user said where it lives.
            set.addresses
                .extend(self.staged_address(name).map(|ip| self.scoped(name, ip)));
        }
        match (set.addresses.is_empty(), set.failures.as_slice()) {
            (true, [(_, first), _]) => Err(first.clone()),
            _ => Ok(set),
        }
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

    /// Whether a host belongs to the scan: the target, its `www.` sibling,
    /// another target, or a name below a domain of the scope.
    pub fn in_scope(&self, host: &str) -> bool {
        self.inner.scope.contains(&self.inner.target, host)
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

    /// Lets a server of a registry be asked for this target.
    pub(super) fn admit_registry(&self, host: &str, port: u16) {
        lock(&self.inner.admitted).insert((normal(host), port));
    }

    /// Waits for one of the DNS questions that may be under way over all targets.
    pub(super) async fn dns_turn(&self) -> Result<SemaphorePermit<'_>, NetError> {
        self.inner.net.shared.resolver.turn().await
    }

    /// Whether an address stands for one that will be public: it is reserved for
    /// documentation, so that no host has it, and the user leads it elsewhere. So
    /// labs write the addresses of what they try out.
    pub fn stands_in(&self, host: &str, ip: IpAddr) -> bool {
        special_use(ip) == Some(DOCUMENTATION) && self.led(host, ip)
    }

    /// Whether a rule of the user leads an address, or this name, elsewhere.
    fn led(&self, host: &str, ip: IpAddr) -> bool {
        self.config()
            .connect_to
            .iter()
            .any(|rule| rule.to_host().is_some() && rule.names(host, Some(ip)))
    }

    /// An address with what the scope guard says of it.
    fn scoped(&self, host: &str, ip: IpAddr) -> ScopedAddress {
        let led = self.led(host, ip);
        ScopedAddress {
            ip,
            public: special_use(ip).is_none(),
            may_connect: if led { Ok(()) } else { self.check_ip(ip) },
        }
    }

    /// Where rules lead a name that has no address of its own.
    fn staged_address(&self, name: &str) -> Option<IpAddr> {
        self.config()
            .connect_to
            .iter()
            .filter(|rule| rule.names(name, None))
            .find_map(|rule| match rule.to_host() {
                Some(Host::Address(ip)) => Some(*ip),
                _ => None,
            })
    }

    fn config(&self) -> &NetConfig {
        &self.inner.net.shared.config
    }

    /// Whether an address may be connected to without a rule for it.
    fn check_ip(&self, ip: IpAddr) -> Result<(), NetError> {
        match special_use(ip) {
            Some(usage) if !self.config().allow_private => Err(NetError::new(
                GapReason::PrivateAddress,
                format!("{ip} is not a public address ({usage})"),
            )),
            _ => Ok(()),
        }
    }

    /// Whether a host may be asked on a port at all.
    async fn check_host(&self, host: &str, port: u16) -> Result<(), NetError> {
        let host = normal(host);
        let is_policy_host =
            port == HTTPS && host.strip_prefix("mta-sts.") == Some(&self.inner.target);
        if self.in_scope(&host) || is_policy_host {
            return Ok(());
        }
        if lock(&self.inner.admitted).contains(&(host.clone(), port)) {
            return Ok(());
        }
        // Exchangers serve the target's mail, whoever runs them.
        if port == SMTP && self.level() >= Level::Standard && self.is_exchanger(&host).await {
            return Ok(());
        }
        if port == HTTP && lock(&self.inner.vouched).contains(&host) {
            return Ok(());
        }
        Err(NetError::new(
            GapReason::OutOfScope,
            format!("{host} is not part of this scan"),
        ))
    }

    async fn is_exchanger(&self, host: &str) -> bool {
        let Ok(answer) = self.lookup(&self.inner.target, RecordType::MX).await else {
            return false;
        };
        answer.data().any(|data| match data {
            hickory_proto::rr::RData::MX(mx) => name_text(&mx.exchange) == host,
            _ => false,
        })
    }

    /// The socket address that a logical address leads to.
    pub(super) async fn peer(
        &self,
        host: &str,
        ip: IpAddr,
        port: u16,
    ) -> Result<SocketAddr, NetError> {
        let host = normal(host);
        let rule = self
            .config()
            .connect_to
            .iter()
            .find(|rule| rule.matches(&host, Some(ip), port));
        let Some(rule) = rule else {
            self.check_ip(ip)?;
            return Ok(SocketAddr::new(ip.to_canonical(), port));
        };
        let port = rule.to_port(port);
        match rule.to_host() {
            None => {
                self.check_ip(ip)?;
                Ok(SocketAddr::new(ip.to_canonical(), port))
            }
            Some(Host::Address(to)) => Ok(SocketAddr::new(*to, port)),
            Some(Host::Name(name)) => {
                let mut found = self.lookup(name, RecordType::A).await?.ips();
                if let Ok(more) = self.lookup(name, RecordType::AAAA).await {
                    found.extend(more.ips());
                }
                let same_family = found.iter().find(|to| to.is_ipv4() == ip.is_ipv4());
                let to = same_family.or(found.first()).ok_or_else(|| {
                    NetError::new(
                        GapReason::Unresolved,
                        format!("{name}, where --connect-to leads, has no address"),
                    )
                })?;
                Ok(SocketAddr::new(*to, port))
            }
        }
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
