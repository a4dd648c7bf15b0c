//! Asks chosen name servers themselves: every address by itself, few
//! questions at a time, and a dead one costs seconds and not minutes.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::sleep,
};

use super::{
    dns_query::{DnsQuery, DnsReply, Waits, jitter},
    error::NetError,
    pace::lock,
    session::Session,
};
use crate::model::gap::GapReason;

/// Port of DNS.
const DNS: u16 = 53;
/// Most questions under way to one server for one target.
const IN_FLIGHT_PER_SERVER: usize = 4;
/// How long to wait for the first packet, and for the second.
const WAITS: [Duration; 2] = [Duration::from_millis(1_000), Duration::from_millis(2_000)];
/// How long an exchange over TCP may take.
const TCP_WAIT: Duration = Duration::from_secs(3);

type ReplyResult = Result<Arc<DnsReply>, NetError>;
type Cell = Arc<OnceCell<ReplyResult>>;

/// What one target's work knows of the servers that it asks.
#[derive(Default)]
pub(super) struct Servers {
    known: Mutex<HashMap<IpAddr, Arc<Server>>>,
    answers: Mutex<HashMap<(IpAddr, DnsQuery), Cell>>,
}

/// One server, as one target's work sees it.
struct Server {
    turns: Semaphore,
    /// Whether anything ever came back.
    spoke: AtomicBool,
    /// Whether a question went without an answer while nothing ever came back.
    silent: AtomicBool,
}

impl Session {
    /// Asks one address of one name server, once for each question. A server
    /// from which nothing ever came is given up after two packets. The address
    /// must be public or allowed, as for connections; `host` is the server's name.
    ///
    /// # Errors
    /// No answer, an unreadable one, or an address that may not be asked. A
    /// response code is no error here.
    pub async fn ask_server(&self, host: &str, server: IpAddr, query: &DnsQuery) -> ReplyResult {
        let servers = self.servers();
        let cell = lock(&servers.answers)
            .entry((server, query.clone()))
            .or_default()
            .clone();
        cell.get_or_init(|| async {
            let whole = Duration::from_secs(24 * 3600);
            let answer = self.within(whole, "DNS", self.ask_uncached(host, server, query));
            answer.await.and_then(|reply| reply.map(Arc::new))
        })
        .await
        .clone()
    }

    async fn ask_uncached(
        &self,
        host: &str,
        server: IpAddr,
        query: &DnsQuery,
    ) -> Result<DnsReply, NetError> {
        let peer = self.peer(host, server, DNS).await?;
        let state = self.servers().server(server);
        let _turn =
            state.turns.acquire().await.map_err(|_| {
                NetError::new(GapReason::Internal, "the queue of questions was closed")
            })?;
        let _all = self.dns_turn().await?;
        let mut last = NetError::new(GapReason::Timeout, format!("{server}: no answer"));
        for (attempt, wait) in WAITS.into_iter().enumerate() {
            if state.silent.load(Relaxed) {
                return Err(NetError::new(
                    GapReason::Timeout,
                    format!("{server} answered nothing before, and was not asked again"),
                ));
            }
            if attempt > 0 {
                sleep(jitter()).await;
            }
            let waits = Waits {
                udp: wait.min(self.limits().dns_timeout),
                tcp: TCP_WAIT.min(self.limits().connect_timeout),
            };
            match query.send(peer, waits, self.meter()).await {
                Ok(reply) => {
                    state.spoke.store(true, Relaxed);
                    return Ok(reply);
                }
                // Lost packets alone are sent again.
                Err(error) if error.reason == GapReason::Timeout && !query.tcp => last = error,
                Err(error) => {
                    if error.reason == GapReason::Malformed {
                        state.spoke.store(true, Relaxed);
                    }
                    return Err(error);
                }
            }
        }
        if !state.spoke.load(Relaxed) {
            state.silent.store(true, Relaxed);
        }
        Err(last)
    }
}

impl Servers {
    fn server(&self, ip: IpAddr) -> Arc<Server> {
        lock(&self.known)
            .entry(ip)
            .or_insert_with(|| {
                Arc::new(Server {
                    turns: Semaphore::new(IN_FLIGHT_PER_SERVER),
                    spoke: AtomicBool::new(false),
                    silent: AtomicBool::new(false),
                })
            })
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// UDP and TCP are tried side by side, and a server that said nothing to either is not
    /// asked again: this is all the time that it costs.
    #[test]
    fn a_silent_server_is_given_up_within_five_seconds() {
        let most_jitter = Duration::from_millis(200);
        let over_udp: Duration = WAITS.iter().map(|wait| *wait + most_jitter).sum();
        assert!(jitter() < most_jitter);
        assert!(over_udp < Duration::from_secs(5), "{over_udp:?}");
        assert!(TCP_WAIT < Duration::from_secs(5));
    }
}
