//! DSSE envelope v1: a payload, its type, and signatures over both.
//!
//! A signature is over the pre-authentication encoding, so that a payload
//! cannot be passed off as another type. An SSH signature (OpenSSH's
//! PROTOCOL.sshsig) over the payload may stand in its place; there the
//! namespace does the same. `keyid` is a hint and decides nothing.

mod sshsig;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use ssh_key::SshSig;

use super::{
    canonical,
    key::PublicKey,
    kind::{DocumentKind, PAYLOAD_TYPE},
    refusal::Refusal,
};

pub use sshsig::armored;

/// Most signatures of an envelope.
pub const MOST_SIGNATURES: usize = 16;
/// Largest envelope, in bytes.
pub const MOST_BYTES: usize = 8 << 20;

/// An envelope that was taken apart. Nothing in it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The type of the payload.
    pub payload_type: String,
    /// The payload, not yet parsed.
    pub payload: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<Signature>,
}

/// A signature and what it says about its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The fingerprint of the key, or whatever another program wrote there.
    pub keyid: String,
    /// The signature.
    pub form: Form,
}

/// What kind of signature it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Ed25519 over the pre-authentication encoding.
    Dsse(Box<[u8; 64]>),
    /// An SSH signature over the payload.
    Ssh(Box<SshSig>),
    /// Something that this program does not know; it counts for nothing.
    Other(Vec<u8>),
}

/// The file: `.dsse.json`.
#[derive(Serialize, Deserialize)]
struct File {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<FileSignature>,
}

#[derive(Serialize, Deserialize)]
struct FileSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// An envelope without signatures around a Statement.
    pub fn unsigned(payload: Vec<u8>) -> Self {
        Self {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload,
            signatures: Vec::new(),
        }
    }

    /// Takes an envelope apart. Fields that DSSE does not know are passed over.
    ///
    /// # Errors
    /// When it is too large, no strict JSON, or no envelope.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let not = |why: &str| Refusal::NotAnEnvelope(why.to_owned());
        let value = canonical::read(bytes)?;
        let file: File = serde_json::from_value(value)
            .map_err(|error| Refusal::NotAnEnvelope(error.to_string()))?;
        if file.signatures.len() > MOST_SIGNATURES {
            return Err(not("it has more than 16 signatures"));
        }
        let signatures = file.signatures.into_iter().map(|signature| {
            let bytes = decode(&signature.sig).ok_or_else(|| not("a signature is not base64"))?;
            Ok(Signature {
                keyid: signature.keyid,
                form: Form::of(bytes),
            })
        });
        Ok(Self {
            payload_type: file.payload_type,
            payload: decode(&file.payload).ok_or_else(|| not("its payload is not base64"))?,
            signatures: signatures.collect::<Result<_, Refusal>>()?,
        })
    }

    /// The file, in canonical form with a line end.
    ///
    /// # Errors
    /// When it has no canonical form.
    pub fn write(&self) -> Result<Vec<u8>, Refusal> {
        let signatures = self.signatures.iter().map(|signature| FileSignature {
            keyid: signature.keyid.clone(),
            sig: STANDARD.encode(signature.form.bytes()),
        });
        let mut bytes = canonical::write(&File {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: signatures.collect(),
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Adds a signature with a private key.
    ///
    /// # Errors
    /// When the key signed already.
    pub fn sign(&mut self, key: &SigningKey) -> Result<(), Refusal> {
        let public = sshsig::public(key);
        let signature = key.sign(&pre_authentication(&self.payload_type, &self.payload));
        self.add(Signature {
            keyid: public.fingerprint(),
            form: Form::Dsse(Box::new(signature.to_bytes())),
        })
    }

    /// Adds an SSH signature over the payload, as `ssh-keygen -Y sign` writes it.
    /// It is checked against the key that it carries.
    ///
    /// # Errors
    /// When it is none, does not fit the payload or the kind, or its key signed already.
    pub fn add_ssh(&mut self, armored: &str, kind: DocumentKind) -> Result<PublicKey, Refusal> {
        let signature = sshsig::parse(armored)?;
        let key = sshsig::carried(&signature)?;
        sshsig::verify(&signature, &key, kind, &self.payload)?;
        self.add(Signature {
            keyid: key.fingerprint(),
            form: Form::Ssh(Box::new(signature)),
        })?;
        Ok(key)
    }

    fn add(&mut self, signature: Signature) -> Result<(), Refusal> {
        if self
            .signatures
            .iter()
            .any(|old| old.keyid == signature.keyid)
        {
            return Err(Refusal::SignedTwice(signature.keyid));
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The known keys that signed, in their order. Signatures by others are passed over, and
    /// named when none is left.
    ///
    /// # Errors
    /// A wrong payload type, no signature, none by a known key, one key twice,
    /// a signature over the bare payload or for another kind.
    pub fn signers<'k>(
        &self,
        kind: DocumentKind,
        known: &[&'k PublicKey],
    ) -> Result<Vec<&'k PublicKey>, Refusal> {
        if self.payload_type != PAYLOAD_TYPE {
            return Err(Refusal::PayloadType(self.payload_type.clone()));
        }
        if self.signatures.is_empty() {
            return Err(Refusal::NotSigned);
        }
        let encoded = pre_authentication(&self.payload_type, &self.payload);
        let mut signers: Vec<&PublicKey> = Vec::new();
        let mut fault = None;
        for signature in &self.signatures {
            match self.signer(signature, &encoded, kind, known) {
                Ok(key) => {
                    if signers
                        .iter()
                        .any(|other| other.identity() == key.identity())
                    {
                        return Err(Refusal::SignedTwice(key.fingerprint()));
                    }
                    signers.push(key);
                }
                // What is wrong with a known key tells more than that a key is unknown.
                Err(refusal @ Refusal::UnknownKey(_)) => fault = fault.or(Some(refusal)),
                Err(refusal) => fault = Some(refusal),
            }
        }
        match fault {
            Some(Refusal::UnknownKey(_)) if !signers.is_empty() => Ok(signers),
            Some(refusal) => Err(refusal),
            None => Ok(signers),
        }
    }

    fn signer<'k>(
        &self,
        signature: &Signature,
        encoded: &[u8],
        kind: DocumentKind,
        known: &[&'k PublicKey],
    ) -> Result<&'k PublicKey, Refusal> {
        match &signature.form {
            Form::Ssh(signature) => {
                let carried = sshsig::carried(signature)?;
                let key = known
                    .iter()
                    .find(|key| key.data() == carried.data())
                    .ok_or_else(|| Refusal::UnknownKey(carried.fingerprint()))?;
                sshsig::verify(signature, key, kind, &self.payload)?;
                Ok(key)
            }
            Form::Dsse(bytes) => {
                let hinted = |key: &&&PublicKey| key.fingerprint() == signature.keyid;
                let fits = |key: &&&PublicKey, message: &[u8]| verifies(key, message, bytes);
                let first = known.iter().find(hinted);
                let mut others = known.iter();
                if let Some(key) = first.filter(|key| fits(key, encoded)) {
                    return Ok(key);
                }
                if let Some(key) = others.find(|key| fits(key, encoded)) {
                    return Ok(key);
                }
                if known.iter().any(|key| fits(&key, &self.payload)) {
                    return Err(Refusal::NoPreAuthentication);
                }
                Err(match first {
                    Some(key) => Refusal::BadSignature(key.fingerprint()),
                    None => Refusal::UnknownKey(signature.keyid.clone()),
                })
            }
            Form::Other(_) => Err(Refusal::UnknownKey(signature.keyid.clone())),
        }
    }
}

/// Pre-authentication encoding (DSSE v1): `DSSEv1`, then length and bytes of the
/// type and of the payload.
pub fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
    .into_bytes();
    out.extend_from_slice(payload);
    out
}

/// Whether a plain Ed25519 key made a signature. A key on a security key never
/// makes such a one: it signs more than the message.
fn verifies(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> bool {
    !key.is_on_security_key()
        && VerifyingKey::from_bytes(&key.identity()).is_ok_and(|key| {
            let signature = ed25519_dalek::Signature::from_bytes(signature);
            key.verify_strict(message, &signature).is_ok()
        })
}

/// DSSE allows both alphabets of base64.
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .ok()
}

impl Form {
    fn of(bytes: Vec<u8>) -> Self {
        if bytes.starts_with(b"SSHSIG")
            && let Ok(signature) = sshsig::parse(&sshsig::armor(&bytes))
        {
            return Self::Ssh(Box::new(signature));
        }
        match <[u8; 64]>::try_from(bytes.as_slice()) {
            Ok(signature) => Self::Dsse(Box::new(signature)),
            Err(_) => Self::Other(bytes),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Dsse(bytes) => bytes.to_vec(),
            Self::Ssh(signature) => sshsig::bytes(signature),
            Self::Other(bytes) => bytes.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
