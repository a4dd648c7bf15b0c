//! The plain paths of `for` and `each`.

use std::ops::Range;
use std::sync::Arc;

use super::Part;
use super::error::nearest;
use super::expr::Absent;
use super::lower::{Lowerer, Named};
use super::schema::Type;

/// Most steps of a path.
const MAX_STEPS: usize = 24;

/// A path whose steps are known to exist.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// Whether it begins at the subject, else at the target.
    pub from_subject: bool,
    pub steps: Vec<Step>,
    /// The path as canonical text.
    pub canonical: String,
}

/// A step into a field and, where it is a list, into its items.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub name: Arc<str>,
    pub absent: Absent,
    pub enter: bool,
    /// The field that identifies the items.
    pub key: Option<Arc<str>>,
}

/// A word of a path, with its place in the text.
struct Word<'t> {
    name: &'t str,
    enter: bool,
    span: Range<usize>,
}

/// Reads the path of `for`, and what `subject` is by it.
pub(super) fn subjects(lowerer: &mut Lowerer<'_>, text: &str) -> Option<(Walk, Named)> {
    let mut words = words(lowerer, Part::Subjects, text)?;
    if words
        .first()
        .is_some_and(|word| word.name == "target" && !word.enter)
    {
        words.remove(0);
    }
    let start = Named::target(lowerer.schema);
    let (walk, named) = resolve(lowerer, Part::Subjects, text, start, &words)?;
    let last = words.last().map_or(0..text.len(), |word| word.span.clone());
    match &named.kind {
        Type::Record(_) => Some((walk, named)),
        Type::List(_) => {
            let help = format!("step into it: {}[]", text.trim());
            let message = "`for` names a list, not its items".to_owned();
            lowerer.report(&(Part::Subjects, last), message, Some(help));
            None
        }
        _ => {
            let help = "name the object that holds it".to_owned();
            let message = "a subject must be an object".to_owned();
            lowerer.report(&(Part::Subjects, last), message, Some(help));
            None
        }
    }
}

/// Reads the path of `each`, and what `item` is by it.
pub(super) fn items(lowerer: &mut Lowerer<'_>, text: &str) -> Option<(Walk, Named)> {
    let mut words = words(lowerer, Part::Each, text)?;
    let first = words.first()?;
    let from_subject = first.name == "subject";
    if !(from_subject || first.name == "target") || first.enter || words.len() < 2 {
        let help = format!("write subject.{text}");
        let message = "`each` is a path below `subject` or `target`".to_owned();
        lowerer.report(&(Part::Each, first.span.clone()), message, Some(help));
        return None;
    }
    let start = if from_subject {
        lowerer.subject.clone()?
    } else {
        Named::target(lowerer.schema)
    };
    words.remove(0);
    // The items of the last list, whether or not `[]` is written.
    if let Some(last) = words.last_mut() {
        last.enter = true;
    }
    let (mut walk, mut named) = resolve(lowerer, Part::Each, text, start, &words)?;
    walk.from_subject = from_subject;
    walk.canonical = format!(
        "{}.{}",
        if from_subject { "subject" } else { "target" },
        walk.canonical
    );
    if !matches!(named.kind, Type::Record(_) | Type::Text(_)) {
        let last = words.last().map_or(0..text.len(), |word| word.span.clone());
        let message = "items must be objects or text".to_owned();
        lowerer.report(&(Part::Each, last), message, None);
        return None;
    }
    named.var = super::expr::Var::Item;
    named.key = "item".to_owned();
    Some((walk, named))
}

fn words<'t>(lowerer: &mut Lowerer<'_>, part: Part, text: &'t str) -> Option<Vec<Word<'t>>> {
    let mut words = Vec::new();
    let mut at = text.len() - text.trim_start().len();
    for piece in text.trim().split('.') {
        let span = at..at + piece.len();
        at = span.end + 1;
        let (name, enter) = match piece.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (piece, false),
        };
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain || words.len() >= MAX_STEPS {
            let message = format!("`{}` must be a plain path", part.key());
            let help = "names joined by dots, `[]` steps into a list: tls.endpoints[]; use `where` to choose";
            lowerer.report(&(part, span), message, Some(help.to_owned()));
            return None;
        }
        words.push(Word { name, enter, span });
    }
    Some(words)
}

fn resolve(
    lowerer: &mut Lowerer<'_>,
    part: Part,
    text: &str,
    start: Named,
    words: &[Word<'_>],
) -> Option<(Walk, Named)> {
    let mut here = start;
    let mut steps = Vec::new();
    let mut entered = false;
    for (index, word) in words.iter().enumerate() {
        let place = (part.clone(), word.span.clone());
        let Type::Record(record) = here.kind.clone() else {
            let help = matches!(here.kind, Type::List(_)).then(|| {
                let before = text.get(..word.span.start.saturating_sub(1));
                format!("step into the list: {}[]", before.unwrap_or_default())
            });
            let message = format!("`{}` lies below no object", word.name);
            lowerer.report(&place, message, help);
            return None;
        };
        let Some(slot) = record.fields.get(word.name).cloned() else {
            let help = match nearest(word.name, record.fields.keys()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "there are {}",
                    record.fields.keys().cloned().collect::<Vec<_>>().join(", ")
                ),
            };
            let message = format!("there is no fact `{}`", word.name);
            lowerer.report(&place, message, Some(help));
            return None;
        };
        let fact = here
            .fact
            .as_ref()
            .map(|fact| fact.field(word.name, &slot))?;
        let absent = lowerer.absent(&fact, &slot);
        let key = format!("{}.{}", here.key, word.name);
        // In `for`, and below a list, null means that there is nothing here.
        if part == Part::Each && slot.nullable && !entered && !lowerer.guards.contains(&key) {
            let so_far = text.get(..word.span.end).unwrap_or_default().trim();
            let so_far = so_far.strip_suffix("[]").unwrap_or(so_far);
            let message = format!("`{so_far}` may be null: looked for and not there");
            let help = format!("say in `when` that it is there: has({so_far})");
            lowerer.report(&place, message, Some(help));
            return None;
        }
        let mut step = Step {
            name: word.name.into(),
            absent,
            enter: word.enter,
            key: None,
        };
        here = Named {
            kind: slot.kind.clone(),
            nullable: false,
            key,
            fact: Some(fact.clone()),
            ..here
        };
        if word.enter {
            let Type::List(list) = &slot.kind else {
                let message = format!("`{}` is no list", word.name);
                let help = match (part.clone(), index + 1 == words.len()) {
                    (Part::Each, true) => "`each` must end at a list".to_owned(),
                    _ => format!("leave out `[]`: {}", word.name),
                };
                lowerer.report(&place, message, Some(help));
                return None;
            };
            step.key = list.key.as_deref().map(Into::into);
            let item = fact.item(&list.item);
            lowerer.paths.add(&item);
            entered = true;
            here.kind = list.item.kind.clone();
            here.key = "subject".to_owned();
            here.fact = Some(item);
        }
        steps.push(step);
    }
    here.var = super::expr::Var::Subject;
    let canonical = words
        .iter()
        .map(|word| match word.enter {
            true => format!("{}[]", word.name),
            false => word.name.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(".");
    let walk = Walk {
        from_subject: false,
        steps,
        canonical: if canonical.is_empty() {
            "target".to_owned()
        } else {
            canonical
        },
    };
    Some((walk, here))
}
