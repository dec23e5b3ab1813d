//! A wire between two platforms that fails as real ones do, by chance from a seed or as it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use futures::stream;
use parking_lot::Mutex;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tower::ServiceExt;

/// What happens to a request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It never arrives: the connection breaks.
    RequestLost,
    /// It is carried out, and the connection breaks before the answer.
    AnswerLost,
    /// It arrives twice.
    Twice,
    /// It is said to have arrived, and arrives later ([`Wire::deliver_late`]).
    Late,
    /// HTTP 429.
    TooMany,
    /// HTTP 500.
    Broken,
    /// It is carried out, and half of the answer comes back.
    Truncated,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::RequestLost, Self::AnswerLost, Self::Twice, Self::Late, Self::TooMany, Self::Broken, Self::Truncated];
}

/// What a wire does, and what it has done. Clones are the same wire.
#[derive(Clone)]
pub struct Wire(Arc<Mutex<State>>);

struct State {
    /// How often a request fails; zero is a good wire.
    share: f64,
    /// No request arrives.
    is_cut: bool,
    chance: ChaCha8Rng,
    counts: BTreeMap<Fault, usize>,
    late: Vec<(Router, Request)>,
}

impl Wire {
    /// Makes a wire that fails in so many of a hundred requests of functional modules, by a seed.
    pub fn new(seed: u64, percent: f64) -> Self {
        let chance = ChaCha8Rng::seed_from_u64(seed);
        let (counts, late) = (BTreeMap::new(), Vec::new());
        Self(Arc::new(Mutex::new(State { share: percent / 100.0, is_cut: false, chance, counts, late })))
    }

    /// Makes it fail in so many of a hundred requests from now on.
    pub fn fail(&self, percent: f64) {
        self.0.lock().share = percent / 100.0;
    }

    /// Cuts or restores it: while it is cut nobody behind it can be reached.
    pub fn cut(&self, is_cut: bool) {
        self.0.lock().is_cut = is_cut;
    }

    /// Returns how often each fault has happened.
    pub fn counts(&self) -> BTreeMap<Fault, usize> {
        self.0.lock().counts.clone()
    }

    /// Delivers what is late, the last first: messages overtake each other.
    pub async fn deliver_late(&self) {
        let late = std::mem::take(&mut self.0.lock().late);
        for (router, request) in late.into_iter().rev() {
            drop(router.oneshot(request).await);
        }
    }

    /// Puts the wire before a router.
    pub fn before(&self, router: Router) -> Router {
        let wire = self.clone();
        Router::new().fallback(move |request: Request| {
            let (wire, router) = (wire.clone(), router.clone());
            async move { wire.carry(router, request).await }
        })
    }

    fn fault(&self, request: &Request) -> Option<Fault> {
        let path = request.uri().path();
        let functional = path.contains("/sender/") || path.contains("/receiver/");
        let mut state = self.0.lock();
        if !functional || state.share <= 0.0 {
            return None;
        }
        let share = state.share;
        if state.chance.random::<f64>() >= share {
            return None;
        }
        let fault = Fault::ALL[state.chance.random_range(0..Fault::ALL.len())];
        // Only what has no answer with data can be said to have arrived when it has not.
        let fault = if fault == Fault::Late && !is_notice(request) { Fault::RequestLost } else { fault };
        *state.counts.entry(fault).or_default() += 1;
        Some(fault)
    }

    async fn carry(self, router: Router, request: Request) -> Response {
        if self.0.lock().is_cut {
            return broken();
        }
        let Some(fault) = self.fault(&request) else { return pass(router, request).await };
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let again = |body: Bytes| Request::from_parts(parts.clone(), Body::from(body));
        match fault {
            Fault::RequestLost => broken(),
            Fault::AnswerLost => {
                pass(router, again(body)).await;
                broken()
            }
            Fault::Twice => {
                pass(router.clone(), again(body.clone())).await;
                pass(router, again(body)).await
            }
            Fault::Late => {
                self.0.lock().late.push((router, again(body)));
                answer(StatusCode::OK, r#"{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}"#)
            }
            Fault::TooMany => answer(StatusCode::TOO_MANY_REQUESTS, Body::empty()),
            Fault::Broken => answer(StatusCode::INTERNAL_SERVER_ERROR, "<html>oops</html>"),
            Fault::Truncated => {
                let whole = pass(router, again(body)).await;
                let (parts, body) = whole.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
                let mut half = answer(parts.status, Body::from(body.slice(..body.len() / 2)));
                half.headers_mut().extend(parts.headers);
                half.headers_mut().remove(header::CONTENT_LENGTH);
                half
            }
        }
    }
}

/// Tells whether the answer to a request says nothing but that it has arrived: pushes of objects and results.
fn is_notice(request: &Request) -> bool {
    let path = request.uri().path();
    match *request.method() {
        Method::PUT | Method::PATCH => !path.contains("chargingprofiles") && !path.contains("charging_preferences"),
        Method::POST => path.contains("results"),
        _ => false,
    }
}

async fn pass(router: Router, request: Request) -> Response {
    // A router cannot fail.
    router.oneshot(request).await.unwrap_or_else(|never| match never {})
}

fn answer(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
}

/// An answer that breaks before its first byte.
fn broken() -> Response {
    let reset = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the wire is broken");
    answer(StatusCode::OK, Body::from_stream(stream::iter([Err::<Bytes, _>(reset)])))
}
