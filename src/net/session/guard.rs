//! The guard before every connection: which hosts belong to the scan, which others may be
//! asked on one port for its sake, which addresses may be connected to, and where the
//! user's `--connect-to` leads.

use hickory_proto::rr::{RData, RecordType};
use std::net::{IpAddr, SocketAddr};

use super::Session;
use crate::{
    model::{gap::GapReason, level::Level},
    net::{
        address::ScopedAddress,
        connect_rule::Host,
        error::NetError,
        pace::lock,
        present::name_text,
        scope::normal,
        special::{DOCUMENTATION, special_use},
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

impl Session {
    /// Whether a host belongs to the scan: the target, its `www.` sibling,
    /// another target, or a name below a domain of the scope.
    pub fn in_scope(&self, host: &str) -> bool {
        self.inner.scope.contains(&self.inner.target, host)
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

    /// Lets a server of a registry be asked for this target.
    pub(in crate::net) fn admit_registry(&self, host: &str, port: u16) {
        lock(&self.inner.admitted).insert((normal(host), port));
    }

    /// Whether a host may be asked on a port at all.
    pub(super) async fn check_host(&self, host: &str, port: u16) -> Result<(), NetError> {
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
            RData::MX(mx) => name_text(&mx.exchange) == host,
            _ => false,
        })
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

    /// An address with what the scope guard says of it.
    pub(super) fn scoped(&self, host: &str, ip: IpAddr) -> ScopedAddress {
        let led = self.led(host, ip);
        ScopedAddress {
            ip,
            public: special_use(ip).is_none(),
            may_connect: if led { Ok(()) } else { self.check_ip(ip) },
        }
    }

    /// Where rules lead a name that has no address of its own.
    pub(super) fn staged_address(&self, name: &str) -> Option<IpAddr> {
        self.config()
            .connect_to
            .iter()
            .filter(|rule| rule.names(name, None))
            .find_map(|rule| match rule.to_host() {
                Some(Host::Address(ip)) => Some(*ip),
                _ => None,
            })
    }

    /// The socket address that a logical address leads to.
    pub(in crate::net) async fn peer(
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
