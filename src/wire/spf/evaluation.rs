//! The evaluation of a record (RFC 7208 sections 4 and 5), for a message or for
//! a sender that no term lists.

use std::net::IpAddr;

use super::{
    LOOKUPS_MAX, VOID_LOOKUPS_MAX,
    client::Client,
    macros::{DomainSpec, Scope},
    record::{self, Directive, Mechanism, Qualifier, SpfRecord},
    survey::{End, Found, SURVEY_LOOKUPS_MAX},
};

/// Deepest include that is followed.
const DEPTH_MAX: usize = 12;
/// Most names of an exchanger list or of an address that are looked up (section 4.6.4).
pub(super) const NAMES_MAX: usize = 10;

/// The result of a check (section 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Verdict {
    None,
    Neutral,
    Pass,
    Fail,
    SoftFail,
    TempError,
    PermError,
}

impl From<Qualifier> for Verdict {
    fn from(qualifier: Qualifier) -> Self {
        match qualifier {
            Qualifier::Pass => Self::Pass,
            Qualifier::Neutral => Self::Neutral,
            Qualifier::SoftFail => Self::SoftFail,
            Qualifier::Fail => Self::Fail,
        }
    }
}

/// What is looked up of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// TXT records.
    Texts,
    /// A records.
    V4,
    /// AAAA records.
    V6,
    /// MX records.
    Exchangers,
    /// PTR records.
    Pointers,
}

/// A question to DNS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Lower case, without the last dot.
    pub name: String,
    /// What is looked up.
    pub kind: Kind,
}

/// What is known of a question. No record of the kind is an empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To [`Kind::Texts`]: the strings of each record joined.
    Texts(Vec<Vec<u8>>),
    /// To [`Kind::V4`] and [`Kind::V6`].
    Addresses(Vec<IpAddr>),
    /// To [`Kind::Exchangers`], in order of preference, and [`Kind::Pointers`].
    Names(Vec<String>),
    /// DNS did not answer.
    Failed,
    /// Nobody has asked yet.
    Unasked,
}

impl Reply {
    fn is_empty(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.is_empty(),
            Self::Addresses(addresses) => addresses.is_empty(),
            Self::Names(names) => names.is_empty(),
            Self::Failed | Self::Unasked => false,
        }
    }
}

/// A term with a look-up, in the order in which a receiver comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp {
    /// The terms that lead to it, and itself, as written.
    pub way: Vec<String>,
    /// Name that is looked up; `None` when it depends on the message.
    pub name: Option<String>,
    /// The name as the record writes it, macros and all.
    pub written: String,
    /// The questions that it takes.
    pub questions: Vec<Question>,
    /// Whether it leads to another record (`include`, `redirect`).
    pub follows: bool,
    /// What came of it.
    pub fate: Fate,
}

/// What came of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// DNS answered: with nothing (a void look-up, section 4.6.4), or with something.
    Answered {
        /// Whether the answer was empty.
        void: bool,
    },
    /// DNS did not answer.
    Failed,
    /// Nobody has asked yet.
    Unasked,
    /// The question depends on the sender's address (`ptr`).
    Reverse,
    /// The name depends on the message.
    Macro,
    /// It lies deeper than is followed.
    TooDeep,
}

/// What the evaluation of a record came to.
pub(super) struct Outcome {
    /// `None`: not known, as something was not answered or depends on a message.
    pub(super) verdict: Option<Verdict>,
    /// What the end of the record says of all other senders.
    pub(super) end: End,
    /// Where the record that decided has its explanation, and that record's domain.
    pub(super) explanation: Option<(DomainSpec, String)>,
}

/// What a term says.
enum Step {
    Match,
    NoMatch,
    /// The evaluation ends here, or cannot be known from here on.
    Stop(Option<Verdict>),
}

const BROKEN: Step = Step::Stop(Some(Verdict::PermError));

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
    fn follow(
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

    /// Whether a term matches.
    fn term(&mut self, directive: &Directive, place: Place<'_>) -> Step {
        let mechanism = &directive.mechanism;
        match mechanism {
            Mechanism::All => return Step::Match,
            Mechanism::Ip4(network, length) => {
                return self.within(IpAddr::V4(*network), *length, directive.qualifier);
            }
            Mechanism::Ip6(network, length) => {
                return self.within(IpAddr::V6(*network), *length, directive.qualifier);
            }
            _ => {}
        }
        if self.is_full() {
            return Step::Stop(None);
        }
        let over = self.count();
        if over && self.client.is_some() {
            return BROKEN;
        }
        let term = directive.text.as_str();
        let step = match mechanism {
            Mechanism::Include(spec) => self.include(spec, directive, place),
            Mechanism::A(spec, prefixes) => {
                let (index, name) = self.begin(spec.as_ref(), term, place);
                match name {
                    Some(name) => self.host(index, &name, prefixes.v4, prefixes.v6),
                    None => Step::NoMatch,
                }
            }
            Mechanism::Mx(spec, prefixes) => {
                let (index, name) = self.begin(spec.as_ref(), term, place);
                match name {
                    Some(name) => self.exchangers(index, &name, *prefixes, term, place),
                    None => Step::NoMatch,
                }
            }
            Mechanism::Exists(spec) => self.exists(spec, directive, place),
            Mechanism::Ptr(spec) => self.pointer(spec.as_ref(), term, place),
            Mechanism::All | Mechanism::Ip4(..) | Mechanism::Ip6(..) => Step::NoMatch,
        };
        if over { BROKEN } else { step }
    }

    fn include(&mut self, spec: &DomainSpec, directive: &Directive, place: Place<'_>) -> Step {
        let outcome = self.follow(spec, &directive.text, place, "include_without_spf");
        let passes = outcome.end == End::Says(Some(Qualifier::Pass));
        if self.client.is_none() && passes && directive.qualifier == Qualifier::Pass {
            let mut way = place.way.to_vec();
            way.push(directive.text.clone());
            self.note("include_passes_all", &way, "");
        }
        match outcome.verdict {
            Some(Verdict::Pass) => Step::Match,
            Some(Verdict::Fail | Verdict::SoftFail | Verdict::Neutral) => Step::NoMatch,
            Some(Verdict::TempError) => Step::Stop(Some(Verdict::TempError)),
            Some(Verdict::None | Verdict::PermError) => BROKEN,
            None => Step::Stop(None),
        }
    }

    fn host(&mut self, index: usize, name: &str, v4: u8, v6: u8) -> Step {
        let mut replies = Vec::new();
        for kind in self.families() {
            self.put_question(index, name, kind);
            replies.push(self.ask(name, kind));
        }
        if self.settle(index, &replies) {
            return BROKEN;
        }
        self.any_within(&replies, v4, v6)
    }

    fn exchangers(
        &mut self,
        index: usize,
        name: &str,
        prefixes: record::Prefixes,
        term: &str,
        place: Place<'_>,
    ) -> Step {
        self.put_question(index, name, Kind::Exchangers);
        let reply = self.ask(name, Kind::Exchangers);
        if self.settle(index, std::slice::from_ref(&reply)) {
            return BROKEN;
        }
        let Reply::Names(names) = reply else {
            return self.lost(&reply);
        };
        if self.client.is_some() {
            for exchanger in names.iter().take(NAMES_MAX) {
                for kind in self.families() {
                    let reply = self.ask(exchanger, kind);
                    match self.any_within(&[reply], prefixes.v4, prefixes.v6) {
                        Step::NoMatch => {}
                        decided => return decided,
                    }
                }
            }
        }
        if names.len() > NAMES_MAX {
            let mut way = place.way.to_vec();
            way.push(term.to_owned());
            self.note(
                "too_many_exchangers",
                &way,
                &format!("{} names", names.len()),
            );
            return BROKEN;
        }
        Step::NoMatch
    }

    fn exists(&mut self, spec: &DomainSpec, directive: &Directive, place: Place<'_>) -> Step {
        let (index, name) = self.begin(Some(spec), &directive.text, place);
        let Some(name) = name else {
            return Step::NoMatch;
        };
        self.put_question(index, &name, Kind::V4);
        let reply = self.ask(&name, Kind::V4);
        if self.settle(index, std::slice::from_ref(&reply)) {
            return BROKEN;
        }
        match &reply {
            Reply::Addresses(addresses) if addresses.is_empty() => Step::NoMatch,
            Reply::Addresses(_) => {
                if directive.qualifier == Qualifier::Pass {
                    let mut way = place.way.to_vec();
                    way.push(directive.text.clone());
                    self.note("exists_passes_all", &way, "");
                }
                Step::Match
            }
            other => self.lost(other),
        }
    }

    fn pointer(&mut self, spec: Option<&DomainSpec>, term: &str, place: Place<'_>) -> Step {
        let (index, name) = self.begin(spec, term, place);
        let (Some(client), Some(name)) = (self.client, name) else {
            self.end(index, Fate::Reverse);
            return Step::NoMatch;
        };
        let reverse = client.reverse_name();
        self.put_question(index, &reverse, Kind::Pointers);
        let reply = self.ask(&reverse, Kind::Pointers);
        if self.settle(index, &[reply]) {
            return BROKEN;
        }
        let names = self.validated_names(client);
        match names.iter().any(|own| is_below(own, &name)) {
            true => Step::Match,
            false => Step::NoMatch,
        }
    }

    /// The names of the client's address that lead back to it (section 5.5). What
    /// DNS does not answer is left out.
    fn validated_names(&mut self, client: &Client) -> Vec<String> {
        let Reply::Names(names) = self.ask(&client.reverse_name(), Kind::Pointers) else {
            return Vec::new();
        };
        let kind = match client.ip {
            IpAddr::V4(_) => Kind::V4,
            IpAddr::V6(_) => Kind::V6,
        };
        let mut validated = Vec::new();
        for name in names.into_iter().take(NAMES_MAX) {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            if let Reply::Addresses(addresses) = self.ask(&name, kind)
                && addresses.contains(&client.ip)
            {
                validated.push(name);
            }
        }
        validated
    }

    /// The name that `%{p}` stands for (section 7.3).
    fn name_of_client(&mut self, domain: &str) -> Option<String> {
        let names = self.validated_names(self.client?);
        let best = |fits: &dyn Fn(&str) -> bool| names.iter().find(|name| fits(name)).cloned();
        best(&|name| name == domain)
            .or_else(|| best(&|name| is_below(name, domain)))
            .or_else(|| names.first().cloned())
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

    /// The families that are looked up: the client's, or both.
    fn families(&self) -> Vec<Kind> {
        match self.client.map(|client| client.ip) {
            Some(IpAddr::V4(_)) => vec![Kind::V4],
            Some(IpAddr::V6(_)) => vec![Kind::V6],
            None => vec![Kind::V4, Kind::V6],
        }
    }

    fn within(&self, network: IpAddr, length: u8, qualifier: Qualifier) -> Step {
        let matches = match self.client {
            Some(client) => agrees(client.ip, network, length),
            // Whoever may send from everywhere is no stranger anywhere.
            None => length == 0 && qualifier == Qualifier::Pass,
        };
        if matches { Step::Match } else { Step::NoMatch }
    }

    fn any_within(&self, replies: &[Reply], v4: u8, v6: u8) -> Step {
        let Some(client) = self.client else {
            return Step::NoMatch;
        };
        for reply in replies {
            let Reply::Addresses(addresses) = reply else {
                return self.lost(reply);
            };
            let length = |ip: &IpAddr| if ip.is_ipv4() { v4 } else { v6 };
            if addresses
                .iter()
                .any(|ip| agrees(client.ip, *ip, length(ip)))
            {
                return Step::Match;
            }
        }
        Step::NoMatch
    }

    /// What follows from a question that DNS did not answer. A stranger's
    /// address is in none of the answers, whatever they are.
    fn lost(&self, reply: &Reply) -> Step {
        match (self.client, reply) {
            (Some(_), Reply::Failed) => Step::Stop(Some(Verdict::TempError)),
            (Some(_), _) => Step::Stop(None),
            (None, _) => Step::NoMatch,
        }
    }

    /// Counts a term with a look-up; whether it is one too many.
    fn count(&mut self) -> bool {
        self.terms = self.terms.saturating_add(1);
        self.terms > LOOKUPS_MAX
    }

    fn is_full(&mut self) -> bool {
        self.cut |= self.lookups.len() >= SURVEY_LOOKUPS_MAX;
        self.cut
    }

    /// Notes a look-up, with the name that it is about.
    fn begin(
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

    fn put_question(&mut self, index: usize, name: &str, kind: Kind) {
        if let Some(lookup) = self.lookups.get_mut(index) {
            lookup.questions.push(Question {
                name: name.to_ascii_lowercase(),
                kind,
            });
        }
    }

    fn end(&mut self, index: usize, fate: Fate) {
        if let Some(lookup) = self.lookups.get_mut(index) {
            lookup.fate = fate;
        }
    }

    /// Writes down what came of a look-up; whether it was a void one too many.
    fn settle(&mut self, index: usize, replies: &[Reply]) -> bool {
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

/// Whether the leading bits of two addresses of one family agree.
fn agrees(one: IpAddr, other: IpAddr, length: u8) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let shift = 32u32.saturating_sub(length.into());
            let mask = u32::MAX.checked_shl(shift).unwrap_or(0);
            u32::from(one) & mask == u32::from(other) & mask
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let shift = 128u32.saturating_sub(length.into());
            let mask = u128::MAX.checked_shl(shift).unwrap_or(0);
            u128::from(one) & mask == u128::from(other) & mask
        }
        _ => false,
    }
}

fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a name can stand in DNS, as far as lengths go (RFC 1035 section 2.3.4).
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(|label| (1..=63).contains(&label.len()))
}
