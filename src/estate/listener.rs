//! Accepts connections, within bounds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};

use super::{lists, registry, smtp, tls, web};

/// Connections served at a time by one server; more wait in the queue of the system.
const MAX_CONNECTIONS: usize = 64;
/// The longest life of a connection.
const MAX_LIFE: Duration = Duration::from_secs(30);

/// What stands behind a port.
pub(super) enum Server {
    /// A website without encryption.
    Http(web::Site),
    /// A website with TLS.
    Https(web::Site, tls::Front),
    /// A mail exchanger.
    Smtp(smtp::Greeter),
    /// The authority's list of revoked certificates.
    List(lists::List),
    /// The registry of the domains.
    Registry(registry::Registry, tls::Front),
}

/// Serves a port until the task is dropped, which also ends its connections.
pub(super) async fn run(socket: TcpListener, server: Server, connections: Arc<AtomicU64>) {
    let server = Arc::new(server);
    let mut open = JoinSet::new();
    loop {
        while open.len() >= MAX_CONNECTIONS {
            open.join_next().await;
        }
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.fetch_add(1, Ordering::Relaxed);
                    let server = Arc::clone(&server);
                    open.spawn(timeout(MAX_LIFE, async move { server.serve(stream).await }));
                }
                // Out of file descriptors, or the peer has gone already: try again a little later.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = open.join_next() => {}
        }
    }
}

impl Server {
    /// Serves one connection. A peer that breaks off or breaks the protocol ends only its own.
    async fn serve(&self, stream: TcpStream) {
        match self {
            Self::Http(site) => site.serve(stream, false).await,
            Self::Https(site, front) => {
                if let Some(stream) = front.accept(stream).await {
                    site.serve(stream, true).await;
                }
            }
            Self::Smtp(greeter) => greeter.serve(stream).await,
            Self::List(list) => list.serve(stream).await,
            Self::Registry(registry, front) => {
                if let Some(stream) = front.accept(stream).await {
                    registry.serve(stream).await;
                }
            }
        }
    }
}
