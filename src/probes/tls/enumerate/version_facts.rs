//! What a server accepts in one version.

use std::collections::{BTreeMap, BTreeSet};

use crate::net::NetError;
use crate::probes::tls::{facts::PreferenceBy, fingerprint::Shape};

/// What a server accepts in one version.
#[derive(Clone, Debug)]
pub struct VersionFacts {
    /// Whether it accepts the version at all.
    pub accepted: Result<bool, NetError>,
    /// Suites, in the order in which they were chosen.
    pub suites: Vec<SuiteFacts>,
    /// Why there may be more suites.
    pub open: Option<NetError>,
    /// Who decides which suite is taken, where it was found out.
    pub preference: Option<PreferenceBy>,
    /// First bytes of the first answer.
    pub head: Vec<u8>,
    /// Its form.
    pub shape: Option<Shape>,
    /// Alerts with which offers were refused; `None` for a bare close.
    pub refusals: BTreeSet<Option<u8>>,
    /// First bytes of the answer that chose each suite, up to TLS 1.2.
    pub heads: BTreeMap<u16, Vec<u8>>,
}

/// A suite that a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteFacts {
    /// Code point.
    pub id: u16,
    /// Size of the finite field or of a temporary RSA key in bits, where one was seen.
    pub kex_bits: Option<u32>,
}

impl Default for VersionFacts {
    fn default() -> Self {
        Self {
            accepted: Ok(false),
            suites: Vec::new(),
            open: None,
            preference: None,
            head: Vec::new(),
            shape: None,
            refusals: BTreeSet::new(),
            heads: BTreeMap::new(),
        }
    }
}
