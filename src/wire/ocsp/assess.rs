//! Whether an answer by OCSP counts (RFC 6960 section 3.2): it is about the
//! certificate, signed by whom the issuer lets sign, and in date.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::{Basic, Responder, Response, Single, Status, parse};
use crate::wire::x509::{Certificate, IssuerKey, Key, SignedBy};

/// How far our clock and a responder's may be apart, in seconds.
const SKEW: i64 = 300;
/// Most delegates whose signature is tried.
const MAX_DELEGATES: usize = 4;

/// An answer, read and held against the certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What it says of the certificate; absent when it says nothing of it.
    pub status: Option<Status>,
    /// When that was true, in seconds since 1970.
    pub this_update: Option<i64>,
    /// Until when it may be relied on.
    pub next_update: Option<i64>,
    /// When the answer was signed.
    pub produced_at: Option<i64>,
    /// Who signed it; absent when the signature does not verify.
    pub signer: Option<Signer>,
    /// A list of signed certificate timestamps in it.
    pub timestamps: Option<Vec<u8>>,
    /// Why it does not count; with details for a person.
    pub problems: Vec<(Problem, String)>,
}

/// Who signed an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The issuer of the certificate.
    Issuer,
    /// Somebody whom the issuer gave a certificate for it.
    Delegate,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// It cannot be read.
    Unreadable,
    /// The responder gave an error instead.
    Refused,
    /// It is about other certificates.
    OtherCertificate,
    /// Who signed it may not: neither the issuer nor a delegate of it.
    WrongSigner,
    /// The signature does not verify.
    BadSignature,
    /// We cannot verify such signatures.
    UnknownSignature,
    /// It is too old.
    Expired,
    /// It lies in the future.
    NotYetValid,
}

impl Answer {
    /// Whether it counts.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    fn add(&mut self, problem: Problem, detail: impl Into<String>) {
        self.problems.push((problem, detail.into()));
    }
}

/// Reads an answer and says whether it counts for a certificate at `now`
/// (seconds since 1970).
pub fn assess(bytes: &[u8], certificate: &Certificate, issuer: &IssuerKey, now: i64) -> Answer {
    let mut answer = Answer::default();
    let basic = match parse(bytes) {
        Err(error) => {
            answer.add(Problem::Unreadable, error.to_string());
            return answer;
        }
        Ok(Response::Refused(word)) => {
            answer.add(Problem::Refused, format!("the responder said {word}"));
            return answer;
        }
        Ok(Response::Basic(basic)) => basic,
    };
    answer.produced_at = Some(basic.produced_at);
    let about = |single: &&Single| single.is_about(certificate, issuer);
    match basic.singles.iter().find(about) {
        Some(single) => times(single, now, &mut answer),
        None => answer.add(Problem::OtherCertificate, "it is about other certificates"),
    }
    match signer(&basic, issuer, now) {
        Ok(signer) => answer.signer = Some(signer),
        Err((problem, detail)) => answer.add(problem, detail),
    }
    answer.problems.sort();
    answer
}

fn times(single: &Single, now: i64, answer: &mut Answer) {
    answer.status = Some(single.status);
    answer.this_update = Some(single.this_update);
    answer.next_update = single.next_update;
    answer.timestamps.clone_from(&single.timestamps);
    if single.this_update > now.saturating_add(SKEW) {
        answer.add(Problem::NotYetValid, "it begins in the future");
    }
    if single
        .next_update
        .is_some_and(|next| next < now.saturating_sub(SKEW))
    {
        answer.add(Problem::Expired, "a newer one was due");
    }
}

fn signer(basic: &Basic, issuer: &IssuerKey, now: i64) -> Result<Signer, (Problem, String)> {
    let is_issuer = match &basic.responder {
        Responder::Name(name) => *name == issuer.subject_der,
        Responder::Key(hash) => *hash == key_id(&issuer.key),
    };
    let signed = |key: &Key| key.signed(&basic.algorithm, &basic.message, &basic.signature);
    // The name may be the issuer's and the key another's of that name: both are tried.
    let mut verdict = match is_issuer {
        true => match signed(&issuer.key) {
            SignedBy::Yes => return Ok(Signer::Issuer),
            other => Some(other),
        },
        false => None,
    };
    let mut refused = None;
    let read = basic
        .certificates
        .iter()
        .filter_map(|der| Certificate::read(der).ok());
    // The issuer's own certificate may come along; its key was tried above.
    let others = read.filter(|candidate| candidate.key != issuer.key);
    let named = others.filter(|candidate| match &basic.responder {
        Responder::Name(name) => *name == candidate.subject_der,
        Responder::Key(hash) => *hash == key_id(&candidate.key),
    });
    for candidate in named.take(MAX_DELEGATES) {
        if let Err(why) = delegated(&candidate, issuer, now) {
            refused = Some(why);
            continue;
        }
        match signed(&candidate.key) {
            SignedBy::Yes => return Ok(Signer::Delegate),
            other => verdict = Some(other),
        }
    }
    Err(match (verdict, refused) {
        (Some(SignedBy::Unknown), _) => {
            let detail = "its signature is of a kind that cannot be verified here";
            (Problem::UnknownSignature, detail.to_owned())
        }
        (_, Some(why)) => (Problem::WrongSigner, why.to_owned()),
        (Some(_), None) => (
            Problem::BadSignature,
            "its signature does not verify".to_owned(),
        ),
        (None, None) => {
            let detail = "neither the issuer nor a delegate of it signed it";
            (Problem::WrongSigner, detail.to_owned())
        }
    })
}

/// Whether the issuer lets the holder of a certificate answer for it (RFC 6960
/// section 4.2.2.2).
fn delegated(candidate: &Certificate, issuer: &IssuerKey, now: i64) -> Result<(), &'static str> {
    if candidate.issuer_der != issuer.subject_der
        || candidate.signed_by_key(&issuer.key) != SignedBy::Yes
    {
        return Err("the certificate of who signed it is not from the issuer");
    }
    if !candidate.ocsp_signing {
        return Err("the certificate of who signed it is not for signing answers");
    }
    if now < candidate.not_before || now > candidate.not_after {
        return Err("the certificate of who signed it is out of date");
    }
    Ok(())
}

/// SHA-1 of the public key, as answers name who signed them.
fn key_id(key: &Key) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, key.bytes())
        .as_ref()
        .to_vec()
}
