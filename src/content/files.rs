//! Files of checks and profiles: those that are part of the program, and those
//! of folders that the user names.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::source::{Source, printable_line};
use super::yaml::Limits;

#[allow(missing_docs)]
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Deepest folder that is looked into, below the one that the user names.
const DEEPEST: usize = 8;
/// Most files of one folder that the user names.
const MOST_FILES: usize = 5_000;

/// A file with its path below the folder that it was found in, such as `tls/protocol.no-legacy.yaml`.
#[derive(Clone, Debug)]
pub struct FoundFile {
    /// Path below the folder, with `/`.
    pub path: String,
    /// Its content.
    pub source: Arc<Source>,
    /// Whether it is part of the program.
    pub embedded: bool,
}

/// The files of a folder (`checks`, `profiles`) that are part of the program, sorted.
pub fn embedded(folder: &str) -> Vec<FoundFile> {
    embedded::FILES
        .iter()
        .filter_map(|(path, text, packed)| {
            let below = path.strip_prefix(folder)?.strip_prefix('/')?;
            Some(FoundFile {
                path: below.to_owned(),
                source: Source::parsed(
                    format!("embedded:{path}"),
                    (*text).to_owned(),
                    Some(packed),
                ),
                embedded: true,
            })
        })
        .collect()
}

/// The YAML files of a folder on disk, or the one file, sorted by path.
/// Symbolic links to folders are not followed.
///
/// # Errors
/// One diagnostic for each file or folder that cannot be read; none of them
/// shows more than its path.
pub fn on_disk(path: &Path, what: &str) -> Result<Vec<FoundFile>, Diagnostics> {
    let meta = fs::metadata(path).map_err(|error| {
        Diagnostic::placeless(format!(
            "the {what} `{}` cannot be read: {}",
            name_of(path),
            reason(&error)
        ))
    })?;
    let mut problems = Diagnostics::default();
    let mut paths: Vec<(String, PathBuf)> = Vec::new();
    if meta.is_dir() {
        walk(path, "", 0, &mut paths, &mut problems);
    } else {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        paths.push((name.unwrap_or_default(), path.to_path_buf()));
    }
    paths.sort();
    let mut found = Vec::new();
    for (below, path) in paths {
        match read(&path, "file", Limits::CONTENT) {
            Ok(source) => found.push(FoundFile {
                path: below,
                source,
                embedded: false,
            }),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(problems)
    }
}

/// A file of the user, UTF-8, within the limits.
///
/// # Errors
/// A file that is missing, is no plain file, is too large or is not UTF-8.
pub fn read(path: &Path, what: &str, limits: Limits) -> Result<Arc<Source>, Diagnostics> {
    let fail = |reason: String| {
        Diagnostics::from(Diagnostic::placeless(format!(
            "the {what} `{}` cannot be read: {reason}",
            name_of(path)
        )))
    };
    let meta = fs::metadata(path).map_err(|error| fail(reason(&error)))?;
    if meta.is_dir() {
        return Err(fail("it is a folder".to_owned()));
    }
    let file = fs::File::open(path).map_err(|error| fail(reason(&error)))?;
    let mut bytes = Vec::new();
    file.take(limits.bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(reason(&error)))?;
    if bytes.len() as u64 > limits.bytes {
        return Err(fail(format!(
            "it is larger than {} KiB, the most that is read",
            limits.bytes / 1024
        )));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(path.display().to_string(), text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error
                .as_bytes()
                .iter()
                .take(at)
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            Err(fail(format!("line {line} is not valid UTF-8")))
        }
    }
}

fn walk(
    folder: &Path,
    below: &str,
    depth: usize,
    paths: &mut Vec<(String, PathBuf)>,
    problems: &mut Diagnostics,
) {
    if depth > DEEPEST || paths.len() >= MOST_FILES {
        problems.push(Diagnostic::placeless(format!(
            "the folder `{}` is too deep or holds too many files (at most {DEEPEST} levels and {MOST_FILES} files)",
            name_of(folder)
        )));
        return;
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(Diagnostic::placeless(format!(
                "the folder `{}` cannot be read: {}",
                name_of(folder),
                reason(&error)
            )));
            return;
        }
    };
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        let below = if below.is_empty() {
            name.clone()
        } else {
            format!("{below}/{name}")
        };
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if path.is_dir() {
            if !is_link {
                walk(&path, &below, depth + 1, paths, problems);
                if paths.len() > MOST_FILES {
                    return;
                }
            }
        } else if name.ends_with(".yaml") || name.ends_with(".yml") {
            paths.push((below, path));
        }
    }
}

fn name_of(path: &Path) -> String {
    printable_line(&path.display().to_string(), 300)
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_files_are_sorted_and_named() {
        let files = embedded("profiles");
        assert!(
            files
                .iter()
                .any(|file| file.path == "guidance/crosswalk.yaml"
                    && file.source.name == "embedded:profiles/guidance/crosswalk.yaml")
        );
        assert!(files.is_sorted_by_key(|file| file.path.clone()));
    }

    #[test]
    fn folders_are_read_sorted_and_without_loops() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("tls/deep")).unwrap();
        for file in [
            "tls/b.yaml",
            "a.yml",
            "tls/deep/c.yaml",
            "x.txt",
            ".hidden.yaml",
        ] {
            fs::write(dir.path().join(file), "a: 1").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), dir.path().join("tls/loop")).unwrap();
        let found = on_disk(dir.path(), "folder").unwrap();
        let paths: Vec<&str> = found.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a.yml", "tls/b.yaml", "tls/deep/c.yaml"]);
    }

    #[test]
    fn what_cannot_be_read_is_said_once() {
        let dir = tempfile::tempdir().unwrap();
        let large = dir.path().join("large.yaml");
        fs::write(&large, vec![b'a'; 300 * 1024]).unwrap();
        let binary = dir.path().join("binary.yaml");
        fs::write(&binary, b"a: 1\nb: \xff\xfe\n").unwrap();
        for (path, words) in [
            (dir.path().join("none"), "there is no such file or folder"),
            (large, "larger than 256 KiB"),
            (binary, "line 2 is not valid UTF-8"),
        ] {
            let problems = on_disk(&path, "folder of checks").unwrap_err();
            assert_eq!(problems.errors(), 1);
            assert!(problems.to_string().contains(words), "{problems}");
        }
    }
}
