//! Fields and items: where a name leads, and what a gap hides of it.

use serde_json::Value;
use std::rc::Rc;

use super::compare::known_pair;
use super::{Evaluator, Result, no_overload};
use crate::model::level::Area;
use crate::rules::document::GapNode;
use crate::rules::expr::{Absent, Expr, Member, Read, Var};
use crate::rules::value::{Stop, Tri, Val, Why, from_gaps, from_unasked, hidden, start};

impl<'a> Evaluator<'a> {
    pub(super) fn field(&mut self, member: &'a Member) -> Result<Tri<'a>> {
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

    pub(super) fn has(&mut self, member: &'a Member) -> Result<Tri<'a>> {
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

    pub(super) fn index(&mut self, of: &'a Expr, key: &'a Expr) -> Result<Tri<'a>> {
        let (of, key) = (self.eval(of)?, self.eval(key)?);
        known_pair(of, key, |of, key| match (&of, &key) {
            (Val::Data(Value::Object(map)), Val::Text(key)) => match map.get(&**key) {
                Some(value) => Val::data(value, Read::Plain).map(Tri::Known),
                None => Err(Stop::error(format!(
                    "there is no entry for this key: {}",
                    start(key)
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
}

/// Where a field was found.
pub(in crate::rules) enum Place<'a> {
    Fact(&'a Value, Option<&'a GapNode>),
    Data(&'a Value),
    Empty,
    Null,
    Missing,
}

/// A member of an object of the observation.
pub(in crate::rules) fn find<'a>(
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
