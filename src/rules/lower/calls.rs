//! Functions, and `all`, `exists` and the like.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr as Cel, IdedExpr, LiteralValue, operators,
};

use super::demands::describe;
use super::{Lowerer, MAX_OVER, NAMES, Named, Place, Typed};
use crate::rules::Part;
use crate::rules::error::nearest;
use crate::rules::expr::{Expr, Function, How, Over, Var};
use crate::rules::parse::Parsed;
use crate::rules::schema::{List, Slot, Type};

impl Lowerer<'_> {
    pub(super) fn over(
        &mut self,
        source: &Parsed,
        over: &ComprehensionExpr,
        place: Place,
    ) -> Option<Typed> {
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
                Type::List(List { item, key: None }.into())
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

    pub(super) fn lower_bool(
        &mut self,
        source: &Parsed,
        expr: &IdedExpr,
        what: &str,
    ) -> Option<Typed> {
        let typed = self.lower(source, expr)?;
        self.expect_bool(&typed, &format!("the condition of {what}()"))?;
        Some(typed)
    }

    pub(super) fn function(
        &mut self,
        source: &Parsed,
        call: &CallExpr,
        place: Place,
    ) -> Option<Typed> {
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

    pub(super) fn unknown_function(&mut self, name: &str, place: &Place) -> Option<Typed> {
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
    pub(super) fn expect_whole(&mut self, list: &Typed, what: &str, place: &Place) -> Option<()> {
        let observed = list.fact.as_ref().is_some_and(|fact| fact.area.is_some());
        if !observed || self.part == Part::Message {
            return Some(());
        }
        let message = format!("{what}() of a list that may be seen only in part");
        let help = "count items with `each`, `where` and `at_most` or `at_least`, or ask with all() and exists()";
        self.report(place, message, Some(help.to_owned()));
        None
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
