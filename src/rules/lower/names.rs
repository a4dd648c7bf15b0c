//! Literals, names, fields, parameters and lists.

use cel::common::ast::{Expr as Cel, IdedExpr, LiteralValue, SelectExpr};

use super::demands::{describe, plain};
use super::{Lowerer, NAMES, Named, Place, Typed};
use crate::rules::Part;
use crate::rules::error::nearest;
use crate::rules::expr::{Absent, Expr, Member, Read, Var};
use crate::rules::facts::FactPath;
use crate::rules::parse::Parsed;
use crate::rules::schema::{List, Slot, Type};

impl Lowerer<'_> {
    pub(super) fn literal(&mut self, literal: &LiteralValue, place: Place) -> Option<Typed> {
        Some(match literal {
            LiteralValue::Boolean(value) => {
                Typed::new(Expr::Bool(*value.inner()), Type::Bool, place)
            }
            LiteralValue::Int(value) => Typed::new(Expr::Int(*value.inner()), Type::Int, place),
            LiteralValue::Null => Typed::new(Expr::Null, Type::Null, place),
            LiteralValue::String(value) => {
                let text = value.inner().to_owned();
                let literals = vec![(text.clone(), place.clone())];
                Typed {
                    literals,
                    ..Typed::new(Expr::Text(text.into()), Type::Text(None), place)
                }
            }
            LiteralValue::UInt(_) | LiteralValue::Double(_) | LiteralValue::Bytes(_) => {
                let help = "facts hold bool, whole numbers, text and times".to_owned();
                let message = "only whole numbers, text, true, false and null can be written out";
                self.report(&place, message.to_owned(), Some(help));
                return None;
            }
        })
    }

    pub(super) fn name(&mut self, name: &str, place: Place) -> Option<Typed> {
        if let Some((_, named)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return Some(Typed::named(named.clone(), place));
        }
        match name {
            "subject" => {
                let named = self.subject.clone()?;
                return Some(Typed::named(named, place));
            }
            "item" => match self.item.clone() {
                Ok(named) => return Some(Typed::named(named, place)),
                Err(why) => {
                    self.report(&place, why.to_owned(), Some("use `subject`".to_owned()));
                    return None;
                }
            },
            "target" => {
                let named = Named::target(self.schema);
                return Some(Typed::named(named, place));
            }
            "now" => return Some(Typed::new(Expr::Var(Var::Now), Type::Timestamp, place)),
            "as_of" => return Some(Typed::new(Expr::Var(Var::AsOf), Type::Date, place)),
            "params" => {
                let help = Some("name one: params.NAME".to_owned());
                self.report(&place, "`params` has no value of its own".to_owned(), help);
                return None;
            }
            _ => {}
        }
        if self.lets.contains_key(name) {
            return self.inline(name, &place);
        }
        let known = NAMES
            .iter()
            .map(|name| (*name).to_owned())
            .chain(self.bound.iter().map(|(name, _)| name.clone()))
            .chain(self.lets.keys().cloned());
        let help = if self.schema.root().fields.contains_key(name) {
            Some(format!("did you mean `target.{name}`?"))
        } else if self.params.contains_key(name) {
            Some(format!("did you mean `params.{name}`?"))
        } else {
            match nearest(name, known) {
                Some(near) => Some(format!("did you mean `{near}`?")),
                None => Some(format!("in scope: {}", NAMES.join(", "))),
            }
        };
        self.report(&place, format!("unknown name `{name}`"), help);
        None
    }

    /// Puts a `let` in place. It sees no bound variables but its own.
    pub(super) fn inline(&mut self, name: &str, place: &Place) -> Option<Typed> {
        if self.open_lets.iter().any(|open| open == name) {
            let message = format!("`{name}` is defined by itself");
            self.report(place, message, None);
            return None;
        }
        let source = self.lets.get(name)?.clone();
        self.used_lets.insert(name.to_owned());
        self.open_lets.push(name.to_owned());
        let part = std::mem::replace(&mut self.part, Part::Let(name.to_owned()));
        let offset = std::mem::take(&mut self.offset);
        // The variables stay on the stack, for depths must agree; their names
        // are hidden.
        let names: Vec<String> = self
            .bound
            .iter_mut()
            .map(|(name, _)| std::mem::take(name))
            .collect();
        let lowered = self.lower(&source, &source.expr);
        for ((name, _), kept) in self.bound.iter_mut().zip(names) {
            *name = kept;
        }
        self.part = part;
        self.offset = offset;
        self.open_lets.pop();
        lowered
    }

    pub(super) fn select(
        &mut self,
        source: &Parsed,
        expr: &IdedExpr,
        select: &SelectExpr,
        place: Place,
    ) -> Option<Typed> {
        let field = select.field.as_str();
        let name_place = Place {
            span: self.shift(source.field_span(expr, field)),
            ..place.clone()
        };
        if let Cel::Ident(name) = &select.operand.expr
            && name == "params"
            && !self.bound.iter().any(|(bound, _)| bound == name)
        {
            return self.param(field, select.test, name_place, place);
        }
        let of = self.lower(source, &select.operand)?;
        self.expect_present(&of)?;
        let Type::Record(record) = &of.kind else {
            let help = match &of.kind {
                Type::Map(_) => Some(format!("look it up: {}[\"{field}\"]", of.place.text)),
                Type::List(_) => Some(format!(
                    "ask for its items: {}.exists(x, x.{field} == ...)",
                    of.place.text
                )),
                _ => None,
            };
            let message = format!("{} has no field `{field}`", describe(&of.kind));
            self.report(&name_place, message, help);
            return None;
        };
        let Some(slot) = record.fields.get(field) else {
            let whole = match &of.fact {
                Some(fact) if !fact.path.is_empty() => format!("{}.{field}", fact.path),
                _ => field.to_owned(),
            };
            let help = match nearest(field, record.fields.keys()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "there are {}",
                    record.fields.keys().cloned().collect::<Vec<_>>().join(", ")
                ),
            };
            self.report(
                &name_place,
                format!("there is no fact `{whole}`"),
                Some(help),
            );
            return None;
        };
        let slot = slot.clone();
        let fact = of.fact.as_ref().map(|fact| fact.field(field, &slot));
        let absent = match &fact {
            None => Absent::Missing,
            Some(fact) => self.absent(fact, &slot),
        };
        let key = of.key.as_ref().map(|key| format!("{key}.{field}"));
        let member = Box::new(Member {
            of: of.expr,
            name: field.into(),
            absent,
            read: read(&slot.kind),
        });
        if select.test {
            return Some(Typed {
                yes: key.into_iter().collect(),
                ..Typed::new(Expr::Has(member), Type::Bool, place)
            });
        }
        if slot.kind == Type::Opaque {
            self.report(&name_place, format!("`{field}` cannot be judged"), None);
            return None;
        }
        Some(Typed {
            nullable: slot.nullable,
            key,
            fact,
            ..Typed::new(Expr::Field(member), slot.kind, place)
        })
    }

    /// What it means when a fact is absent.
    pub(in crate::rules) fn absent(&mut self, fact: &FactPath, slot: &Slot) -> Absent {
        let number = self.paths.add(fact);
        if fact.area.is_some() {
            Absent::Unasked(number)
        } else if matches!(slot.kind, Type::List(_)) && !slot.nullable {
            Absent::Empty
        } else {
            Absent::Null
        }
    }

    pub(super) fn param(
        &mut self,
        name: &str,
        test: bool,
        name_place: Place,
        place: Place,
    ) -> Option<Typed> {
        let Some(kind) = self.params.get(name) else {
            let help = match nearest(name, self.params.keys()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.params.is_empty() => "the check declares none".to_owned(),
                None => format!(
                    "declared are {}",
                    self.params.keys().cloned().collect::<Vec<_>>().join(", ")
                ),
            };
            self.report(
                &name_place,
                format!("unknown parameter `{name}`"),
                Some(help),
            );
            return None;
        };
        if test {
            let help = "a parameter always has a value".to_owned();
            self.report(
                &place,
                "has() of a parameter says nothing".to_owned(),
                Some(help),
            );
            return None;
        }
        let kind = kind.kind(self.schema);
        let member = Member {
            of: Expr::Var(Var::Params),
            name: name.into(),
            absent: Absent::Missing,
            read: read(&kind),
        };
        Some(Typed {
            key: Some(format!("params.{name}")),
            ..Typed::new(Expr::Field(Box::new(member)), kind, place)
        })
    }

    pub(super) fn list(
        &mut self,
        source: &Parsed,
        elements: &[IdedExpr],
        place: Place,
    ) -> Option<Typed> {
        let mut items = Vec::new();
        let mut literals = Vec::new();
        let mut kind = None;
        let mut complete = true;
        for element in elements {
            let Some(item) = self.lower(source, element) else {
                complete = false;
                continue;
            };
            if self.expect_present(&item).is_none() {
                complete = false;
                continue;
            }
            match &kind {
                None => kind = Some(plain(&item.kind)),
                Some(kind) if *kind == plain(&item.kind) => {}
                Some(_) => {
                    let message = "the items of a list must be of one type".to_owned();
                    self.report(&item.place.clone(), message, None);
                    complete = false;
                }
            }
            literals.extend(item.literals);
            items.push(item.expr);
        }
        if !complete {
            return None;
        }
        let item = Slot::of(kind.unwrap_or(Type::Null));
        let kind = Type::List(List { item, key: None }.into());
        Some(Typed {
            literals,
            ..Typed::new(Expr::List(items), kind, place)
        })
    }
}

fn read(kind: &Type) -> Read {
    match kind {
        Type::Timestamp => Read::Timestamp,
        Type::Date => Read::Date,
        _ => Read::Plain,
    }
}
