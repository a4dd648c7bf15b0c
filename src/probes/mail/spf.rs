//! The SPF record of the domain and the tree of look-ups below it (RFC 7208).

use futures_util::future::join_all;
use hickory_proto::rr::RData;
use std::{collections::BTreeMap, sync::Arc};

use super::{
    SPF_LOOKUPS_MAX,
    facts::{MailProblem, Spf, SpfLookup, SpfResult, SpfVerdict},
    notes::Notes,
};
use crate::{
    model::{gap::GapReason, seen::Seen, standing::Standing},
    net::{Answer, NetError, RecordType, Session, Stands, name_text, parse_name},
    wire::{
        spf::{self, End, Fate, Kind, LookUp, Qualifier, Question, Reply, Survey, Verdict},
        text::{clean, clean_bytes},
    },
};

/// Most characters of a record.
const RECORD_CHARS: usize = 4_096;
/// Most characters of a key.
const KEY_CHARS: usize = 1_000;
/// Most problems that are kept.
const PROBLEMS_MAX: usize = 100;
/// Most questions for the tree of a record.
pub(super) const QUESTIONS_MAX: usize = 1 + SPF_LOOKUPS_MAX * 2;

/// The record, and whether the domain may send mail.
pub(super) struct Observed {
    pub(super) spf: Seen<Option<Spf>>,
    pub(super) sends: Seen<bool>,
    pub(super) notes: Notes,
}

/// What is known of DNS.
type Answers = BTreeMap<Question, Result<Arc<Answer>, NetError>>;

pub(super) async fn observe(session: &Session, domain: &str) -> Observed {
    let mut notes = Notes::default();
    let records = match session.lookup(domain, RecordType::TXT).await {
        Ok(answer) => {
            notes.prove("/mail/spf", &answer);
            let mut records = answer.texts();
            records.retain(|text| spf::is_record(text));
            records
        }
        Err(error) => {
            notes.miss("/mail/spf", &error);
            notes.miss("/mail/sends", &error);
            return Observed {
                spf: Seen::Unseen,
                sends: Seen::Unseen,
                notes,
            };
        }
    };
    let Some(first) = records.first() else {
        return Observed {
            spf: None.into(),
            sends: true.into(),
            notes,
        };
    };
    let sends = records.len() > 1 || !spf::parse(first).forbids_all();
    let (survey, answers) = follow(session, domain).await;
    let stands = standings(session, &survey, &answers).await;
    let lookups = survey.lookups.iter().zip(&stands).enumerate();
    let lookups: Vec<SpfLookup> = lookups
        .map(|(index, (lookup, stands))| SpfLookup {
            standing: standing(index, lookup, stands.as_ref(), &mut notes),
            ..fact(index, lookup, &answers, &mut notes)
        })
        .collect();
    if survey.cut {
        let detail = format!("at most {SPF_LOOKUPS_MAX} look-ups are followed");
        for at in ["/mail/spf/lookups/-", "/mail/spf/problems/-"] {
            notes.gap(at, GapReason::TooLarge, &detail);
        }
    }
    let spf = Spf {
        record: clean_bytes(first, RECORD_CHARS),
        record_count: u32::try_from(records.len()).unwrap_or(u32::MAX),
        all: end(&survey, &answers, &mut notes),
        stranger: stranger(&survey, &answers, &mut notes),
        lookups: lookups.into(),
        problems: problems(&survey).into(),
    };
    Observed {
        spf: Some(spf).into(),
        sends: sends.into(),
        notes,
    }
}

/// Follows the record: what each round of the survey does not know is asked
/// side by side, and the next round knows more.
async fn follow(session: &Session, domain: &str) -> (Survey, Answers) {
    let mut answers = Answers::new();
    loop {
        let survey = spf::survey(domain, &|question| reply(question, &answers));
        if survey.unasked.is_empty() {
            return (survey, answers);
        }
        let asked = join_all(survey.unasked.into_iter().enumerate().map(
            async |(index, question)| {
                let answer = if answers.len().saturating_add(index) < QUESTIONS_MAX {
                    let rtype = record_type(question.kind);
                    session.lookup(&question.name, rtype).await
                } else {
                    let detail = format!("at most {QUESTIONS_MAX} questions are asked");
                    Err(NetError::new(GapReason::TooLarge, detail))
                };
                (question, answer)
            },
        ))
        .await;
        answers.extend(asked);
    }
}

fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::Texts => RecordType::TXT,
        Kind::V4 => RecordType::A,
        Kind::V6 => RecordType::AAAA,
        Kind::Exchangers => RecordType::MX,
        Kind::Pointers => RecordType::PTR,
    }
}

/// What is known of a question.
fn reply(question: &Question, answers: &Answers) -> Reply {
    let answer = match answers.get(question) {
        None => return Reply::Unasked,
        Some(Ok(answer)) => Some(answer),
        // A name that is no domain name has no records.
        Some(Err(_)) if parse_name(&question.name).is_err() => None,
        Some(Err(_)) => return Reply::Failed,
    };
    match question.kind {
        Kind::Texts => Reply::Texts(answer.map(|answer| answer.texts()).unwrap_or_default()),
        Kind::V4 | Kind::V6 => {
            Reply::Addresses(answer.map(|answer| answer.ips()).unwrap_or_default())
        }
        Kind::Exchangers | Kind::Pointers => {
            let mut names: Vec<(u16, String)> = answer
                .into_iter()
                .flat_map(|answer| answer.data())
                .filter_map(|data| match data {
                    RData::MX(mx) => Some((mx.preference, name_text(&mx.exchange))),
                    RData::PTR(name) => Some((0, name_text(name))),
                    _ => None,
                })
                .collect();
            names.sort();
            Reply::Names(names.into_iter().map(|(_, name)| name).collect())
        }
    }
}

/// Why a look-up has no answer.
fn error(lookup: &LookUp, answers: &Answers) -> Option<NetError> {
    let not_asked = |detail: &str| Some(NetError::new(GapReason::NotAsked, detail));
    match lookup.fate {
        Fate::Answered { .. } => None,
        Fate::Reverse => not_asked("depends on the sender's address"),
        Fate::Macro => not_asked("the name depends on the message (macro)"),
        Fate::TooDeep => Some(NetError::new(
            GapReason::TooLarge,
            "includes are followed to a limited depth",
        )),
        Fate::Failed | Fate::Unasked => {
            let mut failed = lookup.questions.iter().filter_map(|q| answers.get(q));
            failed.find_map(|answer| answer.as_ref().err().cloned())
        }
    }
}

fn fact(index: usize, lookup: &LookUp, answers: &Answers, notes: &mut Notes) -> SpfLookup {
    let at = format!("/mail/spf/lookups/{index}");
    let way: Vec<String> = lookup.way.iter().map(|term| clean(term, 255)).collect();
    let void = match lookup.fate {
        Fate::Answered { void } => void.into(),
        _ => Seen::Unseen,
    };
    if let Some(error) = error(lookup, answers) {
        notes.miss(&format!("{at}/void"), &error);
        if lookup.follows {
            notes.miss("/mail/spf/lookups/-", &error);
        }
        // What depends on the message is no fault that was missed.
        if lookup.follows && error.reason != GapReason::NotAsked {
            notes.miss("/mail/spf/problems/-", &error);
        }
    } else if lookup.follows
        && let Some(Ok(answer)) = lookup.questions.first().and_then(|q| answers.get(q))
    {
        notes.prove(&at, answer);
    }
    SpfLookup {
        key: clean(&way.join(" > "), KEY_CHARS),
        name: clean(lookup.name.as_ref().unwrap_or(&lookup.written), 255),
        term: way.last().cloned().unwrap_or_default(),
        void,
        standing: Seen::Unseen,
    }
}

/// How the name of each look-up stands; `None` where it has no answer.
async fn standings(
    session: &Session,
    survey: &Survey,
    answers: &Answers,
) -> Vec<Option<Result<Stands, NetError>>> {
    join_all(survey.lookups.iter().map(async |lookup| {
        let name = lookup.name.as_ref()?;
        // One that leads in a circle was asked for by another.
        let own = |asked: &Question| {
            asked.name == *name && (lookup.questions.is_empty() || lookup.questions.contains(asked))
        };
        let asked = answers.iter().filter(|(asked, _)| own(asked));
        let asked: Vec<_> = asked.map(|(_, answer)| answer.clone()).collect();
        match asked.is_empty() {
            false => Some(session.standing_of(&asked).await),
            true => None,
        }
    }))
    .await
}

fn standing(
    index: usize,
    lookup: &LookUp,
    stands: Option<&Result<Stands, NetError>>,
    notes: &mut Notes,
) -> Seen<Option<Standing>> {
    let at = format!("/mail/spf/lookups/{index}/standing");
    // A name that is no domain name leads nowhere, and nobody can register it.
    if lookup
        .name
        .as_ref()
        .is_some_and(|name| parse_name(name).is_err())
    {
        return Seen::Known(None);
    }
    match (stands, lookup.fate) {
        (Some(stands), _) => match notes.standing(&at, stands) {
            Seen::Known(standing) => Seen::Known(Some(standing)),
            Seen::Unseen => Seen::Unseen,
        },
        (None, Fate::Reverse | Fate::Macro) => Seen::Known(None),
        (None, _) => {
            let detail = "the look-up has no answer";
            notes.gap(&at, GapReason::Unresolved, detail);
            Seen::Unseen
        }
    }
}

/// Why something is not known that all records together decide.
fn why(survey: &Survey, answers: &Answers) -> NetError {
    let followed = survey.lookups.iter().filter(|lookup| lookup.follows);
    let mut errors = followed.filter_map(|lookup| error(lookup, answers));
    errors.next().unwrap_or_else(|| {
        let detail = format!("at most {SPF_LOOKUPS_MAX} look-ups are followed");
        NetError::new(GapReason::TooLarge, detail)
    })
}

fn end(survey: &Survey, answers: &Answers, notes: &mut Notes) -> Seen<Option<SpfResult>> {
    match survey.end {
        End::Says(end) => Seen::Known(end.map(result)),
        End::Unseen => {
            notes.miss("/mail/spf/all", &why(survey, answers));
            Seen::Unseen
        }
    }
}

fn stranger(survey: &Survey, answers: &Answers, notes: &mut Notes) -> Seen<SpfVerdict> {
    Seen::Known(match survey.stranger {
        Some(Verdict::Pass) => SpfVerdict::Pass,
        Some(Verdict::Neutral) => SpfVerdict::Neutral,
        Some(Verdict::SoftFail) => SpfVerdict::Softfail,
        Some(Verdict::Fail) => SpfVerdict::Fail,
        Some(Verdict::PermError) => SpfVerdict::Permerror,
        Some(Verdict::TempError | Verdict::None) | None => {
            notes.miss("/mail/spf/stranger", &why(survey, answers));
            return Seen::Unseen;
        }
    })
}

fn problems(survey: &Survey) -> Vec<MailProblem> {
    let mut problems: Vec<MailProblem> = Vec::new();
    for found in &survey.found {
        let mut parts = found.way.clone();
        if !found.detail.is_empty() {
            parts.push(found.detail.clone());
        }
        let problem = MailProblem {
            name: found.name.to_owned(),
            detail: clean(&parts.join(" > "), 300),
        };
        if problems.len() < PROBLEMS_MAX && !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

fn result(qualifier: Qualifier) -> SpfResult {
    match qualifier {
        Qualifier::Pass => SpfResult::Pass,
        Qualifier::Neutral => SpfResult::Neutral,
        Qualifier::SoftFail => SpfResult::Softfail,
        Qualifier::Fail => SpfResult::Fail,
    }
}
