//! What is wrong with a file, shown at its place.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::{fmt, ops::Range, sync::Arc};

use super::source::{Place, Source, printable, printable_line};

/// Most diagnostics that are kept of one load; more do not help anybody.
const MOST: usize = 100;
/// Longest message, in characters.
const LONGEST: usize = 600;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing.
    Note,
    /// Probably not what was meant.
    Warning,
    /// The file cannot be used.
    Error,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it weighs.
    pub weight: Weight,
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// Where; `None` when there is no file to show.
    pub place: Option<Place>,
    /// What stands under the caret; may be empty.
    pub label: String,
    /// Other places that matter, each with what it shows.
    pub also: Vec<(Place, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(place: Place, message: impl Into<String>) -> Self {
        Self {
            weight: Weight::Error,
            message: message.into(),
            place: Some(place),
            label: String::new(),
            also: Vec::new(),
            help: None,
        }
    }

    /// A warning at a place.
    pub fn warning(place: Place, message: impl Into<String>) -> Self {
        Self {
            weight: Weight::Warning,
            ..Self::error(place, message)
        }
    }

    /// An error without a file to show, such as one that cannot be read.
    pub fn placeless(message: impl Into<String>) -> Self {
        Self {
            weight: Weight::Error,
            message: message.into(),
            place: None,
            label: String::new(),
            also: Vec::new(),
            help: None,
        }
    }

    /// Adds what stands under the caret.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what to do, if there is something.
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Adds another place.
    pub fn also(mut self, place: Place, what: impl Into<String>) -> Self {
        self.also.push((place, what.into()));
        self
    }

    /// The diagnostic with file, line, column, the line itself and a caret.
    pub fn render(&self, color: bool, width: usize) -> String {
        let level = match self.weight {
            Weight::Note => Level::NOTE,
            Weight::Warning => Level::WARNING,
            Weight::Error => Level::ERROR,
        };
        let mut group =
            Group::with_title(level.primary_title(printable_line(&self.message, LONGEST)));
        if let Some(place) = &self.place {
            group = group.element(snippet(place, &self.label, AnnotationKind::Primary));
        }
        for (place, what) in &self.also {
            group = group.element(snippet(place, what, AnnotationKind::Context));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(printable(help)));
        }
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.term_width(width.max(40)).render(&[group])
    }
}

/// `file:line:column: message`, on one line.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{}: ", place.words())?;
        }
        f.write_str(&printable_line(&self.message, LONGEST))?;
        if let Some(help) = &self.help {
            write!(f, " ({})", printable_line(help, LONGEST))?;
        }
        Ok(())
    }
}

/// The lines of a place, at most three, with carets under it.
fn snippet(
    place: &Place,
    label: &str,
    kind: AnnotationKind,
) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
    let (window, first, span) = window(&place.source, &place.span);
    let mut annotation = kind.span(span);
    if !label.is_empty() {
        annotation = annotation.label(printable_line(label, LONGEST));
    }
    Snippet::source(window)
        .line_start(first)
        .path(printable_line(&place.source.name, 300))
        .annotation(annotation)
}

/// The printable text of the lines around a span, the number of its first
/// line, and the span within it.
fn window(source: &Arc<Source>, span: &Range<usize>) -> (String, usize, Range<usize>) {
    let start = source.floor(span.start);
    let (first, _) = source.position(start);
    let end = source.floor(span.end.max(start));
    let (last, _) = source.position(end.max(start + 1) - 1);
    let last = last.clamp(first, first + 2);
    let lines = source.line(first).start..source.line(last).end;
    let text = source
        .text
        .get(lines.clone())
        .map(printable)
        .unwrap_or_default();
    let from = start.saturating_sub(lines.start).min(text.len());
    let to = end.saturating_sub(lines.start).clamp(from, text.len());
    (text, first, from..to)
}

/// All that is wrong, in the order in which it was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    left_out: usize,
}

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < MOST {
            self.list.push(diagnostic);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Self) {
        self.left_out += other.left_out;
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// All but those of one weight.
    pub fn without(mut self, weight: Weight) -> Self {
        self.list.retain(|one| one.weight != weight);
        self
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether something cannot be used.
    pub fn has_errors(&self) -> bool {
        self.left_out > 0 || self.errors() > 0
    }

    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.count(Weight::Error)
    }

    /// Number of warnings.
    pub fn warnings(&self) -> usize {
        self.count(Weight::Warning)
    }

    fn count(&self, weight: Weight) -> usize {
        self.list.iter().filter(|d| d.weight == weight).count()
    }

    /// Each one.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Sorts by file and place, those without a place first, and drops repetitions.
    pub fn sort(&mut self) {
        let key = |d: &Diagnostic| {
            d.place
                .as_ref()
                .map(|place| (place.source.name.clone(), place.span.start))
        };
        self.list.sort_by_key(key);
        self.list.dedup();
    }

    /// Every one with file, line, column, the line itself and a caret, with an
    /// empty line between.
    pub fn render(&self, color: bool, width: usize) -> String {
        let mut out: Vec<String> = self.list.iter().map(|d| d.render(color, width)).collect();
        if self.left_out > 0 {
            out.push(format!("and {} more", self.left_out));
        }
        out.join("\n\n")
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            list: vec![diagnostic],
            left_out: 0,
        }
    }
}

/// One line for each.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        if self.left_out > 0 {
            write!(f, "\nand {} more", self.left_out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// `did you mean ...`, when a known word is close to the one given.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(given, known).map(|word| format!("did you mean `{word}`?"))
}

/// The known word that is closest to the one given, if one is close.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given: String = given.chars().take(100).collect();
    let wanted = given.to_lowercase();
    known
        .into_iter()
        .map(|word| {
            let distance = strsim::damerau_levenshtein(&wanted, &word.to_lowercase());
            (distance, word)
        })
        .filter(|(distance, word)| {
            *distance <= (word.chars().count().min(wanted.chars().count()) / 3).clamp(1, 4)
                || (wanted.len() >= 4 && word.to_lowercase().contains(&wanted))
        })
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_shows_line_column_and_caret() {
        let source = Source::new("checks/x.yaml", "id: a\nseverety: high\n");
        let shown = Diagnostic::error(source.place(6..14), "unknown key `severety`")
            .label("not a key of a check")
            .help("did you mean `severity`?")
            .render(false, 80);
        assert!(shown.contains("checks/x.yaml:2:1"), "{shown}");
        assert!(shown.contains("2 | severety: high"), "{shown}");
        assert!(shown.contains("^^^^^^^^ not a key of a check"), "{shown}");
        assert!(shown.contains("did you mean `severity`?"), "{shown}");
        assert!(!shown.contains('\u{1b}'));
    }

    #[test]
    fn escape_sequences_of_a_file_do_not_reach_the_terminal() {
        let source = Source::new("a\u{1b}]0;x\u{7}.yaml", "id: \u{1b}[2J\u{202e}x\n");
        let shown = Diagnostic::error(source.place(4..12), "bad \u{1b}[31m")
            .help("\u{9b}1m")
            .render(false, 80);
        assert!(
            shown.chars().all(|c| c == '\n' || !c.is_control()),
            "{shown:?}"
        );
        assert!(!shown.contains('\u{202e}'));
    }

    #[test]
    fn places_outside_the_text_do_not_panic() {
        let source = Source::new("x", "ü");
        for span in [0..99, 1..1, 5..9, 2..2, 1..2, 9..11] {
            assert!(
                !Diagnostic::error(source.place(span), "m")
                    .render(true, 0)
                    .is_empty()
            );
        }
        let empty = Source::new("x", "");
        assert!(
            !Diagnostic::error(empty.place(0..0), "m")
                .render(false, 80)
                .is_empty()
        );
    }

    #[test]
    fn suggestions_are_close_or_none() {
        let known = ["severity", "title", "at_most", "at_least"];
        assert_eq!(nearest("severety", known), Some("severity"));
        assert_eq!(nearest("atmost", known), Some("at_most"));
        assert_eq!(nearest("Title", known), Some("title"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
