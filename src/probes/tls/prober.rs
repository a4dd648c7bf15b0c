//! Asks a server with hellos and tells a refusal from a failure.
//!
//! A refusal is what the protocol says is one: an alert. A bare close counts
//! only when it is repeated and the server answers another hello meanwhile
//! or right after. A reset or a silence never counts: it is tried again, slower and
//! one at a time, and stays unclear if it stays. When a server that answered
//! before answers nothing any more, it throttles us: then nothing further is
//! asked.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;

use super::exchange::{Ask, Purpose, Reply, fill_random};
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::wire::tls::{
    Version,
    client_hello::ClientHello,
    flight::{Alert, Flight},
    signatures,
};

/// What became of a hello.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The server chose something.
    Accepted(Box<Flight>),
    /// The server refused; the code of its alert, if it sent one.
    Refused(Option<u8>),
    /// It cannot be said.
    Unclear(NetError),
}

/// Times to wait for answers and between attempts.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For an answer the first time.
    pub first: Duration,
    /// For an answer when asking again.
    pub again: Duration,
    /// Before asking again.
    pub pause: Duration,
    /// Before asking once more a server that stopped answering.
    pub long_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(3),
            again: Duration::from_secs(5),
            pause: Duration::from_millis(400),
            long_pause: Duration::from_secs(3),
        }
    }
}

/// How often to wait for a server that turned us away.
const WAITS: usize = 4;

/// Asks one server.
pub struct Prober<'a, A> {
    server: &'a A,
    server_name: Option<String>,
    patience: Patience,
    throttled: AtomicBool,
    /// How many hellos it accepted.
    answers: AtomicUsize,
    /// How many hellos were sent.
    sent: AtomicUsize,
    /// How many had been sent when the last that was answered was.
    live: AtomicUsize,
    /// A hello had to be sent again.
    stumbled: AtomicBool,
    /// The server turned us away at times: whoever asks does so alone, and slowly.
    slow: AtomicBool,
    /// How often we may still wait for it.
    waits: AtomicUsize,
    /// A hello that the server answered.
    known_good: Mutex<Option<Vec<u8>>>,
    /// Whoever asks again does so alone.
    alone: tokio::sync::Mutex<()>,
}

impl<'a, A: Ask> Prober<'a, A> {
    /// A prober of a server that has not answered yet.
    pub fn new(server: &'a A, server_name: Option<String>, patience: Patience) -> Self {
        Self {
            server,
            server_name,
            patience,
            throttled: AtomicBool::new(false),
            answers: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            stumbled: AtomicBool::new(false),
            slow: AtomicBool::new(false),
            waits: AtomicUsize::new(WAITS),
            known_good: Mutex::new(None),
            alone: tokio::sync::Mutex::new(()),
        }
    }

    /// A hello for one version, as this prober begins all of them.
    pub fn hello(&self, version: Version) -> ClientHello {
        let mut random = [0; 32];
        fill_random(&mut random);
        let mut hello = ClientHello::new(version, random);
        hello.server_name.clone_from(&self.server_name);
        if version >= Version::Tls12 {
            let schemes = signatures::all().iter().map(|scheme| scheme.id);
            hello.signature_schemes = schemes.collect();
        }
        if version < Version::Tls13 {
            hello.extended_master_secret = true;
            hello.encrypt_then_mac = true;
            hello.renegotiation_info = true;
        }
        hello
    }

    /// Names a hello that the server is known to answer.
    pub fn set_known_good(&self, hello: &ClientHello) {
        self.lock_known_good().get_or_insert_with(|| hello.encode());
    }

    /// Whether the server stopped answering.
    pub fn is_throttled(&self) -> bool {
        self.throttled.load(Ordering::Relaxed)
    }

    /// Whether the server turned us away, for a while or for good.
    pub fn met_limits(&self) -> bool {
        self.is_throttled() || self.slow.load(Ordering::Relaxed)
    }

    /// How many hellos it accepted so far.
    pub fn answers_so_far(&self) -> usize {
        self.answers.load(Ordering::Relaxed)
    }

    /// Whether a hello had to be sent again.
    pub fn stumbled(&self) -> bool {
        self.stumbled.load(Ordering::Relaxed)
    }

    /// Sends a hello and finds out what its answer means.
    pub async fn ask(&self, hello: &ClientHello, purpose: Purpose) -> Outcome {
        if self.is_throttled() {
            return Outcome::Unclear(throttled());
        }
        let bytes = hello.encode();
        let outcome = if self.slow.load(Ordering::Relaxed) {
            let since = self.sent.load(Ordering::Relaxed);
            self.ask_again(&bytes, purpose, since).await
        } else {
            match settle(self.send(&bytes, purpose, self.patience.first).await) {
                Settled::Yes(outcome) => outcome,
                Settled::Never(error) => Outcome::Unclear(error),
                Settled::NotYet => {
                    let since = self.sent.load(Ordering::Relaxed);
                    self.ask_again(&bytes, purpose, since).await
                }
            }
        };
        if matches!(outcome, Outcome::Accepted(_)) {
            self.answers.fetch_add(1, Ordering::Relaxed);
            self.lock_known_good().get_or_insert(bytes);
        }
        outcome
    }

    /// Asks again, and alone; `since` hellos had been sent when the first answer came.
    async fn ask_again(&self, hello: &[u8], purpose: Purpose, since: usize) -> Outcome {
        self.stumbled.store(true, Ordering::Relaxed);
        let _alone = self.alone.lock().await;
        if self.is_throttled() {
            return Outcome::Unclear(throttled());
        }
        sleep(self.patience.pause).await;
        let reply = self.send_alone(hello, purpose).await;
        let doubt = Doubt::of(&reply);
        match settle(reply) {
            Settled::Yes(outcome) => return outcome,
            Settled::Never(error) => return Outcome::Unclear(error),
            Settled::NotYet => {}
        }
        let known_good = self.lock_known_good().clone();
        let Some(known_good) = known_good else {
            return Outcome::Unclear(doubt.error);
        };
        // Others may have been answered meanwhile.
        let lives = doubt.closed && self.live.load(Ordering::Relaxed) > since;
        if !doubt.closed {
            sleep(self.patience.pause).await;
        }
        if lives || self.answers(&known_good, purpose).await {
            if doubt.closed {
                return Outcome::Refused(None);
            }
            // Twice may be bad luck on a poor line.
            sleep(self.patience.pause).await;
            let reply = self.send_alone(hello, purpose).await;
            return match settle(reply) {
                Settled::Yes(outcome) => outcome,
                Settled::Never(error) => Outcome::Unclear(error),
                Settled::NotYet => Outcome::Unclear(doubt.error),
            };
        }
        self.slow.store(true, Ordering::Relaxed);
        Box::pin(self.wait_for_it(hello, purpose, &known_good)).await
    }

    /// Waits until a server that turned us away answers again, and asks it then.
    async fn wait_for_it(&self, hello: &[u8], purpose: Purpose, known_good: &[u8]) -> Outcome {
        let mut pause = self.patience.long_pause;
        while pause <= self.patience.long_pause * 2 {
            let left = self
                .waits
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            if left.is_err() {
                break;
            }
            sleep(pause).await;
            pause *= 2;
            if !self.answers(known_good, purpose).await {
                continue;
            }
            // It recovered: it was the server's rate, not this hello. One that takes a
            // single connection needs a moment to see that the last one has gone.
            sleep(self.patience.pause).await;
            let reply = self.send_alone(hello, purpose).await;
            let doubt = Doubt::of(&reply);
            match settle(reply) {
                Settled::Yes(outcome) => return outcome,
                Settled::Never(error) => return Outcome::Unclear(error),
                Settled::NotYet => sleep(self.patience.pause).await,
            }
            if self.answers(known_good, purpose).await {
                return doubt.despite_a_live_server();
            }
        }
        self.throttled.store(true, Ordering::Relaxed);
        Outcome::Unclear(throttled())
    }

    /// Makes sure that the server still answers, after something that may
    /// have been a refusal or may have been throttling.
    pub async fn confirm_alive(&self, purpose: Purpose) -> Result<(), NetError> {
        let Some(known_good) = self.lock_known_good().clone() else {
            return Err(NetError::new(GapReason::Reset, "closed without a word"));
        };
        if self.is_throttled() {
            return Err(throttled());
        }
        if self.answers(&known_good, purpose).await {
            return Ok(());
        }
        // A server that takes a single connection may not have seen the last one go.
        sleep(self.patience.pause).await;
        match self.answers(&known_good, purpose).await {
            true => Ok(()),
            false => Err(throttled()),
        }
    }

    async fn send(&self, hello: &[u8], purpose: Purpose, patience: Duration) -> Reply {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let reply = self.server.ask(hello, purpose, patience).await;
        self.note_answer(number, &reply);
        reply
    }

    /// Sends a hello again, while nothing else of ours is connected.
    async fn send_alone(&self, hello: &[u8], purpose: Purpose) -> Reply {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let patience = self.patience.again;
        let reply = self.server.ask_alone(hello, purpose, patience).await;
        self.note_answer(number, &reply);
        reply
    }

    /// Notes that the server answered this hello, by its number.
    fn note_answer(&self, number: usize, reply: &Reply) {
        if matches!(reply, Reply::Flight(_)) {
            self.live.fetch_max(number, Ordering::Relaxed);
        }
    }

    /// Whether the server answers a hello that it answered before.
    async fn answers(&self, known_good: &[u8], purpose: Purpose) -> bool {
        let reply = self.send_alone(known_good, purpose).await;
        matches!(reply, Reply::Flight(_))
    }

    fn lock_known_good(&self) -> std::sync::MutexGuard<'_, Option<Vec<u8>>> {
        self.known_good
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn throttled() -> NetError {
    let detail = "it answered before, and then stopped answering";
    NetError::new(GapReason::Throttled, detail)
}

enum Settled {
    /// The reply says what it means.
    Yes(Outcome),
    /// Asking again is of no use.
    Never(NetError),
    /// It may have been chance.
    NotYet,
}

fn settle(reply: Reply) -> Settled {
    use GapReason as R;
    match reply {
        Reply::Flight(flight) => Settled::Yes(Outcome::Accepted(flight)),
        // These say that the server does not want to talk now, or that it
        // broke, and nothing about the offer.
        Reply::Alert(Alert { code: 0 | 90, .. }) => Settled::NotYet,
        Reply::Alert(alert) => Settled::Yes(Outcome::Refused(Some(alert.code))),
        Reply::Closed | Reply::NotTls => Settled::NotYet,
        Reply::Failed(error) => match error.reason {
            R::Timeout | R::Reset | R::Unreachable | R::Malformed | R::TooLarge | R::Refused => {
                Settled::NotYet
            }
            _ => Settled::Never(error),
        },
    }
}

/// A reply that does not say what it means.
struct Doubt {
    closed: bool,
    error: NetError,
}

impl Doubt {
    fn of(reply: &Reply) -> Self {
        let error = match reply {
            Reply::Failed(error) => error.clone(),
            Reply::NotTls => NetError::new(GapReason::Malformed, "the answer is not TLS"),
            _ => NetError::new(GapReason::Reset, "closed without a word"),
        };
        Self {
            closed: matches!(reply, Reply::Closed | Reply::Alert(_)),
            error,
        }
    }

    /// The server answers others, so the doubt is about this hello.
    fn despite_a_live_server(self) -> Outcome {
        if self.closed {
            Outcome::Refused(None)
        } else {
            Outcome::Unclear(self.error)
        }
    }
}
