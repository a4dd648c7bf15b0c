//! A connection that counts its bytes and keeps the limits of its session.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use super::{
    error::NetError,
    pace::Permit,
    session::{Session, spent},
};
use crate::model::gap::GapReason;

/// A TCP connection to a target.
///
/// It ends with an error that [`NetError::from_io`] gives back unchanged: when
/// more bytes come than one connection may bring ([`GapReason::TooLarge`]), when
/// the other side stays silent for too long ([`GapReason::Timeout`]), and when
/// the target's deadline passes or the user stops the scan.
pub struct Connection {
    stream: TcpStream,
    session: Session,
    received: u64,
    cap: u64,
    idle_timeout: Duration,
    /// When silence ends the connection, never after the deadline.
    alarm: Pin<Box<Sleep>>,
    /// Whether something is awaited since the alarm was set.
    waiting: bool,
    stop: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
    logical: SocketAddr,
    _permit: Permit,
}

impl Connection {
    pub(super) fn new(
        stream: TcpStream,
        session: Session,
        permit: Permit,
        logical: SocketAddr,
    ) -> Self {
        let limits = session.limits();
        let stop = session.stop_signal().clone();
        // Small exchanges, one after the other: waiting to fill packets only slows them.
        let _ = stream.set_nodelay(true);
        Self {
            alarm: Box::pin(sleep_until(session.deadline())),
            stop: Box::pin(async move { stop.stopped().await }),
            stream,
            received: 0,
            cap: limits.bytes_per_connection,
            idle_timeout: limits.idle_timeout,
            waiting: false,
            logical,
            session,
            _permit: permit,
        }
    }

    /// The address and port that the facts show. The socket may lead elsewhere
    /// (`--connect-to`).
    pub fn address(&self) -> SocketAddr {
        self.logical
    }

    /// Our own address on this connection.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// Changes how long the other side may stay silent.
    pub fn set_idle_timeout(&mut self, timeout: Duration) {
        self.idle_timeout = timeout;
        self.waiting = false;
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Whether the other side has ended the connection already.
    pub fn has_ended(&self) -> bool {
        let mut byte = [0; 1];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut cx = Context::from_waker(Waker::noop());
        match self.stream.poll_peek(&mut cx, &mut buffer) {
            Poll::Ready(Ok(count)) => count == 0,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        }
    }

    /// Whether waiting has to end, when the socket has nothing to give.
    fn poll_limits(&mut self, cx: &mut Context<'_>) -> Poll<NetError> {
        if self.stop.as_mut().poll(cx).is_ready() {
            // A future that is done must not be polled again; it stays stopped.
            self.stop = Box::pin(std::future::ready(()));
            return Poll::Ready(spent(&self.session));
        }
        if !self.waiting {
            self.waiting = true;
            let silent = Instant::now() + self.idle_timeout;
            self.alarm
                .as_mut()
                .reset(silent.min(self.session.deadline()));
        }
        ready!(self.alarm.as_mut().poll(cx));
        self.waiting = false;
        if Instant::now() >= self.session.deadline() {
            return Poll::Ready(spent(&self.session));
        }
        Poll::Ready(NetError::new(
            GapReason::Timeout,
            format!(
                "{}: silent for {} s",
                self.logical,
                self.idle_timeout.as_secs_f32()
            ),
        ))
    }

    fn poll_write_with(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        match write(Pin::new(&mut self.stream), cx) {
            Poll::Ready(Ok(count)) => {
                self.waiting = false;
                self.session.meter().sent(count);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.poll_limits(cx).map(|error| Err(error.into())),
        }
    }

    /// A server that never stops sending must not outlive the deadline either.
    fn check(&self) -> io::Result<()> {
        self.session.check().map_err(io::Error::from)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check()?;
        if this.received >= this.cap {
            let error = NetError::new(
                GapReason::TooLarge,
                format!("{}: more than {} bytes", this.logical, this.cap),
            );
            return Poll::Ready(Err(error.into()));
        }
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                this.waiting = false;
                let count = buffer.filled().len().saturating_sub(before);
                this.session.meter().received(count);
                this.received = this
                    .received
                    .saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => this.poll_limits(cx).map(|error| Err(error.into())),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut()
            .poll_write_with(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut()
            .poll_write_with(cx, |stream, cx| stream.poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
