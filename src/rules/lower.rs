//! From the parser's tree to resolved, typed expressions, and the lint on the
//! way: names, paths, types, words of closed lists, and `has` guards.

mod calls;
mod demands;
mod names;
mod operators;

use cel::common::ast::{Expr as Cel, IdedExpr};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use super::expr::{Expr, Function, Var};
use super::facts::{FactPath, Paths};
use super::parse::Parsed;
use super::schema::Type;
use super::{FactSchema, ParamType, Part, RuleError};
use demands::describe;

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
