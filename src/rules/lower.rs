//! From the parser's tree to resolved, typed expressions, and the lint on the
//! way: names, paths, types, words of closed lists, and `has` guards.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr as Cel, IdedExpr, LiteralValue, SelectExpr, operators,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::error::nearest;
use super::expr::{Absent, Comparison, Expr, Function, How, Member, Operator, Over, Read, Var};
use super::facts::{FactPath, Paths};
use super::parse::Parsed;
use super::schema::{Slot, Type, Words};
use super::{FactSchema, ParamType, Part, RuleError};

/// Deepest expression, `let` put in place.
const MAX_DEPTH: usize = 48;
/// Most parts of all expressions of a check together, `let` put in place.
const MAX_SIZE: usize = 1_500;
/// Deepest nesting of `all`, `exists` and the like.
const MAX_OVER: usize = 3;
/// The names that are always in scope.
const NAMES: [&str; 6] = ["subject", "item", "target", "params", "now", "as_of"];

/// Lowers the expressions of one check.
pub(super) struct Lowerer<'a> {
    pub schema: &'a FactSchema,
    pub params: &'a BTreeMap<String, ParamType>,
    pub lets: BTreeMap<String, Rc<Parsed>>,
    pub used_lets: BTreeSet<String>,
    pub subject: Option<Named>,
    /// What `item` is, or why it is not in scope.
    pub item: Result<Named, &'static str>,
    /// Paths known not to be null where the expression stands.
    pub guards: Vec<String>,
    pub paths: Paths,
    pub functions: BTreeSet<Function>,
    pub errors: Vec<RuleError>,
    pub part: Part,
    /// Where the expression begins in the text of its part.
    pub offset: usize,
    open_lets: Vec<String>,
    bound: Vec<(String, Named)>,
    size: usize,
    depth: usize,
    fresh: usize,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub var: Var,
    pub kind: Type,
    pub nullable: bool,
    /// The name that guards know it by.
    pub key: String,
    pub fact: Option<FactPath>,
}

/// A lowered expression and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub expr: Expr,
    pub kind: Type,
    /// Whether it may be null or, in parameters, absent.
    nullable: bool,
    key: Option<String>,
    fact: Option<FactPath>,
    /// Paths that are not null if it is true, and if it is false.
    pub yes: Vec<String>,
    pub no: Vec<String>,
    /// Words that are written out in it, for closed lists.
    literals: Vec<(String, Place)>,
    place: Place,
}

/// Where an expression stands.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    part: Part,
    span: Range<usize>,
    text: String,
}

impl<'a> Lowerer<'a> {
    pub fn new(schema: &'a FactSchema, params: &'a BTreeMap<String, ParamType>) -> Self {
        Self {
            schema,
            params,
            lets: BTreeMap::new(),
            used_lets: BTreeSet::new(),
            subject: None,
            item: Err("there is no item here"),
            guards: Vec::new(),
            paths: Paths::default(),
            functions: BTreeSet::new(),
            errors: Vec::new(),
            part: Part::When,
            offset: 0,
            open_lets: Vec::new(),
            bound: Vec::new(),
            size: 0,
            depth: 0,
            fresh: 0,
        }
    }

    /// Lowers an expression that must be a bool.
    pub fn condition(&mut self, source: &Parsed) -> Option<Typed> {
        let typed = self.lower(source, &source.expr)?;
        self.expect_bool(&typed, "it")?;
        Some(typed)
    }

    /// Lowers an expression that is shown to a person.
    pub fn shown(&mut self, source: &Parsed) -> Option<Typed> {
        let typed = self.lower(source, &source.expr)?;
        let shown = match &typed.kind {
            Type::Record(_) | Type::Map(_) | Type::Opaque => false,
            Type::List(list) => !matches!(
                list.item.kind,
                Type::Record(_) | Type::Map(_) | Type::List(_) | Type::Opaque
            ),
            _ => true,
        };
        if !shown {
            let help = "name one of its fields, or use map: list.map(x, x.name)";
            self.report(
                &typed.place.clone(),
                format!("{} cannot be shown in a message", describe(&typed.kind)),
                Some(help.to_owned()),
            );
            return None;
        }
        Some(typed)
    }

    pub fn report(&mut self, place: &impl Placed, message: String, help: Option<String>) {
        let (part, span) = place.placed();
        let error = RuleError {
            part,
            span,
            message,
            help,
        };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn lower(&mut self, source: &Parsed, expr: &IdedExpr) -> Option<Typed> {
        self.size += 1;
        self.depth += 1;
        let lowered = if self.depth > MAX_DEPTH || self.size > MAX_SIZE {
            let place = self.place(source, expr);
            let what = if self.size > MAX_SIZE {
                format!("the check is too large: at most {MAX_SIZE} parts with `let` put in place")
            } else {
                format!("nested too deeply: at most {MAX_DEPTH} levels with `let` put in place")
            };
            // Said once; every part beyond the bound would say it again.
            if !self.errors.iter().any(|error| error.message == what) {
                self.report(&place, what, Some("split the check".to_owned()));
            }
            None
        } else {
            self.lower_inner(source, expr)
        };
        self.depth -= 1;
        lowered
    }

    fn lower_inner(&mut self, source: &Parsed, expr: &IdedExpr) -> Option<Typed> {
        let place = self.place(source, expr);
        match &expr.expr {
            Cel::Literal(literal) => self.literal(literal, place),
            Cel::Ident(name) => self.name(name, place),
            Cel::Select(select) => self.select(source, expr, select, place),
            Cel::List(list) => self.list(source, &list.elements, place),
            Cel::Call(call) => self.call(source, expr, call, place),
            Cel::Comprehension(over) => self.over(source, over, place),
            Cel::Map(_) | Cel::Struct(_) => {
                let help = "put the values into a parameter".to_owned();
                self.report(&place, "maps cannot be written out".to_owned(), Some(help));
                None
            }
            Cel::Unspecified => {
                self.report(&place, "an expression is missing".to_owned(), None);
                None
            }
        }
    }

    fn literal(&mut self, literal: &LiteralValue, place: Place) -> Option<Typed> {
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

    fn name(&mut self, name: &str, place: Place) -> Option<Typed> {
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
    fn inline(&mut self, name: &str, place: &Place) -> Option<Typed> {
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

    fn select(
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
    pub fn absent(&mut self, fact: &FactPath, slot: &Slot) -> Absent {
        let number = self.paths.add(fact);
        if fact.area.is_some() {
            Absent::Unasked(number)
        } else if matches!(slot.kind, Type::List(_)) && !slot.nullable {
            Absent::Empty
        } else {
            Absent::Null
        }
    }

    fn param(&mut self, name: &str, test: bool, name_place: Place, place: Place) -> Option<Typed> {
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

    fn list(&mut self, source: &Parsed, elements: &[IdedExpr], place: Place) -> Option<Typed> {
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
        let kind = Type::List(super::schema::List { item, key: None }.into());
        Some(Typed {
            literals,
            ..Typed::new(Expr::List(items), kind, place)
        })
    }

    fn call(
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
    fn logic(
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

    fn conditional(
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

    fn index(
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

    fn contained(
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

    fn compare(
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

    fn arithmetic(
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

    fn over(&mut self, source: &Parsed, over: &ComprehensionExpr, place: Place) -> Option<Typed> {
        let Some((how, filter, body)) = recognise(over) else {
            self.report(&place, "this form is not supported".to_owned(), None);
            return None;
        };
        let range = self.lower(source, &over.iter_range)?;
        self.expect_present(&range)?;
        let Type::List(list) = range.kind.clone() else {
            let message = format!(
                "{}() asks a list, not {}",
                how.name(),
                describe(&range.kind)
            );
            self.report(&range.place.clone(), message, None);
            return None;
        };
        if matches!(how, How::Filter | How::Map | How::ExistsOne) {
            self.expect_whole(&range, how.name(), &place)?;
        }
        let name = over.iter_var.as_str();
        if NAMES.contains(&name) || self.lets.contains_key(name) {
            let message = format!("`{name}` already stands for something else");
            self.report(
                &place,
                message,
                Some("choose another name for the variable".to_owned()),
            );
            return None;
        }
        if self.bound.len() >= MAX_OVER {
            let message = format!("all, exists and the like nest at most {MAX_OVER} deep");
            self.report(&place, message, Some("use `each` and `where`".to_owned()));
            return None;
        }
        self.fresh += 1;
        let fact = range.fact.as_ref().map(|fact| fact.item(&list.item));
        if let Some(fact) = &fact {
            self.paths.add(fact);
        }
        let depth = self.bound.len();
        let variable = Named {
            var: Var::Bound(depth),
            kind: list.item.kind.clone(),
            nullable: list.item.nullable,
            key: format!("${}", self.fresh),
            fact,
        };
        self.bound.push((name.to_owned(), variable));
        let before = self.guards.len();
        let filter = filter.map(|filter| self.lower_bool(source, filter, how.name()));
        if let Some(Some(filter)) = &filter {
            self.guards.extend(filter.yes.iter().cloned());
        }
        let body = if how == How::Map {
            self.lower(source, body)
        } else {
            self.lower_bool(source, body, how.name())
        };
        self.guards.truncate(before);
        self.bound.pop();
        let body = body?;
        let filter = match filter {
            Some(filter) => Some(filter?.expr),
            None => None,
        };
        if how == How::All && body.expr == Expr::Bool(false) {
            let message = "`all(x, false)` asks for an empty list".to_owned();
            let help = "use `each` with `at_most: 0`".to_owned();
            self.report(&place, message, Some(help));
            return None;
        }
        let kind = match how {
            How::All | How::Exists | How::ExistsOne => Type::Bool,
            How::Filter => range.kind.clone(),
            How::Map => {
                let item = Slot::of(body.kind.clone());
                Type::List(super::schema::List { item, key: None }.into())
            }
        };
        let expr = Expr::Over(Box::new(Over {
            how,
            range: range.expr,
            filter,
            body: body.expr,
            depth,
        }));
        Some(Typed {
            // What is made of facts can be as partly seen as they are.
            fact: range.fact.filter(|_| kind != Type::Bool),
            ..Typed::new(expr, kind, place)
        })
    }

    fn lower_bool(&mut self, source: &Parsed, expr: &IdedExpr, what: &str) -> Option<Typed> {
        let typed = self.lower(source, expr)?;
        self.expect_bool(&typed, &format!("the condition of {what}()"))?;
        Some(typed)
    }

    fn function(&mut self, source: &Parsed, call: &CallExpr, place: Place) -> Option<Typed> {
        let name = call.func_name.as_str();
        let Some(function) = Function::ALL.into_iter().find(|known| known.name() == name) else {
            return self.unknown_function(name, &place);
        };
        let mut arguments = Vec::new();
        let mut complete = true;
        for argument in call.target.iter().map(|target| &**target).chain(&call.args) {
            match self.lower(source, argument) {
                Some(argument) if self.expect_present(&argument).is_some() => {
                    arguments.push(argument);
                }
                _ => complete = false,
            }
        }
        if !complete {
            return None;
        }
        let method = matches!(
            function,
            Function::Contains | Function::StartsWith | Function::EndsWith
        );
        let style = function == Function::Size || call.target.is_some() == method;
        let kinds: Vec<&Type> = arguments.iter().map(|argument| &argument.kind).collect();
        let kind = match (function, &kinds[..]) {
            _ if !style => None,
            (Function::Days, [Type::Int]) => Some(Type::Duration),
            (Function::UtcDate, [Type::Timestamp]) => Some(Type::Date),
            (Function::Size, [Type::List(_) | Type::Text(_) | Type::Map(_)]) => Some(Type::Int),
            (
                Function::SameSite | Function::Contains | Function::StartsWith | Function::EndsWith,
                [Type::Text(_), Type::Text(_)],
            ) => Some(Type::Bool),
            _ => None,
        };
        let Some(kind) = kind else {
            let help = match kinds.first() {
                Some(Type::List(_)) if function == Function::Contains => {
                    "ask a list with `in`: element in list".to_owned()
                }
                _ => format!("write {}", function.usage()),
            };
            let given: Vec<String> = kinds.iter().map(|kind| describe(kind)).collect();
            let message = format!("{name}() does not take {}", given.join(" and "));
            self.report(&place, message, Some(help));
            return None;
        };
        if function == Function::Size
            && let [list] = &arguments[..]
            && matches!(list.kind, Type::List(_))
        {
            self.expect_whole(&list.clone(), "size", &place)?;
        }
        self.functions.insert(function);
        let arguments = arguments
            .into_iter()
            .map(|argument| argument.expr)
            .collect();
        Some(Typed::new(Expr::Call(function, arguments), kind, place))
    }

    fn unknown_function(&mut self, name: &str, place: &Place) -> Option<Typed> {
        let help = match name {
            "matches" => {
                "regular expressions are not offered; use startsWith, endsWith or contains"
                    .to_owned()
            }
            "timestamp" | "duration" | "date" => {
                "times are read from facts; spans of time are days(n), the day of a time is utc_date(time)".to_owned()
            }
            "any" | "some" => "did you mean `exists`?".to_owned(),
            "len" | "length" | "count" => "did you mean `size`?".to_owned(),
            _ => {
                let macros = ["has", "all", "exists", "exists_one", "filter", "map"];
                let known = Function::ALL.map(Function::name);
                match nearest(name, known.into_iter().chain(macros)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "there are {}",
                        Function::ALL.map(Function::usage).join(", ")
                    ),
                }
            }
        };
        self.report(place, format!("unknown function `{name}`"), Some(help));
        None
    }

    /// Refuses what counts or rebuilds a list that may be seen only in part.
    /// In a message it is harmless: nothing is decided there.
    fn expect_whole(&mut self, list: &Typed, what: &str, place: &Place) -> Option<()> {
        let observed = list.fact.as_ref().is_some_and(|fact| fact.area.is_some());
        if !observed || self.part == Part::Message {
            return Some(());
        }
        let message = format!("{what}() of a list that may be seen only in part");
        let help = "count items with `each`, `where` and `at_most` or `at_least`, or ask with all() and exists()";
        self.report(place, message, Some(help.to_owned()));
        None
    }

    fn expect_bool(&mut self, typed: &Typed, what: &str) -> Option<()> {
        self.expect_present(typed)?;
        if typed.kind == Type::Bool {
            return Some(());
        }
        let message = format!(
            "{what} must be true or false, it is {}",
            describe(&typed.kind)
        );
        self.report(&typed.place.clone(), message, None);
        None
    }

    /// Refuses a value that may be null, unless a guard says that it is not.
    fn expect_present(&mut self, typed: &Typed) -> Option<()> {
        let guarded = |key: &String| self.guards.contains(key);
        if !typed.nullable || typed.key.as_ref().is_some_and(guarded) {
            return Some(());
        }
        let text = &typed.place.text;
        let (message, help) = if let Expr::Index(_) = typed.expr {
            let (map, key) = text
                .strip_suffix(']')
                .and_then(|text| text.split_once('['))
                .unwrap_or((text, "key"));
            (
                format!("`{text}` may not exist"),
                format!("ask first: {key} in {map} && ..."),
            )
        } else {
            let what = match &typed.fact {
                Some(_) => "null: looked for and not there",
                None => "absent",
            };
            (
                format!("`{text}` may be {what}"),
                format!("say what that means: has({text}) && ... or !has({text}) || ..."),
            )
        };
        self.report(&typed.place.clone(), message, Some(help));
        None
    }

    /// Compares words written out, and those of a parameter, with a closed list.
    fn check_words(&mut self, left: &Typed, right: &Typed) {
        match (words(&left.kind), words(&right.kind)) {
            (Some(l), Some(r)) if l.words != r.words => {
                let message = format!("{} are compared with {}", name_of(&l), name_of(&r));
                self.report(&right.place, message, None);
            }
            (Some(closed), None) => self.check_against(&closed, right),
            (None, Some(closed)) => self.check_against(&closed, left),
            _ => {}
        }
    }

    fn check_against(&mut self, closed: &Words, other: &Typed) {
        for (word, place) in &other.literals {
            if closed.words.contains(word) {
                continue;
            }
            let help = match nearest(word, &closed.words) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", closed.words.join(", ")),
            };
            self.report(place, format!("`{word}` never occurs here"), Some(help));
        }
        if other.is_param()
            && let Some(name) = closed.name.as_deref().and_then(ParamType::name_for)
        {
            let list = match other.kind {
                Type::List(_) => "list of ",
                _ => "",
            };
            let message = "the parameter is compared with a closed list of words";
            let help = format!("declare it as `{list}{name}`");
            self.report(&other.place, message.to_owned(), Some(help));
        }
    }

    fn place(&self, source: &Parsed, expr: &IdedExpr) -> Place {
        let span = source.span(expr);
        Place {
            part: self.part.clone(),
            text: source.text(span.clone()).to_owned(),
            span: self.shift(span),
        }
    }

    fn shift(&self, span: Range<usize>) -> Range<usize> {
        span.start + self.offset..span.end + self.offset
    }
}

/// Something that an error can point at.
pub(super) trait Placed {
    fn placed(&self) -> (Part, Range<usize>);
}

impl Placed for Place {
    fn placed(&self) -> (Part, Range<usize>) {
        (self.part.clone(), self.span.clone())
    }
}

impl Placed for (Part, Range<usize>) {
    fn placed(&self) -> (Part, Range<usize>) {
        self.clone()
    }
}

impl Named {
    pub fn target(schema: &FactSchema) -> Self {
        Self {
            var: Var::Target,
            kind: Type::Record(schema.root().clone()),
            nullable: false,
            key: "target".to_owned(),
            fact: Some(FactPath::root()),
        }
    }
}

impl Typed {
    fn new(expr: Expr, kind: Type, place: Place) -> Self {
        Self {
            expr,
            kind,
            nullable: false,
            key: None,
            fact: None,
            yes: Vec::new(),
            no: Vec::new(),
            literals: Vec::new(),
            place,
        }
    }

    fn named(named: Named, place: Place) -> Self {
        Self {
            nullable: named.nullable,
            key: Some(named.key),
            fact: named.fact,
            ..Self::new(Expr::Var(named.var), named.kind, place)
        }
    }

    fn is_param(&self) -> bool {
        self.key
            .as_ref()
            .is_some_and(|key| key.starts_with("params."))
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

/// Which macro a comprehension was, from the shape that the parser gives it.
fn recognise(over: &ComprehensionExpr) -> Option<(How, Option<&IdedExpr>, &IdedExpr)> {
    let Cel::Call(step) = &over.loop_step.expr else {
        return None;
    };
    match (
        &over.accu_init.expr,
        step.func_name.as_str(),
        &step.args[..],
    ) {
        (Cel::Literal(LiteralValue::Boolean(_)), operators::LOGICAL_AND, [_, body]) => {
            Some((How::All, None, body))
        }
        (Cel::Literal(LiteralValue::Boolean(_)), operators::LOGICAL_OR, [_, body]) => {
            Some((How::Exists, None, body))
        }
        (Cel::Literal(LiteralValue::Int(_)), operators::CONDITIONAL, [body, _, _]) => {
            Some((How::ExistsOne, None, body))
        }
        (Cel::List(_), operators::ADD, [_, made]) => Some((How::Map, None, only(made)?)),
        (Cel::List(_), operators::CONDITIONAL, [filter, made, _]) => {
            let Cel::Call(add) = &made.expr else {
                return None;
            };
            let made = only(add.args.get(1)?)?;
            match &made.expr {
                Cel::Ident(name) if *name == over.iter_var => Some((How::Filter, None, filter)),
                _ => Some((How::Map, Some(filter), made)),
            }
        }
        _ => None,
    }
}

fn only(list: &IdedExpr) -> Option<&IdedExpr> {
    match &list.expr {
        Cel::List(list) => list.elements.first(),
        _ => None,
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

fn read(kind: &Type) -> Read {
    match kind {
        Type::Timestamp => Read::Timestamp,
        Type::Date => Read::Date,
        _ => Read::Plain,
    }
}

/// The closed list of a text, or of the items of a list.
fn words(kind: &Type) -> Option<Arc<Words>> {
    match kind {
        Type::Text(words) => words.clone(),
        Type::List(list) => match &list.item.kind {
            Type::Text(words) => words.clone(),
            _ => None,
        },
        _ => None,
    }
}

/// The type without its closed list.
fn plain(kind: &Type) -> Type {
    match kind {
        Type::Text(_) => Type::Text(None),
        other => other.clone(),
    }
}

fn comparable(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Record(_) | Type::Map(_) | Type::Opaque, Type::Null)
        | (Type::Null, Type::Record(_) | Type::Map(_) | Type::Opaque) => true,
        (Type::Record(_) | Type::Map(_) | Type::Opaque, _)
        | (_, Type::Record(_) | Type::Map(_) | Type::Opaque) => false,
        (Type::Null, _) | (_, Type::Null) => true,
        (Type::List(l), Type::List(r)) => {
            let (l, r) = (&l.item.kind, &r.item.kind);
            !matches!(l, Type::List(_)) && !matches!(r, Type::List(_)) && comparable(l, r)
        }
        (l, r) => plain(l) == plain(r),
    }
}

fn describe(kind: &Type) -> String {
    match kind {
        Type::Null => "null".to_owned(),
        Type::Bool => "true or false".to_owned(),
        Type::Int => "a number".to_owned(),
        Type::Text(None) => "text".to_owned(),
        Type::Text(Some(words)) => format!("text ({})", name_of(words)),
        Type::Timestamp => "a time".to_owned(),
        Type::Date => "a date".to_owned(),
        Type::Duration => "a span of time".to_owned(),
        Type::List(_) => "a list".to_owned(),
        Type::Record(_) => "an object".to_owned(),
        Type::Map(_) => "a map".to_owned(),
        Type::Opaque => "something that cannot be judged".to_owned(),
    }
}

fn name_of(words: &Words) -> String {
    let name = words.name.as_deref();
    match name.and_then(ParamType::name_for).or(name) {
        Some(name) => format!("words of `{name}`"),
        None => format!("words out of {}", words.words.join(", ")),
    }
}
