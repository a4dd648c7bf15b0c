//! Sessions kept from one handshake to the next.

use rustls::{
    NamedGroup,
    client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue},
    pki_types::ServerName,
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use super::{Offer, recorder::Recorder};

/// How long to wait for a ticket behind the handshake.
const TICKET_TIME: Duration = Duration::from_millis(300);
/// Most tickets that are kept.
const TICKETS: usize = 4;

/// The sessions of one server. Each is taken up once.
#[derive(Default)]
pub struct Sessions {
    recorder: OnceLock<Arc<Recorder>>,
    kept: Mutex<Kept>,
    arrived: Notify,
}

#[derive(Default)]
struct Kept {
    tls12: Option<Tls12ClientSessionValue>,
    tls13: Vec<Tls13ClientSessionValue>,
}

impl Sessions {
    /// The recorder of all handshakes that share these sessions.
    pub(super) fn recorder(&self, offer: &Offer) -> Arc<Recorder> {
        let recorder = self.recorder.get_or_init(|| Arc::new(Recorder::new(offer)));
        recorder.clone()
    }

    /// Whether there is a session to take up.
    pub fn any(&self) -> bool {
        let kept = self.lock();
        kept.tls12.is_some() || !kept.tls13.is_empty()
    }

    /// Listens on a connection until a ticket has come, for a moment at most, and ends it
    /// in an orderly way: servers forget the session of a connection that was cut off
    /// (RFC 2246 section 7.2.1).
    pub async fn wait_for_ticket(&self, mut live: impl AsyncRead + AsyncWrite + Unpin) {
        let mut nothing = [0; 16];
        let ticket = async {
            while !self.any() {
                tokio::select! {
                    () = self.arrived.notified() => {}
                    read = live.read(&mut nothing) => match read {
                        Ok(1..) => {}
                        _ => return,
                    },
                }
            }
        };
        // No ticket within this time counts as none.
        let _ = tokio::time::timeout(TICKET_TIME, ticket).await;
        let _ = tokio::time::timeout(TICKET_TIME, live.shutdown()).await;
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("any", &self.any())
            .finish()
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.lock().tls12 = Some(value);
        self.arrived.notify_one();
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.lock().tls12.clone()
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.lock().tls12 = None;
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        let mut kept = self.lock();
        if kept.tls13.len() < TICKETS {
            kept.tls13.push(value);
        }
        drop(kept);
        self.arrived.notify_one();
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.lock().tls13.pop()
    }
}
