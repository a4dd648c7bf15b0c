//! Folders, limits and the terminal.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{Console, Finding};
use crate::store::usual_folder;

/// Open files below which a scan of many targets can run dry.
const FILES_WANTED: u64 = 256;
/// Columns below which findings are hard to read.
const NARROW: u16 = 60;
/// Variables that other programs take a proxy from.
const PROXIES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// Looks at this machine.
pub(super) fn look(state: Option<&Path>, console: &Console) -> Vec<Finding> {
    let mut findings = Vec::new();
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(name) = PROXIES.iter().find(|name| set(name)) {
        findings.push(Finding::warning(
            "proxy",
            format!("{name} is set, and scans do not use it"),
            "a scan connects to targets directly: run it where that is allowed",
        ));
    }
    findings.push(state_folder(
        state.map(Path::to_owned).or_else(usual_folder),
    ));
    findings.push(working_folder());
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    findings.extend(open_files(&limits));
    findings.push(terminal(console));
    findings
}

fn state_folder(folder: Option<PathBuf>) -> Finding {
    let Some(folder) = folder else {
        return Finding::warning(
            "state",
            "there is no home folder to remember exchanges in",
            "give --state DIR to commands of exchanges, or set HOME",
        );
    };
    let shown = folder.display();
    let Ok(about) = fs::metadata(&folder) else {
        let parent = folder.ancestors().skip(1).find(|parent| parent.is_dir());
        return match parent.map(writable) {
            Some(Ok(())) => Finding::ok("state", format!("{shown} will be made when it is needed")),
            _ => Finding::warning(
                "state",
                format!("{shown} is not there and cannot be made"),
                "give --state DIR to commands of exchanges, or mend the rights of the folder above",
            ),
        };
    };
    if !about.is_dir() {
        let advice = "move it away, or give --state DIR to commands of exchanges";
        return Finding::warning("state", format!("{shown} is not a folder"), advice);
    }
    if let Err(error) = writable(&folder) {
        let advice = "it belongs to whoever runs scrutineer: chown and chmod 700";
        return Finding::warning(
            "state",
            format!("{shown} cannot be written: {error}"),
            advice,
        );
    }
    match open_to_others(&about) {
        true => Finding::warning(
            "state",
            format!("{shown} can be read by others on this machine"),
            format!("chmod 700 {shown}"),
        ),
        false => Finding::ok("state", format!("{shown}, for its owner alone")),
    }
}

#[cfg(unix)]
fn open_to_others(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &fs::Metadata) -> bool {
    false
}

/// Whether a file can be made in a folder; it is taken away at once.
fn writable(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".scrutineer-doctor-{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    fs::remove_file(path)
}

fn working_folder() -> Finding {
    match writable(Path::new(".")) {
        Ok(()) => Finding::ok("folder", "runs can be saved in the current folder"),
        Err(error) => Finding::warning(
            "folder",
            format!("nothing can be saved in the current folder: {error}"),
            "go to another one, or give --save and --out a full path",
        ),
    }
}

/// What the system says of open files, where it says something (proc(5)).
fn open_files(limits: &str) -> Option<Finding> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let most: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(match most < FILES_WANTED {
        true => Finding::warning(
            "files",
            format!("at most {most} files and connections may be open"),
            "ulimit -n 1024",
        ),
        false => Finding::ok("files", format!("{most} files and connections may be open")),
    })
}

fn terminal(console: &Console) -> Finding {
    if !console.out_is_terminal {
        return Finding::ok(
            "terminal",
            format!("none: plain text without colour, {} columns", console.width),
        );
    }
    let colour = if console.colour {
        "colour"
    } else {
        "no colour"
    };
    let letters = if console.ascii { "ASCII" } else { "UTF-8" };
    let found = format!("{} columns, {colour}, {letters}", console.width);
    if console.width < NARROW {
        let advice =
            format!("make it {NARROW} columns or wider: commands to paste are never broken");
        return Finding::warning("terminal", found, advice);
    }
    if console.ascii {
        let advice = "set LANG to a locale of UTF-8 (C.UTF-8), if the terminal can show it";
        return Finding::warning("terminal", found, advice);
    }
    Finding::ok("terminal", found)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn too_few_open_files_are_told() {
        let limits = |most| {
            format!("Limit  Soft  Hard  Units\nMax open files            {most}  4096  files\n")
        };
        assert_eq!(open_files(&limits("64")).unwrap().state, State::Warning);
        assert_eq!(open_files(&limits("1024")).unwrap().state, State::Ok);
        assert_eq!(open_files(""), None);
    }

    #[test]
    fn the_state_folder_is_looked_at_and_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("scrutineer");
        let state = |folder: &Path| state_folder(Some(folder.to_owned()));
        assert_eq!(state(&folder).state, State::Ok);
        assert!(!folder.exists());
        fs::create_dir(&folder).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode =
                |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            mode(0o755);
            assert_eq!(state(&folder).state, State::Warning);
            mode(0o700);
            assert_eq!(state(&folder).state, State::Ok);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(&folder).unwrap();
        fs::write(&folder, "").unwrap();
        assert!(state(&folder).found.contains("is not a folder"));
        assert_eq!(state_folder(None).state, State::Warning);
    }
}
