//! The command line: what it answers, where, and with which exit code.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs `headroom`.
fn headroom(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_headroom")).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn first_case() -> PathBuf {
    let mut cases: Vec<_> =
        std::fs::read_dir(root().join("optimizer/cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    cases.sort();
    cases.swap_remove(0)
}

#[test]
fn the_example_configuration_is_good() {
    let example = root().join("deploy/headroom.example.toml");
    let output = headroom(&["check-config", example.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("is good"));
}

#[test]
fn a_missing_configuration_fails_and_says_so_on_stderr() {
    let output = headroom(&["check-config", "/nowhere/headroom.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty() && text(&output.stderr).contains("/nowhere/headroom.toml"));
}

#[test]
fn wrong_usage_has_a_code_of_its_own() {
    assert_eq!(headroom(&["plan"]).status.code(), Some(2));
}

#[test]
fn a_saved_problem_is_solved_as_a_table_and_as_json() {
    let case = first_case();
    let table = headroom(&["plan", case.to_str().unwrap()]);
    assert!(table.status.success(), "{}", text(&table.stderr));
    let json = headroom(&["plan", case.to_str().unwrap(), "--output", "json"]);
    let schedule: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(schedule["sessions"].is_array());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_mistake() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headroom"));
    let mut child = command.args(["plan", first_case().to_str().unwrap()]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_problem_with_a_mistake_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("problem.json");
    let broken = std::fs::read_to_string(first_case()).unwrap().replacen("\"sessions\"", "\"sesions\"", 1);
    std::fs::write(&path, broken).unwrap();
    let output = headroom(&["plan", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("sesions"), "{}", text(&output.stderr));
}
