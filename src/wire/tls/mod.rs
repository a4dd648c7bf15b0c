//! The TLS handshake as a prober needs it: hellos out, the server's first
//! flight in, with the registries of suites and groups.
//!
//! Nothing here talks to a network.
//! Versions reach from SSL 2.0 to TLS 1.3, because the question is what a
//! server would accept. Every parser is bounded and takes any bytes.

pub mod client;
pub mod client_hello;
pub mod flight;
pub mod groups;
pub mod handshake_keys;
pub mod key_exchange;
pub mod primes;
pub mod protected_flight;
pub mod rsa_padding;
pub mod signatures;
pub mod ssl2;
pub mod starttls;
pub mod suites;
pub mod tls12_client;
pub mod tls12_keys;
pub mod transcript;

/// Content types of records (RFC 8446 section 5.1).
pub mod content_type {
    /// `change_cipher_spec`.
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    /// `alert`.
    pub const ALERT: u8 = 21;
    /// `handshake`.
    pub const HANDSHAKE: u8 = 22;
    /// `application_data`.
    pub const APPLICATION_DATA: u8 = 23;
}

/// The extension `extended_master_secret` (RFC 7627).
pub const EXTENDED_MASTER_SECRET: u16 = 23;

/// A protocol version as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// SSL 3.0 (RFC 6101)
    Ssl3,
    /// TLS 1.0 (RFC 2246)
    Tls10,
    /// TLS 1.1 (RFC 4346)
    Tls11,
    /// TLS 1.2 (RFC 5246)
    Tls12,
    /// TLS 1.3 (RFC 8446)
    Tls13,
}

impl Version {
    /// All versions, oldest first.
    pub const ALL: [Self; 5] = [
        Self::Ssl3,
        Self::Tls10,
        Self::Tls11,
        Self::Tls12,
        Self::Tls13,
    ];

    /// The two bytes on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::Ssl3 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    /// The version of two bytes on the wire.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.code() == code)
    }
}

/// Reads integers and length-prefixed vectors (RFC 8446 section 3) from bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Option<usize> {
        let high = usize::from(self.u8()?);
        Some(high << 16 | usize::from(self.u16()?))
    }

    pub(crate) fn vec8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    pub(crate) fn vec16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    pub(crate) fn vec24(&mut self) -> Option<&'a [u8]> {
        let length = self.u24()?;
        self.take(length)
    }
}
