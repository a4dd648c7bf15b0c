//! One check: its YAML file, read strictly and compiled.

use serde_json::{Map, Value};
use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::changes;
use super::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use super::files::FoundFile;
use super::given::FactShape;
use super::lists::Lists;
use super::reader::{Fields, Reader, head};
use super::source::{Place, Source};
use super::text_map::span_in_file;
use super::yaml::{self, Kind, Limits, Node};
use crate::model::check::{Check, Effort, Example, Logic, ParamDecl, Severity};
use crate::model::level::Level;
use crate::model::verdict::Verdict;
use crate::rules::{FactSchema, ParamType, Part, Program, RuleError};

/// Keys of a check, in the order in which authors write them.
pub(super) const KEYS: [&str; 22] = [
    "id",
    "control",
    "title",
    "severity",
    "effort",
    "change",
    "after",
    "breaks",
    "for",
    "when",
    "let",
    "each",
    "where",
    "require",
    "at_most",
    "at_least",
    "params",
    "message",
    "rationale",
    "remediation",
    "references",
    "examples",
];
/// Keys that every check has.
const REQUIRED: [&str; 10] = [
    "id",
    "control",
    "title",
    "severity",
    "effort",
    "message",
    "rationale",
    "remediation",
    "references",
    "examples",
];
const SEVERITIES: [(&str, Severity); 5] = [
    ("critical", Severity::Critical),
    ("high", Severity::High),
    ("medium", Severity::Medium),
    ("low", Severity::Low),
    ("info", Severity::Info),
];
const EFFORTS: [(&str, Effort); 3] = [
    ("low", Effort::Low),
    ("medium", Effort::Medium),
    ("high", Effort::High),
];
const VERDICTS: [(&str, Verdict); 4] = [
    ("pass", Verdict::Pass),
    ("fail", Verdict::Fail),
    ("inconclusive", Verdict::Inconclusive),
    ("not_applicable", Verdict::NotApplicable),
];

/// A check, ready to be used, and its file.
#[derive(Clone, Debug)]
pub struct LoadedCheck {
    /// The check.
    pub check: Arc<Check>,
    /// Its logic, compiled.
    pub program: Program,
    /// Types of its parameters.
    pub params: BTreeMap<String, ParamType>,
    /// Its file.
    pub source: Arc<Source>,
    /// The file's values with their places.
    pub root: Node,
    /// Whether it is part of the program.
    pub embedded: bool,
}

impl LoadedCheck {
    /// Where its id stands.
    pub fn place(&self) -> Place {
        let span = self.root.get("id").map_or(0..0, |id| id.span.clone());
        self.source.place(span)
    }

    /// How far a scan must go to see all facts that it reads.
    pub fn level(&self) -> Level {
        let facts = self.program.facts();
        let deepest = facts.iter().map(|fact| fact.level).max();
        deepest.unwrap_or(Level::Passive)
    }
}

/// What checks are read against.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Facts, for the logic.
    pub facts: &'a FactSchema,
    /// Facts, for examples.
    pub shape: FactShape<'a>,
    /// Ids of controls.
    pub controls: &'a [&'a str],
    /// Ids of changes.
    pub changes: &'a [&'a str],
    /// Long lists.
    pub lists: &'a Lists,
}

/// Reads a check.
///
/// # Errors
/// Everything that is wrong with it. Warnings alone are returned beside the check.
pub fn read(
    file: &FoundFile,
    around: Surroundings<'_>,
) -> Result<(LoadedCheck, Diagnostics), Diagnostics> {
    let root = yaml::parse(&file.source, Limits::CONTENT)?;
    let mut reader = Reader::new(&file.source);
    let read = check(&mut reader, &root, around);
    if let Some((check, _)) = &read
        && is_check_id(&check.id)
    {
        file_name(&mut reader, file, &root, &check.id);
    }
    let declared = root.get("params").map_or(0, |params| match &params.kind {
        Kind::Map(entries) => entries.len(),
        _ => 0,
    });
    // A parameter without a type would be told again as unknown in each expression.
    let typed = read.filter(|(_, params)| params.len() == declared);
    let compiled = typed.and_then(|(check, params)| {
        let program = match Program::compile(&check.logic, &params, &check.message, around.facts) {
            Ok(program) => Some(program),
            Err(errors) => {
                for error in errors {
                    let diagnostic = rule_error(&file.source, &root, &check, error);
                    reader.problems.push(diagnostic);
                }
                None
            }
        };
        program.map(|program| (check, params, program))
    });
    match compiled {
        Some((check, params, program)) if !reader.problems.has_errors() => {
            let loaded = LoadedCheck {
                check: Arc::new(check),
                program,
                params,
                source: Arc::clone(&file.source),
                root,
                embedded: file.embedded,
            };
            Ok((loaded, reader.problems))
        }
        _ => Err(reader.problems),
    }
}

fn check(
    reader: &mut Reader,
    root: &Node,
    around: Surroundings<'_>,
) -> Option<(Check, BTreeMap<String, ParamType>)> {
    let fields = reader.fields(root, "a check", &KEYS, &REQUIRED)?;
    let id = reader.text_at(&fields, "id");
    if let Some(id) = &id {
        check_id(reader, &id.value, &id.span);
    }
    let control = reader.text_at(&fields, "control");
    if let Some(control) = &control
        && !around.controls.contains(&control.value.as_str())
    {
        reader.error_help(
            &control.span,
            format!("there is no control `{}`", control.value),
            did_you_mean(&control.value, around.controls.iter().copied())
                .or_else(|| Some("controls stand in checks/controls.yaml".to_owned())),
        );
    }
    let title = reader.text_at(&fields, "title");
    let severity = fields
        .get("severity")
        .and_then(|node| reader.word(node, "severity", &SEVERITIES));
    let effort = fields
        .get("effort")
        .and_then(|node| reader.word(node, "effort", &EFFORTS));
    let mending = changes::mending(reader, &fields, around.changes);
    let logic = logic(reader, &fields);
    let (decls, types) = fields
        .get("params")
        .map(|node| params(reader, node, around))
        .unwrap_or_default();
    let message = reader.text_at(&fields, "message");
    let rationale = reader.text_at(&fields, "rationale");
    let remediation = remediation(reader, &fields);
    let references = references(reader, &fields);
    let examples = examples(reader, &fields, &types, around);
    let check = Check {
        id: id?.value,
        control: control?.value,
        title: title?.value,
        severity: severity?,
        effort: effort?,
        change: mending.change,
        after: mending.after,
        breaks: mending.breaks,
        logic: logic?,
        params: decls,
        message: message?.value,
        rationale: rationale?.value,
        remediation: remediation?,
        references,
        examples,
    };
    Some((check, types))
}

/// Whether a text is `area.subject.property`, each of lower-case letters and
/// digits with single hyphens.
fn is_check_id(id: &str) -> bool {
    let parts: Vec<&str> = id.split('.').collect();
    let fits = |part: &&str| {
        part.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && part.split('-').all(|word| !word.is_empty())
            && part.starts_with(|c: char| c.is_ascii_lowercase())
    };
    parts.len() == 3 && parts.iter().all(fits) && id.len() <= 100
}

fn check_id(reader: &mut Reader, id: &str, span: &Range<usize>) {
    if !is_check_id(id) {
        reader.error_help(
            span,
            format!("`{id}` is not the id of a check"),
            Some("write area.subject.property in lower case, as tls.protocol.no-legacy".to_owned()),
        );
    }
}

/// The file of a check is named for its id: an error for those that are part of
/// the program, a warning on disk.
fn file_name(reader: &mut Reader, file: &FoundFile, root: &Node, id: &str) {
    let Some((area, rest)) = id.split_once('.') else {
        return;
    };
    let expected = format!("{area}/{rest}.yaml");
    let path = file.source.name.replace('\\', "/");
    if path.ends_with(&format!("/{expected}")) || file.path == expected {
        return;
    }
    let place = reader.place(&root.get("id").map_or(0..0, |id| id.span.clone()));
    let message = format!("the file of the check `{id}` should be named `{expected}`");
    reader.problems.push(if file.embedded {
        Diagnostic::error(place, message)
    } else {
        Diagnostic::warning(place, message)
    });
}

fn logic(reader: &mut Reader, fields: &Fields<'_>) -> Option<Logic> {
    let before = reader.problems.errors();
    let mut text = |key: &str| {
        let found = fields.get(key)?;
        reader.filled(found, key).map(|text| text.value)
    };
    let subjects = text("for").unwrap_or_else(|| "target".to_owned());
    let (when, each, filter, require) =
        (text("when"), text("each"), text("where"), text("require"));
    let mut count = |key: &str| {
        let found = fields.get(key)?;
        reader.count(found, key)
    };
    let (at_most, at_least) = (count("at_most"), count("at_least"));
    let mut lets = BTreeMap::new();
    if let Some(node) = fields.get("let") {
        for (key, value) in reader.entries(node, "let") {
            if let Some(text) = reader.filled(value, &key.text) {
                lets.insert(key.text.clone(), text.value);
            }
        }
    }
    let quantifiers: Vec<&str> = ["require", "at_most", "at_least"]
        .into_iter()
        .filter(|key| fields.get(key).is_some())
        .collect();
    match quantifiers.as_slice() {
        [_] => {}
        [] => reader.error_help(
            &fields.start(),
            "the check demands nothing",
            Some("add one of `require`, `at_most`, `at_least`".to_owned()),
        ),
        several => {
            let span = several
                .iter()
                .filter_map(|key| fields.key(key))
                .map(|key| key.span.clone())
                .max_by_key(|span| span.start)
                .unwrap_or_else(|| fields.start());
            reader.error_help(
                &span,
                format!("a check has one of {}", quantifiers.join(", ")),
                Some("use two checks for two demands".to_owned()),
            );
        }
    }
    (reader.problems.errors() == before).then_some(Logic {
        subjects,
        when,
        lets,
        each,
        filter,
        require,
        at_most,
        at_least,
    })
}

type Params = (BTreeMap<String, ParamDecl>, BTreeMap<String, ParamType>);

fn params(reader: &mut Reader, node: &Node, around: Surroundings<'_>) -> Params {
    let mut decls = BTreeMap::new();
    let mut types = BTreeMap::new();
    for (key, value) in reader.entries(node, "params") {
        let Some(fields) = reader.fields(value, "a parameter", &["type", "default"], &["type"])
        else {
            continue;
        };
        let Some(kind) = reader.text_at(&fields, "type") else {
            continue;
        };
        let parsed = match ParamType::parse(&kind.value) {
            Ok(parsed) => parsed,
            Err(message) => {
                reader.error(&kind.span, message);
                continue;
            }
        };
        types.insert(key.text.clone(), parsed.clone());
        // Without a default, a profile has to set the parameter.
        let default = match fields.get("default") {
            None => Value::Null,
            Some(node) => {
                match param_value(reader, node, &key.text, &parsed, around.facts, around.lists) {
                    Some(value) => value,
                    None => continue,
                }
            }
        };
        decls.insert(
            key.text.clone(),
            ParamDecl {
                kind: kind.value,
                default,
            },
        );
    }
    (decls, types)
}

/// The value of a parameter, its list put in place, of the right type.
pub(super) fn param_value(
    reader: &mut Reader,
    node: &Node,
    name: &str,
    kind: &ParamType,
    facts: &FactSchema,
    lists: &Lists,
) -> Option<Value> {
    let value = match node.get("$list") {
        Some(list) => {
            let text = reader.filled(list, "$list")?;
            match lists.get(&text.value) {
                Some(value) => value.clone(),
                None => {
                    reader.error_help(
                        &list.span,
                        format!("there is no list `{}`", text.value),
                        did_you_mean(&text.value, lists.names()).or_else(|| {
                            Some(format!(
                                "it would be the file checks/lists/{}.yaml",
                                text.value
                            ))
                        }),
                    );
                    return None;
                }
            }
        }
        None => node.to_json(),
    };
    if let Err(message) = kind.check(&value, facts) {
        reader.error(
            &worst(node, kind, facts).unwrap_or_else(|| head(node)),
            format!("`{name}`: {message}"),
        );
        return None;
    }
    Some(value)
}

/// The item of a list that is of the wrong type.
fn worst(node: &Node, kind: &ParamType, facts: &FactSchema) -> Option<Range<usize>> {
    let (Kind::List(items), ParamType::List(item)) = (&node.kind, kind) else {
        return None;
    };
    items
        .iter()
        .find(|node| item.check(&node.to_json(), facts).is_err())
        .map(head)
}

/// Advice by product, or as `text`.
pub(super) fn remediation(
    reader: &mut Reader,
    fields: &Fields<'_>,
) -> Option<BTreeMap<String, String>> {
    let node = fields.get("remediation")?;
    let mut remediation = BTreeMap::new();
    for (key, value) in reader.entries(node, "remediation") {
        if let Some(text) = reader.filled(value, &key.text) {
            remediation.insert(key.text.clone(), text.value);
        }
    }
    if remediation.is_empty() {
        reader.error_help(
            &head(node),
            "`remediation` tells nothing",
            Some("name a product, such as nginx, or `text` for advice that fits all".to_owned()),
        );
    }
    Some(remediation)
}

fn references(reader: &mut Reader, fields: &Fields<'_>) -> Vec<String> {
    let Some(node) = fields.get("references") else {
        return Vec::new();
    };
    let texts = reader.texts(node, "references");
    if texts.is_empty() && matches!(node.kind, Kind::List(_)) {
        reader.error(&node.span, "`references` names nothing");
    }
    texts.into_iter().map(|text| text.value).collect()
}

fn examples(
    reader: &mut Reader,
    fields: &Fields<'_>,
    types: &BTreeMap<String, ParamType>,
    around: Surroundings<'_>,
) -> Vec<Example> {
    let Some(node) = fields.get("examples") else {
        return Vec::new();
    };
    let items = reader.list(node, "examples").unwrap_or_default();
    let examples: Vec<Example> = items
        .iter()
        .filter_map(|item| example(reader, item, types, around))
        .collect();
    if examples.len() == items.len() {
        let key = fields
            .key("examples")
            .map_or_else(|| node.span.clone(), |key| key.span.clone());
        for (verdict, word) in [(Verdict::Pass, "pass"), (Verdict::Fail, "fail")] {
            if !examples.iter().any(|example| example.expect == verdict) {
                reader.error_help(
                    &key,
                    format!("no example expects `{word}`"),
                    Some("examples prove both verdicts".to_owned()),
                );
            }
        }
    }
    examples
}

fn example(
    reader: &mut Reader,
    node: &Node,
    types: &BTreeMap<String, ParamType>,
    around: Surroundings<'_>,
) -> Option<Example> {
    let known = ["name", "given", "params", "as_of", "expect"];
    let fields = reader.fields(node, "an example", &known, &["name", "given", "expect"])?;
    let name = reader.text_at(&fields, "name");
    let given = fields.get("given");
    if let Some(given) = given {
        around.shape.check(reader, given);
    }
    let mut params = BTreeMap::new();
    if let Some(node) = fields.get("params") {
        for (key, value) in reader.entries(node, "params") {
            let Some(kind) = types.get(&key.text) else {
                reader.error_help(
                    &key.span,
                    format!("the check has no parameter `{}`", key.text),
                    did_you_mean(&key.text, types.keys().map(String::as_str)),
                );
                continue;
            };
            if let Some(value) =
                param_value(reader, value, &key.text, kind, around.facts, around.lists)
            {
                params.insert(key.text.clone(), value);
            }
        }
    }
    let as_of = fields
        .get("as_of")
        .and_then(|node| reader.raw(node, "as_of"));
    if let Some(day) = &as_of
        && day.value.parse::<jiff::civil::Date>().is_err()
    {
        reader.error(
            &day.span,
            format!("`{}` is not a date: write YYYY-MM-DD", day.value),
        );
    }
    let expect = fields
        .get("expect")
        .and_then(|node| reader.word(node, "expect", &VERDICTS));
    Some(Example {
        name: name?.value,
        given: given?.to_json(),
        params,
        as_of: as_of.map(|text| text.value),
        expect: expect?,
    })
}

/// Points a fault of the logic at its place in the file.
fn rule_error(source: &Arc<Source>, root: &Node, check: &Check, error: RuleError) -> Diagnostic {
    let logic = &check.logic;
    let (node, text) = match &error.part {
        Part::Subjects => (root.get("for"), Some(&logic.subjects)),
        Part::When => (root.get("when"), logic.when.as_ref()),
        Part::Let(name) => (
            root.get("let").and_then(|lets| lets.get(name)),
            logic.lets.get(name),
        ),
        Part::Each => (root.get("each"), logic.each.as_ref()),
        Part::Filter => (root.get("where"), logic.filter.as_ref()),
        Part::Require => (root.get("require"), logic.require.as_ref()),
        Part::Message => (root.get("message"), Some(&check.message)),
        Part::AtMost => (root.get("at_most"), None),
        Part::AtLeast => (root.get("at_least"), None),
    };
    let span = match (node, text) {
        (Some(node), Some(text)) => span_in_file(source, &node.span, text, &error.span),
        (Some(node), None) => head(node),
        (None, _) => root.get("id").map_or(0..0, |id| id.span.clone()),
    };
    Diagnostic::error(source.place(span), error.message).maybe_help(error.help)
}

/// Values of all parameters: the defaults, and what is set over them.
///
/// # Errors
/// The names of parameters that have no default and are not set.
pub fn effective_params(
    check: &Check,
    set: &BTreeMap<String, Value>,
) -> Result<Map<String, Value>, Vec<String>> {
    let mut missing = Vec::new();
    let mut params = Map::new();
    for (name, decl) in &check.params {
        let value = set.get(name).unwrap_or(&decl.default);
        if value.is_null() {
            missing.push(name.clone());
        }
        params.insert(name.clone(), value.clone());
    }
    if missing.is_empty() {
        Ok(params)
    } else {
        Err(missing)
    }
}
