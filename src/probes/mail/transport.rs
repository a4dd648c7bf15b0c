//! What the domain publishes about encryption of its mail on the way:
//! MTA-STS (RFC 8461) and TLS reporting (RFC 8460).

use url::Url;

use super::{
    facts::{Bimi, MailExchanger, MailProblem, MtaSts, MtaStsMode, MtaStsPolicy, TlsRpt},
    notes::Notes,
};
use crate::{
    model::{
        gap::GapReason,
        observation::{Evidence, EvidenceKind},
        seen::Seen,
    },
    net::{HttpRequest, HttpResponse, NetError, RecordType, Session, shell_word},
    wire::{
        bimi,
        mta_sts::{self, Mode, Policy},
        text::{clean, clean_bytes, clean_lines},
        tls_rpt,
    },
};

/// Most characters of a record.
const RECORD_CHARS: usize = 1_000;
/// Most bytes of a policy; senders may stop there (RFC 8461 section 3.3).
const POLICY_BYTES: usize = 64 * 1024;
/// Most characters of a policy as evidence.
const EVIDENCE_CHARS: usize = 4_000;
/// Most addresses of the policy host that are tried.
const ADDRESSES_MAX: usize = 4;

/// The TLS reporting record.
pub(super) async fn tls_rpt(session: &Session, domain: &str) -> (Seen<Option<TlsRpt>>, Notes) {
    let mut notes = Notes::default();
    let name = format!("_smtp._tls.{domain}");
    let mut records = match session.lookup(&name, RecordType::TXT).await {
        Ok(answer) => {
            notes.prove("/mail/tls_rpt", &answer);
            answer.texts()
        }
        Err(error) => {
            notes.miss("/mail/tls_rpt", &error);
            return (Seen::Unseen, notes);
        }
    };
    records.retain(|text| tls_rpt::is_record(text));
    let Some(first) = records.first() else {
        return (None.into(), notes);
    };
    let record = tls_rpt::parse(first);
    let mut problems = problems(record.problems);
    if records.len() > 1 {
        // Several records are as none.
        problems.push(problem("multiple_records", &records.len().to_string()));
    }
    let fact = TlsRpt {
        record: clean_bytes(first, RECORD_CHARS),
        rua: record.rua,
        problems,
    };
    (Some(fact).into(), notes)
}

/// The BIMI record of the selector that all mail has.
pub(super) async fn bimi(session: &Session, domain: &str) -> (Seen<Option<Bimi>>, Notes) {
    let mut notes = Notes::default();
    let name = format!("default._bimi.{domain}");
    let mut records = match session.lookup(&name, RecordType::TXT).await {
        Ok(answer) => {
            notes.prove("/mail/bimi", &answer);
            answer.texts()
        }
        Err(error) => {
            notes.miss("/mail/bimi", &error);
            return (Seen::Unseen, notes);
        }
    };
    records.retain(|text| bimi::is_record(text));
    let Some(first) = records.first() else {
        return (None.into(), notes);
    };
    let record = bimi::parse(first);
    let mut problems = problems(record.problems);
    if records.len() > 1 {
        problems.push(problem("multiple_records", &records.len().to_string()));
    }
    let fact = Bimi {
        record: clean_bytes(first, RECORD_CHARS),
        logo: record.logo,
        evidence: record.evidence,
        problems,
    };
    (Some(fact).into(), notes)
}

/// The MTA-STS record and policy. Whether the policy covers the exchangers is left
/// for [`compare_exchangers`], as slow exchangers must not keep the policy from being seen.
pub(super) async fn mta_sts(session: &Session, domain: &str) -> (Seen<Option<MtaSts>>, Notes) {
    let mut notes = Notes::default();
    let name = format!("_mta-sts.{domain}");
    let mut records = match session.lookup(&name, RecordType::TXT).await {
        Ok(answer) => {
            notes.prove("/mail/mta_sts", &answer);
            answer.texts()
        }
        Err(error) => {
            notes.miss("/mail/mta_sts", &error);
            return (Seen::Unseen, notes);
        }
    };
    records.retain(|text| mta_sts::is_record(text));
    let Some(first) = records.first() else {
        return (None.into(), notes);
    };
    let (id, faults) = mta_sts::parse_record(first);
    let mut problems = problems(faults);
    let policy = if records.len() > 1 {
        // Senders take several records as none, and ask for no policy (section 3.1).
        problems.push(problem("multiple_records", &records.len().to_string()));
        None.into()
    } else {
        match policy(session, domain, &mut problems, &mut notes).await {
            Ok(policy) => policy.map(facts).into(),
            Err(error) => {
                notes.miss("/mail/mta_sts/policy", &error);
                notes.miss("/mail/mta_sts/problems/-", &error);
                Seen::Unseen
            }
        }
    };
    let fact = MtaSts {
        record: clean_bytes(first, RECORD_CHARS),
        id,
        policy,
        problems: problems.into(),
    };
    (Some(fact).into(), notes)
}

/// Tells whether the policy covers every exchanger.
pub(super) fn compare_exchangers(
    mta_sts: &mut Seen<Option<MtaSts>>,
    mx: &Seen<Vec<MailExchanger>>,
    notes: &mut Notes,
) {
    let Some(Some(fact)) = mta_sts.known_mut() else {
        return;
    };
    let Some(Some(policy)) = fact.policy.known_mut() else {
        return;
    };
    let Some(list) = mx.known() else {
        notes.gap(
            "/mail/mta_sts/policy/covers_all_mx",
            GapReason::Unresolved,
            "the exchangers could not be seen",
        );
        return;
    };
    let covered = |exchanger: &MailExchanger| {
        let mut patterns = policy.mx.iter();
        patterns.any(|pattern| mta_sts::matches(pattern, &exchanger.name))
    };
    let mut real = list.iter().filter(|exchanger| !exchanger.null_mx);
    policy.covers_all_mx = real.all(covered).into();
}

/// Fetches the policy as a sender does (section 3.3): over verified HTTPS,
/// without following redirects. `None` when a sender gets no policy; an error
/// when it could not be seen.
async fn policy(
    session: &Session,
    domain: &str,
    problems: &mut Vec<MailProblem>,
    notes: &mut Notes,
) -> Result<Option<Policy>, NetError> {
    let host = format!("mta-sts.{domain}");
    let text = format!("https://{host}/.well-known/mta-sts.txt");
    let url = Url::parse(&text).map_err(|error| {
        NetError::new(GapReason::Malformed, format!("{text} is no URL: {error}"))
    })?;
    let addresses = session.addresses(&host).await?;
    let mut last = match addresses.failures.first() {
        Some((_, error)) => error.clone(),
        None if addresses.addresses.is_empty() => {
            let detail = format!("{host} has no address");
            problems.push(problem("policy_host_missing", &detail));
            return Ok(None);
        }
        None => NetError::new(GapReason::Unreachable, "no address was tried"),
    };
    for address in addresses.addresses.iter().take(ADDRESSES_MAX) {
        if let Err(error) = &address.may_connect {
            last = error.clone();
            continue;
        }
        let mut request = HttpRequest::new(url.clone(), address.ip).verified();
        request.max_body = POLICY_BYTES;
        match session.get(&request).await {
            Ok(response) => return read(&text, &response, problems, notes),
            // What a sender must not accept (section 3.3) is a fact, not a gap.
            Err(error) if error.reason == GapReason::TlsFailed => {
                problems.push(problem("policy_tls_failed", &error.detail));
                return Ok(None);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Reads the answer of the policy host.
fn read(
    url: &str,
    response: &HttpResponse,
    problems: &mut Vec<MailProblem>,
    notes: &mut Notes,
) -> Result<Option<Policy>, NetError> {
    match response.status {
        200 => {}
        // What a filter or a failing server says is not what the site says.
        403 | 429 | 500..=599 => {
            return Err(NetError::new(
                GapReason::Blocked,
                format!("{url} answered {}", response.status),
            ));
        }
        status => {
            let name = match status {
                300..=399 => "policy_redirect",
                _ => "policy_http_status",
            };
            problems.push(problem(name, &format!("{url} answered {status}")));
            return Ok(None);
        }
    }
    if let Some(error) = &response.body_gap {
        return Err(error.clone());
    }
    let media_type = response.first("content-type", 200).unwrap_or_default();
    let bare = media_type.split(';').next().unwrap_or_default().trim();
    if !bare.eq_ignore_ascii_case("text/plain") {
        problems.push(problem("policy_media_type", &media_type));
    }
    let body = String::from_utf8_lossy(&response.body);
    notes.evidence.push(Evidence {
        at: "/mail/mta_sts/policy".to_owned(),
        kind: EvidenceKind::HttpBody,
        cut: body.chars().count() > EVIDENCE_CHARS,
        data: clean_lines(&body, EVIDENCE_CHARS),
        reproduce: format!("curl -s {}", shell_word(url)),
    });
    let (policy, faults) = mta_sts::parse_policy(&response.body);
    problems.extend(self::problems(faults));
    Ok(policy)
}

fn facts(policy: Policy) -> MtaStsPolicy {
    MtaStsPolicy {
        mode: match policy.mode {
            Mode::Enforce => MtaStsMode::Enforce,
            Mode::Testing => MtaStsMode::Testing,
            Mode::None => MtaStsMode::None,
        },
        max_age: policy.max_age,
        mx: policy.mx,
        covers_all_mx: Seen::Unseen,
    }
}

fn problem(name: &str, detail: &str) -> MailProblem {
    MailProblem {
        name: name.to_owned(),
        detail: clean(detail, 300),
    }
}

fn problems(faults: Vec<(&'static str, String)>) -> Vec<MailProblem> {
    faults
        .iter()
        .map(|(name, detail)| problem(name, detail))
        .collect()
}
