//! Lists the files of `checks` and `profiles` and parses them, so that they are
//! part of the program and need not be parsed whenever it starts, and the
//! editions of the tables that come with crates.

#[allow(dead_code)]
#[path = "src/content/yaml/node.rs"]
mod node;
#[path = "src/content/yaml/packed.rs"]
mod packed;

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
    for folder in ["checks", "clients", "profiles"] {
        println!("cargo:rerun-if-changed={folder}");
        collect(&root.join(folder), folder, &mut files)?;
    }
    files.sort();
    println!("cargo:rerun-if-changed=src/content/yaml");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut table = String::from(
        "/// Path, content and parsed content of every file, sorted by path.\npub static FILES: &[(&str, &str, &[u8])] = &[\n",
    );
    for (number, path) in files.iter().enumerate() {
        let text = fs::read_to_string(root.join(path))?;
        // What is wrong with a file is told where it is read: nothing is packed then.
        let packed = node::read(&text, node::Limits::CONTENT)
            .map(|tree| packed::pack(&tree, &text))
            .unwrap_or_default();
        fs::write(out.join(format!("{number}.packed")), packed)?;
        let _ = writeln!(
            table,
            "    ({path:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?})), include_bytes!(\"{number}.packed\")),",
            format!("/{path}")
        );
    }
    table.push_str("];\n");
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
