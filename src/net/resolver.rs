//! Asks a recursive resolver.

use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RecordType},
};
use std::net::{IpAddr, SocketAddr};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::sleep,
};

use super::{
    answer::{Answer, refusal},
    config::Limits,
    dns_query::{DnsQuery, DnsReply, Waits, is_failure, jitter},
    error::NetError,
    meter::Meter,
};
use crate::model::gap::GapReason;

/// Name servers of the system that are used, as in the C library.
const SYSTEM_SERVERS: usize = 3;

/// Asks a recursive resolver.
pub(super) struct Resolver {
    servers: Vec<SocketAddr>,
    limits: Limits,
    in_flight: Semaphore,
}

impl Resolver {
    /// A resolver that asks `server`, or those that the system is set up with.
    pub(super) fn new(server: Option<SocketAddr>, limits: Limits) -> Result<Self, NetError> {
        let servers = match server {
            Some(server) => vec![server],
            None => system_servers()?,
        };
        Ok(Self {
            servers,
            in_flight: Semaphore::new(limits.dns_in_flight.clamp(1, 10_000)),
            limits,
        })
    }

    /// The first server, as address and port.
    pub(super) fn label(&self) -> String {
        self.servers
            .first()
            .map(SocketAddr::to_string)
            .unwrap_or_default()
    }

    /// Waits for one of the questions that may be under way over all targets.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, NetError> {
        self.in_flight
            .acquire()
            .await
            .map_err(|_| NetError::new(GapReason::Internal, "the queue of DNS queries was closed"))
    }

    /// Asks one question. A response code that says nothing of the name is an error.
    pub(super) async fn ask(
        &self,
        name: &Name,
        rtype: RecordType,
        meter: &Meter,
    ) -> Result<Answer, NetError> {
        let query = DnsQuery {
            recursion: true,
            ..DnsQuery::new(name.clone(), rtype)
        };
        let reply = self.send(query, meter).await?;
        Answer::from_message(name, rtype, reply.message)
    }

    /// Asks one question. A lost packet is sent again after a short random
    /// wait; a server that does not answer or fails gives way to the next.
    pub(super) async fn send(&self, query: DnsQuery, meter: &Meter) -> Result<DnsReply, NetError> {
        let _turn = self.turn().await?;
        let mut last = NetError::new(GapReason::Internal, "no resolver");
        let mut failed = 0usize;
        for attempt in 0..=self.limits.dns_retries.min(10) {
            let turn = usize::try_from(attempt).unwrap_or(usize::MAX);
            let Some(server) = turn
                .checked_rem(self.servers.len())
                .and_then(|index| self.servers.get(index))
            else {
                break;
            };
            if attempt > 0 && last.reason == GapReason::Timeout {
                sleep(jitter()).await;
            }
            match self.send_to(*server, &query, meter).await {
                Ok(reply) if is_failure(reply.message.metadata.response_code) => {
                    last = refusal(&query.name, query.rtype, &reply.message);
                    failed += 1;
                    // The protocol's own word: another server may know better, the same will not.
                    if failed >= self.servers.len() {
                        return Err(last);
                    }
                }
                Ok(reply) => return Ok(reply),
                Err(error)
                    if matches!(error.reason, GapReason::BudgetSpent | GapReason::Internal) =>
                {
                    return Err(error);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn send_to(
        &self,
        server: SocketAddr,
        query: &DnsQuery,
        meter: &Meter,
    ) -> Result<DnsReply, NetError> {
        let waits = Waits {
            udp: self.limits.dns_timeout,
            tcp: self.limits.connect_timeout,
        };
        let reply = query.send(server, waits, meter).await?;
        match reply.message.metadata.response_code {
            // A server from before EDNS (RFC 6891 section 7).
            ResponseCode::FormErr | ResponseCode::NotImp | ResponseCode::BADVERS => {
                let plain = DnsQuery {
                    edns: None,
                    ..query.clone()
                };
                plain.send(server, waits, meter).await
            }
            _ => Ok(reply),
        }
    }
}

/// The name servers that the system is set up with.
fn system_servers() -> Result<Vec<SocketAddr>, NetError> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = servers_of(&text);
    if servers.is_empty() {
        return Err(NetError::new(
            GapReason::Unreachable,
            "the system has no resolver set up (/etc/resolv.conf); give one with --resolver ADDR",
        ));
    }
    Ok(servers)
}

/// The servers that a resolv.conf names (resolv.conf(5)).
fn servers_of(text: &str) -> Vec<SocketAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("nameserver")).then(|| words.next())?
        })
        .filter_map(|word| {
            // `fe80::1%eth0`: a scope that std can read only as a number.
            let address: IpAddr = word.split('%').next()?.parse().ok()?;
            Some(SocketAddr::new(address, 53))
        })
        .take(SYSTEM_SERVERS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf_is_read_leniently() {
        let text = "# nameserver 192.0.2.9\nsearch example\n nameserver  192.0.2.1 \nnameserver x\nnameserver 2001:db8::1\noptions edns0\n";
        let servers: Vec<String> = servers_of(text).iter().map(|s| s.to_string()).collect();
        assert_eq!(servers, ["192.0.2.1:53", "[2001:db8::1]:53"]);
        assert!(servers_of("").is_empty());
    }
}
