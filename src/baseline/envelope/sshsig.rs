//! SSH signatures over a payload, as `ssh-keygen -Y sign` makes them.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use ssh_key::{
    HashAlg, LineEnding, PrivateKey, SshSig,
    private::{Ed25519Keypair, KeypairData},
    public::{Ed25519PublicKey, KeyData},
};

use crate::baseline::{key::PublicKey, kind::DocumentKind, refusal::Refusal};

/// Lines around an armored signature.
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Characters in a line of an armored signature.
const LINE: usize = 70;
/// Flag of a security key: somebody touched it.
const USER_PRESENT: u8 = 1;

/// Signs a payload as `ssh-keygen -Y sign -n NAMESPACE` does, and returns the armored signature.
///
/// # Errors
/// When the library cannot sign.
pub fn armored(key: &SigningKey, kind: DocumentKind, payload: &[u8]) -> Result<String, Refusal> {
    let cannot = |_| Refusal::NotAnEnvelope("the SSH signature cannot be made".to_owned());
    let pair = KeypairData::Ed25519(Ed25519Keypair::from(key.clone()));
    PrivateKey::try_from(pair)
        .and_then(|key| key.sign(kind.ssh_namespace(), HashAlg::Sha512, payload))
        .and_then(|signature| signature.to_pem(LineEnding::LF))
        .map_err(cannot)
}

/// The public half of a private key.
pub(super) fn public(key: &SigningKey) -> PublicKey {
    let data = KeyData::Ed25519(Ed25519PublicKey(key.verifying_key().to_bytes()));
    PublicKey::new(data, "").expect("the public half of an Ed25519 key is never weak")
}

/// Reads an armored signature.
pub(super) fn parse(armored: &str) -> Result<SshSig, Refusal> {
    SshSig::from_pem(armored.trim())
        .map_err(|_| Refusal::NotAnEnvelope("it is not an SSH signature".to_owned()))
}

/// The key that a signature carries. It says who claims to have signed.
pub(super) fn carried(signature: &SshSig) -> Result<PublicKey, Refusal> {
    PublicKey::new(signature.public_key().clone(), "")
        .map_err(|fault| Refusal::UnknownKey(format!("a key that is not taken: {fault}")))
}

/// Checks a signature by a known key.
pub(super) fn verify(
    signature: &SshSig,
    key: &PublicKey,
    kind: DocumentKind,
    payload: &[u8],
) -> Result<(), Refusal> {
    if signature.namespace() != kind.ssh_namespace() {
        return Err(Refusal::Namespace {
            expected: kind,
            found: signature.namespace().to_owned(),
        });
    }
    let bad = || Refusal::BadSignature(key.fingerprint());
    if signature.algorithm() != key.data().algorithm() {
        return Err(bad());
    }
    // As `ssh-keygen -Y verify` does: a security key must have been touched.
    let touched = |signature: &ssh_key::Signature| {
        let flags = signature.as_bytes().iter().rev().nth(4);
        flags.is_some_and(|flags| flags & USER_PRESENT != 0)
    };
    if key.is_on_security_key() && !touched(signature.signature()) {
        return Err(bad());
    }
    ssh_key::PublicKey::new(key.data().clone(), "")
        .verify(kind.ssh_namespace(), payload, signature)
        .map_err(|_| bad())
}

/// The bytes within the armor.
pub(super) fn bytes(signature: &SshSig) -> Vec<u8> {
    let pem = signature.to_pem(LineEnding::LF).unwrap_or_default();
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD.decode(body).unwrap_or_default()
}

/// Puts the armor around bytes.
pub(super) fn armor(bytes: &[u8]) -> String {
    let body = STANDARD.encode(bytes);
    let lines = body.as_bytes().chunks(LINE).map(String::from_utf8_lossy);
    let mut out = format!("{BEGIN}\n");
    for line in lines {
        out.push_str(&line);
        out.push('\n');
    }
    out + END
}
