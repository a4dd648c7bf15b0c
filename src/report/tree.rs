//! Draws a tree as text: a delegation, a chain of trust, the look-ups of a record.

use crate::wire::text::clean;

/// Longest text of a branch, in characters.
const TEXT_CHARS: usize = 300;
/// Branches further down than this are cut off, with a word.
const DEPTH_MAX: usize = 32;

/// A line of the tree, and what hangs on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// The line. It is cleaned when it is drawn.
    pub text: String,
    /// What hangs on it, in order.
    pub below: Vec<Branch>,
}

impl Branch {
    /// A line with nothing on it.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            below: Vec::new(),
        }
    }

    /// The line with branches on it.
    #[must_use]
    pub fn with(mut self, below: impl IntoIterator<Item = Self>) -> Self {
        self.below.extend(below);
        self
    }
}

/// Draws a tree, one line a branch, each with a line end. `ascii`: without box drawing.
pub fn draw(root: &Branch, ascii: bool) -> String {
    let mut out = clean(&root.text, TEXT_CHARS);
    out.push('\n');
    hang(&root.below, "", ascii, DEPTH_MAX, &mut out);
    out
}

fn hang(branches: &[Branch], indent: &str, ascii: bool, depth: usize, out: &mut String) {
    let (tee, corner, bar) = match ascii {
        true => ("+- ", "`- ", "|  "),
        false => ("├─ ", "└─ ", "│  "),
    };
    for (index, branch) in branches.iter().enumerate() {
        let last = index + 1 == branches.len();
        out.push_str(indent);
        out.push_str(if last { corner } else { tee });
        let Some(deeper) = depth.checked_sub(1) else {
            out.push_str("(more below)\n");
            return;
        };
        out.push_str(&clean(&branch.text, TEXT_CHARS));
        out.push('\n');
        let indent = format!("{indent}{}", if last { "   " } else { bar });
        hang(&branch.below, &indent, ascii, deeper, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Branch {
        Branch::new("root").with([
            Branch::new("one").with([Branch::new("a"), Branch::new("b\u{1b}[2J")]),
            Branch::new("two").with([Branch::new("c")]),
        ])
    }

    #[test]
    fn a_tree_is_drawn() {
        assert_eq!(
            draw(&sample(), false),
            "root\n├─ one\n│  ├─ a\n│  └─ b\u{fffd}[2J\n└─ two\n   └─ c\n"
        );
        let plain = draw(&Branch::new("root").with([Branch::new("one")]), true);
        assert_eq!(plain, "root\n`- one\n");
    }

    #[test]
    fn a_deep_tree_ends() {
        let mut deep = Branch::new("leaf");
        for _ in 0..1_000 {
            deep = Branch::new("x").with([deep]);
        }
        let text = draw(&deep, true);
        assert!(text.ends_with("(more below)\n"), "{text}");
        assert_eq!(text.lines().count(), DEPTH_MAX + 2);
    }
}
