//! A check's logic, compiled.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::expr::Expr;
use super::facts::Paths;
use super::lower::{Lowerer, Typed};
use super::message::{self, Piece, Template, Written};
use super::parse::{self, Parsed};
use super::path::{self, Walk};
use super::{Context, Defect, FactSchema, ParamType, Part, RuleError, SubjectOutcome};
use crate::model::{
    check::Logic,
    level::{Area, Level},
};

/// A check's logic, compiled: typed, bounded, and ready to judge. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Program {
    rule: Arc<Rule>,
    facts: Arc<[FactUse]>,
    canonical: Arc<Value>,
}

/// A fact that a check reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactUse {
    /// Its path, as `tls.endpoints[].versions[].name`.
    pub path: String,
    /// The probe that sees it; none for what the inventory says.
    pub area: Option<Area>,
    /// How far a scan must go to see it.
    pub level: Level,
    /// Whether the demand itself reads it, and not only a condition or the message.
    pub decides: bool,
}

/// The parts of a compiled check.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub subjects: Walk,
    pub when: Option<Expr>,
    pub each: Option<Walk>,
    pub filter: Option<Expr>,
    pub quantifier: Quantifier,
    pub message: Template,
    pub paths: Paths,
}

#[derive(Clone, Debug)]
pub(super) enum Quantifier {
    Require(Expr),
    AtMost(usize),
    AtLeast(usize),
}

impl Program {
    /// Compiles and lints the logic of a check, its parameters' types and the
    /// expressions in its message.
    ///
    /// # Errors
    /// Every fault found, in the order of the parts.
    pub fn compile(
        logic: &Logic,
        params: &BTreeMap<String, ParamType>,
        message: &str,
        schema: &FactSchema,
    ) -> Result<Self, Vec<RuleError>> {
        // The parser recurses; on a stack of known size the bounds in `parse`
        // hold whoever calls.
        let compiled = std::thread::scope(|scope| {
            std::thread::Builder::new()
                .name("compile".to_owned())
                .stack_size(parse::STACK)
                .spawn_scoped(scope, || compile(logic, params, message, schema))
                .map(|thread| thread.join())
        });
        match compiled {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(vec![unreadable("the expressions cannot be parsed")]),
            Err(error) => Err(vec![unreadable(&format!("no thread to parse on: {error}"))]),
        }
    }

    /// The facts that the check reads, sorted by path. Those that are only
    /// passed on the way to another are left out.
    pub fn facts(&self) -> &[FactUse] {
        &self.facts
    }

    /// The logic in a form that depends on nothing but its meaning: white
    /// space, comments, the names of bound variables and of `let` leave no
    /// trace. With the versions of the functions and the names of the tables
    /// it uses. For digests.
    pub fn canonical(&self) -> &Value {
        &self.canonical
    }

    /// Judges every subject of an observation. No subject, no outcome: the
    /// check does not apply.
    ///
    /// # Errors
    /// A defect of the check, or facts that are not of the schema's types.
    pub fn judge(&self, context: &Context<'_>) -> Result<Vec<SubjectOutcome>, Defect> {
        super::judge::judge(&self.rule, context)
    }
}

fn compile(
    logic: &Logic,
    params: &BTreeMap<String, ParamType>,
    message: &str,
    schema: &FactSchema,
) -> Result<Program, Vec<RuleError>> {
    let mut lowerer = Lowerer::new(schema, params);
    let rule = lower(&mut lowerer, logic, message);
    match rule {
        Some(rule) if lowerer.errors.is_empty() => {
            let canonical = canonical(&rule, &lowerer);
            Ok(Program {
                facts: rule.paths.read().into(),
                canonical: Arc::new(canonical),
                rule: Arc::new(rule),
            })
        }
        _ => {
            let mut errors = lowerer.errors;
            errors.sort_by_key(|error| (error.part.clone(), error.span.start));
            if errors.is_empty() {
                errors.push(unreadable("the check cannot be compiled"));
            }
            Err(errors)
        }
    }
}

fn lower(lowerer: &mut Lowerer<'_>, logic: &Logic, message: &str) -> Option<Rule> {
    for (name, text) in &logic.lets {
        let part = Part::Let(name.clone());
        if !is_name(name) {
            let help =
                "letters, digits and `_`, not one of subject, item, target, params, now, as_of";
            let error = "this cannot be the name of a `let`".to_owned();
            lowerer.report(&(part, 0..text.len()), error, Some(help.to_owned()));
        } else if let Some(parsed) = parsed(lowerer, part, text, 0) {
            lowerer.lets.insert(name.clone(), Rc::new(parsed));
        }
    }
    let (subjects, subject) = path::subjects(lowerer, &logic.subjects)?;
    lowerer.subject = Some(subject.clone());
    lowerer.item = Err("`item` is only known to `where`, `require` and `message`");

    let when = condition(lowerer, Part::When, logic.when.as_deref());
    if let Some(Some(when)) = &when {
        lowerer.guards.extend(when.yes.iter().cloned());
    }
    lowerer.paths.deciding = true;
    let each = match &logic.each {
        Some(text) => {
            let (walk, item) = path::items(lowerer, text)?;
            lowerer.item = Ok(item);
            Some(walk)
        }
        None => {
            lowerer.item = Ok(subject);
            None
        }
    };
    let filter = condition(lowerer, Part::Filter, logic.filter.as_deref());
    if let Some(Some(filter)) = &filter {
        lowerer.guards.extend(filter.yes.iter().cloned());
    }
    let quantifier = quantifier(lowerer, logic);
    lowerer.paths.deciding = false;
    if each.is_some() && logic.at_least.is_some() {
        lowerer.item = Err("`at_least` fails for the subject as a whole, so there is no `item`");
    }
    let message = template(lowerer, message);
    for name in logic.lets.keys() {
        if lowerer.lets.contains_key(name) && !lowerer.used_lets.contains(name) {
            let part = Part::Let(name.clone());
            let length = logic.lets.get(name).map_or(0, String::len);
            lowerer.report(&(part, 0..length), format!("`{name}` is never used"), None);
        }
    }
    Some(Rule {
        subjects,
        when: when?.map(|when| when.expr),
        each,
        filter: filter?.map(|filter| filter.expr),
        quantifier: quantifier?,
        message: message?,
        paths: lowerer.paths.clone(),
    })
}

/// An optional condition; the outer `None` says that it is faulty.
fn condition(lowerer: &mut Lowerer<'_>, part: Part, text: Option<&str>) -> Option<Option<Typed>> {
    let Some(text) = text else {
        return Some(None);
    };
    let parsed = parsed(lowerer, part.clone(), text, 0)?;
    lowerer.part = part;
    lowerer.condition(&parsed).map(Some)
}

fn quantifier(lowerer: &mut Lowerer<'_>, logic: &Logic) -> Option<Quantifier> {
    let count = [
        logic.require.is_some(),
        logic.at_most.is_some(),
        logic.at_least.is_some(),
    ];
    if count.iter().filter(|given| **given).count() != 1 {
        let help = "give exactly one of `require`, `at_most`, `at_least`".to_owned();
        let message = if count.contains(&true) {
            "more than one demand"
        } else {
            "nothing is demanded"
        };
        let length = logic.require.as_ref().map_or(0, String::len);
        lowerer.report(&(Part::Require, 0..length), message.to_owned(), Some(help));
        return None;
    }
    if let Some(most) = logic.at_most {
        return Some(Quantifier::AtMost(
            usize::try_from(most).unwrap_or(usize::MAX),
        ));
    }
    if let Some(least) = logic.at_least {
        if least == 0 {
            let help = "at_least: 1, or leave the check out".to_owned();
            let message = "`at_least: 0` demands nothing".to_owned();
            lowerer.report(&(Part::AtLeast, 0..0), message, Some(help));
            return None;
        }
        return Some(Quantifier::AtLeast(
            usize::try_from(least).unwrap_or(usize::MAX),
        ));
    }
    let require = condition(lowerer, Part::Require, logic.require.as_deref())??;
    // The message is about items that do not meet it.
    lowerer.guards.extend(require.no);
    Some(Quantifier::Require(require.expr))
}

fn template(lowerer: &mut Lowerer<'_>, text: &str) -> Option<Template> {
    let written = match message::cut(text) {
        Ok(written) => written,
        Err(span) => {
            let help = "close it: {{ item.name }}".to_owned();
            lowerer.report(
                &(Part::Message, span),
                "`{{` is never closed".to_owned(),
                Some(help),
            );
            return None;
        }
    };
    let mut pieces = Vec::new();
    let mut complete = true;
    for piece in written {
        match piece {
            Written::Text(text) => pieces.push(Piece::Text(text.to_owned())),
            Written::Value(text, span) => {
                let Some(parsed) = parsed(lowerer, Part::Message, text, span.start) else {
                    complete = false;
                    continue;
                };
                lowerer.part = Part::Message;
                lowerer.offset = span.start;
                let shown = lowerer.shown(&parsed);
                lowerer.offset = 0;
                match shown {
                    Some(value) => pieces.push(Piece::Value(value.expr)),
                    None => complete = false,
                }
            }
        }
    }
    complete.then_some(Template(pieces))
}

fn parsed(lowerer: &mut Lowerer<'_>, part: Part, text: &str, offset: usize) -> Option<Parsed> {
    match parse::parse(text) {
        Ok(parsed) => Some(parsed),
        Err(faults) => {
            for fault in faults {
                let span = fault.span.start + offset..fault.span.end + offset;
                lowerer.report(&(part.clone(), span), fault.message, fault.help);
            }
            None
        }
    }
}

fn canonical(rule: &Rule, lowerer: &Lowerer<'_>) -> Value {
    let mut whole = json!({ "for": rule.subjects.canonical });
    let mut put = |key: &str, value: Value| {
        if let Some(object) = whole.as_object_mut() {
            object.insert(key.to_owned(), value);
        }
    };
    if let Some(when) = &rule.when {
        put("when", when.canonical());
    }
    if let Some(each) = &rule.each {
        put("each", json!(each.canonical));
    }
    if let Some(filter) = &rule.filter {
        put("where", filter.canonical());
    }
    match &rule.quantifier {
        Quantifier::Require(require) => put("require", require.canonical()),
        Quantifier::AtMost(most) => put("at_most", json!(most)),
        Quantifier::AtLeast(least) => put("at_least", json!(least)),
    }
    let functions: BTreeMap<&str, u32> = lowerer
        .functions
        .iter()
        .map(|function| (function.name(), function.version()))
        .collect();
    let tables: Vec<&str> = lowerer.functions.iter().filter_map(|f| f.table()).collect();
    put("functions", json!(functions));
    put("tables", json!(tables));
    whole
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !["subject", "item", "target", "params", "now", "as_of"].contains(&name)
}

fn unreadable(message: &str) -> RuleError {
    RuleError {
        part: Part::Subjects,
        span: 0..0,
        message: message.to_owned(),
        help: None,
    }
}
