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

#[cfg(feature = "simulate")]
mod analysts {
    use super::*;

    fn done(arguments: &[&str]) -> Output {
        let output = headroom(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        output
    }

    #[test]
    fn sessions_are_made_fitted_simulated_and_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (sessions, parameters, again) = (path("sessions.parquet"), path("home.toml"), path("again.parquet"));
        let days = ["--sites", "3", "--evses", "10", "--from", "2025-03-03", "--days", "28"];
        done(&[&["datasets", "generate", "--kind", "home", "--out", &sessions][..], &days].concat());
        let frame = ["--kind", "home", "--time-zone", "Europe/Oslo", "--maximum-kw", "7.2"];
        let fit = ["datasets", "fit", &sessions, "--format", "generic-parquet", "-o", &parameters];
        done(&[&fit[..], &frame].concat());
        assert!(std::fs::read_to_string(&parameters).unwrap().contains("kind = \"home\""));
        done(&[&["datasets", "generate", "--parameters", &parameters, "--out", &again][..], &days].concat());
        assert_ne!(std::fs::read(&sessions).unwrap(), std::fs::read(&again).unwrap());
        let manifest = r#"
name = "homes"
strategies = ["uncontrolled", "edf", "optimized"]
[[scenario]]
name = "homes"
sessions = "sessions.parquet"
format = "generic-parquet"
from = "2025-03-04"
to = "2025-03-04"
limit_share = 0.5
"#;
        std::fs::write(path("study.toml"), manifest).unwrap();
        let (study, out) = (path("study.toml"), path("out"));
        done(&["simulate", "--manifest", &study, "--out", &out]);
        let report = done(&["report", &out]);
        let page = std::fs::read_to_string(text(&report.stdout).trim()).unwrap();
        assert!(page.contains("1 connection point with 3 circuits") && page.contains("optimized costs"), "{page}");
        assert!(page.len() < 1_000_000, "{} bytes", page.len());
        assert!(
            folder.path().join("out/results.parquet").is_file() && folder.path().join("out/nodes.parquet").is_file()
        );
    }

    #[test]
    fn signals_are_taken_in_with_a_report() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let rows = "time,load_kw\n2025-03-03T00:00:00Z,1.5\n2025-03-03T00:15:00Z,\n2025-03-03T00:30:00Z,2.5\nnever,1\n";
        std::fs::write(path("load.csv"), rows).unwrap();
        let (file, out, report) = (path("load.csv"), path("load.parquet"), path("report.json"));
        let taken = ["datasets", "import", &file, "--signals", "generic-csv", "--out", &out, "--report", &report];
        let said = text(&done(&taken).stdout);
        assert!(said.contains("load in kW: 3 rows") && said.contains("1 without value"), "{said}");
        assert!(Path::new(&out).is_file());
        let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
        assert_eq!((report["rows"].as_u64(), report["accepted"].as_u64()), (Some(4), Some(3)));
        let both = headroom(&["datasets", "import", &file, "--out", &out]);
        assert_eq!(both.status.code(), Some(2), "{}", text(&both.stderr));
        let unknown = headroom(&["datasets", "import", &file, "--signals", "nothing", "--out", &out]);
        assert!(text(&unknown.stderr).contains("is not shipped; there are `aep`"), "{}", text(&unknown.stderr));
    }
}
