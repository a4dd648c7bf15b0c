//! Offers of a hello that is encrypted with a published configuration (RFC 9849).

use rustls::{
    ClientConnection,
    client::{EchConfig, EchMode, EchStatus},
    crypto::aws_lc_rs::hpke::ALL_SUPPORTED_SUITES,
    internal::msgs::{codec::Codec, handshake::EchConfigPayload},
    pki_types::EchConfigListBytes,
};

use crate::wire::ech;

/// A configuration to encrypt with.
#[derive(Clone, Debug)]
pub struct EchOffer(EchConfig);

impl EchOffer {
    /// An offer with a configuration; `None` where we lack its version, key
    /// encapsulation or cipher, or an extension that it demands.
    pub fn new(config: &ech::EchConfig) -> Option<Self> {
        let list = EchConfigListBytes::from(ech::list([&config.raw[..]]));
        EchConfig::new(list, ALL_SUPPORTED_SUITES).ok().map(Self)
    }

    pub(super) fn mode(&self) -> EchMode {
        EchMode::Enable(self.0.clone())
    }
}

pub(super) fn is_accepted(connection: &ClientConnection) -> bool {
    connection.ech_status() == EchStatus::Accepted
}

/// Configurations as they stand on the wire.
pub(super) fn raw(configs: &[EchConfigPayload]) -> Vec<Vec<u8>> {
    configs.iter().map(Codec::get_encoding).collect()
}
