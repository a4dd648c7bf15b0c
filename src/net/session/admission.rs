//! Leave to open a connection, and the opening.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};
use tokio::net::TcpStream;

use super::Session;
use crate::model::gap::GapReason;
use crate::net::{connection::Connection, error::NetError, pace::Permit};

/// Leave to open one connection.
pub struct Admission {
    pub(super) session: Session,
    pub(super) logical: SocketAddr,
    pub(super) peer: SocketAddr,
    pub(super) permit: Permit,
}

impl Session {
    /// Connects as [`Session::connect`] does, if that is possible without waiting
    /// for the limits on the address; `None` where it is not.
    ///
    /// # Errors
    /// As [`Session::connect`].
    pub async fn connect_at_once(
        &self,
        host: &str,
        ip: IpAddr,
        port: u16,
    ) -> Result<Option<Connection>, NetError> {
        self.check()?;
        self.check_host(host, port).await?;
        let peer = self.peer(host, ip, port).await?;
        let Some(permit) = self.inner.net.shared.pace.admit_at_once(peer.ip()) else {
            return Ok(None);
        };
        self.inner.meter.connection()?;
        let admission = Admission {
            session: self.clone(),
            logical: SocketAddr::new(ip, port),
            peer,
            permit,
        };
        admission.open().await.map(Some)
    }
}

impl Admission {
    /// Where the socket has to lead; differs from the logical address under `--connect-to`.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Counts bytes of a client that opens its own socket.
    pub fn count(&self, sent: usize, received: usize) {
        self.session.meter().sent(sent);
        self.session.meter().received(received);
    }

    /// Opens the connection.
    pub async fn open(self) -> Result<Connection, NetError> {
        let what = format!("connecting to {}", self.logical);
        let limit = self.session.limits().connect_timeout;
        let stream = self
            .session
            .within(limit, &what, TcpStream::connect(self.peer))
            .await?
            .map_err(|error| {
                // Told apart from a dead server: our own network may be at fault.
                let no_route = error.kind() == io::ErrorKind::NetworkUnreachable;
                match no_route && self.logical.is_ipv6() {
                    true => NetError::new(
                        GapReason::Unreachable,
                        format!("{what}: no route; this machine may have no IPv6"),
                    ),
                    false => NetError::from_io(&error, &what),
                }
            })?;
        Ok(Connection::new(
            stream,
            self.session,
            self.permit,
            self.logical,
        ))
    }
}
