//! The grade of TLS endpoints by the scale of SSL Labs' SSL Server Rating Guide, version 2009r,
//! as testssl.sh 3.3dev (commit 9fdf802) reads it; `docs/tls-grade.md` tells where we differ.
//!
//! Points for versions, keys and ciphers give a letter, and rules limit it. What was not observed
//! is never taken for good: a rule that is open and could lower the grade leaves it undetermined,
//! with the best one that is still possible. HSTS, and holes that level intrusive alone looks for,
//! only withhold `A+` where they were not looked at.

mod points;
mod rules;
mod sight;

use self::points::Points;
use self::rules::{Outcome, RULES};
use self::sight::Sight;
use super::typed;
use crate::model::{
    gap::Gap,
    level::Area,
    observation::Observation,
    seen::Seen,
    tls_grade::{TlsGrade, TlsGradeStep},
};
use crate::probes::{
    tls::facts::{TlsEndpoint, TlsFacts},
    web::facts::WebFacts,
};

/// The edition of the scale.
pub const SCALE: &str = "SSL Labs 2009r, as testssl.sh 3.3dev reads it";

/// A grade; the later, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Letter {
    APlus,
    A,
    AMinus,
    B,
    C,
    D,
    E,
    F,
    M,
    T,
}

impl Letter {
    fn name(self) -> &'static str {
        match self {
            Self::APlus => "A+",
            Self::A => "A",
            Self::AMinus => "A-",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
            Self::F => "F",
            Self::M => "M",
            Self::T => "T",
        }
    }
}

/// Fills `grade` of every TLS endpoint.
pub(super) fn join(observation: &mut Observation) {
    let Some(mut tls) = typed::<TlsFacts>(observation, Area::Tls) else {
        return;
    };
    let web = typed::<WebFacts>(observation, Area::Web);
    fill(&mut tls, web.as_ref(), &observation.gaps);
    if let Ok(value) = serde_json::to_value(&tls) {
        observation.facts.insert(Area::Tls, value);
    }
}

/// Fills `grade` of every endpoint; `gaps` are those of the whole observation.
pub fn fill(tls: &mut TlsFacts, web: Option<&WebFacts>, gaps: &[Gap]) {
    let endpoints = tls.endpoints.known_mut().into_iter().flatten();
    for (at, endpoint) in endpoints.enumerate() {
        let sight = Sight::new(endpoint, at, web, gaps);
        endpoint.grade = Seen::Known(grade(endpoint, &sight));
    }
}

fn grade(endpoint: &TlsEndpoint, sight: &Sight<'_>) -> TlsGrade {
    let mut found = TlsGrade {
        scale: SCALE.to_owned(),
        grade: None,
        at_best: None,
        not_determined: None,
        protocol: None,
        key_exchange: None,
        cipher: None,
        score: None,
        steps: Vec::new(),
    };
    if let Some(why) = sight.nothing_to_grade() {
        found.not_determined = Some(why);
        return found;
    }
    let points = Points::of(endpoint, sight);
    let mut steps: Vec<(Letter, TlsGradeStep)> = Vec::new();
    let (mut best, mut open) = (points.letter(), None::<String>);
    let outcomes = RULES
        .iter()
        .map(|rule| (rule, (rule.test)(endpoint, sight)));
    let outcomes: Vec<_> = outcomes.collect();
    for (rule, outcome) in &outcomes {
        let (limit, applies, detail) = match outcome {
            Outcome::No => continue,
            Outcome::Yes(detail) => (rule.limit, Some(true), detail),
            // What nobody asked for keeps the best grade back, and no more.
            Outcome::NotAsked(detail) => (Letter::A, None, detail),
            Outcome::Open(detail) => (rule.limit, None, detail),
        };
        if !matches!(outcome, Outcome::Open(_)) {
            best = best.max(limit);
        }
        steps.push((
            limit,
            TlsGradeStep {
                rule: rule.name.to_owned(),
                limit: limit.name().to_owned(),
                applies,
                detail: detail.clone(),
            },
        ));
    }
    if let Some((limit, detail)) = points.limits() {
        best = best.max(limit);
        steps.push((limit, step("weak-key", limit, Some(true), detail)));
    }
    if let Some(why) = &points.open {
        steps.push((Letter::F, step("points", Letter::F, None, why.clone())));
    }
    steps.sort_by(|a, b| (b.0, &a.1.rule).cmp(&(a.0, &b.1.rule)));
    for (limit, step) in &steps {
        let asked = step.applies.is_none() && step.limit != Letter::A.name();
        if asked && *limit > best && open.is_none() {
            open = Some(format!("{}: {}", step.rule, step.detail));
        }
    }
    found.at_best = Some(best.name().to_owned());
    found.grade = open.is_none().then(|| best.name().to_owned());
    found.not_determined = open;
    found.protocol = Some(points.protocol);
    found.key_exchange = Some(points.key_exchange);
    found.cipher = Some(points.cipher);
    found.score = Some(points.total());
    found.steps = steps.into_iter().map(|(_, step)| step).collect();
    found
}

fn step(rule: &str, limit: Letter, applies: Option<bool>, detail: String) -> TlsGradeStep {
    TlsGradeStep {
        rule: rule.to_owned(),
        limit: limit.name().to_owned(),
        applies,
        detail,
    }
}

#[cfg(test)]
mod tests;
