//! Breaks text into lines of a given width, so that tables keep their shape.
//!
//! The table library cuts a long word in the middle of a line that has other
//! words, and drops the indentation of lines that it breaks. Lines that fit it
//! leaves alone, so text is broken here first.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Breaks text at spaces, and words that are wider than a whole line anywhere.
/// Line ends in the text stay, and so does the indentation of each line. Where
/// the text has several lines, what is broken goes on further in, so that one
/// sees where lines begin; a comment goes on as a comment, so that
/// configuration can be copied.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let several = text.trim_end().contains('\n');
    let mut lines = Vec::new();
    for line in text.lines() {
        let body = line.trim_start_matches(' ');
        let indent = line.len().saturating_sub(body.len()).min(width / 4);
        let start = " ".repeat(indent);
        let next = match (several, body.starts_with("# ")) {
            (false, _) => start.clone(),
            (true, false) => format!("{start}  "),
            (true, true) => format!("{start}# "),
        };
        wrap_line(body.trim_end(), start, &next, width, &mut lines);
    }
    lines
}

fn wrap_line(body: &str, start: String, next: &str, width: usize, lines: &mut Vec<String>) {
    let mut used = start.len();
    let mut line = start;
    let mut empty = true;
    for word in body.split(' ').filter(|word| !word.is_empty()) {
        let needed = word.width();
        if !empty && used + 1 + needed > width {
            lines.push(std::mem::replace(&mut line, next.to_owned()));
            used = next.len();
            empty = true;
        }
        if !empty {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            let own = c.width().unwrap_or(0);
            if used + own > width {
                lines.push(std::mem::replace(&mut line, next.to_owned()));
                used = next.len();
            }
            line.push(c);
            used += own;
        }
        empty = false;
    }
    lines.push(line);
}

/// Breaks a shell command at spaces outside of quotes, each line but the last
/// ending in ` \`, so that it can be copied as it stands. A word that is wider
/// than a line is left whole.
pub fn wrap_command(command: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in shell_words(command) {
        if !line.is_empty() && line.width() + 1 + word.width() + 2 > width {
            lines.push(format!("{line} \\"));
            line = "  ".to_owned();
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The words of a command; what stands in quotes or after a backslash stays together.
fn shell_words(command: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    let mut start = 0;
    for (at, c) in command.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => {
                words.extend(command.get(start..at));
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    words.extend(command.get(start..));
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_broken_at_spaces() {
        let cases: &[(&str, usize, &[&str])] = &[
            ("", 10, &[]),
            ("one", 10, &["one"]),
            ("one two three", 7, &["one two", "three"]),
            ("a\n\nb", 10, &["a", "", "b"]),
            ("  add_header X;\n}", 12, &["  add_header", "    X;", "}"]),
            (
                "# say it once more\nserver_tokens off;",
                12,
                &["# say it", "# once more", "server_token", "  s off;"],
            ),
            (
                "see https://vote.example/long",
                10,
                &["see", "https://vo", "te.example", "/long"],
            ),
            ("選挙管理委員会", 9, &["選挙管理", "委員会"]),
            ("many    spaces", 20, &["many spaces"]),
        ];
        for (text, width, expected) in cases {
            assert_eq!(wrap(text, *width), *expected, "{text:?} at {width}");
        }
    }

    #[test]
    fn commands_stay_commands() {
        let cases: &[(&str, usize, &[&str])] = &[
            ("dig CAA vote.example", 40, &["dig CAA vote.example"]),
            (
                "curl -s https://vote.example/register | grep -i '<form id'",
                40,
                &[
                    "curl -s https://vote.example/register \\",
                    "  | grep -i '<form id'",
                ],
            ),
            (
                r#"echo "it is \" one word" and\ this too"#,
                12,
                &[
                    "echo \\",
                    r#"  "it is \" one word" \"#,
                    r"  and\ this \",
                    "  too",
                ],
            ),
            ("x 'never closed word", 8, &["x \\", "  'never closed word"]),
        ];
        for (command, width, expected) in cases {
            assert_eq!(wrap_command(command, *width), *expected, "{command}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_word_is_lost(text in "[ a-z\u{4e00}-\u{4e10}\u{0301}\n]{0,200}", width in 8usize..60) {
            let lines = wrap(&text, width);
            for line in &lines {
                prop_assert!(line.width() <= width, "{line:?}");
            }
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.join("")), letters(&text));
        }
    }
}
