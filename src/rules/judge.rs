//! Judges a check: walks to the subjects and their items, and counts.

use serde_json::Value;

use super::eval::{Evaluator, Place};
use super::expr::{Expr, Read};
use super::message::{Piece, bounded, show};
use super::path::{Step, Walk};
use super::program::{Quantifier, Rule};
use super::value::{Doubt, Holds, Items, Stop, Tri, Val, Why};
use super::{Context, Defect, ItemOutcome, Part, SubjectOutcome};
use crate::model::level::Area;
use crate::model::verdict::Verdict;

/// Judges every subject.
pub(super) fn judge(rule: &Rule, context: &Context<'_>) -> Result<Vec<SubjectOutcome>, Defect> {
    let mut judging = Judging {
        rule,
        eval: Evaluator::new(context),
    };
    let mut outcomes = Vec::new();
    let start = Tri::Known(Val::Target);
    let mut trail = Trail::default();
    walk(
        &mut judging,
        &rule.subjects.steps,
        start,
        &mut trail,
        &mut |judging, trail, found| {
            judging.eval.restart();
            let outcome = judging.subject(trail, found).map_err(|(part, stop)| {
                Failure::Defect(Defect {
                    part,
                    subject: trail.pointer(),
                    message: stop.message(),
                })
            })?;
            outcomes.push(outcome);
            Ok(())
        },
    )
    .map_err(|failure| match failure {
        Failure::Defect(defect) => defect,
        Failure::Stop(stop) => Defect {
            part: Part::Subjects,
            subject: trail.pointer(),
            message: stop.message(),
        },
    })?;
    Ok(outcomes)
}

struct Judging<'a> {
    rule: &'a Rule,
    eval: Evaluator<'a>,
}

/// What a walk comes to.
enum Found<'a> {
    /// An object or item; unknown where a gap hides it.
    One(Tri<'a>),
    /// There may be some here that were not seen.
    Hidden(Why),
}

enum Failure {
    Defect(Defect),
    Stop(Stop),
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// The way from the root of the observation.
#[derive(Clone, Default)]
struct Trail<'a> {
    segments: Vec<Segment<'a>>,
    keys: Vec<Key<'a>>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Name(&'a str),
    Index(usize),
    End,
}

/// What identifies a list element.
#[derive(Clone, Copy)]
enum Key<'a> {
    Value(&'a Value),
    Index(usize),
}

impl Trail<'_> {
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.segments {
            pointer.push('/');
            match segment {
                Segment::Name(name) => {
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"))
                }
                Segment::Index(index) => pointer.push_str(&index.to_string()),
                Segment::End => pointer.push('-'),
            }
        }
        pointer
    }

    fn keys(&self, from: usize) -> Vec<String> {
        let keys = self.keys.iter().skip(from);
        keys.map(|key| match key {
            Key::Value(Value::String(text)) => text.clone(),
            Key::Value(other) => other.to_string(),
            Key::Index(index) => index.to_string(),
        })
        .collect()
    }
}

type Visit<'v, 'a> =
    dyn FnMut(&mut Judging<'a>, &mut Trail<'a>, Found<'a>) -> Result<(), Failure> + 'v;

/// Follows the steps of a path. It recurses once a step, and paths are short.
fn walk<'a>(
    judging: &mut Judging<'a>,
    steps: &'a [Step],
    here: Tri<'a>,
    trail: &mut Trail<'a>,
    visit: &mut Visit<'_, 'a>,
) -> Result<(), Failure> {
    let Some((step, rest)) = steps.split_first() else {
        return visit(judging, trail, Found::One(here));
    };
    let here = match here {
        Tri::Known(here) => here,
        Tri::Unknown(why) => return visit(judging, trail, Found::Hidden(why)),
    };
    let place = match &here {
        Val::Target => {
            if !Area::ALL.iter().any(|area| area.key() == &*step.name) {
                trail.segments.push(Segment::Name("target"));
            }
            judging.eval.of_target(&step.name, step.absent)
        }
        Val::Fact(Value::Object(fields), gaps) => super::eval::find(
            fields.get(&*step.name),
            gaps.and_then(|gaps| gaps.child(&step.name)),
            step.absent,
        ),
        Val::Null => return Ok(()),
        other => {
            let message = format!("expected an object, found {}", other.kind());
            return Err(Stop::Error(message).into());
        }
    };
    let depth = trail.segments.len();
    trail.segments.push(Segment::Name(&step.name));
    let result = match place {
        Err(why) => visit(judging, trail, Found::Hidden(why)),
        Ok(Place::Null | Place::Empty | Place::Missing | Place::Fact(Value::Null, _)) => Ok(()),
        Ok(Place::Data(_)) => Err(Stop::error("a path cannot lead into the parameters").into()),
        Ok(Place::Fact(value, gaps)) => {
            let value = Val::fact(value, gaps, Read::Plain)?;
            if step.enter {
                enter(judging, step, rest, &value, trail, visit)
            } else {
                walk(judging, rest, Tri::Known(value), trail, visit)
            }
        }
    };
    trail.segments.truncate(depth);
    if matches!(here, Val::Target) && matches!(trail.segments.last(), Some(Segment::Name("target")))
    {
        trail.segments.pop();
    }
    result
}

/// Goes on in every item of a list.
fn enter<'a>(
    judging: &mut Judging<'a>,
    step: &'a Step,
    rest: &'a [Step],
    list: &Val<'a>,
    trail: &mut Trail<'a>,
    visit: &mut Visit<'_, 'a>,
) -> Result<(), Failure> {
    let Some(Items::Facts(values, gaps)) = list.items() else {
        let message = format!("expected a list, found {}", list.kind());
        return Err(Stop::Error(message).into());
    };
    let items = Items::Facts(values, gaps);
    for (index, value) in values.iter().enumerate() {
        judging.eval.charge(1)?;
        trail.segments.push(Segment::Index(index));
        trail.keys.push(match (&step.key, value) {
            (_, Value::String(_)) => Key::Value(value),
            (Some(key), value) => match value.get(&**key) {
                Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
                    Key::Value(value)
                }
                _ => Key::Index(index),
            },
            (None, _) => Key::Index(index),
        });
        let result = match items.get(index) {
            Ok(item) => walk(judging, rest, item, trail, visit),
            Err(stop) => Err(stop.into()),
        };
        trail.segments.pop();
        trail.keys.pop();
        result?;
    }
    if let Some(why) = items.open() {
        trail.segments.push(Segment::End);
        let result = visit(judging, trail, Found::Hidden(why));
        trail.segments.pop();
        result?;
    }
    Ok(())
}

/// What was counted among the items of a subject.
#[derive(Default)]
struct Count {
    /// Items that count, or that break `require`.
    known: usize,
    /// Items that may count.
    open: usize,
    /// Whether there may be items that were not seen at all.
    unbounded: bool,
    doubt: Doubt,
    items: Vec<ItemOutcome>,
}

impl<'a> Judging<'a> {
    fn subject(
        &mut self,
        trail: &mut Trail<'a>,
        found: Found<'a>,
    ) -> Result<SubjectOutcome, (Part, Stop)> {
        let subject = match found {
            Found::One(subject) => subject,
            Found::Hidden(why) => {
                return Ok(self.outcome(trail, Verdict::Inconclusive, Vec::new(), Some(why)));
            }
        };
        self.eval.subject = subject.clone();
        self.eval.item = subject.clone();
        let rule = self.rule;
        if let Some(when) = &rule.when {
            match self.eval.holds(when).map_err(|stop| (Part::When, stop))? {
                Holds::Yes => {}
                Holds::No => {
                    return Ok(self.outcome(trail, Verdict::NotApplicable, Vec::new(), None));
                }
                Holds::Unknown(why) => {
                    return Ok(self.outcome(trail, Verdict::Inconclusive, Vec::new(), Some(why)));
                }
            }
        }
        let mut count = Count::default();
        match &rule.each {
            None => self.item(trail, trail.keys.len(), subject, &mut count)?,
            Some(each) => self.items(each, trail, subject, &mut count)?,
        }
        self.verdict(trail, count)
    }

    fn items(
        &mut self,
        each: &'a Walk,
        trail: &Trail<'a>,
        subject: Tri<'a>,
        count: &mut Count,
    ) -> Result<(), (Part, Stop)> {
        let (start, mut trail) = if each.from_subject {
            (subject, trail.clone())
        } else {
            (Tri::Known(Val::Target), Trail::default())
        };
        let own = trail.keys.len();
        let mut failed = None;
        let walked = walk(
            self,
            &each.steps,
            start,
            &mut trail,
            &mut |judging, trail, found| match found {
                Found::Hidden(why) => {
                    count.unbounded = true;
                    count.doubt.add(&why);
                    Ok(())
                }
                Found::One(item) => {
                    judging
                        .item(trail, own, item, count)
                        .map_err(|(part, stop)| {
                            failed = Some(part);
                            Failure::Stop(stop)
                        })
                }
            },
        );
        match walked {
            Ok(()) => Ok(()),
            Err(Failure::Stop(stop)) => Err((failed.unwrap_or(Part::Each), stop)),
            Err(Failure::Defect(defect)) => Err((defect.part, Stop::Error(defect.message))),
        }
    }

    /// Counts an item.
    fn item(
        &mut self,
        trail: &Trail<'a>,
        own: usize,
        item: Tri<'a>,
        count: &mut Count,
    ) -> Result<(), (Part, Stop)> {
        let rule = self.rule;
        self.eval.item = item;
        let counts = match &rule.filter {
            None => Holds::Yes,
            Some(filter) => self
                .eval
                .holds(filter)
                .map_err(|stop| (Part::Filter, stop))?,
        };
        let counts = match (&rule.quantifier, counts) {
            (_, Holds::No) => Holds::No,
            (Quantifier::Require(require), counts) => self.breaks(require, counts)?,
            (_, counts) => counts,
        };
        match counts {
            Holds::No => {}
            Holds::Yes => {
                count.known += 1;
                if !matches!(rule.quantifier, Quantifier::AtLeast(_)) {
                    count.items.push(self.proof(trail, own)?);
                }
            }
            Holds::Unknown(why) => {
                count.open += 1;
                count.doubt.add(&why);
            }
        }
        Ok(())
    }

    /// Whether an item that counts, or may count, breaks the demand.
    fn breaks(&mut self, require: &'a Expr, counts: Holds) -> Result<Holds, (Part, Stop)> {
        let met = match self.eval.holds(require) {
            Ok(met) => met,
            // An item that may not count at all cannot show a defect.
            Err(Stop::Error(message)) => {
                return match counts {
                    Holds::Unknown(why) => Ok(Holds::Unknown(why)),
                    _ => Err((Part::Require, Stop::Error(message))),
                };
            }
            Err(bound) => return Err((Part::Require, bound)),
        };
        Ok(match (counts, met) {
            (_, Holds::Yes) => Holds::No,
            (Holds::Unknown(one), Holds::Unknown(other)) => {
                let mut doubt = Doubt::default();
                doubt.add(&one);
                doubt.add(&other);
                Holds::Unknown(doubt.take().unwrap_or(one))
            }
            (Holds::Unknown(why), _) | (_, Holds::Unknown(why)) => Holds::Unknown(why),
            (_, Holds::No) => Holds::Yes,
        })
    }

    fn verdict(
        &mut self,
        trail: &Trail<'a>,
        mut count: Count,
    ) -> Result<SubjectOutcome, (Part, Stop)> {
        let least = count.known;
        let most = if count.unbounded {
            usize::MAX
        } else {
            count.known.saturating_add(count.open)
        };
        let verdict = match self.rule.quantifier {
            Quantifier::Require(_) => decide(most == 0, least > 0),
            Quantifier::AtMost(limit) => decide(most <= limit, least > limit),
            Quantifier::AtLeast(limit) => decide(least >= limit, most < limit),
        };
        if verdict == Verdict::Fail && matches!(self.rule.quantifier, Quantifier::AtLeast(_)) {
            count.items.push(self.proof(trail, trail.keys.len())?);
        }
        let items = match verdict {
            Verdict::Fail => count.items,
            _ => Vec::new(),
        };
        Ok(self.outcome(trail, verdict, items, count.doubt.take()))
    }

    fn proof(&mut self, trail: &Trail<'a>, own: usize) -> Result<ItemOutcome, (Part, Stop)> {
        let rule = self.rule;
        let mut text = String::new();
        for piece in &rule.message.0 {
            match piece {
                Piece::Text(words) => text.push_str(words),
                Piece::Value(expr) => {
                    let value = self.eval.eval(expr).map_err(|stop| (Part::Message, stop))?;
                    text.push_str(&show(&value));
                }
            }
        }
        Ok(ItemOutcome {
            pointer: trail.pointer(),
            keys: trail.keys(own),
            message: bounded(text),
        })
    }

    fn outcome(
        &self,
        trail: &Trail<'a>,
        verdict: Verdict,
        items: Vec<ItemOutcome>,
        why: Option<Why>,
    ) -> SubjectOutcome {
        let why = why.filter(|_| verdict == Verdict::Inconclusive);
        let (gaps, unasked) = match why {
            None => (Vec::new(), Vec::new()),
            Some(why) => {
                let paths = why.unasked.iter().filter_map(|n| self.rule.paths.name(*n));
                let mut paths: Vec<String> = paths.map(str::to_owned).collect();
                paths.sort();
                (why.gaps.iter().copied().collect(), paths)
            }
        };
        SubjectOutcome {
            pointer: trail.pointer(),
            keys: trail.keys(0),
            verdict,
            items,
            gaps,
            unasked,
        }
    }
}

fn decide(pass: bool, fail: bool) -> Verdict {
    match (pass, fail) {
        (_, true) => Verdict::Fail,
        (true, _) => Verdict::Pass,
        _ => Verdict::Inconclusive,
    }
}
