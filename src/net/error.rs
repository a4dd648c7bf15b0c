//! Why an exchange failed, in the words of a gap.

use std::{fmt, io};

use crate::{
    model::gap::{Gap, GapReason},
    wire::text::clean,
};

/// Most characters of a detail.
const DETAIL_CHARS: usize = 300;

/// Why an exchange failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetError {
    /// The reason, as a gap has it.
    pub reason: GapReason,
    /// What exactly happened, for a person. Cleaned.
    pub detail: String,
    closed_port: bool,
    other_protocol: bool,
    alert: bool,
}

impl NetError {
    /// An error with a detail, which is cleaned and cut.
    pub fn new(reason: GapReason, detail: impl AsRef<str>) -> Self {
        Self {
            reason,
            detail: clean(detail.as_ref(), DETAIL_CHARS),
            closed_port: false,
            other_protocol: false,
            alert: false,
        }
    }

    /// A failure of TLS.
    pub fn from_tls(error: &rustls::Error) -> Self {
        Self {
            alert: matches!(error, rustls::Error::AlertReceived(_)),
            ..Self::new(GapReason::TlsFailed, error.to_string())
        }
    }

    /// An input or output error in the words of a gap. `what` names the
    /// exchange, as `connecting to 192.0.2.1:443`.
    pub fn from_io(error: &io::Error, what: &str) -> Self {
        if let Some(inner) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<NetError>())
        {
            return inner.clone();
        }
        use io::ErrorKind as Kind;
        let reason = match error.kind() {
            Kind::ConnectionRefused
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
            | Kind::AddrNotAvailable => GapReason::Unreachable,
            Kind::TimedOut | Kind::WouldBlock => GapReason::Timeout,
            Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::NotConnected
            | Kind::UnexpectedEof => GapReason::Reset,
            Kind::InvalidData => GapReason::Malformed,
            // No route, no address of that family, a local firewall: the kernel's
            // word that nothing leads there.
            _ if error.raw_os_error().is_some() => GapReason::Unreachable,
            _ => GapReason::Internal,
        };
        let closed_port = error.kind() == Kind::ConnectionRefused;
        let words = match error.kind() {
            Kind::ConnectionRefused => "connection refused".to_owned(),
            Kind::UnexpectedEof => "closed before the answer was complete".to_owned(),
            _ => plain_words(error),
        };
        Self {
            closed_port,
            ..Self::new(reason, format!("{what}: {words}"))
        }
    }

    /// Whether the other side said that the port is closed (a TCP reset in
    /// answer to the first packet). That is a fact about the port, unlike
    /// silence.
    pub fn is_refused(&self) -> bool {
        self.closed_port
    }

    /// Whether the other side ended TLS with an alert: its own word that it does not want us.
    pub fn is_alert(&self) -> bool {
        self.alert
    }

    /// An answer that does not follow the expected protocol from its first byte on.
    pub fn other_protocol(detail: impl AsRef<str>) -> Self {
        Self {
            other_protocol: true,
            ..Self::new(GapReason::Malformed, detail)
        }
    }

    /// Whether the answer shows that the port speaks another protocol. That
    /// is a fact about the port, unlike a fault within the protocol.
    pub fn is_other_protocol(&self) -> bool {
        self.other_protocol
    }

    /// The gap that this error leaves at a place of the observation.
    pub fn gap(&self, at: impl Into<String>) -> Gap {
        Gap {
            at: at.into(),
            reason: self.reason,
            detail: Some(self.detail.clone()).filter(|detail| !detail.is_empty()),
        }
    }
}

/// The message of an error without the operating system's number.
fn plain_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text.get(..end).unwrap_or_default().to_lowercase(),
        None => text,
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() {
            f.write_str(self.reason.words())
        } else {
            write!(f, "{} ({})", self.reason.words(), self.detail)
        }
    }
}

impl std::error::Error for NetError {}

impl From<NetError> for io::Error {
    fn from(error: NetError) -> Self {
        use io::ErrorKind as Kind;
        let kind = match error.reason {
            GapReason::Timeout | GapReason::BudgetSpent => Kind::TimedOut,
            GapReason::Reset => Kind::ConnectionReset,
            GapReason::TooLarge | GapReason::Malformed => Kind::InvalidData,
            _ => Kind::Other,
        };
        io::Error::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_errors_become_reasons() {
        use io::ErrorKind as Kind;
        let cases = [
            (Kind::ConnectionRefused, GapReason::Unreachable, true),
            (Kind::HostUnreachable, GapReason::Unreachable, false),
            (Kind::TimedOut, GapReason::Timeout, false),
            (Kind::ConnectionReset, GapReason::Reset, false),
            (Kind::UnexpectedEof, GapReason::Reset, false),
            (Kind::InvalidData, GapReason::Malformed, false),
        ];
        for (kind, reason, refused) in cases {
            let error = NetError::from_io(&io::Error::from(kind), "asking");
            assert_eq!((error.reason, error.is_refused()), (reason, refused));
        }
    }

    #[test]
    fn an_error_survives_the_way_through_io() {
        let error = NetError::new(GapReason::TooLarge, "more than \x1b 8 MiB");
        assert_eq!(error.detail, "more than \u{FFFD} 8 MiB");
        let io: io::Error = error.clone().into();
        assert_eq!(NetError::from_io(&io, "reading"), error);
        assert_eq!(error.gap("/web").at, "/web");
    }
}
