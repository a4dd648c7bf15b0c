//! Turns what was learned about revocation into facts, gaps and evidence.

use jiff::Timestamp;

use super::facts::{
    AnswerProblem, AnswerProblemName, AnswerSigner, Revocation, RevocationSource, RevocationStatus,
    StapledAnswer,
};
use super::fold::timestamp;
use super::issued::Issued;
use super::revocation::{Kind, Place};
use crate::model::gap::GapReason;
use crate::net::{NetError, shell_word};
use crate::wire::{
    crl,
    ocsp::{self, Answer, Problem, Signer, Status},
    text::clean,
};

/// Most characters of a detail.
const DETAIL_CHARS: usize = 200;

/// A staple as facts. Without the issuer's key nothing of it can be verified.
pub fn stapled(answer: Option<&Answer>) -> StapledAnswer {
    let Some(answer) = answer else {
        return StapledAnswer {
            sound: false,
            status: None,
            this_update: None,
            next_update: None,
            signer: None,
            problems: vec![AnswerProblem {
                name: AnswerProblemName::NoIssuer,
                detail: "the certificate of the issuer was not sent".to_owned(),
            }],
        };
    };
    StapledAnswer {
        sound: answer.is_sound(),
        status: answer.status.map(status_name),
        this_update: answer.this_update.map(timestamp),
        next_update: answer.next_update.map(timestamp),
        signer: answer.signer.map(|signer| match signer {
            Signer::Issuer => AnswerSigner::Issuer,
            Signer::Delegate => AnswerSigner::Delegate,
        }),
        problems: answer
            .problems
            .iter()
            .map(|(problem, detail)| AnswerProblem {
                name: problem_name(*problem),
                detail: clean(detail, DETAIL_CHARS),
            })
            .collect(),
    }
}

/// A sound staple as the issuer's word.
pub fn by_staple(answer: &Answer) -> Option<Revocation> {
    let status = answer.status.filter(|_| answer.is_sound())?;
    let of = (answer.this_update?, answer.next_update);
    Some(revocation(status, RevocationSource::Staple, None, of))
}

/// What the places said, and which of them it was.
///
/// # Errors
/// Why no answer counts; the reason of the last place, and the details of all.
pub fn by_places<'a>(
    places: &'a [Place],
    issued: &Issued,
    now: Timestamp,
) -> Result<(Revocation, &'a Place), NetError> {
    let mut reason = GapReason::NotAsked;
    let mut details = Vec::new();
    let mut unknown = None;
    for place in places {
        match verdict(place, issued, now) {
            Ok(found) if found.status == RevocationStatus::NotKnownToIssuer => {
                unknown = Some((found, place));
            }
            Ok(found) => return Ok((found, place)),
            Err(error) => {
                reason = error.reason;
                details.push(error.detail);
            }
        }
    }
    unknown.ok_or_else(|| NetError::new(reason, details.join("; ")))
}

fn verdict(place: &Place, issued: &Issued, now: Timestamp) -> Result<Revocation, NetError> {
    let body = place.body.as_ref().map_err(Clone::clone)?;
    let (leaf, issuer) = (&issued.leaf, &issued.issuer);
    let url = Some(place.url.as_str());
    let wrong = |what: &str| {
        let detail = format!("{}: {what}", clean(&place.url, DETAIL_CHARS));
        NetError::new(GapReason::Malformed, detail)
    };
    match place.kind {
        Kind::Ocsp => {
            let answer = ocsp::assess(body, leaf, issuer, now.as_second());
            if let Some((_, detail)) = answer.problems.first() {
                return Err(wrong(detail));
            }
            let (Some(status), Some(since)) = (answer.status, answer.this_update) else {
                return Err(wrong("the answer says nothing of the certificate"));
            };
            let of = (since, answer.next_update);
            Ok(revocation(status, RevocationSource::Ocsp, url, of))
        }
        Kind::Crl => {
            let answer = crl::assess(body, &place.url, leaf, issuer, now.as_second())
                .map_err(|error| wrong(error.0))?;
            let of = (answer.this_update, answer.next_update);
            Ok(revocation(answer.status, RevocationSource::Crl, url, of))
        }
    }
}

fn revocation(
    status: Status,
    source: RevocationSource,
    url: Option<&str>,
    (this_update, next_update): (i64, Option<i64>),
) -> Revocation {
    let (revoked_at, reason) = match status {
        Status::Revoked { at, reason } => (Some(timestamp(at)), reason),
        Status::Good | Status::Unknown => (None, None),
    };
    Revocation {
        status: status_name(status),
        source,
        url: url.map(|url| clean(url, 1_000)),
        this_update: timestamp(this_update),
        next_update: next_update.map(timestamp),
        revoked_at,
        reason: reason.map(|reason| ocsp::reason_name(reason).to_owned()),
    }
}

/// A command that shows what a place said.
pub fn reproduce(place: &Place, serial: &str) -> String {
    let fetch = format!("curl -sS {}", shell_word(&place.asked));
    match place.kind {
        Kind::Ocsp => format!("{fetch} | openssl ocsp -respin /dev/stdin -noverify -resp_text"),
        Kind::Crl => {
            let serial = serial.trim_start_matches('0');
            format!("{fetch} | openssl crl -inform DER -noout -text | grep -i -A4 {serial}")
        }
    }
}

fn status_name(status: Status) -> RevocationStatus {
    match status {
        Status::Good => RevocationStatus::Good,
        Status::Revoked { .. } => RevocationStatus::Revoked,
        Status::Unknown => RevocationStatus::NotKnownToIssuer,
    }
}

fn problem_name(problem: Problem) -> AnswerProblemName {
    match problem {
        Problem::Unreadable => AnswerProblemName::Unreadable,
        Problem::Refused => AnswerProblemName::Refused,
        Problem::OtherCertificate => AnswerProblemName::OtherCertificate,
        Problem::WrongSigner => AnswerProblemName::WrongSigner,
        Problem::BadSignature => AnswerProblemName::BadSignature,
        Problem::UnknownSignature => AnswerProblemName::UnknownSignature,
        Problem::Expired => AnswerProblemName::Expired,
        Problem::NotYetValid => AnswerProblemName::NotYetValid,
    }
}
