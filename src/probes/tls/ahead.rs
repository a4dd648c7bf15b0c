//! Connections opened ahead: while a server answers one hello, the connection for
//! the next is set up. That saves a round trip for each hello that follows another.
//!
//! Nothing is opened ahead where somebody would have to wait for it: not above the
//! limits on an address, and not for a server that turned a connection away.
//! Whoever needs a connection takes the one that has waited longest, so that a server
//! that serves one after the other gets them in the order in which they speak.

use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{
    collections::VecDeque,
    net::IpAddr,
    pin::pin,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn,
    time::{Instant, timeout, timeout_at},
};

use super::exchange::OpenError;
use super::gate::{Gate, may_be_limit};
use super::starttls::{self, Protocol};
use crate::net::{Connection, Session};

/// How long a connection waits; servers may cut off whoever says nothing.
const KEPT: Duration = Duration::from_secs(2);

/// What an exchange may take beyond three times what opening a connection takes.
const GRACE: Duration = Duration::from_millis(500);

/// The way to an endpoint, up to the point where TLS begins.
pub struct Way {
    /// The way to the network.
    pub session: Session,
    /// The host to connect to.
    pub host: String,
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// The protocol that is upgraded to TLS; implicit TLS without it.
    pub starttls: Option<Protocol>,
}

impl Way {
    /// Opens a connection.
    ///
    /// # Errors
    /// Where the network fails, or no TLS is offered.
    pub async fn open(&self) -> Result<Connection, OpenError> {
        let connection = self.session.connect(&self.host, self.ip, self.port).await;
        self.upgrade(connection.map_err(OpenError::Net)?).await
    }

    /// Opens a connection if nobody has to wait for that.
    async fn open_at_once(&self) -> Result<Option<Connection>, OpenError> {
        let (host, ip, port) = (&self.host, self.ip, self.port);
        let connection = self.session.connect_at_once(host, ip, port).await;
        match connection.map_err(OpenError::Net)? {
            Some(connection) => self.upgrade(connection).await.map(Some),
            None => Ok(None),
        }
    }

    async fn upgrade(&self, mut connection: Connection) -> Result<Connection, OpenError> {
        if let Some(protocol) = self.starttls {
            starttls::upgrade(&mut connection, protocol, &self.host).await?;
        }
        Ok(connection)
    }
}

/// Connections of one endpoint that wait for the next hello.
#[derive(Default)]
pub struct Ahead {
    line: Mutex<Line>,
    /// How many ask now, and will probably ask again.
    asking: AtomicUsize,
    /// How many know that connections will be needed after those of now.
    expecting: AtomicUsize,
    /// How many open a connection now because none waited.
    opening: AtomicUsize,
    /// How long opening one took at most, in milliseconds.
    longest: AtomicU64,
    /// The server was seen not to like it.
    ended: AtomicBool,
    /// Takes what is to be opened, in this order.
    opener: OnceLock<mpsc::UnboundedSender<Job>>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    /// When the server answered somebody.
    moved: Option<Instant>,
}

/// Counts somebody for as long as it lives.
pub struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Ahead {
    /// Notes that somebody asks and will probably ask again.
    pub fn asking(&self) -> Counted<'_> {
        Counted::new(&self.asking)
    }

    /// Notes that a connection will be needed after those of now, whatever they are for.
    pub fn expecting(&self) -> Counted<'_> {
        Counted::new(&self.expecting)
    }

    /// Opens a connection because none waits.
    ///
    /// # Errors
    /// As [`Way::open`].
    pub async fn open(&self, way: &Way) -> Result<Connection, OpenError> {
        let _opening = Counted::new(&self.opening);
        let begun = Instant::now();
        let opened = way.open().await;
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.longest.fetch_max(took, Ordering::Relaxed);
        opened
    }

    /// Opens as many as there are askers, or one that is expected, behind all connections
    /// that are in use.
    pub fn refill(&self, way: impl Fn() -> Way) {
        let opening = self.opening.load(Ordering::Relaxed) > 0;
        if opening || self.ended.load(Ordering::Relaxed) {
            return;
        }
        let expected = self.expecting.load(Ordering::Relaxed).min(1);
        let wanted = self.asking.load(Ordering::Relaxed).max(expected);
        let mut line = self.lock();
        while line.waiting.len() < wanted {
            let (wish, asked) = oneshot::channel();
            line.waiting.push_back(Waiting { wanted: wish });
            let job = Job { way: way(), asked };
            let _ = self.opener.get_or_init(opener).send(job);
        }
    }

    /// Runs an exchange. Where nobody is answered for long, those that wait may be
    /// in its way: a server may serve one connection after the other. Then none is
    /// opened any more.
    pub async fn unless_all_stalls<T>(&self, exchange: impl Future<Output = T>) -> T {
        let mut exchange = pin!(exchange);
        let begun = Instant::now();
        loop {
            let longest = Duration::from_millis(self.longest.load(Ordering::Relaxed));
            let moved = self.lock().moved.map_or(begun, |moved| moved.max(begun));
            match timeout_at(moved + longest * 3 + GRACE, &mut exchange).await {
                Ok(done) => return done,
                Err(_) if self.lock().moved.is_some_and(|later| later > moved) => {}
                Err(_) => {
                    self.end();
                    return exchange.await;
                }
            }
        }
    }

    /// Notes that the server answered somebody.
    pub fn note_answer(&self) {
        self.lock().moved = Some(Instant::now());
    }

    /// The connection that has waited longest, if there is one. Notes at the gate
    /// when the server turned one away.
    pub async fn take(&self, gate: &Gate) -> Option<Connection> {
        loop {
            let waiting = self.lock().waiting.pop_front()?;
            match waiting.take().await {
                Some(Ok(connection)) if !connection.has_ended() => return Some(connection),
                Some(opened) => {
                    self.end();
                    if let Err(OpenError::Net(error)) = opened
                        && may_be_limit(&error)
                    {
                        gate.note();
                    }
                }
                None => {}
            }
        }
    }

    /// Gives up those that wait.
    pub fn clear(&self) {
        self.lock().waiting.clear();
    }

    /// Opens nothing ahead any more.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Opened = Result<Connection, OpenError>;

/// A connection that is being opened, or waits. Given up when dropped.
struct Waiting {
    wanted: oneshot::Sender<oneshot::Sender<Opened>>,
}

impl Waiting {
    /// `None` where it was not opened, or has waited for too long.
    async fn take(self) -> Option<Opened> {
        let (taker, taken) = oneshot::channel();
        self.wanted.send(taker).ok()?;
        taken.await.ok()
    }
}

/// A connection to open and to keep until it is asked for.
struct Job {
    way: Way,
    asked: oneshot::Receiver<oneshot::Sender<Opened>>,
}

impl Job {
    async fn run(mut self) {
        let mut taker = None;
        let mut open = pin!(self.way.open_at_once());
        let opened = loop {
            tokio::select! {
                opened = &mut open => break opened,
                asked = &mut self.asked, if taker.is_none() => match asked {
                    Ok(asked) => taker = Some(asked),
                    Err(_) => return,
                },
            }
        };
        let opened = match opened {
            Ok(Some(connection)) => Ok(connection),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let taker = match taker {
            Some(taker) => Some(taker),
            None => timeout(KEPT, self.asked).await.ok().and_then(Result::ok),
        };
        if let Some(taker) = taker {
            let _ = taker.send(opened);
        }
    }
}

/// Begins all jobs in the order in which they come, so that the connections come to the
/// server in the order in which they will be used. Ends when nobody can send jobs.
fn opener() -> mpsc::UnboundedSender<Job> {
    let (sender, mut jobs) = mpsc::unbounded_channel::<Job>();
    spawn(async move {
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                job = jobs.recv() => match job {
                    Some(job) => running.push(job.run()),
                    None => return,
                },
                Some(()) = running.next() => {}
            }
        }
    });
    sender
}

#[cfg(test)]
mod tests;
