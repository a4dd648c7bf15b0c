//! The evaluator: three values, errors that only decided logic absorbs, and an
//! exact limit on steps.
//!
//! A disjunction of an unknown and an error is unknown: once the unknown is
//! seen it may decide, and then the error never mattered. Were it an error, a
//! gap could turn a verdict into a defect.

use jiff::{Timestamp, civil::Date};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use super::Document;
use super::document::GapNode;
use super::expr::{Absent, Comparison, Expr, How, Member, Over, Read, Var};
use super::functions::{arithmetic, duration, int};
use super::value::{
    Doubt, Holds, Items, Listed, Stop, Tri, Val, Why, from_gaps, from_unasked, hidden,
};
use crate::model::level::Area;

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

    fn field(&mut self, member: &'a Member) -> Result<Tri<'a>> {
        let place = match self.place(member)? {
            Ok(place) => place,
            Err(why) => return Ok(Tri::Unknown(why)),
        };
        match place {
            Place::Fact(value, gaps) => Val::fact(value, gaps, member.read).map(Tri::Known),
            Place::Data(value) => Val::data(value, member.read).map(Tri::Known),
            Place::Empty => Ok(Tri::Known(Val::List(Rc::default()))),
            Place::Null => Ok(Tri::Known(Val::Null)),
            Place::Missing => Err(Stop::error(format!("there is no `{}`", member.name))),
        }
    }

    fn has(&mut self, member: &'a Member) -> Result<Tri<'a>> {
        Ok(match self.place(member)? {
            Err(why) => Tri::Unknown(why),
            Ok(Place::Fact(value, _) | Place::Data(value)) => Tri::of_bool(!value.is_null()),
            Ok(Place::Empty) => Tri::of_bool(true),
            Ok(Place::Null | Place::Missing) => Tri::of_bool(false),
        })
    }

    /// Finds a field, or why it is hidden.
    fn place(&mut self, member: &'a Member) -> Result<std::result::Result<Place<'a>, Why>> {
        if let Expr::Var(Var::Params) = member.of {
            return Ok(Ok(match self.params.get(&*member.name) {
                Some(value) => Place::Data(value),
                None => Place::Missing,
            }));
        }
        let of = match self.eval(&member.of)? {
            Tri::Known(of) => of,
            Tri::Unknown(why) => return Ok(Err(why)),
        };
        match of {
            Val::Target => Ok(self.of_target(&member.name, member.absent)),
            Val::Fact(Value::Object(fields), gaps) => Ok(find(
                fields.get(&*member.name),
                gaps.and_then(|gaps| gaps.child(&member.name)),
                member.absent,
            )),
            Val::Data(Value::Object(fields)) => Ok(Ok(match fields.get(&*member.name) {
                Some(value) => Place::Data(value),
                None => Place::Missing,
            })),
            // An inventory that leaves out a whole object sets nothing in it.
            Val::Null if matches!(member.absent, Absent::Null | Absent::Empty) => {
                Ok(find(None, None, member.absent))
            }
            other => Err(Stop::error(format!(
                "`{}` of {} does not exist",
                member.name,
                other.kind()
            ))),
        }
    }

    /// A field of the target: an area, or what the inventory says.
    pub fn of_target(&self, name: &str, absent: Absent) -> std::result::Result<Place<'a>, Why> {
        let (root, gaps) = (self.document.value(), self.document.gaps());
        if let Some(why) = hidden(gaps) {
            return Err(why);
        }
        if Area::ALL.iter().any(|area| area.key() == name) {
            return find(root.get(name), gaps.child(name), absent);
        }
        let gaps = gaps.child("target");
        if let Some(why) = gaps.and_then(hidden) {
            return Err(why);
        }
        let target = root.get("target");
        find(
            target.and_then(|target| target.get(name)),
            gaps.and_then(|gaps| gaps.child(name)),
            absent,
        )
    }

    fn index(&mut self, of: &'a Expr, key: &'a Expr) -> Result<Tri<'a>> {
        let (of, key) = (self.eval(of)?, self.eval(key)?);
        known_pair(of, key, |of, key| match (&of, &key) {
            (Val::Data(Value::Object(map)), Val::Text(key)) => match map.get(&**key) {
                Some(value) => Val::data(value, Read::Plain).map(Tri::Known),
                None => Err(Stop::error(format!(
                    "there is no entry for this key: {}",
                    super::value::start(key)
                ))),
            },
            (_, Val::Int(index)) => {
                let Some(items) = of.items() else {
                    return Err(no_overload("[]", &of, Some(&key)));
                };
                match usize::try_from(*index) {
                    Ok(index) if index < items.len() => items.get(index),
                    _ => match items.open() {
                        Some(why) => Ok(Tri::Unknown(why)),
                        None => Err(Stop::error(format!("a list has no item {index}"))),
                    },
                }
            }
            _ => Err(no_overload("[]", &of, Some(&key))),
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

    fn compare(
        &mut self,
        comparison: Comparison,
        left: Tri<'a>,
        right: Tri<'a>,
    ) -> Result<Tri<'a>> {
        let (left, right) = match both_known(left, right) {
            Ok(pair) => pair,
            Err(why) => return Ok(Tri::Unknown(why)),
        };
        if matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            let equal = self.equal(&left, &right)?;
            return Ok(match (equal, comparison) {
                (Holds::Yes, Comparison::Equal) | (Holds::No, Comparison::NotEqual) => {
                    Tri::of_bool(true)
                }
                (Holds::Unknown(why), _) => Tri::Unknown(why),
                _ => Tri::of_bool(false),
            });
        }
        let order = match (&left, &right) {
            (Val::Int(l), Val::Int(r)) => l.cmp(r),
            (Val::Text(l), Val::Text(r)) => {
                self.charge(l.len().min(r.len()) / BYTES_A_STEP)?;
                l.cmp(r)
            }
            (Val::Time(l), Val::Time(r)) => l.cmp(r),
            (Val::Date(l), Val::Date(r)) => l.cmp(r),
            (Val::Duration(l), Val::Duration(r)) => l.cmp(r),
            _ => return Err(no_overload(comparison.symbol(), &left, Some(&right))),
        };
        Ok(Tri::of_bool(match comparison {
            Comparison::Less => order == Ordering::Less,
            Comparison::LessEqual => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            _ => order != Ordering::Less,
        }))
    }

    /// Whether two values are equal. Objects are not comparable: what their
    /// absent keys mean depends on the fact.
    fn equal(&mut self, left: &Val<'a>, right: &Val<'a>) -> Result<Holds> {
        self.charge(1)?;
        Ok(Holds::of(match (left, right) {
            (Val::Null, Val::Null) => true,
            (Val::Null, _) | (_, Val::Null) => false,
            (Val::Bool(l), Val::Bool(r)) => l == r,
            (Val::Int(l), Val::Int(r)) => l == r,
            (Val::Text(l), Val::Text(r)) => {
                if l.len() == r.len() {
                    self.charge(l.len() / BYTES_A_STEP)?;
                }
                l == r
            }
            (Val::Time(l), Val::Time(r)) => l == r,
            (Val::Date(l), Val::Date(r)) => l == r,
            (Val::Duration(l), Val::Duration(r)) => l == r,
            _ => match (left.items(), right.items()) {
                (Some(l), Some(r)) => return self.equal_lists(&l, &r),
                _ => return Err(no_overload("==", left, Some(right))),
            },
        }))
    }

    fn equal_lists(&mut self, left: &Items<'a>, right: &Items<'a>) -> Result<Holds> {
        let (open_left, open_right) = (left.open(), right.open());
        // What is missing of an open list may stand anywhere in it, so only a
        // closed list that is too short for the other tells them apart.
        let apart = match (&open_left, &open_right) {
            (None, None) => left.len() != right.len(),
            (Some(_), None) => left.len() > right.len(),
            (None, Some(_)) => right.len() > left.len(),
            (Some(_), Some(_)) => false,
        };
        if apart {
            return Ok(Holds::No);
        }
        if let Some(why) = open_left.or(open_right) {
            return Ok(Holds::Unknown(why));
        }
        let equal = self.decide(left.len(), false, |eval, at| {
            match both_known(left.get(at)?, right.get(at)?) {
                Ok((l, r)) => {
                    if l.items().is_some() || r.items().is_some() {
                        return Err(Stop::error("lists of lists are not comparable"));
                    }
                    eval.equal(&l, &r)
                }
                Err(why) => Ok(Holds::Unknown(why)),
            }
        })?;
        Ok(match equal {
            Tri::Unknown(why) => Holds::Unknown(why),
            Tri::Known(value) => Holds::of(matches!(value, Val::Bool(true))),
        })
    }

    /// `element in list`, and `key in map`.
    fn contains(&mut self, element: Tri<'a>, list: Tri<'a>) -> Result<Tri<'a>> {
        let list = match list {
            Tri::Known(list) => list,
            Tri::Unknown(why) => {
                let mut doubt = Doubt::default();
                doubt.add(&why);
                if let Tri::Unknown(more) = &element {
                    doubt.add(more);
                }
                return Ok(Tri::Unknown(doubt.take().unwrap_or(why)));
            }
        };
        if let Some(map) = list.map() {
            return match element {
                Tri::Unknown(_) if map.is_empty() => Ok(Tri::of_bool(false)),
                Tri::Unknown(why) => Ok(Tri::Unknown(why)),
                Tri::Known(Val::Text(key)) => Ok(Tri::of_bool(map.contains_key(&*key))),
                Tri::Known(other) => Err(no_overload("in", &other, Some(&list))),
            };
        }
        let Some(items) = list.items() else {
            return Err(no_overload("in", &list, None));
        };
        let open = items.open();
        let count = items.len() + usize::from(open.is_some());
        self.decide(count, true, |eval, at| {
            if at >= items.len() {
                return Ok(open.clone().map_or(Holds::No, Holds::Unknown));
            }
            match both_known(element.clone(), items.get(at)?) {
                Ok((element, item)) => eval.equal(&element, &item),
                Err(why) => Ok(Holds::Unknown(why)),
            }
        })
    }

    fn over(&mut self, over: &'a Over) -> Result<Tri<'a>> {
        let range = match self.eval(&over.range)? {
            Tri::Known(range) => range,
            unknown => return Ok(unknown),
        };
        let Some(items) = range.items() else {
            return Err(no_overload(over.how.name(), &range, None));
        };
        let open = items.open();
        let depth = self.bound.len();
        if depth != over.depth {
            return Err(Stop::error("variables are out of step"));
        }
        let result = match over.how {
            How::All | How::Exists => {
                let count = items.len() + usize::from(open.is_some());
                self.decide(count, over.how == How::Exists, |eval, at| {
                    if at >= items.len() {
                        return Ok(open.clone().map_or(Holds::No, Holds::Unknown));
                    }
                    eval.with(items.get(at)?, |eval| eval.holds(&over.body))
                })
            }
            How::ExistsOne => self.exists_one(over, &items, open),
            How::Filter | How::Map => self.build(over, &items, open),
        };
        self.bound.truncate(depth);
        result
    }

    fn with<T>(&mut self, value: Tri<'a>, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.charge(1)?;
        let depth = self.bound.len();
        self.bound.push(value);
        let result = work(self);
        self.bound.truncate(depth);
        result
    }

    fn exists_one(
        &mut self,
        over: &'a Over,
        items: &Items<'a>,
        open: Option<Why>,
    ) -> Result<Tri<'a>> {
        let mut doubt = Doubt::default();
        let mut found = 0;
        for at in 0..items.len() {
            match self.with(items.get(at)?, |eval| eval.holds(&over.body))? {
                Holds::Yes => found += 1,
                Holds::No => {}
                Holds::Unknown(why) => doubt.add(&why),
            }
        }
        if found > 1 {
            return Ok(Tri::of_bool(false));
        }
        if let Some(why) = &open {
            doubt.add(why);
        }
        Ok(match doubt.take() {
            Some(why) => Tri::Unknown(why),
            None => Tri::of_bool(found == 1),
        })
    }

    /// `filter` and `map`. An item of which it is not known whether it belongs
    /// leaves the list open.
    fn build(&mut self, over: &'a Over, items: &Items<'a>, open: Option<Why>) -> Result<Tri<'a>> {
        let mut built = Vec::new();
        let mut doubt = Doubt::default();
        if let Some(why) = &open {
            doubt.add(why);
        }
        for at in 0..items.len() {
            let item = items.get(at)?;
            let condition = match over.how {
                How::Filter => Some(&over.body),
                _ => over.filter.as_ref(),
            };
            if let Some(condition) = condition {
                match self.with(item.clone(), |eval| eval.holds(condition))? {
                    Holds::Yes => {}
                    Holds::No => continue,
                    Holds::Unknown(why) => {
                        doubt.add(&why);
                        continue;
                    }
                }
            }
            built.push(match over.how {
                How::Filter => item,
                _ => self.with(item, |eval| eval.eval(&over.body))?,
            });
        }
        Ok(Tri::Known(Val::List(Rc::new(Listed {
            items: built,
            open: doubt.take(),
        }))))
    }
}

/// Where a field was found.
pub(super) enum Place<'a> {
    Fact(&'a Value, Option<&'a GapNode>),
    Data(&'a Value),
    Empty,
    Null,
    Missing,
}

/// A member of an object of the observation.
pub(super) fn find<'a>(
    value: Option<&'a Value>,
    gaps: Option<&'a GapNode>,
    absent: Absent,
) -> std::result::Result<Place<'a>, Why> {
    if let Some(why) = gaps.and_then(hidden) {
        return Err(why);
    }
    match (value, absent) {
        (Some(value), _) => Ok(Place::Fact(value, gaps)),
        (None, Absent::Unasked(path)) => {
            // Gaps below a fact that is not there speak of that fact.
            let below = gaps.map(GapNode::all).unwrap_or_default();
            Err(if below.is_empty() {
                from_unasked(path)
            } else {
                from_gaps(below)
            })
        }
        (None, Absent::Null) => Ok(Place::Null),
        (None, Absent::Empty) => Ok(Place::Empty),
        (None, Absent::Missing) => Ok(Place::Missing),
    }
}

fn both_known<'a>(left: Tri<'a>, right: Tri<'a>) -> std::result::Result<(Val<'a>, Val<'a>), Why> {
    match (left, right) {
        (Tri::Known(left), Tri::Known(right)) => Ok((left, right)),
        (Tri::Unknown(left), Tri::Unknown(right)) => {
            let mut doubt = Doubt::default();
            doubt.add(&left);
            doubt.add(&right);
            Err(doubt.take().unwrap_or(left))
        }
        (Tri::Unknown(why), _) | (_, Tri::Unknown(why)) => Err(why),
    }
}

fn known_pair<'a>(
    left: Tri<'a>,
    right: Tri<'a>,
    work: impl FnOnce(Val<'a>, Val<'a>) -> Result<Tri<'a>>,
) -> Result<Tri<'a>> {
    match both_known(left, right) {
        Ok((left, right)) => work(left, right),
        Err(why) => Ok(Tri::Unknown(why)),
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
