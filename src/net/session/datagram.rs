//! One datagram over UDP, and what comes back.

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::net::UdpSocket;

use super::Session;
use crate::model::gap::GapReason;
use crate::net::error::NetError;

/// Most datagrams that answer nothing before one that does.
const STRAY: usize = 16;

impl Session {
    /// Sends one datagram and waits for an answer that `read` understands; `None`
    /// when the other machine says that nobody listens. The scope and the limits
    /// on the address hold as for connections; its bytes are counted.
    ///
    /// # Errors
    /// [`GapReason::Timeout`] when nothing came, and whatever keeps us from asking.
    pub async fn datagram<T>(
        &self,
        host: &str,
        (ip, port): (IpAddr, u16),
        bytes: &[u8],
        wait: Duration,
        mut read: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, NetError> {
        self.check()?;
        self.check_host(host, port).await?;
        let peer = self.peer(host, ip, port).await?;
        let pace = &self.inner.net.shared.pace;
        let _permit = self
            .within(
                Duration::from_secs(24 * 3600),
                "queue",
                pace.admit(peer.ip()),
            )
            .await?
            .ok_or_else(|| NetError::new(GapReason::Internal, "the queue was closed"))?;
        let what = format!("asking {} over UDP", SocketAddr::new(ip, port));
        let exchange = async {
            let any: SocketAddr = match peer.ip() {
                IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            // Connected, it takes packets from the other side alone, and its refusals.
            let socket = UdpSocket::bind(any).await?;
            socket.connect(peer).await?;
            socket.send(bytes).await?;
            self.meter().sent(bytes.len());
            let mut buffer = vec![0; 2_048];
            for _ in 0..STRAY {
                let count = socket.recv(&mut buffer).await?;
                self.meter().received(count);
                let answer = read(buffer.get(..count).unwrap_or_default());
                if answer.is_some() {
                    return Ok(answer);
                }
            }
            Err(std::io::Error::new(
                ErrorKind::InvalidData,
                "many datagrams that answer nothing",
            ))
        };
        match self.within(wait, &what, exchange).await? {
            Ok(answer) => Ok(answer),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(None),
            Err(error) => Err(NetError::from_io(&error, &what)),
        }
    }
}
