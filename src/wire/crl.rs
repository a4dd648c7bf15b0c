//! Lists of revoked certificates (RFC 5280 section 5), searched without being
//! kept: a list of an authority may name a hundred thousand certificates.

use super::der::{self, Element, Malformed, Reader};
use super::ocsp::Status;
use super::text::clean_bytes;
use super::x509::{Certificate, IssuerKey, SignedBy};

/// Most bytes of a list that are read.
pub const MAX_BYTES: usize = 4 << 20;
/// Most names of a distribution point that are compared.
const MAX_NAMES: usize = 32;
/// How far our clock and an authority's may be apart, in seconds.
const SKEW: i64 = 300;

/// issuingDistributionPoint (section 5.2.5), 2.5.29.28.
const ISSUING_POINT: &[u8] = &[0x55, 0x1d, 0x1c];
/// reasonCode (section 5.3.1), 2.5.29.21.
const REASON: &[u8] = &[0x55, 0x1d, 0x15];

/// What a list says of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// [`Status::Good`] when the certificate is not on it.
    pub status: Status,
    /// When the list was made, in seconds since 1970.
    pub this_update: i64,
    /// When the next one is due.
    pub next_update: Option<i64>,
}

/// Reads a list that came from `url`, and says what it tells about a certificate
/// at `now` (seconds since 1970).
///
/// # Errors
/// Why the list does not count: it cannot be read, is another's, is not signed
/// by the issuer, is out of date, or does not cover such certificates.
pub fn assess(
    bytes: &[u8],
    url: &str,
    certificate: &Certificate,
    issuer: &IssuerKey,
    now: i64,
) -> Result<Answer, Malformed> {
    if bytes.len() > MAX_BYTES {
        return Err(Malformed("the list is too long"));
    }
    let list = List::read(bytes)?;
    if list.issuer != certificate.issuer_der {
        return Err(Malformed("the list is of another issuer"));
    }
    if issuer.signs_lists == Some(false) {
        return Err(Malformed("the issuer may not sign lists"));
    }
    match issuer
        .key
        .signed(list.algorithm, list.message, list.signature)
    {
        SignedBy::Yes => {}
        SignedBy::No => return Err(Malformed("the issuer did not sign the list")),
        SignedBy::Unknown => {
            return Err(Malformed(
                "the list has a signature that cannot be verified here",
            ));
        }
    }
    if list.this_update > now.saturating_add(SKEW) {
        return Err(Malformed("the list begins in the future"));
    }
    if list
        .next_update
        .is_some_and(|next| next < now.saturating_sub(SKEW))
    {
        return Err(Malformed("the list is out of date"));
    }
    list.covers(url, certificate)?;
    let status = match list.find(&certificate.serial_der)? {
        Some((at, reason)) => Status::Revoked { at, reason },
        None => Status::Good,
    };
    Ok(Answer {
        status,
        this_update: list.this_update,
        next_update: list.next_update,
    })
}

/// A list, borrowed from its bytes.
struct List<'a> {
    /// What is signed.
    message: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    this_update: i64,
    next_update: Option<i64>,
    revoked: Reader<'a>,
    extensions: Option<Element<'a>>,
}

impl<'a> List<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut parts = der::only(bytes, der::SEQUENCE)?.inside();
        let message = parts.expect(der::SEQUENCE)?;
        let algorithm = parts.expect(der::SEQUENCE)?;
        let signature = der::bits(&parts.expect(der::BIT_STRING)?)?;
        parts.end()?;
        let mut fields = message.inside();
        fields.optional(der::INTEGER)?;
        if fields.expect(der::SEQUENCE)?.whole != algorithm.whole {
            return Err(Malformed("the list names two kinds of signature"));
        }
        let issuer = fields.expect(der::SEQUENCE)?;
        let this_update = fields.time()?;
        let next_update = match fields.peek() {
            Some(0x17 | 0x18) => Some(fields.time()?),
            _ => None,
        };
        let revoked = fields.optional(der::SEQUENCE)?;
        let extensions = match fields.optional(0xa0)? {
            Some(outer) => Some(der::only(outer.content, der::SEQUENCE)?),
            None => None,
        };
        fields.end()?;
        Ok(Self {
            message: message.whole,
            algorithm: algorithm.whole,
            signature,
            issuer: issuer.whole,
            this_update,
            next_update,
            revoked: revoked.map_or(Reader::new(&[]), |list| list.inside()),
            extensions,
        })
    }

    /// When and why a serial number was revoked.
    fn find(&self, serial: &[u8]) -> Result<Option<(i64, Option<u8>)>, Malformed> {
        let mut entries = self.revoked;
        while !entries.is_empty() {
            let mut entry = entries.expect(der::SEQUENCE)?.inside();
            if entry.expect(der::INTEGER)?.content != serial {
                continue;
            }
            let at = entry.time()?;
            let mut reason = None;
            if let Some(list) = entry.optional(der::SEQUENCE)? {
                each_extension(&list, |oid, _, value| {
                    if oid == REASON
                        && let [code] = der::only(value, der::ENUMERATED)?.content
                    {
                        reason = Some(*code);
                    }
                    Ok(())
                })?;
            }
            return Ok(Some((at, reason)));
        }
        Ok(None)
    }

    /// Whether the list speaks for a certificate that names `url` as its place:
    /// a part of a list names the same place itself (section 6.3.3, step b).
    fn covers(&self, url: &str, certificate: &Certificate) -> Result<(), Malformed> {
        let Some(extensions) = &self.extensions else {
            return Ok(());
        };
        each_extension(extensions, |oid, critical, value| match oid {
            ISSUING_POINT => point(value, url, certificate),
            // Among them the mark of a list that holds only changes.
            _ if critical => Err(Malformed(
                "the list has a critical extension that is not known",
            )),
            _ => Ok(()),
        })
    }
}

/// Calls a function with the identifier, the criticality and the value of each extension.
fn each_extension(
    list: &Element<'_>,
    mut with: impl FnMut(&[u8], bool, &[u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut extensions = list.inside();
    while !extensions.is_empty() {
        let mut extension = extensions.expect(der::SEQUENCE)?.inside();
        let oid = extension.expect(der::OID)?;
        let critical = extension.optional(der::BOOLEAN)?;
        let value = extension.expect(der::OCTET_STRING)?;
        let critical = critical.is_some_and(|flag| flag.content != [0]);
        with(oid.content, critical, value.content)?;
    }
    Ok(())
}

fn point(value: &[u8], url: &str, certificate: &Certificate) -> Result<(), Malformed> {
    let mut fields = der::only(value, der::SEQUENCE)?.inside();
    while !fields.is_empty() {
        let field = fields.element()?;
        let set = field.content != [0];
        match field.tag {
            0xa0 => {
                let mut inner = field.inside();
                let names = inner.expect(0xa0)?;
                if !names_place(&names, url)? {
                    return Err(Malformed("the list is the part for another place"));
                }
            }
            0x81 if set && certificate.authority == Some(true) => {
                return Err(Malformed("the list leaves out authorities"));
            }
            0x82 if set && certificate.authority != Some(true) => {
                return Err(Malformed("the list is about authorities alone"));
            }
            0x83 => return Err(Malformed("the list leaves out some reasons")),
            0x84 if set => return Err(Malformed("the list is of several issuers")),
            0x85 if set => return Err(Malformed("the list is about attributes alone")),
            _ => {}
        }
    }
    Ok(())
}

fn names_place(names: &Element<'_>, url: &str) -> Result<bool, Malformed> {
    let mut names = names.inside();
    let mut count = 0;
    while !names.is_empty() && count < MAX_NAMES {
        count += 1;
        let name = names.element()?;
        // uniformResourceIdentifier, in the form in which certificates' are kept.
        if name.tag == 0x86 && clean_bytes(name.content, 1_000) == url {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;
    /// The day after the seeds were made.
    const NOW: i64 = 1_795_493_837;
    const WHOLE: &[u8] = include_bytes!("../../fuzz/corpus/pki_crl/whole");
    const PART: &[u8] = include_bytes!("../../fuzz/corpus/pki_crl/part");
    const LEAF: &[u8] = include_bytes!("../../fuzz/corpus/pki/leaf.der");
    const ISSUER: &[u8] = include_bytes!("../../fuzz/corpus/pki/issuer.der");
    const URL: &str = "http://crl.pki.example/inter.crl";

    #[test]
    fn lists_tell_what_is_revoked_and_count_in_their_time_and_place_alone() {
        let leaf = Certificate::read(LEAF).unwrap();
        let issuer = Certificate::read(ISSUER).unwrap();
        let issuer = issuer.issuer_key(ISSUER).unwrap();
        let revoked = Status::Revoked {
            at: 1_793_491_200,
            reason: Some(1),
        };
        for list in [WHOLE, PART] {
            let answer = assess(list, URL, &leaf, &issuer, NOW).unwrap();
            assert_eq!(answer.status, revoked);
        }
        let mut other = leaf.clone();
        other.serial_der = vec![0x77];
        let answer = assess(WHOLE, URL, &other, &issuer, NOW).unwrap();
        assert_eq!(answer.status, Status::Good);
        let why = |list: &[u8], url: &str, issuer: &IssuerKey, now: i64| {
            assess(list, url, &leaf, issuer, now).unwrap_err().0
        };
        let elsewhere = "http://crl.pki.example/2.crl";
        assert_eq!(
            why(PART, elsewhere, &issuer, NOW),
            "the list is the part for another place"
        );
        assert_eq!(
            why(WHOLE, URL, &issuer, NOW - 2 * DAY),
            "the list begins in the future"
        );
        assert_eq!(
            why(WHOLE, URL, &issuer, NOW + 3_660 * DAY),
            "the list is out of date"
        );
        let mut broken = WHOLE.to_vec();
        *broken.last_mut().unwrap() ^= 1;
        assert_eq!(
            why(&broken, URL, &issuer, NOW),
            "the issuer did not sign the list"
        );
        let mut may_not = issuer.clone();
        may_not.signs_lists = Some(false);
        assert_eq!(
            why(WHOLE, URL, &may_not, NOW),
            "the issuer may not sign lists"
        );
    }
}
