//! What a target's probes ask the resolver: one question for each name and type, however
//! many ask it, with and without the resolver's own validation; the addresses of a name
//! with what the guard says of each; and where delegations and trust begin.

use hickory_proto::{
    dnssec::rdata::DS,
    rr::{Name, RecordType},
};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::OnceCell;

use super::Session;
use crate::{
    net::{
        address::{AddressSet, Family},
        answer::{ALIASES_MAX, Answer, too_many_aliases},
        dns_query::{DnsQuery, DnsReply},
        error::NetError,
        pace::lock,
        present::{name_text, parse_name},
        scope::normal,
    },
    wire::{
        dnssec::iana_anchors,
        root_hints::{RootServer, iana_hints},
    },
};

type LookupResult = Result<Arc<Answer>, NetError>;
/// Filled once, however many ask at the same time.
type Once<T> = Mutex<HashMap<(String, RecordType), Arc<OnceCell<Result<Arc<T>, NetError>>>>>;

/// What the resolver answered to one target's probes, by name and type.
#[derive(Default)]
pub(super) struct Lookups {
    answers: Once<Answer>,
    unchecked: Once<DnsReply>,
}

impl Session {
    /// Asks the resolver, once for each name and type. NXDOMAIN and an answer
    /// without records are answers; SERVFAIL and its like are
    /// [`GapReason::Refused`], never "no record". A name that is not a domain
    /// name gives [`GapReason::Malformed`].
    pub async fn lookup(&self, name: &str, rtype: RecordType) -> LookupResult {
        let name = parse_name(name)?;
        let key = (name_text(&name), rtype);
        let cell = lock(&self.inner.lookups.answers)
            .entry(key)
            .or_default()
            .clone();
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
        let cell = lock(&self.inner.lookups.unchecked)
            .entry(key)
            .or_default()
            .clone();
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

    async fn lookup_uncached(&self, name: Name, rtype: RecordType) -> Result<Answer, NetError> {
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

    /// DS records of the root zone that are trusted.
    pub fn trust_anchors(&self) -> Vec<DS> {
        match self.config().trust_anchors.as_slice() {
            [] => iana_anchors(),
            given => given.to_vec(),
        }
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
}
