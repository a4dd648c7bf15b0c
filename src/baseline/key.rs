//! Public keys as OpenSSH writes them: Ed25519, also on security keys.
//!
//! One kind of key serves DSSE, `ssh-keygen -Y` and `age -R`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ssh_key::{HashAlg, public::KeyData};
use std::fmt;

/// Longest public key line, in bytes.
const LONGEST_LINE: usize = 4096;
/// First word of the comment of keys that are made for rehearsals.
pub const SIMULATED: &str = "simulated";

/// A public key that may stand in a roster.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    data: KeyData,
    comment: String,
}

/// Why a text is no such key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// Not a line of an OpenSSH public key file.
    NotAKey,
    /// A key of another algorithm.
    Algorithm(String),
    /// A point of small order, for which anybody can make signatures.
    Weak,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKey => {
                f.write_str("it is not an OpenSSH public key such as `ssh-ed25519 AAAA...`")
            }
            Self::Algorithm(found) => write!(
                f,
                "its algorithm is {found}; ssh-ed25519 and sk-ssh-ed25519@openssh.com are taken"
            ),
            Self::Weak => f.write_str("it is a weak key: anybody could sign with it"),
        }
    }
}

impl std::error::Error for KeyFault {}

impl PublicKey {
    /// Reads a line of an OpenSSH public key file.
    ///
    /// # Errors
    /// When it is no key, or not one that is taken.
    pub fn parse(line: &str) -> Result<Self, KeyFault> {
        let line = line.trim();
        if line.len() > LONGEST_LINE || line.contains(['\n', '\r']) {
            return Err(KeyFault::NotAKey);
        }
        let key = ssh_key::PublicKey::from_openssh(line).map_err(|_| KeyFault::NotAKey)?;
        Self::new(key.key_data().clone(), key.comment())
    }

    /// Takes a key that was parsed before.
    ///
    /// # Errors
    /// When it is not one that is taken.
    pub fn new(data: KeyData, comment: &str) -> Result<Self, KeyFault> {
        let key = Self {
            data,
            comment: crate::wire::text::clean(comment, 100),
        };
        let point = key
            .point()
            .ok_or_else(|| KeyFault::Algorithm(key.data.algorithm().as_str().to_owned()))?;
        match ed25519_dalek::VerifyingKey::from_bytes(&point) {
            Ok(point) if !point.is_weak() => Ok(key),
            _ => Err(KeyFault::Weak),
        }
    }

    /// The Ed25519 point. Two keys with one point are one key, however they are
    /// wrapped: whoever holds the one can sign as the other.
    pub fn identity(&self) -> [u8; 32] {
        self.point().unwrap_or_default()
    }

    fn point(&self) -> Option<[u8; 32]> {
        match &self.data {
            KeyData::Ed25519(key) => Some(key.0),
            KeyData::SkEd25519(key) => Some(key.public_key().0),
            _ => None,
        }
    }

    /// What the SSH libraries work with.
    pub fn data(&self) -> &KeyData {
        &self.data
    }

    /// `SHA256:...`, as `ssh-keygen -l` prints it. Also the `keyid` of its signatures.
    pub fn fingerprint(&self) -> String {
        self.data.fingerprint(HashAlg::Sha256).to_string()
    }

    /// `ssh-ed25519 AAAA...`, without the comment.
    pub fn line(&self) -> String {
        ssh_key::PublicKey::new(self.data.clone(), "")
            .to_openssh()
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// The comment; empty in a roster.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// Whether its comment says that it is made for a rehearsal.
    pub fn is_simulated(&self) -> bool {
        self.comment.split_whitespace().next() == Some(SIMULATED)
    }

    /// Whether it lives on a security key, which `age` cannot encrypt to.
    pub fn is_on_security_key(&self) -> bool {
        matches!(self.data, KeyData::SkEd25519(_))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.line())
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = String::deserialize(deserializer)?;
        let key = Self::parse(&line).map_err(serde::de::Error::custom)?;
        // One key has one form, or two documents that differ would mean the same.
        if key.line() == line {
            Ok(key)
        } else {
            Err(serde::de::Error::custom(
                "a key has to stand as its algorithm and its base64, nothing else",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    #[test]
    fn a_key_has_one_form() {
        let key = PublicKey::parse(&format!("{KEY} user@example\n")).unwrap();
        assert_eq!(key.line(), KEY);
        assert_eq!(key.comment(), "user@example");
        assert!(key.fingerprint().starts_with("SHA256:"));
        let json = serde_json::to_string(&key).unwrap();
        let back: PublicKey = serde_json::from_str(&json).unwrap();
        assert_eq!((back.data(), back.comment()), (key.data(), ""));
        assert!(serde_json::from_str::<PublicKey>(&format!("\"{KEY} x\"")).is_err());
    }

    #[test]
    fn other_and_weak_keys_are_refused() {
        use base64::Engine;
        let wrapped = |point: [u8; 32]| {
            let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
            blob.extend(point);
            format!(
                "ssh-ed25519 {}",
                base64::engine::general_purpose::STANDARD.encode(blob)
            )
        };
        let mut one = [0; 32];
        one[0] = 1;
        for weak in [[0; 32], one] {
            assert_eq!(PublicKey::parse(&wrapped(weak)), Err(KeyFault::Weak));
        }
        let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7";
        for bad in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            rsa,
            &"x".repeat(100_000),
        ] {
            assert_eq!(PublicKey::parse(bad), Err(KeyFault::NotAKey), "{bad:.40}");
        }
        let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHwf2HMM5TRXvo2SQJjsNkiDD5KqiiNjrGVv3UUh+mMT5RHxiRtOnlqvjhQtBq0VpmpCV/PwUdhOig4vkbqAcEc=";
        assert!(matches!(
            PublicKey::parse(ecdsa),
            Err(KeyFault::Algorithm(_) | KeyFault::NotAKey)
        ));
    }
}
