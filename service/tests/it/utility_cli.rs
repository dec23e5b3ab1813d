//! The utility's command line against a service that runs as a process of its own.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chrono::{DateTime, SecondsFormat, TimeDelta, Timelike as _, Utc};
use serde_json::Value;

use crate::running::{self, Setup, eventually, text};

/// A service by the real clock, and the program that calls it.
struct Service(running::Service);

impl Service {
    async fn start() -> Self {
        let utility = "[[utility]]\nname = \"dso-1\"\ntoken = \"token-of-dso-1\"\nsites = [\"campus\"]\n";
        let setup = Setup { speed: None, more: utility.to_owned(), ..Setup::default() };
        let service = Self(running::Service::start_with(&setup).await);
        eventually("the service plans", || ready(service.run(&["flexibility", "campus"]).status.success())).await;
        service
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_as("token-of-dso-1", arguments)
    }

    fn run_as(&self, token: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_headroom"))
            .args(arguments)
            .env("HEADROOM_GRID_API", format!("http://{}", self.0.grpc))
            .env("HEADROOM_UTILITY_TOKEN", token)
            .env("HEADROOM_LOG", "warn")
            .output()
            .unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Writes a file of limits of the campus, in force for the six hours around now.
    fn file(&self, name: &str, revision: i64, import_w: i64) -> PathBuf {
        let path = self.0.path(name);
        let [start, middle, end] = [0, 2, 6].map(|ahead| hour(ahead).to_rfc3339_opts(SecondsFormat::Secs, true));
        let rows = format!(
            "target,programme,revision,start_time,end_time,import_limit_w,reason\n\
             campus,doe,{revision},{start},{middle},{import_w},heat\ncampus,doe,{revision},{middle},{end},90000,heat\n"
        );
        std::fs::write(&path, rows).unwrap();
        path
    }

    fn submit(&self, file: &Path, more: &[&str]) -> Output {
        self.run(&[&["limits", "submit", "--json", "--file", file.to_str().unwrap()], more].concat())
    }

    /// Submits a limit and returns its name.
    fn submitted(&self, revision: i64, import_w: i64) -> String {
        let output = self.submit(&self.file("limits.csv", revision, import_w), &[]);
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        first(&output)["limit"].as_str().unwrap().to_owned()
    }
}

/// The whole hour that now is in, and later ones.
#[expect(clippy::disallowed_methods, reason = "the service runs by the real clock")]
fn hour(ahead: i64) -> DateTime<Utc> {
    Utc::now().with_minute(0).unwrap().with_second(0).unwrap() + TimeDelta::hours(ahead)
}

/// The first limit that `submit` tells of.
fn first(output: &Output) -> Value {
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    told["limits"][0].clone()
}

#[tokio::test]
async fn a_limit_is_submitted_watched_read_back_and_withdrawn() {
    let service = Service::start().await;
    let limit = service.submitted(7, 42_000);
    let listed = service.json(&["limits", "list", "--state", "active", "--target", "campus"]);
    assert_eq!(
        (&listed["limits"][0]["limit"], &listed["limits"][0]["state"]),
        (&limit.as_str().into(), &"ACTIVE".into())
    );
    assert_eq!(
        (&listed["limits"][0]["intervals"], &listed["limits"][0]["lowest_import_w"]),
        (&2.into(), &42_000.into())
    );
    let effective = service.json(&["limits", "effective", "campus", "--from", "now", "--hours", "24"]);
    let now = &effective["intervals"][0];
    assert_eq!((&now["import_limit_w"], &now["import_limit_of"]), (&42_000.into(), &limit.as_str().into()));
    let last = effective["intervals"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["import_limit_w"], &last["import_limit_of"]), (&100_000.into(), &"connection capacity".into()));
    let watched = service.done(&["limits", "watch", "--limit", &limit, "--until", "obeyed", "--json"]);
    let states: Vec<Value> = watched.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(states[0]["state"], "ACCEPTED");
    assert_eq!(states.last().unwrap()["state"], "ACTIVE");
    let short = limit.rsplit('/').next().unwrap();
    let cancelled = service.json(&["limits", "cancel", short, "--reason", "mistake"]);
    assert_eq!(cancelled["limits"][0]["state"], "CANCELLED");
    let after = states.last().unwrap()["sequence"].to_string();
    let ended = service.run(&["limits", "watch", "--limit", short, "--until", "completed", "--after", &after]);
    assert_eq!(ended.status.code(), Some(1), "{}", text(&ended.stderr));
    assert!(text(&ended.stdout).lines().last().unwrap().contains("  CANCELLED  "), "{}", text(&ended.stdout));
    let capacity = service.json(&["limits", "effective", "campus"]);
    assert_eq!(capacity["intervals"][0]["import_limit_of"], "connection capacity");
}

#[tokio::test]
async fn a_dry_run_records_nothing_and_a_repetition_of_a_seed_is_safe() {
    let service = Service::start().await;
    let file = service.file("limits.csv", 7, 42_000);
    let dry = service.submit(&file, &["--dry-run"]);
    assert!(dry.status.success(), "{}", text(&dry.stderr));
    assert_eq!(first(&dry)["outcome"], "would be recorded");
    assert_eq!(service.done(&["limits", "list"]).trim(), "no limits");
    let [once, twice] = [(); 2].map(|()| service.submit(&file, &["--request-id-seed", "monday"]));
    assert!(once.status.success() && twice.status.success(), "{}", text(&twice.stderr));
    assert_eq!(first(&once), first(&twice));
    assert!(text(&once.stderr).contains("1 limit(s) recorded, 0 refused"), "{}", text(&once.stderr));
    let other = service.submit(&service.file("other.csv", 8, 10_000), &["--request-id-seed", "monday"]);
    assert_eq!((other.status.code(), &first(&other)["reason"]), (Some(1), &"REQUEST_ID_REUSED".into()));
}

#[tokio::test]
async fn what_is_refused_says_why_and_the_exit_code_is_1() {
    let service = Service::start().await;
    service.submitted(7, 42_000);
    let stale = service.submit(&service.file("again.csv", 7, 10_000), &[]);
    assert_eq!((stale.status.code(), &first(&stale)["reason"]), (Some(1), &"STALE_REVISION".into()));
    let good = std::fs::read_to_string(service.file("mixed.csv", 8, 10_000)).unwrap();
    let row = good.lines().nth(1).unwrap().replacen("campus", "elsewhere", 1);
    let past = "campus,other,1,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1000,";
    std::fs::write(service.0.path("mixed.csv"), format!("{good}{row}\n{past}\n")).unwrap();
    let mixed = service.submit(&service.0.path("mixed.csv"), &[]);
    assert_eq!(mixed.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&mixed.stdout).unwrap();
    let outcomes: Vec<_> = told["limits"].as_array().unwrap().iter().map(|limit| limit["outcome"].as_str()).collect();
    assert_eq!(outcomes, [Some("recorded"), Some("refused"), Some("refused")], "{told}");
    let remedy = told["limits"][2]["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("line 5, requests[2].limit.intervals[0].end_time: "), "{remedy}");
}

#[tokio::test]
async fn a_file_with_mistakes_is_not_sent_and_all_of_them_are_told_on_stderr() {
    let service = Service::start().await;
    let path = service.0.path("bad.csv");
    std::fs::write(&path, "target,start_time,end_time,import_limit_w\ncampus,noon,night,much\n").unwrap();
    let output = service.submit(&path, &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = text(&output.stderr);
    for mistake in ["line 2, programme: ", "line 2, start_time: ", "line 2, end_time: ", "line 2, import_limit_w: "] {
        assert!(said.contains(mistake), "{said}");
    }
    assert_eq!(service.done(&["limits", "list"]).trim(), "no limits");
}

#[tokio::test]
async fn a_safe_mode_is_stated_shown_and_taken_back_and_a_heartbeat_is_heard() {
    let service = Service::start().await;
    let set = ["limits", "safe-mode", "set", "campus", "--import-limit-w", "5000", "--heartbeat-timeout-s", "120"];
    assert_eq!(service.json(&set)["import_limit_w"], 5000);
    let shown = service.json(&["limits", "safe-mode", "show", "campus"]);
    assert_eq!((&shown["heartbeat_timeout_s"], &shown["minimum_hold_s"]), (&120.into(), &7200.into()));
    let beat = service.json(&["limits", "heartbeat"]);
    assert!(beat["next_due_time"].is_string(), "{beat}");
    let broken = service.run(&["limits", "safe-mode", "set", "campus", "--heartbeat-timeout-s", "5"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stderr).contains("safe_mode.heartbeat_timeout_s: "), "{}", text(&broken.stderr));
    assert!(service.json(&["limits", "safe-mode", "clear", "campus"])["import_limit_w"].is_null());
}

#[tokio::test]
async fn a_forecast_is_shown_and_what_a_limit_would_change_is_not_recorded() {
    let service = Service::start().await;
    let forecast = service.json(&["flexibility", "campus", "--hours", "2", "--resolution", "900"]);
    let steps = forecast["intervals"].as_array().unwrap();
    assert!((7..=9).contains(&steps.len()), "{forecast}");
    assert!(steps.iter().all(|step| step["minimum_import_w"].as_f64() <= step["maximum_import_w"].as_f64()));
    let csv = service.done(&["flexibility", "campus", "--hours", "2", "--csv"]);
    assert!(csv.starts_with("start_time,end_time,baseline_import_w,"), "{csv}");
    let file = service.file("what-if.csv", 7, 1000);
    let impact = service.json(&["flexibility", "--simulate", file.to_str().unwrap()]);
    assert_eq!(impact["limits"][0]["target"], "connectionPoints/campus");
    assert!(impact["limits"][0]["sessions_short_count"].is_u64(), "{impact}");
    assert_eq!(service.done(&["limits", "list"]).trim(), "no limits");
}

#[tokio::test]
async fn a_report_and_telemetry_say_what_was_not_measured() {
    let service = Service::start().await;
    let limit = service.submitted(7, 42_000);
    let report = service.json(&["compliance", "report", "--limit", &limit]);
    assert_eq!((&report["limit"], &report["target"]), (&limit.into(), &"connectionPoints/campus".into()));
    let window = ["compliance", "report", "--target", "campus", "--hours", "1"];
    assert!(service.done(&window).contains("verdict             UNKNOWN"));
    let csv = service.done(&[&window[..], &["--csv"]].concat());
    assert!(csv.starts_with("start_time,end_time,limit_import_w,"), "{csv}");
    let listed = service.done(&["compliance", "list"]);
    assert!(listed.contains("connectionPoints/campus"), "{listed}");
    let from = hour(-1).to_rfc3339_opts(SecondsFormat::Secs, true);
    let telemetry = ["compliance", "telemetry", "campus", "--from", &from, "--samples", "1", "--resolution", "60"];
    let sample = service.json(&telemetry);
    assert_eq!((&sample["quality"], &sample["start_time"]), (&"MISSING".into(), &from.into()));
    let both = service.run(&["compliance", "report", "--limit", "1", "--target", "campus"]);
    assert_eq!(both.status.code(), Some(2));
}

#[tokio::test]
async fn the_audit_is_verified_by_the_utility_and_by_the_operator_and_tampering_shows() {
    let service = Service::start().await;
    service.submitted(7, 42_000);
    let before = service.json(&["audit", "verify"])["chains"][0].clone();
    let (head, count) = (before["head"].as_str().unwrap(), before["count"].to_string());
    service.submitted(8, 41_000);
    let expected = ["audit", "verify", "--expect-head", head, "--expect-count", &count];
    let after = service.json(&expected)["chains"][0].clone();
    assert!(after["count"].as_i64() > before["count"].as_i64(), "{after}");
    let listed = service.json(&["audit", "list"]);
    let entries = listed["entries"].as_array().unwrap();
    assert_eq!((&entries[0]["method"], &entries[0]["result"]), (&"SubmitLimit".into(), &"OK".into()));
    let unseen = service.run(&["audit", "verify", "--expect-head", &"0".repeat(64)]);
    assert_eq!(unseen.status.code(), Some(1), "{}", text(&unseen.stdout));
    let store = service.0.path("headroom.db");
    let verify = ["audit", "verify", "--store", store.to_str().unwrap()];
    let chains = service.json(&verify);
    assert!(chains["chains"].as_array().unwrap().contains(&after), "{chains}");
    tamper(&store).await;
    let tampered = service.run(&verify);
    assert_eq!(tampered.status.code(), Some(1));
    assert!(
        text(&tampered.stderr).contains("dso-1: the audit has been tampered with: entry 1"),
        "{}",
        text(&tampered.stderr)
    );
    assert_eq!(service.run(&["audit", "verify"]).status.code(), Some(1));
}

/// Changes the first entry as someone with the file in his hands could.
async fn tamper(store: &Path) {
    let database = sqlx::SqlitePool::connect(store.to_str().unwrap()).await.unwrap();
    let guards: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'")
            .fetch_all(&database)
            .await
            .unwrap();
    for guard in guards {
        sqlx::query(sqlx::AssertSqlSafe(format!("DROP TRIGGER {guard}"))).execute(&database).await.unwrap();
    }
    let change = "UPDATE audit_entry SET principal = 'nobody' WHERE chain = 'dso-1' AND sequence = 1";
    assert_eq!(sqlx::query(change).execute(&database).await.unwrap().rows_affected(), 1);
    database.close().await;
}

#[tokio::test]
async fn who_may_not_call_and_where_nobody_answers_is_said() {
    let service = Service::start().await;
    let stranger = service.run_as("another-token", &["limits", "list"]);
    assert_eq!(stranger.status.code(), Some(1));
    assert!(text(&stranger.stderr).contains("TOKEN_UNKNOWN"), "{}", text(&stranger.stderr));
    let other = service.run(&["limits", "list", "--utility", "dso-2"]);
    assert!(text(&other.stderr).contains("takes the caller for dso-1, not for dso-2"), "{}", text(&other.stderr));
    let nowhere = service.run(&["limits", "list", "--server", "http://127.0.0.1:1"]);
    assert!(text(&nowhere.stderr).contains("is it running"), "{}", text(&nowhere.stderr));
    let plain = service.run(&["limits", "list", "--cert", "me.pem"]);
    assert!(text(&plain.stderr).contains("begins with https"), "{}", text(&plain.stderr));
    let no_store = service.run(&["audit", "verify", "--store", "/nowhere/headroom.db"]);
    assert!(text(&no_store.stderr).contains("/nowhere/headroom.db is no file"), "{}", text(&no_store.stderr));
}
