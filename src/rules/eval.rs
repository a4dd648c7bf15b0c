//! The evaluator: three values, errors that only decided logic absorbs, and an
//! exact limit on steps.
//!
//! A disjunction of an unknown and an error is unknown: once the unknown is
//! seen it may decide, and then the error never mattered. Were it an error, a
//! gap could turn a verdict into a defect.

mod compare;
mod over;
mod place;

use jiff::{Timestamp, civil::Date};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::rc::Rc;

use super::Document;
use super::expr::{Expr, Var};
use super::functions::{arithmetic, duration, int};
use super::value::{Doubt, Holds, Listed, Stop, Tri, Val};
use compare::known_pair;
pub(super) use place::{Place, find};

/// Most steps for one subject.
pub(super) const MAX_STEPS: u64 = 1_000_000;
/// Text of so many bytes costs one step more to compare or search.
pub(super) const BYTES_A_STEP: usize = 64;

/// Evaluates expressions over one observation.
pub(super) struct Evaluator<'a> {
    document: &'a Document<'a>,
    params: &'a Map<String, Value>,
    now: Timestamp,
    as_of: Date,
    pub subject: Tri<'a>,
    pub item: Tri<'a>,
    bound: Vec<Tri<'a>>,
    steps: u64,
}

pub(super) type Result<T> = std::result::Result<T, Stop>;

impl<'a> Evaluator<'a> {
    pub fn new(context: &super::Context<'a>) -> Self {
        Self {
            document: context.document,
            params: context.params,
            now: context.now,
            as_of: context.as_of,
            subject: Tri::Known(Val::Target),
            item: Tri::Known(Val::Target),
            bound: Vec::new(),
            steps: 0,
        }
    }

    /// Begins to count anew, for another subject.
    pub fn restart(&mut self) {
        self.steps = 0;
    }

    /// Counts steps.
    pub fn charge(&mut self, steps: usize) -> Result<()> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps > MAX_STEPS {
            return Err(Stop::Bound(format!(
                "it takes more than {MAX_STEPS} steps for one subject"
            )));
        }
        Ok(())
    }

    /// Evaluates a condition.
    pub fn holds(&mut self, expr: &'a Expr) -> Result<Holds> {
        match self.eval(expr)? {
            Tri::Unknown(why) => Ok(Holds::Unknown(why)),
            Tri::Known(Val::Bool(value)) => Ok(Holds::of(value)),
            Tri::Known(other) => Err(Stop::error(format!(
                "a condition must be a bool, it is {}",
                other.kind()
            ))),
        }
    }

    /// Evaluates an expression.
    pub fn eval(&mut self, expr: &'a Expr) -> Result<Tri<'a>> {
        self.charge(1)?;
        match expr {
            Expr::Null => Ok(Tri::Known(Val::Null)),
            Expr::Bool(value) => Ok(Tri::of_bool(*value)),
            Expr::Int(value) => Ok(Tri::Known(Val::Int(*value))),
            Expr::Text(text) => Ok(Tri::Known(Val::Text(Cow::Borrowed(text)))),
            Expr::Var(var) => self.var(*var),
            Expr::List(items) => {
                let items = items.iter().map(|item| self.eval(item));
                let items = items.collect::<Result<_>>()?;
                Ok(Tri::Known(Val::List(Rc::new(Listed { items, open: None }))))
            }
            Expr::Field(member) => self.field(member),
            Expr::Has(member) => self.has(member),
            Expr::Index(pair) => self.index(&pair.0, &pair.1),
            Expr::Not(inner) => Ok(match self.holds(inner)? {
                Holds::Yes => Tri::of_bool(false),
                Holds::No => Tri::of_bool(true),
                Holds::Unknown(why) => Tri::Unknown(why),
            }),
            Expr::Negate(inner) => match self.eval(inner)? {
                Tri::Known(Val::Int(value)) => int(value.checked_neg()),
                Tri::Known(Val::Duration(value)) => duration(value.checked_neg()),
                Tri::Known(other) => Err(no_overload("-", &other, None)),
                unknown => Ok(unknown),
            },
            Expr::And(terms) => self.decide(terms.len(), false, |eval, at| {
                terms
                    .get(at)
                    .map_or(Ok(Holds::Yes), |term| eval.holds(term))
            }),
            Expr::Or(terms) => self.decide(terms.len(), true, |eval, at| {
                terms.get(at).map_or(Ok(Holds::No), |term| eval.holds(term))
            }),
            Expr::If(parts) => self.conditional(&parts.0, &parts.1, &parts.2),
            Expr::Compare(comparison, pair) => {
                let (left, right) = (self.eval(&pair.0)?, self.eval(&pair.1)?);
                self.compare(*comparison, left, right)
            }
            Expr::In(pair) => {
                let (element, list) = (self.eval(&pair.0)?, self.eval(&pair.1)?);
                self.contains(element, list)
            }
            Expr::Arithmetic(operator, pair) => {
                let (left, right) = (self.eval(&pair.0)?, self.eval(&pair.1)?);
                known_pair(left, right, |l, r| arithmetic(*operator, &l, &r))
            }
            Expr::Over(over) => self.over(over),
            Expr::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn var(&self, var: Var) -> Result<Tri<'a>> {
        Ok(match var {
            Var::Subject => self.subject.clone(),
            Var::Item => self.item.clone(),
            Var::Target => Tri::Known(Val::Target),
            // Parameters are only read by name; see `field`.
            Var::Params => return Err(Stop::error("`params` has no value of its own")),
            Var::Now => Tri::Known(Val::Time(self.now)),
            Var::AsOf => Tri::Known(Val::Date(self.as_of)),
            Var::Bound(depth) => match self.bound.get(depth) {
                Some(value) => value.clone(),
                None => return Err(Stop::error("a variable is not bound")),
            },
        })
    }

    /// `&&` and `all` (decided by false), `||` and `exists` (decided by true).
    fn decide(
        &mut self,
        count: usize,
        decisive: bool,
        mut term: impl FnMut(&mut Self, usize) -> Result<Holds>,
    ) -> Result<Tri<'a>> {
        let mut doubt = Doubt::default();
        let mut error = None;
        for at in 0..count {
            match term(self, at) {
                Ok(Holds::Yes) if decisive => return Ok(Tri::of_bool(true)),
                Ok(Holds::No) if !decisive => return Ok(Tri::of_bool(false)),
                Ok(Holds::Yes | Holds::No) => {}
                Ok(Holds::Unknown(why)) => {
                    self.charge(why.gaps.len())?;
                    doubt.add(&why);
                }
                Err(Stop::Error(message)) => error = error.or(Some(message)),
                Err(bound) => return Err(bound),
            }
        }
        match (doubt.take(), error) {
            (Some(why), _) => Ok(Tri::Unknown(why)),
            (None, Some(message)) => Err(Stop::Error(message)),
            (None, None) => Ok(Tri::of_bool(!decisive)),
        }
    }

    fn conditional(&mut self, test: &'a Expr, yes: &'a Expr, no: &'a Expr) -> Result<Tri<'a>> {
        let why = match self.holds(test)? {
            Holds::Yes => return self.eval(yes),
            Holds::No => return self.eval(no),
            Holds::Unknown(why) => why,
        };
        let mut doubt = Doubt::default();
        doubt.add(&why);
        let mut branches = Vec::new();
        for branch in [yes, no] {
            match self.eval(branch) {
                Ok(Tri::Known(value)) => branches.push(value),
                Ok(Tri::Unknown(why)) => doubt.add(&why),
                Err(Stop::Error(_)) => {}
                Err(bound) => return Err(bound),
            }
        }
        if let [yes, no] = &branches[..]
            && let Ok(Holds::Yes) = self.equal(yes, no)
        {
            return Ok(Tri::Known(yes.clone()));
        }
        Ok(doubt.take().map_or(Tri::Unknown(why), Tri::Unknown))
    }
}

pub(super) fn no_overload(operator: &str, left: &Val<'_>, right: Option<&Val<'_>>) -> Stop {
    Stop::error(match right {
        Some(right) => format!(
            "`{operator}` does not take {} and {}",
            left.kind(),
            right.kind()
        ),
        None => format!("`{operator}` does not take {}", left.kind()),
    })
}
