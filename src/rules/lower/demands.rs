//! What an operand must be: of a type, there, and within a closed list.

use std::sync::Arc;

use super::{Lowerer, Typed};
use crate::rules::ParamType;
use crate::rules::error::nearest;
use crate::rules::expr::Expr;
use crate::rules::schema::{Type, Words};

impl Lowerer<'_> {
    pub(super) fn expect_bool(&mut self, typed: &Typed, what: &str) -> Option<()> {
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
    pub(super) fn expect_present(&mut self, typed: &Typed) -> Option<()> {
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
    pub(super) fn check_words(&mut self, left: &Typed, right: &Typed) {
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

    pub(super) fn check_against(&mut self, closed: &Words, other: &Typed) {
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
}

/// The closed list of a text, or of the items of a list.
pub(super) fn words(kind: &Type) -> Option<Arc<Words>> {
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
pub(super) fn plain(kind: &Type) -> Type {
    match kind {
        Type::Text(_) => Type::Text(None),
        other => other.clone(),
    }
}

pub(super) fn comparable(left: &Type, right: &Type) -> bool {
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

pub(super) fn describe(kind: &Type) -> String {
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

pub(super) fn name_of(words: &Words) -> String {
    let name = words.name.as_deref();
    match name.and_then(ParamType::name_for).or(name) {
        Some(name) => format!("words of `{name}`"),
        None => format!("words out of {}", words.words.join(", ")),
    }
}
