//! Where a result stands: services want a line of a file, and ours is the line of
//! the inventory that names the target.

use super::document::{ArtifactLocation, Location, LogicalLocation, PhysicalLocation, Region};
use crate::model::finding::TargetSummary;
use crate::report::wording::line;

/// The place of a target. One that was named on the command line stands in no
/// file; it gets the first line of one that does not exist, named for it.
pub fn of(key: &str, target: Option<&TargetSummary>) -> Location {
    let source = target.and_then(|target| target.source.as_ref());
    let (uri, start_line) = match source {
        Some(source) => (uri(&source.file), source.line.max(1)),
        None => (format!("command-line/{}", encoded(key)), 1),
    };
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri },
            region: Region { start_line },
        },
        logical_locations: [LogicalLocation {
            fully_qualified_name: line(key),
            kind: "resource",
        }],
    }
}

/// The file as the user named it, as a URI reference (RFC 3986): what was
/// relative stays so, and nothing is said of this machine that they did not say.
fn uri(file: &str) -> String {
    let file = file.replace('\\', "/");
    let file = file.trim_start_matches("./");
    let drive = file.get(1..3) == Some(":/") && file.starts_with(|c: char| c.is_ascii_alphabetic());
    match (file.strip_prefix('/'), drive) {
        (Some(rest), _) => format!("file:///{}", encoded(rest.trim_start_matches('/'))),
        (None, true) => format!("file:///{}", encoded(file)),
        (None, false) if file.is_empty() => "inventory".to_owned(),
        (None, false) => encoded(file),
    }
}

/// A path with every byte escaped that a URI does not take in a segment (RFC 3986
/// section 2.1), and the colon, which would make a scheme of a first segment.
fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                encoded.push(char::from(byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn files_become_references() {
        let cases = [
            ("inventory.yaml", "inventory.yaml"),
            ("./lab/my inventory.yaml", "lab/my%20inventory.yaml"),
            ("../up.yaml", "../up.yaml"),
            ("/srv/inventory.yaml", "file:///srv/inventory.yaml"),
            ("C:\\lab\\inv.yaml", "file:///C%3A/lab/inv.yaml"),
            ("a:b.yaml", "a%3Ab.yaml"),
            ("größe.yaml", "gr%C3%B6%C3%9Fe.yaml"),
            ("", "inventory"),
        ];
        for (file, expected) in cases {
            assert_eq!(uri(file), expected, "{file}");
        }
    }
}
