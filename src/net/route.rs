//! Which way packets to the Internet would take, asked of the system alone.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};

use super::address::Family;

/// The local address from which packets to public addresses of a family would
/// leave; `None` without a route. Sends nothing: connecting a UDP socket only
/// asks the system's routing table. The far address is one of a root server
/// (k.root-servers.net).
pub fn local_address(family: Family) -> Option<IpAddr> {
    let far: SocketAddr = match family {
        Family::V4 => ([193, 0, 14, 129], 53).into(),
        Family::V6 => (Ipv6Addr::new(0x2001, 0x7fd, 0, 0, 0, 0, 0, 1), 53).into(),
    };
    let any: SocketAddr = match family {
        Family::V4 => ([0, 0, 0, 0], 0).into(),
        Family::V6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(far).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
