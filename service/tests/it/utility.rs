//! The utility's door: the service as a process, a utility over real gRPC, and a CPO whose stations do what a test says.

mod access;
mod areas;
mod audit;
mod authority;
mod compliance;
mod emergency;
mod flexibility;
mod resuming;
mod safe_mode;
mod statuses;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use futures::stream::BoxStream;
use headroom_domain::limit::{EffectiveInterval, LimitInterval, LimitKind, Target, Terms};
use headroom_domain::{AreaId, Interval, NodeId, Power};
use headroom_grid_api::client::{ClientError, Refused, Utility};
use headroom_grid_api::{LimitDraft, StatusEvent};
use uuid::Uuid;

use crate::running::stub::{Script, Stub};
use crate::running::{Service, Setup, eventually, in_time, site_location, site_sessions};

const DSO: &str = "token-of-the-dso";
const TSO: &str = "token-of-the-tso";
/// Of the DSO's, and only reads: it does not prove that the one who steers is there.
const READER: &str = "token-of-the-reader";

/// Two utilities: the DSO limits both sites, the TSO the campus. Clocks may differ by ten seconds of reality.
const UTILITIES: &str = r#"
[grpc.quotas]
calls_per_second = 1000
burst = 5000
clock_skew_tolerance_ms = 600000
[[utility]]
name = "dso"
token = "token-of-the-dso"
sites = ["campus", "depot"]
[[utility.principal]]
name = "reader"
token = "token-of-the-reader"
roles = ["read"]
[[utility]]
name = "tso"
token = "token-of-the-tso"
sites = ["campus"]
"#;

/// Both sites, and what a test adds to the configuration.
fn setup(more: &str) -> Setup {
    Setup { sites: &["campus", "depot"], more: format!("{more}\n{UTILITIES}"), ..Setup::default() }
}

/// A service of which a utility knows, without any vehicle.
async fn idle() -> (Service, Utility) {
    let service = Service::start_with(&setup("")).await;
    let dso = service.utility("dso", DSO);
    (service, dso)
}

/// As [`idle`], with a CPO whose three vehicles at each of these sites charge with more than 10 kW each.
async fn charging(sites: &[&str], more: &str) -> (Service, Utility, Stub) {
    let locations = sites.iter().map(|site| site_location(site)).collect();
    let sessions: Vec<_> = sites.iter().flat_map(|site| site_sessions(site)).collect();
    let count = sessions.len();
    let stub = Stub::start(Script { locations, sessions, stations_answer: true, ..Script::default() }).await;
    let service = Service::start_with(&setup(more)).await;
    service.register(&stub).await;
    eventually("all vehicles charge", || async {
        let told = stub.told_w();
        told.len() == count && told.values().all(|told| *told > 10_000.0)
    })
    .await;
    let dso = service.utility("dso", DSO);
    (service, dso, stub)
}

/// What the vehicles of a site were told that they may draw, all together. Sessions are called as their EVSEs: `E…` at the
/// campus, `F…` at the depot. **Units**: W.
fn together_w(stub: &Stub, evses: char) -> f64 {
    stub.told_w().iter().filter(|(session, _)| session.starts_with(evses)).map(|(_, told)| told).sum()
}

fn node(id: &str) -> NodeId {
    NodeId::from(id)
}

fn campus() -> Target {
    Target::from(node("campus"))
}

fn area(id: &str) -> Target {
    Target::from(AreaId::from(id))
}

async fn now(utility: &Utility) -> DateTime<Utc> {
    utility.server_info().await.unwrap().server_time
}

/// So many minutes of at most so much import.
fn stretch(start: DateTime<Utc>, minutes: i64, import_kw: f64) -> LimitInterval {
    LimitInterval {
        interval: Interval { start, end: start + TimeDelta::minutes(minutes) },
        maximum_import_w: Some(Power::from_kw(import_kw)),
        maximum_export_w: None,
    }
}

/// A scheduled limit of the campus in the programme `doe`.
fn draft(revision: i64, intervals: &[LimitInterval]) -> LimitDraft {
    LimitDraft {
        target: campus(),
        programme: "doe".to_owned(),
        kind: LimitKind::Scheduled,
        revision,
        intervals: intervals.to_vec(),
        reason: String::new(),
        terms: Terms::default(),
    }
}

/// What holds now.
async fn effective_now(utility: &Utility, target: &Target) -> EffectiveInterval {
    let start = now(utility).await;
    let window = Interval { start, end: start + TimeDelta::seconds(1) };
    utility.effective(target, window).await.unwrap().swap_remove(0)
}

fn import_w(piece: &EffectiveInterval) -> Option<f64> {
    piece.maximum_import_w.as_ref().map(|(power, _)| power.as_w())
}

fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> Refused {
    answer.unwrap_err().refused().expect("a refusal").clone()
}

type Events = BoxStream<'static, Result<StatusEvent, ClientError>>;

async fn follow(utility: &Utility, after: i64) -> Events {
    utility.statuses(after, &[]).await.unwrap().boxed()
}

/// Reads events up to the first that is meant, with it.
async fn until(what: &str, events: &mut Events, is_meant: impl Fn(&StatusEvent) -> bool) -> Vec<StatusEvent> {
    let mut read = Vec::new();
    in_time(what, async {
        while !read.last().is_some_and(&is_meant) {
            read.push(events.next().await.expect("the stream goes on").unwrap());
        }
    })
    .await;
    read
}

fn id() -> Uuid {
    Uuid::new_v4()
}
