use chrono::{DateTime, Utc};
use headroom_domain::ids::SessionId;
use headroom_domain::units::Power;
use parking_lot::Mutex;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

use super::flush::{WriteError, Writer};
use super::*;

/// What the fake server does with the next batches.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Mood {
    #[default]
    Well,
    Away,
    Refusing,
    Silent,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<FakeState>>);

#[derive(Default)]
struct FakeState {
    mood: Mood,
    batches: Vec<Vec<i64>>,
    attempts: usize,
}

impl Fake {
    fn become_(&self, mood: Mood) {
        self.0.lock().mood = mood;
    }

    fn batches(&self) -> Vec<Vec<i64>> {
        self.0.lock().batches.clone()
    }

    fn taken(&self) -> Vec<i64> {
        self.batches().concat()
    }

    fn attempts(&self) -> usize {
        self.0.lock().attempts
    }
}

impl Writer for Fake {
    async fn write(&self, batch: &[Point]) -> Result<(), WriteError> {
        let mood = {
            let mut state = self.0.lock();
            state.attempts += 1;
            if state.mood == Mood::Well {
                state.batches.push(batch.iter().map(|point| point.at.timestamp()).collect());
            }
            state.mood
        };
        match mood {
            Mood::Well => Ok(()),
            Mood::Away => Err(WriteError::Away("connection refused".to_owned())),
            Mood::Refusing => Err(WriteError::Refused("status 400: no such field".to_owned())),
            Mood::Silent => std::future::pending().await,
        }
    }
}

fn pace() -> Pace {
    Pace { queue_points: 10, batch_points: 4, ..Pace::default() }
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn point(second: i64) -> Point {
    Point::site(at(second), "site-a", SiteReadings { load: Some(Power::from_w(1000.0)), ..SiteReadings::default() })
}

fn record(telemetry: &Telemetry, seconds: std::ops::Range<i64>) {
    seconds.for_each(|second| telemetry.record(point(second)));
}

#[tokio::test(start_paused = true)]
async fn points_go_out_together_once_they_are_old_enough() {
    let server = Fake::default();
    let (telemetry, _task) = start_with(server.clone(), pace());
    record(&telemetry, 0..3);
    sleep(Duration::from_millis(900)).await;
    assert_eq!(server.attempts(), 0);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(server.batches(), [[0, 1, 2]]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_does_not_wait() {
    let server = Fake::default();
    let (telemetry, _task) = start_with(server.clone(), pace());
    record(&telemetry, 0..6);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(server.batches(), [vec![0, 1, 2, 3], vec![4, 5]]);
    assert_eq!(telemetry.counts(), Counts { recorded: 6, written: 6, ..Counts::default() });
}

#[tokio::test(start_paused = true)]
async fn the_oldest_are_dropped_and_counted_while_the_server_is_away_and_the_rest_arrives_in_order() {
    let server = Fake::default();
    server.become_(Mood::Away);
    let (telemetry, _task) = start_with(server.clone(), pace());
    for second in 0..25 {
        telemetry.record(point(second));
        sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(telemetry.counts(), Counts { recorded: 25, dropped: 15, ..Counts::default() });
    server.become_(Mood::Well);
    sleep(Duration::from_mins(2)).await;
    assert_eq!(server.taken(), (15..25).collect::<Vec<_>>());
    assert_eq!(telemetry.counts(), Counts { recorded: 25, written: 10, dropped: 15, refused: 0 });
}

#[tokio::test(start_paused = true)]
async fn attempts_thin_out_while_the_server_is_away() {
    let server = Fake::default();
    server.become_(Mood::Away);
    let (telemetry, _task) = start_with(server.clone(), pace());
    record(&telemetry, 0..2);
    sleep(Duration::from_mins(10)).await;
    // After 1 s, then 1, 2, 4, 8, 16, 32 s apart, then a minute.
    assert_eq!(server.attempts(), 7 + 8);
    server.become_(Mood::Well);
    sleep(Duration::from_mins(1)).await;
    assert_eq!(server.taken(), [0, 1]);
    server.become_(Mood::Away);
    record(&telemetry, 2..3);
    let before = server.attempts();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(server.attempts() - before, 3, "a new outage begins with short pauses again");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_counts_as_away() {
    let server = Fake::default();
    server.become_(Mood::Silent);
    let (telemetry, _task) = start_with(server.clone(), pace());
    record(&telemetry, 0..2);
    sleep(Duration::from_millis(5500)).await;
    assert_eq!(server.attempts(), 1);
    server.become_(Mood::Well);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(server.taken(), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_is_counted_and_does_not_hold_up_others() {
    let server = Fake::default();
    server.become_(Mood::Refusing);
    let (telemetry, _task) = start_with(server.clone(), pace());
    record(&telemetry, 0..2);
    sleep(Duration::from_secs(2)).await;
    server.become_(Mood::Well);
    record(&telemetry, 2..3);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(server.taken(), [2]);
    assert_eq!(telemetry.counts(), Counts { recorded: 3, written: 1, dropped: 0, refused: 2 });
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_written_at_the_end() {
    let server = Fake::default();
    let (telemetry, task) = start_with(server.clone(), pace());
    record(&telemetry, 0..3);
    task.finish().await;
    assert_eq!(server.taken(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_a_silent_server_no_longer_than_the_grace_and_counts_what_is_lost() {
    let server = Fake::default();
    server.become_(Mood::Silent);
    let (telemetry, task) = start_with(server.clone(), pace());
    record(&telemetry, 0..6);
    sleep(Duration::from_millis(10)).await;
    let begun = tokio::time::Instant::now();
    task.finish().await;
    assert!(begun.elapsed() <= pace().grace + Duration::from_millis(10));
    assert_eq!(telemetry.counts(), Counts { recorded: 6, dropped: 6, ..Counts::default() });
}

#[tokio::test]
async fn without_a_configuration_nothing_is_kept() {
    let (telemetry, task) = start(None, Pace::default()).unwrap();
    telemetry.record(point(0));
    assert!(!telemetry.is_on());
    assert_eq!(telemetry.counts(), Counts::default());
    task.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_point_without_a_known_number_is_not_written() {
    let (telemetry, _task) = start_with(Fake::default(), pace());
    telemetry.record(Point::site(at(0), "site-a", SiteReadings::default()));
    telemetry.record(Point::session(at(0), "site-a", &SessionId::new("s"), None, None));
    assert_eq!(telemetry.counts(), Counts::default());
}

fn config(url: &str) -> InfluxConfig {
    InfluxConfig { url: url.parse().unwrap(), org: "depot".into(), bucket: "headroom".into(), token_file: None }
}

fn complaint(config: &InfluxConfig) -> String {
    config.check().unwrap_err().to_string()
}

#[test]
fn an_address_that_the_client_would_bend_or_choke_on_is_turned_down_with_the_remedy() {
    for good in ["http://127.0.0.1:8086", "https://influx.example.org", "http://[::1]:8086/"] {
        config(good).check().unwrap();
    }
    let path = complaint(&config("https://influx.example.org/metrics"));
    assert_eq!(
        path,
        "`influx.url` is `https://influx.example.org/metrics`: give no path and no query: `/api/v2/write` is added to the host"
    );
    for bad in
        ["ftp://influx.example.org", "mailto:someone@example.org", "localhost:8086", "http://h/?org=a", "http://h/#a"]
    {
        assert!(complaint(&config(bad)).contains("`influx.url`"), "{bad}");
    }
    let secret = complaint(&config("http://user:hunter2@influx.example.org"));
    assert!(!secret.contains("hunter2"), "{secret}");
}

#[test]
fn names_must_not_be_empty() {
    let without_bucket = InfluxConfig { bucket: String::new(), ..config("http://h") };
    assert_eq!(complaint(&without_bucket), "`influx.bucket` is empty: give the name that the server knows");
}

#[test]
fn the_token_is_one_line_of_a_file() {
    let with_token = |text: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        InfluxConfig { token_file: Some(file.path().to_owned()), ..config("http://h") }
            .token()
            .map_err(|e| e.to_string())
    };
    assert_eq!(config("http://h").token().unwrap(), "");
    assert_eq!(with_token("abc==\n").unwrap(), "abc==");
    assert!(with_token("abc\r\ndef").unwrap_err().contains("one line"));
    assert!(with_token(" \n").unwrap_err().contains("one line"));
    let absent = InfluxConfig { token_file: Some("/nonexistent/token".into()), ..config("http://h") };
    assert!(absent.token().unwrap_err().to_string().contains("/nonexistent/token cannot be read"));
}

#[cfg(feature = "influx")]
#[test]
fn line_protocol_carries_milliseconds_leaves_out_what_is_unknown_and_survives_any_name() {
    let at = DateTime::from_timestamp_millis(1_567_332_000_250).unwrap();
    let power = |watts| Some(Power::from_w(watts));
    let readings = SiteReadings { base_load: power(1500.5), load: power(9000.0), limit: None, plan: Some(Power::ZERO) };
    let batch = [
        Point::site(at, "site a", readings),
        Point::session(at, "s,=\\", &SessionId::new("line\nbreak"), power(7360.0), None),
        Point::session(at, "", &SessionId::new("x\\"), None, Some(Power::ZERO)),
    ];
    assert_eq!(
        String::from_utf8(influx::lines(&batch).unwrap()).unwrap(),
        "site,site=site\\ a base_load_w=1500.5,load_w=9000,plan_w=0 1567332000250\n\
         session,session=line_break,site=s\\,\\=_ power_w=7360 1567332000250\n\
         session,session=x_,site=_ allowed_w=0 1567332000250\n"
    );
}
