//! Connections that are open and idle, kept for a moment.
//!
//! An open connection holds a permit of the limits on its address, which other
//! probes wait for: so it is kept only as long as the next request of a crawl
//! takes to come, and one for each place.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    super::{error::NetError, pace::lock},
    HttpRequest, Trust,
    connect::Live,
};
use crate::{model::gap::GapReason, wire::text::clean};

/// How long a connection is kept for the next request.
const KEEP: Duration = Duration::from_millis(500);

/// Idle connections of a session.
#[derive(Clone, Default)]
pub(in super::super) struct Pool {
    idle: Arc<Mutex<Idle>>,
}

#[derive(Default)]
struct Idle {
    count: u64,
    connections: HashMap<Place, (u64, Live)>,
}

/// Where a connection leads, and under which rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    pub(super) trust: Trust,
}

impl Place {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, NetError> {
        let url = &request.url;
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            other => {
                let detail = format!("`{}` URLs cannot be asked for", clean(other, 40));
                return Err(NetError::new(GapReason::Malformed, detail));
            }
        };
        match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) => Ok(Self {
                tls,
                host: host.trim_matches(['[', ']']).to_owned(),
                ip: request.ip,
                port,
                trust: request.trust,
            }),
            _ => Err(NetError::new(GapReason::Malformed, "a URL without a host")),
        }
    }
}

impl Pool {
    /// A connection to a place that is still open.
    pub(super) fn take(&self, place: &Place) -> Option<Live> {
        let (_, live) = lock(&self.idle).connections.remove(place)?;
        live.is_open().then_some(live)
    }

    /// Keeps a connection for a moment.
    pub(super) fn put(&self, live: Live) {
        let place = live.place().clone();
        let number = {
            let mut idle = lock(&self.idle);
            idle.count = idle.count.wrapping_add(1);
            let number = idle.count;
            idle.connections.insert(place.clone(), (number, live));
            number
        };
        let weak = Arc::downgrade(&self.idle);
        tokio::spawn(async move {
            tokio::time::sleep(KEEP).await;
            let Some(idle) = weak.upgrade() else {
                return;
            };
            let mut idle = lock(&idle);
            if idle
                .connections
                .get(&place)
                .is_some_and(|(own, _)| *own == number)
            {
                idle.connections.remove(&place);
            }
        });
    }
}
