//! `all`, `exists`, `exists_one`, `filter` and `map`.

use std::rc::Rc;

use super::{Evaluator, Result, no_overload};
use crate::rules::expr::{How, Over};
use crate::rules::value::{Doubt, Holds, Items, Listed, Stop, Tri, Val, Why};

impl<'a> Evaluator<'a> {
    pub(super) fn over(&mut self, over: &'a Over) -> Result<Tri<'a>> {
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
