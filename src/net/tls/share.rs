//! A key share of TLS 1.3 with its secret, for hellos that are not rustls's own.

use rustls::crypto::{ActiveKeyExchange, SupportedKxGroup};

/// Groups of which rustls makes shares, those that cost least first.
const ORDER: [u16; 7] = [29, 23, 24, 0x11ec, 0x11eb, 0x0201, 0x0202];

/// One side of a key exchange, to be used once.
pub struct KeyShare(Box<dyn ActiveKeyExchange>);

impl KeyShare {
    /// A share of the group that costs least among those that a server accepts;
    /// `None` where we make shares of none of them.
    pub fn for_one_of(accepted: &[u16]) -> Option<Self> {
        let groups = &rustls::crypto::aws_lc_rs::ALL_KX_GROUPS;
        let group = |id: &u16| -> Option<&'static dyn SupportedKxGroup> {
            let found = groups.iter().find(|group| u16::from(group.name()) == *id);
            found.copied()
        };
        let group = ORDER
            .iter()
            .filter(|id| accepted.contains(id))
            .find_map(group)?;
        group.start().ok().map(Self)
    }

    /// Code point of its group.
    pub fn group(&self) -> u16 {
        self.0.group().into()
    }

    /// The public value.
    pub fn public(&self) -> &[u8] {
        self.0.pub_key()
    }

    /// The shared secret with the other side's public value; `None` when that is
    /// none of this group.
    pub fn agree(self, group: u16, value: &[u8]) -> Option<Vec<u8>> {
        if group != self.group() {
            return None;
        }
        let shared = self.0.complete(value).ok()?;
        Some(shared.secret_bytes().to_vec())
    }
}
