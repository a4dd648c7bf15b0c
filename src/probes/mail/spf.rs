//! The SPF record of the domain and the tree of look-ups below it (RFC 7208).

use super::{
    SPF_LOOKUPS_MAX,
    facts::{MailProblem, Spf, SpfLookup, SpfResult},
    notes::Notes,
};
use crate::{
    model::{gap::GapReason, seen::Seen},
    net::{NetError, RecordType, Session},
    wire::{
        spf::{self, DomainSpec, Mechanism, Qualifier, SpfRecord},
        text::{clean, clean_bytes},
    },
};

/// Most characters of a record.
const RECORD_CHARS: usize = 4_096;
/// Most characters of a key.
const KEY_CHARS: usize = 1_000;
/// Most problems that are kept.
const PROBLEMS_MAX: usize = 100;
/// Deepest include that is followed.
const DEPTH_MAX: usize = 12;

/// The record, and whether the domain may send mail.
pub(super) struct Observed {
    pub(super) spf: Seen<Option<Spf>>,
    pub(super) sends: Seen<bool>,
    pub(super) notes: Notes,
}

pub(super) async fn observe(session: &Session, domain: &str) -> Observed {
    let mut notes = Notes::default();
    let records = match published(session, domain).await {
        Ok((records, answer)) => {
            notes.prove("/mail/spf", &answer);
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
    let record = spf::parse(first);
    let sends = records.len() > 1 || !record.forbids_all();
    let mut tree = Tree::new(session);
    if records.len() > 1 {
        tree.problem("multiple_records", &format!("{} records", records.len()));
    }
    let all = tree.walk(domain, record).await;
    notes.add(tree.notes);
    Observed {
        spf: Some(Spf {
            record: clean_bytes(first, RECORD_CHARS),
            record_count: u32::try_from(records.len()).unwrap_or(u32::MAX),
            all,
            lookups: tree.lookups.into(),
            problems: tree.problems.into(),
        })
        .into(),
        sends: sends.into(),
        notes,
    }
}

type Published = (Vec<Vec<u8>>, std::sync::Arc<crate::net::Answer>);

/// The SPF records of a name.
async fn published(session: &Session, name: &str) -> Result<Published, NetError> {
    let answer = session.lookup(name, RecordType::TXT).await?;
    let mut records = answer.texts();
    records.retain(|text| spf::is_record(text));
    Ok((records, answer))
}

/// The look-ups, depth first, in the order in which a receiver makes them.
struct Tree<'a> {
    session: &'a Session,
    lookups: Vec<SpfLookup>,
    problems: Vec<MailProblem>,
    notes: Notes,
}

/// A record whose terms are still to be followed.
struct Frame {
    domain: String,
    /// The way to this record, as it stands in keys.
    path: Vec<String>,
    /// Domains on the way, for loops.
    above: Vec<String>,
    terms: std::vec::IntoIter<(String, Step)>,
    /// Whether the record speaks for the whole domain: the first, and what it redirects to.
    main: bool,
}

enum Step {
    Include(DomainSpec),
    Redirect(DomainSpec),
    Address(Option<DomainSpec>),
    Exchanger(Option<DomainSpec>),
    Exists(DomainSpec),
    Reverse(Option<DomainSpec>),
}

impl<'a> Tree<'a> {
    fn new(session: &'a Session) -> Self {
        Self {
            session,
            lookups: Vec::new(),
            problems: Vec::new(),
            notes: Notes::default(),
        }
    }

    /// Follows a record to its end. Returns what it says of all other senders.
    async fn walk(&mut self, domain: &str, record: SpfRecord) -> Seen<Option<SpfResult>> {
        let mut all = Seen::Known(record.all().map(result));
        self.take_problems(&record, &[]);
        let mut stack = vec![frame(domain, Vec::new(), Vec::new(), record, true)];
        while let Some(top) = stack.last_mut() {
            let Some((term, step)) = top.terms.next() else {
                stack.pop();
                continue;
            };
            let main = top.main;
            let (domain, path, above) = (top.domain.clone(), top.path.clone(), top.above.clone());
            if self.lookups.len() >= SPF_LOOKUPS_MAX {
                let detail = format!("at most {SPF_LOOKUPS_MAX} look-ups are followed");
                for at in ["/mail/spf/lookups/-", "/mail/spf/problems/-"] {
                    self.notes.gap(at, GapReason::TooLarge, &detail);
                }
                if stack.iter().any(|frame| frame.main && frame.redirects()) {
                    self.notes
                        .gap("/mail/spf/all", GapReason::TooLarge, &detail);
                    all = Seen::Unseen;
                }
                break;
            }
            let redirect = matches!(step, Step::Redirect(_));
            let found = self.follow(&domain, &path, &above, &term, step).await;
            if redirect && main {
                all = match &found {
                    Found::Record(frame, result) => {
                        let _ = frame;
                        Seen::Known(*result)
                    }
                    Found::Nothing => Seen::Known(None),
                    Found::Failed(error) => {
                        self.notes.miss("/mail/spf/all", error);
                        Seen::Unseen
                    }
                };
            }
            if let Found::Record(mut frame, _) = found {
                frame.main = redirect && main;
                stack.push(*frame);
            }
        }
        all
    }

    /// Makes the look-up of one term.
    async fn follow(
        &mut self,
        domain: &str,
        path: &[String],
        above: &[String],
        term: &str,
        step: Step,
    ) -> Found {
        let spec = match &step {
            Step::Include(spec) | Step::Redirect(spec) | Step::Exists(spec) => Some(spec),
            Step::Address(spec) | Step::Exchanger(spec) | Step::Reverse(spec) => spec.as_ref(),
        };
        let name = match spec {
            Some(spec) => spec.expand(domain),
            None => Some(domain.to_owned()),
        };
        let index = self.lookups.len();
        let mut way = path.to_vec();
        way.push(clean(term, 255));
        self.lookups.push(SpfLookup {
            key: clean(&way.join(" > "), KEY_CHARS),
            name: name
                .clone()
                .or_else(|| spec.map(|spec| clean(spec.as_str(), 255)))
                .unwrap_or_default(),
            term: clean(term, 255),
            void: Seen::Unseen,
        });
        let at = format!("/mail/spf/lookups/{index}/void");
        let name = match (&step, name) {
            (Step::Reverse(_), _) => {
                self.notes
                    .gap(&at, GapReason::NotAsked, "depends on the sender's address");
                return Found::Nothing;
            }
            (_, Some(name)) => name,
            (_, None) => {
                let detail = "the name depends on the message (macro)";
                self.notes.gap(&at, GapReason::NotAsked, detail);
                if matches!(step, Step::Include(_) | Step::Redirect(_)) {
                    self.notes
                        .gap("/mail/spf/lookups/-", GapReason::NotAsked, detail);
                    return Found::Failed(NetError::new(GapReason::NotAsked, detail));
                }
                return Found::Nothing;
            }
        };
        match step {
            Step::Include(_) | Step::Redirect(_) => {
                let kind = if matches!(step, Step::Include(_)) {
                    "include"
                } else {
                    "redirect"
                };
                self.follow_record(&name, kind, way, above, index).await
            }
            Step::Address(_) => {
                let (v4, v6) = tokio::join!(
                    self.session.lookup(&name, RecordType::A),
                    self.session.lookup(&name, RecordType::AAAA)
                );
                // A receiver asks for one family, by its client: the look-up is
                // surely void only when both are.
                let void = match (&v4, &v6) {
                    (Ok(v4), Ok(v6)) => Ok(v4.records.is_empty() && v6.records.is_empty()),
                    (Ok(one), Err(_)) | (Err(_), Ok(one)) if !one.records.is_empty() => Ok(false),
                    (Err(error), _) | (_, Err(error)) => Err(error.clone()),
                };
                self.set_void(index, void);
                Found::Nothing
            }
            Step::Exchanger(_) => {
                let answer = self.session.lookup(&name, RecordType::MX).await;
                self.set_void(index, answer.map(|answer| answer.records.is_empty()));
                Found::Nothing
            }
            Step::Exists(_) => {
                let answer = self.session.lookup(&name, RecordType::A).await;
                self.set_void(index, answer.map(|answer| answer.records.is_empty()));
                Found::Nothing
            }
            Step::Reverse(_) => Found::Nothing,
        }
    }

    /// Looks up and reads an included record.
    async fn follow_record(
        &mut self,
        name: &str,
        kind: &str,
        way: Vec<String>,
        above: &[String],
        index: usize,
    ) -> Found {
        let key = way.join(" > ");
        if above.iter().any(|domain| domain == name) {
            self.problem("include_loop", &key);
            self.set_void(index, Ok(false));
            return Found::Nothing;
        }
        if way.len() > DEPTH_MAX {
            let detail = format!("includes deeper than {DEPTH_MAX} are not followed");
            for at in ["/mail/spf/lookups/-", "/mail/spf/problems/-"] {
                self.notes.gap(at, GapReason::TooLarge, &detail);
            }
            self.notes.gap(
                &format!("/mail/spf/lookups/{index}/void"),
                GapReason::TooLarge,
                &detail,
            );
            return Found::Failed(NetError::new(GapReason::TooLarge, detail));
        }
        let (records, answer) = match published(self.session, name).await {
            Ok(published) => published,
            // A name that is no domain name can have no record.
            Err(error) if crate::net::parse_name(name).is_err() => {
                self.problem("invalid_name", &format!("{key}: {}", error.detail));
                self.set_void(index, Ok(true));
                return Found::Nothing;
            }
            Err(error) => {
                for at in ["/mail/spf/lookups/-", "/mail/spf/problems/-"] {
                    self.notes.miss(at, &error);
                }
                self.set_void(index, Err(error.clone()));
                return Found::Failed(error);
            }
        };
        self.notes
            .prove(&format!("/mail/spf/lookups/{index}"), &answer);
        self.set_void(index, Ok(answer.records.is_empty()));
        if records.len() > 1 {
            self.problem("multiple_records", &key);
        }
        let Some(first) = records.first() else {
            self.problem(&format!("{kind}_without_spf"), &key);
            return Found::Nothing;
        };
        let record = spf::parse(first);
        self.take_problems(&record, &way);
        if kind == "include" && record.all() == Some(Qualifier::Pass) {
            self.problem("include_passes_all", &key);
        }
        let result = record.all().map(result);
        let mut above = above.to_vec();
        above.push(name.to_owned());
        Found::Record(Box::new(frame(name, way, above, record, false)), result)
    }

    fn set_void(&mut self, index: usize, void: Result<bool, NetError>) {
        match void {
            Ok(void) => {
                if let Some(lookup) = self.lookups.get_mut(index) {
                    lookup.void = void.into();
                }
            }
            Err(error) => self
                .notes
                .miss(&format!("/mail/spf/lookups/{index}/void"), &error),
        }
    }

    fn take_problems(&mut self, record: &SpfRecord, way: &[String]) {
        for problem in &record.problems {
            let detail = match way {
                [] => problem.detail.clone(),
                way => format!("{} > {}", way.join(" > "), problem.detail),
            };
            self.problem(problem.name, &detail);
        }
    }

    fn problem(&mut self, name: &str, detail: &str) {
        let problem = MailProblem {
            name: name.to_owned(),
            detail: clean(detail, 300),
        };
        if self.problems.len() < PROBLEMS_MAX && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// What a term led to.
enum Found {
    /// A record, and what it says of all other senders.
    Record(Box<Frame>, Option<SpfResult>),
    /// Nothing to go on with.
    Nothing,
    /// A record that could not be seen.
    Failed(NetError),
}

impl Frame {
    /// Whether a redirect is still to be followed.
    fn redirects(&self) -> bool {
        self.terms
            .as_slice()
            .iter()
            .any(|(_, step)| matches!(step, Step::Redirect(_)))
    }
}

fn frame(
    domain: &str,
    path: Vec<String>,
    above: Vec<String>,
    record: SpfRecord,
    main: bool,
) -> Frame {
    let has_all = record.all().is_some();
    let mut terms = Vec::new();
    for directive in record.directives {
        let step = match directive.mechanism {
            Mechanism::Include(spec) => Step::Include(spec),
            Mechanism::A(spec) => Step::Address(spec),
            Mechanism::Mx(spec) => Step::Exchanger(spec),
            Mechanism::Ptr(spec) => Step::Reverse(spec),
            Mechanism::Exists(spec) => Step::Exists(spec),
            Mechanism::All | Mechanism::Ip4(..) | Mechanism::Ip6(..) => continue,
        };
        terms.push((directive.text, step));
    }
    if let (Some(spec), false) = (record.redirect, has_all) {
        let text = format!("redirect={}", spec.as_str());
        terms.push((text, Step::Redirect(spec)));
    }
    let mut above = above;
    if above.is_empty() {
        above.push(domain.to_owned());
    }
    Frame {
        domain: domain.to_owned(),
        path,
        above,
        terms: terms.into_iter(),
        main,
    }
}

fn result(qualifier: Qualifier) -> SpfResult {
    match qualifier {
        Qualifier::Pass => SpfResult::Pass,
        Qualifier::Neutral => SpfResult::Neutral,
        Qualifier::SoftFail => SpfResult::Softfail,
        Qualifier::Fail => SpfResult::Fail,
    }
}
