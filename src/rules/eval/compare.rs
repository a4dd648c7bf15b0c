//! Comparisons and `in`, over values and lists that may be partly seen.

use std::cmp::Ordering;

use super::{BYTES_A_STEP, Evaluator, Result, no_overload};
use crate::rules::expr::Comparison;
use crate::rules::value::{Doubt, Holds, Items, Stop, Tri, Val, Why};

impl<'a> Evaluator<'a> {
    pub(super) fn compare(
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
    pub(super) fn equal(&mut self, left: &Val<'a>, right: &Val<'a>) -> Result<Holds> {
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
    pub(super) fn contains(&mut self, element: Tri<'a>, list: Tri<'a>) -> Result<Tri<'a>> {
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
}

/// Two values, or what is unknown about either.
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

pub(super) fn known_pair<'a>(
    left: Tri<'a>,
    right: Tri<'a>,
    work: impl FnOnce(Val<'a>, Val<'a>) -> Result<Tri<'a>>,
) -> Result<Tri<'a>> {
    match both_known(left, right) {
        Ok((left, right)) => work(left, right),
        Err(why) => Ok(Tri::Unknown(why)),
    }
}
