//! The operator's page in a real browser.

use axum::extract::Request;
use chrono::TimeDelta;
use headroom_domain::reason::Reason;
use headroom_service::http::{ReasonView, SessionView, SiteSummary, SiteView, SiteViews, router};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::watch;

const CHROMIUM: &str = "/usr/bin/chromium";

/// Nothing here takes as long; only a browser that hangs does.
const PATIENCE: Duration = Duration::from_mins(2);

fn chromium(profile: &Path) -> Command {
    assert!(
        Path::new(CHROMIUM).exists(),
        "{CHROMIUM} is missing: run `make test`, which installs it, or `apt-get install chromium`"
    );
    let mut command = Command::new(CHROMIUM);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,900",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Opens a page in headless Chromium, lets some seconds of the page's own time pass, and returns the document as it
/// then is. The page must be opened with `?poll`: an open event stream holds that time still.
///
/// # Panics
/// When Chromium is missing, fails, or does not end.
pub(crate) async fn document_after(url: &str, seconds: u32) -> String {
    let profile = tempfile::tempdir().expect("no temporary folder");
    let budget = format!("--virtual-time-budget={}", seconds * 1000);
    let run = chromium(profile.path()).args([&budget, "--dump-dom", url]).output();
    let run = tokio::time::timeout(PATIENCE, run).await.expect("Chromium did not end");
    let run = run.expect("Chromium did not start");
    let document = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success() && !document.is_empty(), "Chromium failed: {}", String::from_utf8_lossy(&run.stderr));
    document
}

/// A site that changes after it was asked for once.
struct Changing {
    first: SiteView,
    asked: AtomicUsize,
}

impl Changing {
    fn new() -> Self {
        let first = serde_json::from_str(include_str!("site-view.json")).expect("the example is of the schema");
        Self { first, asked: AtomicUsize::new(0) }
    }

    /// Five minutes on: one vehicle waits for another reason, and one has come.
    fn later(&self) -> SiteView {
        let mut view = self.first.clone();
        view.now += TimeDelta::minutes(5);
        view.sessions[1].reason = Some(ReasonView::new(Reason::CheaperLater, &view.id));
        view.sessions.push(SessionView { id: "new".into(), evse: "E10".to_owned(), ..view.sessions[0].clone() });
        view
    }
}

impl SiteViews for Changing {
    async fn sites(&self) -> Vec<SiteSummary> {
        vec![self.first.summary()]
    }

    async fn site(&self, id: &str) -> Option<SiteView> {
        let view = if self.asked.fetch_add(1, Ordering::SeqCst) == 0 { self.first.clone() } else { self.later() };
        (id == view.id).then_some(view)
    }
}

/// A site's page, served on a free port of this machine.
struct Served {
    url: String,
    /// Keeps the event streams open.
    changed: watch::Sender<u64>,
    /// Paths that were asked for, in order.
    asked: watch::Receiver<Vec<String>>,
}

async fn serve(views: Arc<Changing>) -> Served {
    let (changed, watched) = watch::channel(0);
    let (log, asked) = watch::channel(Vec::new());
    let routes = router(views, watched).layer(axum::middleware::map_request(move |request: Request| {
        log.send_modify(|paths: &mut Vec<String>| paths.push(request.uri().path().to_owned()));
        std::future::ready(request)
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("no free port");
    let url = format!("http://{}/", listener.local_addr().expect("no address"));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Served { url, changed, asked }
}

fn assert_shows(document: &str, words: &[&str]) {
    for wanted in words {
        assert!(document.contains(wanted), "the page does not show `{wanted}`:\n{document}");
    }
}

#[tokio::test]
async fn the_page_shows_the_site_and_follows_it_without_reload() {
    let views = Arc::new(Changing::new());
    let page = serve(Arc::clone(&views)).await;
    let document = document_after(&format!("{}?poll", page.url), 5).await;

    assert!(!document.contains("data-errors"), "the page's scripts failed:\n{document}");
    assert!(views.asked.load(Ordering::SeqCst) >= 2, "the page asked only once");
    assert_shows(
        &document,
        &[r#"data-state="live""#, r#"data-drawn=""#, "<canvas", "Tue 15 Sept, 12:05 CEST", "Europe/Berlin"],
    );
    // Legend: the limit in force with its source, and what is under it.
    assert_shows(
        &document,
        &["12:05, now", "Limit in force", "60.0 kW", "stadtwerke, programme DAY-AHEAD, revision 1"],
    );
    assert_shows(&document, &["Base load reserve", "limited by grid until 14:00", "in force", "maintenance"]);
    // Rows: those that stay, the one that came, the one that is over.
    assert_shows(
        &document,
        &[r#"data-session="demo-cpo/DE-HRM/1""#, r#"data-session="new""#, "E10", "Finished in the past day"],
    );
    assert_shows(&document, &["5.0 kWh delivered and 15.0 kWh planned of 20.0 kWh needed", "10.0 kWh short", "17:30"]);
    assert_shows(&document, &["stated", "assumed", "profile on its way", "waits for cheaper energy"]);
    assert!(!document.contains("held back by the grid limit"), "the second answer is not shown:\n{document}");
    assert_shows(&document, &["&lt;img src=x onerror=alert(1)&gt;"]);
}

#[tokio::test]
async fn the_page_listens_to_the_event_stream_and_asks_again_on_a_change() {
    const SITE: &str = "/api/v1/sites/werk-sued";
    let mut page = serve(Arc::new(Changing::new())).await;
    let profile = tempfile::tempdir().unwrap();
    let mut browser = chromium(profile.path()).arg(&page.url).stderr(Stdio::null()).spawn().unwrap();
    let count = |paths: &[String]| paths.iter().filter(|path| *path == SITE).count();
    let listens = |paths: &Vec<String>| paths.iter().any(|path| path.ends_with("/events")) && count(paths) >= 2;
    let opened = tokio::time::timeout(PATIENCE, page.asked.wait_for(listens)).await.expect("no stream opened");
    let before = count(&opened.unwrap());
    page.changed.send(1).unwrap();
    let again = page.asked.wait_for(|paths| count(paths) > before);
    tokio::time::timeout(PATIENCE, again).await.expect("the change was not followed").unwrap();
    browser.kill().await.unwrap();
}

#[tokio::test]
async fn the_scripts_pass_their_own_tests() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let run = Command::new("node").arg("--test").current_dir(web).output().await;
    let run = run.expect("node is missing: run `make test`, which installs it, or `apt-get install nodejs`");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}
