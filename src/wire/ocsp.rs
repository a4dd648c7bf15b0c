//! The online certificate status protocol (RFC 6960): one question, and what
//! answers say. Whether an answer counts is told by [`assess`].

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::der::{self, Element, Malformed, Reader};
use super::sct;
use super::x509::{Certificate, IssuerKey};

mod assess;

pub use assess::{Answer, Problem, Signer, assess};

/// Most bytes of an answer that are read.
pub const MAX_BYTES: usize = 64 << 10;
/// Most single answers and certificates in one.
const MAX_ITEMS: usize = 64;

/// id-sha1, which every responder knows (RFC 5019 section 2.1.1).
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const SHA2_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA2_384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA2_512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
/// id-pkix-ocsp-basic.
const BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];

/// The question about one certificate (RFC 5019 section 2.1), in DER.
pub fn request(certificate: &Certificate, issuer: &IssuerKey) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::write(der::OID, SHA1), &der::write(0x05, &[])]);
    let hash = |bytes: &[u8]| {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes);
        der::write(der::OCTET_STRING, hash.as_ref())
    };
    let id = der::sequence(&[
        &algorithm,
        &hash(&certificate.issuer_der),
        &hash(issuer.key.bytes()),
        &der::write(der::INTEGER, &certificate.serial_der),
    ]);
    // Request, its list, TBSRequest, OCSPRequest.
    (0..4).fold(id, |inner, _| der::write(der::SEQUENCE, &inner))
}

/// A question as the end of a URL (RFC 6960 appendix A.1).
pub fn path(request: &[u8]) -> String {
    let mut path = String::new();
    for character in STANDARD.encode(request).chars() {
        match character {
            '+' => path.push_str("%2B"),
            '/' => path.push_str("%2F"),
            '=' => path.push_str("%3D"),
            other => path.push(other),
        }
    }
    path
}

/// What a responder says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// When, in seconds since 1970.
        at: i64,
        /// Why (RFC 5280 section 5.3.1), if it is told.
        reason: Option<u8>,
    },
    /// The responder does not know of it.
    Unknown,
}

/// The word of RFC 5280 section 5.3.1 for a reason of revocation.
pub fn reason_name(reason: u8) -> &'static str {
    match reason {
        1 => "keyCompromise",
        2 => "cACompromise",
        3 => "affiliationChanged",
        4 => "superseded",
        5 => "cessationOfOperation",
        6 => "certificateHold",
        8 => "removeFromCRL",
        9 => "privilegeWithdrawn",
        10 => "aACompromise",
        _ => "unspecified",
    }
}

/// An answer, read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Response {
    /// There is none; the word of RFC 6960 section 4.2.1 for why.
    Refused(&'static str),
    Basic(Box<Basic>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Basic {
    /// What is signed.
    message: Vec<u8>,
    /// AlgorithmIdentifier of the signature.
    algorithm: Vec<u8>,
    signature: Vec<u8>,
    responder: Responder,
    produced_at: i64,
    singles: Vec<Single>,
    /// Certificates in DER that came along.
    certificates: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Responder {
    /// Subject, header included.
    Name(Vec<u8>),
    /// SHA-1 of the public key.
    Key(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Single {
    hash: Vec<u8>,
    name_hash: Vec<u8>,
    key_hash: Vec<u8>,
    serial: Vec<u8>,
    status: Status,
    this_update: i64,
    next_update: Option<i64>,
    /// A list of signed certificate timestamps.
    timestamps: Option<Vec<u8>>,
}

impl Single {
    /// Whether it is about this certificate.
    fn is_about(&self, certificate: &Certificate, issuer: &IssuerKey) -> bool {
        let algorithm = match self.hash.as_slice() {
            SHA1 => &SHA1_FOR_LEGACY_USE_ONLY,
            SHA2_256 => &SHA256,
            SHA2_384 => &SHA384,
            SHA2_512 => &SHA512,
            _ => return false,
        };
        self.serial == certificate.serial_der
            && self.name_hash == digest(algorithm, &certificate.issuer_der).as_ref()
            && self.key_hash == digest(algorithm, issuer.key.bytes()).as_ref()
    }
}

fn parse(bytes: &[u8]) -> Result<Response, Malformed> {
    if bytes.len() > MAX_BYTES {
        return Err(Malformed("it is too long"));
    }
    let mut parts = der::only(bytes, der::SEQUENCE)?.inside();
    match parts.expect(der::ENUMERATED)?.content {
        [0] => {}
        [1] => return Ok(Response::Refused("malformedRequest")),
        [2] => return Ok(Response::Refused("internalError")),
        [3] => return Ok(Response::Refused("tryLater")),
        [5] => return Ok(Response::Refused("sigRequired")),
        [6] => return Ok(Response::Refused("unauthorized")),
        _ => return Err(Malformed("a status that OCSP does not have")),
    }
    let outer = parts.expect(0xa0)?;
    parts.end()?;
    let mut kind = der::only(outer.content, der::SEQUENCE)?.inside();
    if kind.expect(der::OID)?.content != BASIC {
        return Err(Malformed("it is not a basic response"));
    }
    let inner = kind.expect(der::OCTET_STRING)?;
    kind.end()?;
    basic(inner.content).map(|basic| Response::Basic(Box::new(basic)))
}

fn basic(bytes: &[u8]) -> Result<Basic, Malformed> {
    let mut parts = der::only(bytes, der::SEQUENCE)?.inside();
    let message = parts.expect(der::SEQUENCE)?;
    let algorithm = parts.expect(der::SEQUENCE)?;
    let signature = der::bits(&parts.expect(der::BIT_STRING)?)?;
    let mut certificates = Vec::new();
    if let Some(outer) = parts.optional(0xa0)? {
        let mut list = der::only(outer.content, der::SEQUENCE)?.inside();
        while !list.is_empty() {
            bounded(certificates.len())?;
            certificates.push(list.expect(der::SEQUENCE)?.whole.to_vec());
        }
    }
    parts.end()?;
    let mut fields = message.inside();
    if let Some(version) = fields.optional(0xa0)?
        && version.content != [der::INTEGER, 1, 0]
    {
        return Err(Malformed("a version that is not known"));
    }
    let responder = match fields.element()? {
        Element {
            tag: 0xa1, content, ..
        } => Responder::Name(der::only(content, der::SEQUENCE)?.whole.to_vec()),
        Element {
            tag: 0xa2, content, ..
        } => Responder::Key(der::only(content, der::OCTET_STRING)?.content.to_vec()),
        _ => return Err(Malformed("it does not say who answers")),
    };
    let produced_at = fields.time()?;
    let mut list = fields.expect(der::SEQUENCE)?.inside();
    let mut singles = Vec::new();
    while !list.is_empty() {
        bounded(singles.len())?;
        singles.push(single(&list.expect(der::SEQUENCE)?)?);
    }
    Ok(Basic {
        message: message.whole.to_vec(),
        algorithm: algorithm.whole.to_vec(),
        signature: signature.to_vec(),
        responder,
        produced_at,
        singles,
        certificates,
    })
}

fn bounded(count: usize) -> Result<(), Malformed> {
    match count < MAX_ITEMS {
        true => Ok(()),
        false => Err(Malformed("more entries than anybody needs")),
    }
}

fn single(element: &Element<'_>) -> Result<Single, Malformed> {
    let mut fields = element.inside();
    let mut id = fields.expect(der::SEQUENCE)?.inside();
    let hash = id.expect(der::SEQUENCE)?.inside().expect(der::OID)?;
    let name_hash = id.expect(der::OCTET_STRING)?;
    let key_hash = id.expect(der::OCTET_STRING)?;
    let serial = id.expect(der::INTEGER)?;
    let status = fields.element()?;
    let status = match status.tag {
        0x80 => Status::Good,
        0xa1 => revoked(status.inside())?,
        0x82 => Status::Unknown,
        _ => return Err(Malformed("a status of a certificate that is not known")),
    };
    let this_update = fields.time()?;
    let next_update = match fields.optional(0xa0)? {
        Some(outer) => Some(Reader::new(outer.content).time()?),
        None => None,
    };
    let mut timestamps = None;
    if let Some(outer) = fields.optional(0xa1)? {
        let mut extensions = der::only(outer.content, der::SEQUENCE)?.inside();
        while !extensions.is_empty() {
            let mut extension = extensions.expect(der::SEQUENCE)?.inside();
            let oid = extension.expect(der::OID)?;
            extension.optional(der::BOOLEAN)?;
            let value = extension.expect(der::OCTET_STRING)?;
            if oid.content == sct::IN_OCSP {
                timestamps = sct::in_ocsp(value.content);
            }
        }
    }
    Ok(Single {
        hash: hash.content.to_vec(),
        name_hash: name_hash.content.to_vec(),
        key_hash: key_hash.content.to_vec(),
        serial: serial.content.to_vec(),
        status,
        this_update,
        next_update,
        timestamps,
    })
}

fn revoked(mut fields: Reader<'_>) -> Result<Status, Malformed> {
    let at = fields.time()?;
    let reason = match fields.optional(0xa0)? {
        Some(outer) => match der::only(outer.content, der::ENUMERATED)?.content {
            [reason] => Some(*reason),
            _ => return Err(Malformed("a reason that is not known")),
        },
        None => None,
    };
    Ok(Status::Revoked { at, reason })
}

#[cfg(test)]
mod tests;
