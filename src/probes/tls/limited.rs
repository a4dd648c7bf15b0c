//! A connection for a handshake that has to end within a time.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::client::TlsStream;

use crate::model::gap::GapReason;
use crate::net::{Connection, NetError};

/// A connection after its handshake.
pub type Held = TlsStream<Limited>;

/// A connection that fails after a time, however much comes.
pub struct Limited {
    connection: Connection,
    until: Pin<Box<Sleep>>,
}

impl Limited {
    /// A connection that fails when this time has passed. Dropping a handshake would
    /// lose its record, so the limit lies inside.
    pub fn new(mut connection: Connection, patience: Duration) -> Self {
        connection.set_idle_timeout(patience);
        Self {
            connection,
            until: Box::pin(sleep_until(Instant::now() + patience)),
        }
    }

    /// Gives it this time from now on.
    pub fn allow(&mut self, patience: Duration) {
        self.connection.set_idle_timeout(patience);
        self.until = Box::pin(sleep_until(Instant::now() + patience));
    }

    fn late(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        self.until.as_mut().poll(cx).is_ready().then(|| {
            NetError::new(GapReason::Timeout, "TLS handshake: no whole answer in time").into()
        })
    }
}

impl AsyncRead for Limited {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(error) = self.late(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.connection).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Limited {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(error) = self.late(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.connection).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}
