//! Lists the files of `checks` and `profiles`, so that they are part of the
//! program, and the editions of the tables that come with crates.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    editions(&root.join("Cargo.lock"))?;
    let mut files = Vec::new();
    for folder in ["checks", "profiles"] {
        println!("cargo:rerun-if-changed={folder}");
        collect(&root.join(folder), folder, &mut files)?;
    }
    files.sort();
    let mut table = String::from(
        "/// Path and content of every file, sorted by path.\npub static FILES: &[(&str, &str)] = &[\n",
    );
    for path in files {
        let _ = writeln!(
            table,
            "    ({path:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?}))),",
            format!("/{path}")
        );
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), table)
}

/// Hands the versions of the crates that carry moving tables to the program.
fn editions(lock: &Path) -> io::Result<()> {
    println!("cargo:rerun-if-changed=Cargo.lock");
    let lock = fs::read_to_string(lock)?;
    for (variable, package) in [
        ("TRUSTED_ROOTS", "webpki-roots"),
        ("PUBLIC_SUFFIXES", "psl"),
    ] {
        let version = lock
            .split("[[package]]")
            .filter_map(|entry| {
                let mut lines = entry.lines().filter_map(|line| line.split_once(" = "));
                let named =
                    lines.any(|(key, value)| key == "name" && value.trim_matches('"') == package);
                named.then(|| lines.find(|(key, _)| *key == "version"))?
            })
            .map(|(_, version)| version.trim_matches('"').to_owned())
            .next()
            .ok_or_else(|| io::Error::other(format!("Cargo.lock does not name {package}")))?;
        println!("cargo:rustc-env=SCRUTINEER_{variable}={package} {version}");
    }
    Ok(())
}

/// Paths of the YAML files below a folder, with `/` on every system.
fn collect(folder: &Path, name: &str, files: &mut Vec<String>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str() else {
            continue;
        };
        let path = format!("{name}/{file_name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &path, files)?;
        } else if file_name.ends_with(".yaml") {
            files.push(path);
        }
    }
    Ok(())
}
