//! Markdown that reads the same in a browser, on a code host and as plain text.

/// Text that cannot begin or end anything in Markdown or HTML: of a paragraph or a cell.
pub fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    for character in text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
    {
        match character {
            '`' => {
                in_code = !in_code;
                out.push(character);
            }
            '|' => out.push_str("\\|"),
            '<' if !in_code => out.push_str("&lt;"),
            '>' if !in_code => out.push_str("&gt;"),
            '*' | '_' if !in_code => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}

/// A word in code type.
pub fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// Lines as they are, in a fence that they cannot close.
pub(super) fn fence(language: &str, text: &str) -> String {
    let longest = text
        .lines()
        .map(|line| line.chars().take_while(|c| *c == '`').count())
        .max()
        .unwrap_or(0);
    let ticks = "`".repeat(longest.saturating_add(1).max(3));
    format!("{ticks}{language}\n{}\n{ticks}\n", text.trim_end())
}

/// A table; empty where it has no row.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let mut out = line(&mut header.iter().copied());
    out += &line(&mut header.iter().map(|_| "---"));
    for row in rows {
        out += &line(&mut row.iter().map(String::as_str));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_in_its_cell() {
        assert_eq!(
            cell("a | <b>\n *c* `x<y>_|`"),
            "a \\| &lt;b&gt; \\*c\\* `x<y>_\\|`"
        );
    }

    #[test]
    fn a_fence_cannot_be_closed_from_inside() {
        assert_eq!(fence("sh", "a\n````\n"), "`````sh\na\n````\n`````\n");
    }
}
