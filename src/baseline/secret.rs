//! Private keys as OpenSSH writes them.
//!
//! Secrets live in types that zero themselves when dropped, and none of them
//! can be printed.

use ed25519_dalek::SigningKey;
use ssh_key::{
    Error, LineEnding, PrivateKey,
    private::{Ed25519Keypair, KeypairData},
    rand_core::CryptoRngCore,
};
use std::fmt;
use zeroize::Zeroizing;

use super::key::PublicKey;

/// Largest private key file, in bytes.
pub const MOST_BYTES: usize = 64 << 10;
/// Shortest passphrase that a new key takes, in characters.
pub const SHORTEST_PASSPHRASE: usize = 12;

/// A private key that can sign.
pub struct SecretKey {
    /// The key; it zeroes itself.
    pub signing: SigningKey,
    /// Its public half, with the comment of the file.
    pub public: PublicKey,
}

/// Nothing of a private key is ever printed.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public.fingerprint())
    }
}

/// Why a private key cannot be used or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFault {
    /// Not an OpenSSH private key.
    NotAKey,
    /// Encrypted, and no passphrase was given.
    Encrypted,
    /// The passphrase does not open it.
    Passphrase,
    /// Not Ed25519, or on a security key.
    Algorithm,
    /// The passphrase for a new key is too short.
    Short,
    /// The library failed.
    Failed,
}

impl fmt::Display for SecretFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKey => f.write_str("it is not an OpenSSH private key"),
            Self::Encrypted => f.write_str("it is encrypted: a passphrase is needed"),
            Self::Passphrase => f.write_str("the passphrase does not open it"),
            Self::Algorithm => f.write_str(
                "it is not an Ed25519 key; for a security key, sign with `ssh-keygen -Y sign` and give --ssh-signature",
            ),
            Self::Short => write!(
                f,
                "the passphrase is shorter than {SHORTEST_PASSPHRASE} characters"
            ),
            Self::Failed => f.write_str("the key cannot be written"),
        }
    }
}

impl std::error::Error for SecretFault {}

/// Makes a key, and returns its file and its public half. Without a passphrase
/// the file is not encrypted.
///
/// # Errors
/// A short passphrase.
pub fn generate(
    rng: &mut impl CryptoRngCore,
    comment: &str,
    passphrase: Option<&str>,
) -> Result<(Zeroizing<String>, PublicKey), SecretFault> {
    if passphrase.is_some_and(|text| text.chars().count() < SHORTEST_PASSPHRASE) {
        return Err(SecretFault::Short);
    }
    let pair = KeypairData::Ed25519(Ed25519Keypair::random(rng));
    let mut key = PrivateKey::new(pair, comment).map_err(|_| SecretFault::Failed)?;
    let public = PublicKey::new(key.public_key().key_data().clone(), comment)
        .map_err(|_| SecretFault::Failed)?;
    if let Some(passphrase) = passphrase {
        key = key
            .encrypt(rng, passphrase)
            .map_err(|_| SecretFault::Failed)?;
    }
    let file = key
        .to_openssh(LineEnding::LF)
        .map_err(|_| SecretFault::Failed)?;
    Ok((file, public))
}

/// Whether a private key file needs a passphrase.
///
/// # Errors
/// When it is none.
pub fn is_encrypted(file: &str) -> Result<bool, SecretFault> {
    let key = PrivateKey::from_openssh(file).map_err(|_| SecretFault::NotAKey)?;
    Ok(key.is_encrypted())
}

/// The public half of a private key file, which is never encrypted. The comment is.
///
/// # Errors
/// When it is none, or of another kind.
pub fn public_half(file: &str) -> Result<PublicKey, SecretFault> {
    let key = PrivateKey::from_openssh(file).map_err(|_| SecretFault::NotAKey)?;
    PublicKey::new(key.public_key().key_data().clone(), key.comment())
        .map_err(|_| SecretFault::Algorithm)
}

/// Opens a private key file.
///
/// # Errors
/// When it is none, the passphrase is wrong or missing, or the key is of another kind.
pub fn open(file: &str, passphrase: Option<&str>) -> Result<SecretKey, SecretFault> {
    let mut key = PrivateKey::from_openssh(file).map_err(|_| SecretFault::NotAKey)?;
    if key.is_encrypted() {
        let passphrase = passphrase.ok_or(SecretFault::Encrypted)?;
        key = key.decrypt(passphrase).map_err(|error| match error {
            Error::AlgorithmUnsupported { .. } | Error::AlgorithmUnknown => SecretFault::Algorithm,
            _ => SecretFault::Passphrase,
        })?;
    }
    let KeypairData::Ed25519(pair) = key.key_data() else {
        return Err(SecretFault::Algorithm);
    };
    let signing = SigningKey::try_from(pair).map_err(|_| SecretFault::NotAKey)?;
    let public = PublicKey::new(key.public_key().key_data().clone(), key.comment())
        .map_err(|_| SecretFault::Algorithm)?;
    Ok(SecretKey { signing, public })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssh_key::rand_core::OsRng;

    #[test]
    fn a_key_opens_with_its_passphrase_alone() {
        let (file, public) = generate(&mut OsRng, "office", Some("correct horse battery")).unwrap();
        assert!(is_encrypted(&file).unwrap());
        assert_eq!(open(&file, None).unwrap_err(), SecretFault::Encrypted);
        assert_eq!(
            open(&file, Some("wrong")).unwrap_err(),
            SecretFault::Passphrase
        );
        let key = open(&file, Some("correct horse battery")).unwrap();
        assert_eq!(key.public, public);
        assert!(!format!("{key:?}").contains("sign"));
    }

    #[test]
    fn a_new_key_has_a_long_passphrase_or_none() {
        let short = generate(&mut OsRng, "", Some("short"));
        assert_eq!(short.unwrap_err(), SecretFault::Short);
        let (file, _) = generate(&mut OsRng, "", None).unwrap();
        assert!(open(&file, None).is_ok());
        assert_eq!(open("x", None).unwrap_err(), SecretFault::NotAKey);
    }
}
