//! The virtual CPO as the OCPI adapter asks it.

use std::sync::Arc;

use headroom_domain::location::Location;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_domain::{Clock, PartnerId};
use headroom_ocpi_adapter::{CpoHost, HostError, Page, PageQuery, Receipt, StationProfile};
use parking_lot::Mutex;

use super::state::State;
use super::stations::Ask;

/// The state and the clock that requests are answered by.
pub(super) struct Cpo {
    pub(super) state: Mutex<State>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Cpo {
    #[expect(clippy::unnecessary_wraps, reason = "what every method of the host returns")]
    fn ask(&self, session_id: &str, ask: Ask, response_url: &str) -> Result<Receipt, HostError> {
        let now = self.clock.now();
        Ok(self.state.lock().ask(now, session_id, ask, response_url))
    }
}

impl CpoHost for Cpo {
    async fn locations(&self, query: PageQuery) -> Result<Page<Location>, HostError> {
        let location = self.state.lock().offer().location.clone();
        Ok(Page::cut([location].into_iter().filter(|one| query.matches(one.last_updated)).collect(), &query))
    }

    async fn tariffs(&self, query: PageQuery) -> Result<Page<Tariff>, HostError> {
        let tariff = self.state.lock().offer().tariff.clone();
        Ok(Page::cut([tariff].into_iter().filter(|one| query.matches(one.last_updated)).collect(), &query))
    }

    async fn sessions(&self, query: PageQuery) -> Result<Page<Session>, HostError> {
        let sessions = self.state.lock().sessions();
        Ok(Page::cut(sessions.into_iter().filter(|one| query.matches(one.last_updated)).collect(), &query))
    }

    async fn set_profile(
        &self,
        _partner: &PartnerId,
        session_id: &str,
        profile: StationProfile,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        self.ask(session_id, Ask::Set(profile), response_url)
    }

    async fn clear_profile(
        &self,
        _partner: &PartnerId,
        session_id: &str,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        self.ask(session_id, Ask::Clear, response_url)
    }

    async fn get_profile(
        &self,
        _partner: &PartnerId,
        session_id: &str,
        duration_s: u32,
        response_url: &str,
    ) -> Result<Receipt, HostError> {
        self.ask(session_id, Ask::Get(duration_s), response_url)
    }
}
