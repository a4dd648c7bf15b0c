//! Runs the built program.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// The built program, without the colour and width of whoever runs the tests.
pub fn scrutineer() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
    command
        .env_remove("NO_COLOR")
        .env("COLUMNS", "100")
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end and returns exit code, standard output and standard error.
pub fn run(arguments: &[&str]) -> (i32, String, String) {
    ended(scrutineer().args(arguments).output().unwrap())
}

/// The same in a folder.
pub fn run_in(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    ended(
        scrutineer()
            .current_dir(folder)
            .args(arguments)
            .output()
            .unwrap(),
    )
}

fn ended(output: Output) -> (i32, String, String) {
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}
