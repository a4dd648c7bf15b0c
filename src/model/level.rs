//! How far a scan goes (see the manners of the scanner), and the areas it looks at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How far a scan goes.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What one visiting browser, resolver and mail sender does.
    Passive,
    /// Also enumerates handshakes and asks for well-known paths.
    #[default]
    Standard,
    /// Zone transfers, exposed files, ports, vulnerability probes. Only for
    /// targets that an inventory authorises.
    Intrusive,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passive => "passive",
            Self::Standard => "standard",
            Self::Intrusive => "intrusive",
        })
    }
}

/// An area of a target; one probe looks at each, and one key of the
/// observation holds what it saw.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// Names, delegation, DNSSEC records, CAA.
    Dns,
    /// TLS endpoints, of websites and of mail servers alike.
    Tls,
    /// Redirects, headers, cookies, pages and forms.
    Web,
    /// SPF, DMARC, MTA-STS, TLS reporting, MX.
    Mail,
}

impl Area {
    /// All areas, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Dns, Self::Tls, Self::Web, Self::Mail];

    /// The key of the area in an observation.
    pub fn key(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Web => "web",
            Self::Mail => "mail",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}
