//! The virtual utility.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitBook, Target};
use headroom_domain::{Clock, Interval, LimitId, Power};
use headroom_grid_api::server::{
    Access, AreaHost, Caller, Cancellation, ComplianceHost, FlexibilityHost, Grant, LimitHost, Options, Page, Refusal,
    RequestKey, Role, Submission, TokenGrant, serve,
};
use headroom_grid_api::{LimitQuery, Submitted, limit_id};
use headroom_simulator::partners::utility::{UtilityConfig, UtilityResult, run};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::service::{ResultFile, clock, scenario};

/// Keeps limits in memory and is not there at the first asking.
struct Keeper {
    book: Mutex<LimitBook>,
    asked: Mutex<Vec<Uuid>>,
    clock: Arc<dyn Clock>,
}

impl AreaHost for Keeper {}
impl FlexibilityHost for Keeper {}
impl ComplianceHost for Keeper {}

impl LimitHost for Keeper {
    async fn submit_limit(&self, submission: Submission) -> Result<Submitted, Refusal> {
        let mut asked = self.asked.lock();
        asked.push(submission.request.id);
        if asked.len() == 1 {
            let (message, retry_after) = ("the store is away".to_owned(), Duration::from_millis(10));
            return Err(Refusal::Unavailable { message, retry_after });
        }
        let utility = submission.caller.utility;
        let id = limit_id(&utility, &submission.request.id.to_string());
        let limit = submission.draft.into_limit(id, utility, self.clock.now());
        self.book.lock().enter(limit.clone());
        Ok(Submitted { limit, effective: Vec::new(), warnings: Vec::new() })
    }

    async fn recorded_submission(&self, _: &Caller, _: RequestKey) -> Result<Option<Submitted>, Refusal> {
        Ok(None)
    }

    async fn cancel_limit(&self, _: Cancellation) -> Result<GridLimit, Refusal> {
        unreachable!("the virtual utility withdraws nothing")
    }

    async fn effective_limit(
        &self,
        _: &Caller,
        target: &Target,
        window: Interval,
    ) -> Result<Vec<EffectiveInterval>, Refusal> {
        Ok(self.book.lock().effective_of(target, window))
    }

    async fn limit(&self, _: &Caller, _: &LimitId) -> Result<GridLimit, Refusal> {
        unreachable!("the virtual utility asks for no single limit")
    }

    async fn limits(&self, _: &Caller, _: &LimitQuery, _: &Page<LimitId>) -> Result<Vec<GridLimit>, Refusal> {
        unreachable!("the virtual utility lists nothing")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_utility_submits_its_limits_in_time_repeats_them_and_reads_them_back() {
    let mut scenario = scenario();
    for (number, submission) in (1..).zip(&mut scenario.utility.submissions) {
        submission.submit_at = scenario.window.start + TimeDelta::minutes(20 * number);
    }
    let clock = clock(&scenario);
    let mut book = LimitBook::new();
    book.set_capacity(scenario.site.node(), Some(Power::from_kw(scenario.site.import_capacity_kw)), None);
    let keeper = Arc::new(Keeper { book: Mutex::new(book), asked: Mutex::default(), clock: clock.clone() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let grant = Grant { utility: "dso-1".to_owned(), roles: [Role::Submit, Role::Read].into(), scope: None };
    let token = TokenGrant { token: "secret-of-the-utility".to_owned(), name: "dso-1".to_owned(), grant };
    let access = Access { tokens: vec![token], ..Access::default() };
    let options = Options::new(clock.clone(), access);
    tokio::spawn(serve(listener, keeper.clone(), options, std::future::pending()));

    let file = ResultFile::new("utility");
    let submissions = scenario.utility.submissions.clone();
    let config = UtilityConfig {
        scenario: Arc::new(scenario),
        grid_api: format!("http://{address}"),
        token: Some("secret-of-the-utility".to_owned()),
        result: file.path(),
    };
    run(config, clock, std::future::pending()).await.unwrap();

    let found: UtilityResult = file.read();
    assert!(found.finished);
    assert_eq!(found.submissions.iter().map(|one| one.refused.clone()).collect::<Vec<_>>(), [None, None]);
    assert_eq!(found.submissions.iter().map(|one| one.attempts).collect::<Vec<_>>(), [2, 1]);
    assert!(found.submissions.iter().all(|one| one.as_submitted), "{:?}", found.submissions);
    let asked = keeper.asked.lock().clone();
    assert_eq!(asked, [submissions[0].request_id, submissions[0].request_id, submissions[1].request_id]);
    for (one, submission) in found.submissions.iter().zip(&submissions) {
        assert!(one.sent_at >= submission.submit_at - TimeDelta::seconds(1), "{} before its time", one.revision);
    }
}
