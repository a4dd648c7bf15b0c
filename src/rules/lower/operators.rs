//! Operators: their types, and what their truth says about null.

use cel::common::ast::{CallExpr, Expr as Cel, IdedExpr, operators};

use super::demands::{comparable, describe, plain};
use super::{Lowerer, Place, Typed};
use crate::rules::expr::{Comparison, Expr, Operator};
use crate::rules::parse::Parsed;
use crate::rules::schema::Type;

impl Lowerer<'_> {
    pub(super) fn call(
        &mut self,
        source: &Parsed,
        expr: &IdedExpr,
        call: &CallExpr,
        place: Place,
    ) -> Option<Typed> {
        let name = call.func_name.as_str();
        match (name, &call.args[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, _) => {
                return self.logic(source, expr, name, place);
            }
            (operators::LOGICAL_NOT, [inner]) => {
                let inner = self.lower(source, inner)?;
                self.expect_bool(&inner, "the operand of `!`")?;
                return Some(Typed {
                    yes: inner.no,
                    no: inner.yes,
                    ..Typed::new(Expr::Not(Box::new(inner.expr)), Type::Bool, place)
                });
            }
            (operators::CONDITIONAL, [test, yes, no]) => {
                return self.conditional(source, [test, yes, no], place);
            }
            (operators::INDEX, [of, key]) => return self.index(source, of, key, place),
            (operators::IN, [element, list]) => {
                return self.contained(source, element, list, place);
            }
            (operators::NEGATE, [inner]) => {
                let inner = self.lower(source, inner)?;
                self.expect_present(&inner)?;
                if !matches!(inner.kind, Type::Int | Type::Duration) {
                    let message = format!("`-` does not take {}", describe(&inner.kind));
                    self.report(&place, message, None);
                    return None;
                }
                let kind = inner.kind;
                return Some(Typed::new(Expr::Negate(Box::new(inner.expr)), kind, place));
            }
            (_, [left, right]) => {
                if let Some(comparison) = comparison(name) {
                    return self.compare(source, comparison, left, right, place);
                }
                if let Some(operator) = operator(name) {
                    return self.arithmetic(source, operator, left, right, place);
                }
            }
            _ => {}
        }
        self.function(source, call, place)
    }

    /// `&&` and `||`. A guard holds for the terms to its right.
    pub(super) fn logic(
        &mut self,
        source: &Parsed,
        expr: &IdedExpr,
        name: &str,
        place: Place,
    ) -> Option<Typed> {
        let mut terms = Vec::new();
        flatten(expr, name, &mut terms);
        let and = name == operators::LOGICAL_AND;
        let before = self.guards.len();
        let mut lowered = Vec::new();
        let mut complete = true;
        // What holds if every term had its way (all true, or all false), and
        // what holds whichever term decided otherwise.
        let mut every: Vec<String> = Vec::new();
        let mut any: Option<Vec<String>> = None;
        for term in terms {
            let Some(term) = self.lower(source, term) else {
                complete = false;
                continue;
            };
            if self.expect_bool(&term, "a condition").is_none() {
                complete = false;
                continue;
            }
            let (more, other) = if and {
                (term.yes, term.no)
            } else {
                (term.no, term.yes)
            };
            self.guards.extend(more.iter().cloned());
            every.extend(more);
            any = Some(match any {
                None => other,
                Some(any) => any.into_iter().filter(|key| other.contains(key)).collect(),
            });
            lowered.push(term.expr);
        }
        self.guards.truncate(before);
        if !complete {
            return None;
        }
        let any = any.unwrap_or_default();
        Some(if and {
            Typed {
                yes: every,
                no: any,
                ..Typed::new(Expr::And(lowered), Type::Bool, place)
            }
        } else {
            Typed {
                yes: any,
                no: every,
                ..Typed::new(Expr::Or(lowered), Type::Bool, place)
            }
        })
    }

    pub(super) fn conditional(
        &mut self,
        source: &Parsed,
        parts: [&IdedExpr; 3],
        place: Place,
    ) -> Option<Typed> {
        let [test, yes, no] = parts;
        let test = self.lower(source, test)?;
        self.expect_bool(&test, "the condition before `?`")?;
        let before = self.guards.len();
        self.guards.extend(test.yes.iter().cloned());
        let yes = self.lower(source, yes);
        self.guards.truncate(before);
        self.guards.extend(test.no.iter().cloned());
        let no = self.lower(source, no);
        self.guards.truncate(before);
        let (yes, no) = (yes?, no?);
        self.expect_present(&yes)?;
        self.expect_present(&no)?;
        if plain(&yes.kind) != plain(&no.kind) {
            let message = format!(
                "both branches must be of one type, not {} and {}",
                describe(&yes.kind),
                describe(&no.kind)
            );
            self.report(&place, message, None);
            return None;
        }
        let kind = plain(&yes.kind);
        let literals = [yes.literals, no.literals].concat();
        let expr = Expr::If(Box::new((test.expr, yes.expr, no.expr)));
        Some(Typed {
            literals,
            ..Typed::new(expr, kind, place)
        })
    }

    pub(super) fn index(
        &mut self,
        source: &Parsed,
        of: &IdedExpr,
        key: &IdedExpr,
        place: Place,
    ) -> Option<Typed> {
        let (of, key) = (self.lower(source, of), self.lower(source, key));
        let (of, key) = (of?, key?);
        self.expect_present(&of)?;
        self.expect_present(&key)?;
        let Type::Map(slot) = &of.kind else {
            let (message, help) = match &of.kind {
                Type::List(_) => (
                    "an item cannot be picked by its number".to_owned(),
                    Some("the order of a list is no fact; use exists() or all()".to_owned()),
                ),
                Type::Record(_) => (
                    "a fact cannot be picked by a computed name".to_owned(),
                    Some("write the path out".to_owned()),
                ),
                other => (format!("{} has no entries", describe(other)), None),
            };
            self.report(&place, message, help);
            return None;
        };
        if !matches!(key.kind, Type::Text(_)) {
            let message = format!("the key must be text, not {}", describe(&key.kind));
            self.report(&key.place.clone(), message, None);
            return None;
        }
        let entry = entry_key(&of, &key);
        Some(Typed {
            nullable: true,
            key: entry,
            ..Typed::new(
                Expr::Index(Box::new((of.expr, key.expr))),
                slot.kind.clone(),
                place,
            )
        })
    }

    pub(super) fn contained(
        &mut self,
        source: &Parsed,
        element: &IdedExpr,
        list: &IdedExpr,
        place: Place,
    ) -> Option<Typed> {
        let (element, list) = (self.lower(source, element), self.lower(source, list));
        let (element, list) = (element?, list?);
        self.expect_present(&list)?;
        let yes = match &list.kind {
            Type::Map(_) => {
                self.expect_present(&element)?;
                if !matches!(element.kind, Type::Text(_)) {
                    let message = format!("the keys are text, not {}", describe(&element.kind));
                    self.report(&element.place.clone(), message, None);
                    return None;
                }
                entry_key(&list, &element).into_iter().collect()
            }
            Type::List(items) => {
                let items = items.item.kind.clone();
                if items != Type::Null && !comparable(&element.kind, &items) {
                    let message = format!(
                        "{} is never in a list of {}",
                        describe(&element.kind),
                        describe(&items)
                    );
                    self.report(&place, message, None);
                    return None;
                }
                self.check_words(&element, &list);
                // null is in no list of facts or parameters.
                element.key.clone().into_iter().collect()
            }
            other => {
                let help = match other {
                    Type::Text(_) => Some("use text.contains(part)".to_owned()),
                    _ => None,
                };
                let message = format!("`in` asks a list, not {}", describe(other));
                self.report(&list.place.clone(), message, help);
                return None;
            }
        };
        Some(Typed {
            yes,
            ..Typed::new(
                Expr::In(Box::new((element.expr, list.expr))),
                Type::Bool,
                place,
            )
        })
    }

    pub(super) fn compare(
        &mut self,
        source: &Parsed,
        comparison: Comparison,
        left: &IdedExpr,
        right: &IdedExpr,
        place: Place,
    ) -> Option<Typed> {
        let (left, right) = (self.lower(source, left), self.lower(source, right));
        let (left, right) = (left?, right?);
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        let against_null = left.kind == Type::Null || right.kind == Type::Null;
        match comparison {
            Comparison::Equal | Comparison::NotEqual if against_null => {
                let not_null = [left.key.clone(), right.key.clone()];
                let known = if comparison == Comparison::Equal {
                    &mut no
                } else {
                    &mut yes
                };
                known.extend(not_null.into_iter().flatten());
            }
            Comparison::Equal => {
                // Equal to something that is there: it is there too.
                if !right.nullable {
                    yes.extend(left.key.clone());
                }
                if !left.nullable {
                    yes.extend(right.key.clone());
                }
            }
            Comparison::NotEqual => {
                self.expect_present(&left)?;
                self.expect_present(&right)?;
            }
            _ => {
                self.expect_present(&left)?;
                self.expect_present(&right)?;
                let ordered = matches!(
                    left.kind,
                    Type::Int | Type::Timestamp | Type::Date | Type::Duration
                );
                if comparable(&left.kind, &right.kind) && !ordered {
                    let message = format!("{} has no order", describe(&left.kind));
                    self.report(&place, message, None);
                    return None;
                }
            }
        }
        if !comparable(&left.kind, &right.kind) {
            let help = match (&left.kind, &right.kind) {
                (Type::Timestamp, Type::Date) | (Type::Date, Type::Timestamp) => Some(
                    "times of the observation are compared with `now`, dates of a policy with `as_of`"
                        .to_owned(),
                ),
                (Type::Duration, Type::Int) | (Type::Int, Type::Duration) => {
                    Some("make it a duration: days(n)".to_owned())
                }
                _ => None,
            };
            let message = format!(
                "{} and {} cannot be compared",
                describe(&left.kind),
                describe(&right.kind)
            );
            self.report(&place, message, help);
            return None;
        }
        self.check_words(&left, &right);
        let expr = Expr::Compare(comparison, Box::new((left.expr, right.expr)));
        Some(Typed {
            yes,
            no,
            ..Typed::new(expr, Type::Bool, place)
        })
    }

    pub(super) fn arithmetic(
        &mut self,
        source: &Parsed,
        operator: Operator,
        left: &IdedExpr,
        right: &IdedExpr,
        place: Place,
    ) -> Option<Typed> {
        use Operator::{Add, Subtract};
        let (left, right) = (self.lower(source, left), self.lower(source, right));
        let (left, right) = (left?, right?);
        self.expect_present(&left)?;
        self.expect_present(&right)?;
        let kind = match (operator, &left.kind, &right.kind) {
            (_, Type::Int, Type::Int) => Type::Int,
            (Add | Subtract, Type::Duration, Type::Duration)
            | (Subtract, Type::Timestamp, Type::Timestamp)
            | (Subtract, Type::Date, Type::Date) => Type::Duration,
            (Add | Subtract, Type::Timestamp, Type::Duration)
            | (Add, Type::Duration, Type::Timestamp) => Type::Timestamp,
            (Add | Subtract, Type::Date, Type::Duration) | (Add, Type::Duration, Type::Date) => {
                Type::Date
            }
            (_, l, r) => {
                let message = format!(
                    "`{}` does not take {} and {}",
                    operator.symbol(),
                    describe(l),
                    describe(r)
                );
                let help = matches!((l, r), (Type::Text(_), _))
                    .then(|| "put several `{{ }}` into the message".to_owned());
                self.report(&place, message, help);
                return None;
            }
        };
        let expr = Expr::Arithmetic(operator, Box::new((left.expr, right.expr)));
        Some(Typed::new(expr, kind, place))
    }
}

/// The terms of a chain of one logical operator, in order.
fn flatten<'e>(expr: &'e IdedExpr, name: &str, terms: &mut Vec<&'e IdedExpr>) {
    match &expr.expr {
        Cel::Call(call) if call.func_name == name => {
            for term in &call.args {
                flatten(term, name, terms);
            }
        }
        _ => terms.push(expr),
    }
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        operators::EQUALS => Comparison::Equal,
        operators::NOT_EQUALS => Comparison::NotEqual,
        operators::LESS => Comparison::Less,
        operators::LESS_EQUALS => Comparison::LessEqual,
        operators::GREATER => Comparison::Greater,
        operators::GREATER_EQUALS => Comparison::GreaterEqual,
        _ => return None,
    })
}

fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Remainder,
        _ => return None,
    })
}

/// The name that guards know an entry of a map by.
fn entry_key(map: &Typed, key: &Typed) -> Option<String> {
    let of = map.key.as_ref()?;
    match (&key.expr, &key.key) {
        (Expr::Text(text), _) => Some(format!("{of}[{text:?}]")),
        (_, Some(key)) => Some(format!("{of}[{key}]")),
        _ => None,
    }
}
