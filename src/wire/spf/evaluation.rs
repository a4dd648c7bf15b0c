//! The evaluation of a record (RFC 7208 sections 4 and 5), for a message or for
//! a sender that no term lists.

use super::{
    LOOKUPS_MAX, VOID_LOOKUPS_MAX,
    client::Client,
    macros::{DomainSpec, Scope},
    question::{Fate, Kind, LookUp, Question, Reply, Verdict, is_name},
    record::{self, SpfRecord},
    survey::{End, Found, SURVEY_LOOKUPS_MAX},
    terms::Step,
};

/// Deepest include that is followed.
const DEPTH_MAX: usize = 12;

/// What the evaluation of a record came to.
pub(super) struct Outcome {
    /// `None`: not known, as something was not answered or depends on a message.
    pub(super) verdict: Option<Verdict>,
    /// What the end of the record says of all other senders.
    pub(super) end: End,
    /// Where the record that decided has its explanation, and that record's domain.
    pub(super) explanation: Option<(DomainSpec, String)>,
}

/// A record that is evaluated, and the way to it.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) domain: &'p str,
    pub(super) way: &'p [String],
    pub(super) above: &'p [String],
}

/// One evaluation, with what it has used up.
pub(super) struct Evaluation<'a> {
    pub(super) lookup: &'a dyn Fn(&Question) -> Reply,
    /// Without a message the sender is one that no term lists, all terms are
    /// followed, and what is unwise is noted.
    pub(super) client: Option<&'a Client>,
    pub(super) origin: &'a str,
    pub(super) lookups: Vec<LookUp>,
    pub(super) found: Vec<Found>,
    pub(super) unasked: Vec<Question>,
    /// Whether there are more look-ups than are followed.
    pub(super) cut: bool,
    terms: usize,
    voids: usize,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        lookup: &'a dyn Fn(&Question) -> Reply,
        client: Option<&'a Client>,
        origin: &'a str,
    ) -> Self {
        Self {
            lookup,
            client,
            origin,
            lookups: Vec::new(),
            found: Vec::new(),
            unasked: Vec::new(),
            cut: false,
            terms: 0,
            voids: 0,
        }
    }

    /// Asks, if the name can stand in DNS; a name that cannot has no records.
    pub(super) fn ask(&mut self, name: &str, kind: Kind) -> Reply {
        if !is_name(name) {
            return match kind {
                Kind::Texts => Reply::Texts(Vec::new()),
                Kind::V4 | Kind::V6 => Reply::Addresses(Vec::new()),
                Kind::Exchangers | Kind::Pointers => Reply::Names(Vec::new()),
            };
        }
        let question = Question {
            name: name.to_ascii_lowercase(),
            kind,
        };
        let reply = (self.lookup)(&question);
        if reply == Reply::Unasked && !self.unasked.contains(&question) {
            self.unasked.push(question);
        }
        reply
    }

    /// Evaluates the record of a domain.
    pub(super) fn domain(&mut self, place: Place<'_>) -> (Outcome, Reply) {
        let reply = self.ask(place.domain, Kind::Texts);
        let outcome = |verdict| Outcome {
            verdict,
            end: End::Says(None),
            explanation: None,
        };
        let Reply::Texts(texts) = &reply else {
            let failed =
                (reply == Reply::Failed && self.client.is_some()).then_some(Verdict::TempError);
            let lost = Outcome {
                end: End::Unseen,
                ..outcome(failed)
            };
            return (lost, reply);
        };
        let mut records = texts.iter().filter(|text| record::is_record(text));
        let Some(first) = records.next() else {
            return (outcome(Some(Verdict::None)), reply);
        };
        let several = records.next().is_some();
        if several && self.client.is_some() {
            return (outcome(Some(Verdict::PermError)), reply);
        }
        let record = record::parse(first);
        if several {
            let count = texts.iter().filter(|text| record::is_record(text)).count();
            self.note("multiple_records", place.way, &format!("{count} records"));
        }
        for problem in &record.problems {
            self.note(problem.name, place.way, &problem.detail);
        }
        let mut outcome = self.record(&record, place);
        if several {
            outcome.verdict = Some(Verdict::PermError);
        }
        (outcome, reply)
    }

    fn record(&mut self, record: &SpfRecord, place: Place<'_>) -> Outcome {
        // The first term that decides; a survey goes on to see the rest.
        let mut decided: Option<Option<Verdict>> = None;
        if record.is_broken() {
            decided = Some(Some(Verdict::PermError));
        }
        for directive in &record.directives {
            if self.cut || (self.client.is_some() && decided.is_some()) {
                break;
            }
            let step = self.term(directive, place);
            let now = match step {
                Step::Match => Some(Some(directive.qualifier.into())),
                Step::NoMatch => None,
                Step::Stop(verdict) => Some(verdict),
            };
            decided = decided.or(now);
        }
        let mut end = End::Says(record.all());
        let mut explanation = record
            .explanation
            .clone()
            .map(|spec| (spec, place.domain.to_owned()));
        let wanted = self.client.is_none() || decided.is_none();
        if let Some(spec) = record.effective_redirect().filter(|_| wanted) {
            let outcome = self.redirect(spec, place);
            end = outcome.end;
            if decided.is_none() {
                decided = Some(outcome.verdict);
                explanation = outcome.explanation;
            }
        }
        if self.cut && decided.is_none() {
            decided = Some(None);
        }
        Outcome {
            verdict: decided.unwrap_or(Some(Verdict::Neutral)),
            end,
            explanation,
        }
    }

    fn redirect(&mut self, spec: &DomainSpec, place: Place<'_>) -> Outcome {
        let lost = |verdict| Outcome {
            verdict,
            end: End::Unseen,
            explanation: None,
        };
        if self.is_full() {
            return lost(None);
        }
        let over = self.count();
        if over && self.client.is_some() {
            return lost(Some(Verdict::PermError));
        }
        let term = format!("redirect={}", spec.as_str());
        let mut outcome = self.follow(spec, &term, place, "redirect_without_spf");
        if outcome.verdict == Some(Verdict::None) || over {
            outcome.verdict = Some(Verdict::PermError);
        }
        outcome
    }

    /// Follows an include or a redirect.
    pub(super) fn follow(
        &mut self,
        spec: &DomainSpec,
        term: &str,
        place: Place<'_>,
        absent: &'static str,
    ) -> Outcome {
        let lost = |verdict, end| Outcome {
            verdict,
            end,
            explanation: None,
        };
        let (index, name) = self.begin(Some(spec), term, place);
        if let Some(lookup) = self.lookups.get_mut(index) {
            lookup.follows = true;
        }
        let Some(name) = name else {
            return lost(None, End::Unseen);
        };
        let mut way = place.way.to_vec();
        way.push(term.to_owned());
        if self.client.is_none() {
            if place.domain == name || place.above.contains(&name) {
                self.note("include_loop", &way, "");
                self.end(index, Fate::Answered { void: false });
                return lost(Some(Verdict::PermError), End::Says(None));
            }
            if way.len() > DEPTH_MAX {
                self.end(index, Fate::TooDeep);
                return lost(None, End::Unseen);
            }
            if !is_name(&name) {
                self.note("invalid_name", &way, "");
                self.end(index, Fate::Answered { void: true });
                return lost(Some(Verdict::PermError), End::Says(None));
            }
        }
        let mut above = place.above.to_vec();
        above.push(place.domain.to_owned());
        self.put_question(index, &name, Kind::Texts);
        let inner = Place {
            domain: &name,
            way: &way,
            above: &above,
        };
        let (outcome, reply) = self.domain(inner);
        let void_limit = self.settle(index, &[reply]);
        if outcome.verdict == Some(Verdict::None) {
            self.note(absent, &way, "");
        }
        if void_limit {
            return lost(Some(Verdict::PermError), outcome.end);
        }
        outcome
    }

    /// Expands a domain; `None` when it depends on the message and there is none.
    pub(super) fn expand(&mut self, spec: &DomainSpec, domain: &str) -> Option<String> {
        let name = match spec.needs_name() {
            true => self.name_of_client(domain),
            false => None,
        };
        spec.expand(self.scope(domain, name.as_deref()))
    }

    /// What macros stand for in a text that may name the client.
    pub(super) fn expand_text(&mut self, text: &str, domain: &str) -> Option<String> {
        let name = self.name_of_client(domain);
        super::macros::expand(text, self.scope(domain, name.as_deref()))
    }

    fn scope<'s>(&'s self, domain: &'s str, name: Option<&'s str>) -> Scope<'s> {
        Scope {
            domain,
            origin: self.origin,
            client: self.client,
            name,
        }
    }

    /// Counts a term with a look-up; whether it is one too many.
    pub(super) fn count(&mut self) -> bool {
        self.terms = self.terms.saturating_add(1);
        self.terms > LOOKUPS_MAX
    }

    pub(super) fn is_full(&mut self) -> bool {
        self.cut |= self.lookups.len() >= SURVEY_LOOKUPS_MAX;
        self.cut
    }

    /// Notes a look-up, with the name that it is about.
    pub(super) fn begin(
        &mut self,
        spec: Option<&DomainSpec>,
        term: &str,
        place: Place<'_>,
    ) -> (usize, Option<String>) {
        let name = match spec {
            Some(spec) => self.expand(spec, place.domain),
            None => Some(place.domain.to_owned()),
        };
        let mut way = place.way.to_vec();
        way.push(term.to_owned());
        let index = self.lookups.len();
        self.lookups.push(LookUp {
            way,
            name: name.clone(),
            written: spec.map_or(place.domain, DomainSpec::as_str).to_owned(),
            questions: Vec::new(),
            follows: false,
            fate: Fate::Macro,
        });
        (index, name)
    }

    pub(super) fn put_question(&mut self, index: usize, name: &str, kind: Kind) {
        if let Some(lookup) = self.lookups.get_mut(index) {
            lookup.questions.push(Question {
                name: name.to_ascii_lowercase(),
                kind,
            });
        }
    }

    pub(super) fn end(&mut self, index: usize, fate: Fate) {
        if let Some(lookup) = self.lookups.get_mut(index) {
            lookup.fate = fate;
        }
    }

    /// Writes down what came of a look-up; whether it was a void one too many.
    pub(super) fn settle(&mut self, index: usize, replies: &[Reply]) -> bool {
        let answers = |reply: &&Reply| !matches!(reply, Reply::Failed | Reply::Unasked);
        let fate = if replies
            .iter()
            .filter(answers)
            .any(|reply| !reply.is_empty())
        {
            Fate::Answered { void: false }
        } else if replies.contains(&Reply::Unasked) {
            Fate::Unasked
        } else if replies.contains(&Reply::Failed) {
            Fate::Failed
        } else {
            Fate::Answered { void: true }
        };
        self.end(index, fate);
        if fate == (Fate::Answered { void: true }) {
            self.voids = self.voids.saturating_add(1);
            return self.voids > VOID_LOOKUPS_MAX;
        }
        false
    }

    /// Notes a fault or what is unwise.
    pub(super) fn note(&mut self, name: &'static str, way: &[String], detail: &str) {
        let found = Found {
            name,
            way: way.to_vec(),
            detail: detail.to_owned(),
        };
        if self.client.is_none() && !self.found.contains(&found) {
            self.found.push(found);
        }
    }
}
