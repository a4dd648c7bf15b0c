//! Files that change at once or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use super::StoreError;

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its owner (0600).
    Private,
    /// Whom the user's mask allows.
    Usual,
}

/// Puts new content in the place of a file. Whoever is killed at any moment
/// leaves the old content or the new one: it is written beside the file,
/// flushed to disk, renamed, and the folder is flushed.
///
/// # Errors
/// When a step fails; then the old content stands.
pub fn replace(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), StoreError> {
    let beside = write_beside(path, bytes, mode)?;
    fs::rename(&beside, path).map_err(|error| StoreError::io(path, "put it in place", &error))?;
    sync_folder(path)
}

/// Writes a file that does not exist yet: all of it or nothing, as [`replace`], where
/// the file system can give a file a second name.
///
/// # Errors
/// When it exists, or a step fails.
pub fn create(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), StoreError> {
    if path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    let beside = write_beside(path, bytes, mode)?;
    // A rename would write over what came meanwhile; a link does not.
    let linked = fs::hard_link(&beside, path);
    let removed = fs::remove_file(&beside);
    match linked {
        Ok(()) => {
            removed.map_err(|error| StoreError::io(&beside, "remove the working copy", &error))?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(path)),
        Err(_) => write_new(path, bytes, mode)?,
    }
    sync_folder(path)
}

/// Reads a file of at most so many bytes; `None` when there is none.
///
/// # Errors
/// When it is larger or cannot be read.
pub fn read(path: &Path, most: usize) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(path, "read it", &error)),
    };
    let mut bytes = Vec::new();
    file.take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| StoreError::io(path, "read it", &error))?;
    if bytes.len() > most {
        return Err(StoreError::new(
            path,
            format!("is larger than {most} bytes"),
        ));
    }
    Ok(Some(bytes))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Writes a whole file beside the one that is meant.
fn write_beside(path: &Path, bytes: &[u8], mode: Mode) -> Result<PathBuf, StoreError> {
    let beside = beside(path);
    // What a killed process left behind; ours is written anew.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::io(
                &beside,
                "remove what a stopped command left",
                &error,
            ));
        }
        _ => {}
    }
    write_new(&beside, bytes, mode)?;
    Ok(beside)
}

fn exists(path: &Path) -> StoreError {
    StoreError::new(path, "exists already, and is not written over")
}

fn write_new(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if mode == Mode::Private {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => StoreError::io(path, "create it", &error),
    })?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| StoreError::io(path, "write it", &error))
}

/// A rename is on disk once its folder is.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| StoreError::io(folder, "flush the folder", &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_replaced_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(read(&path, 10).unwrap(), None);
        replace(&path, b"one", Mode::Private).unwrap();
        // As if a command had been killed before its rename.
        fs::write(beside(&path), b"torn").unwrap();
        replace(&path, b"two", Mode::Private).unwrap();
        assert_eq!(read(&path, 10).unwrap().unwrap(), b"two");
        assert!(read(&path, 2).is_err());
        assert!(create(&path, b"three", Mode::Usual).is_err());
        let other = folder.path().join("b");
        fs::write(beside(&other), b"torn").unwrap();
        create(&other, b"whole", Mode::Private).unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"whole");
        assert!(create(&other, b"again", Mode::Private).is_err());
        fs::remove_file(&other).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
