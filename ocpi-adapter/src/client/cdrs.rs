//! Charge detail records: posted by the CPO, or pulled from it.

use axum::http::Method;
use axum::http::header::LOCATION;
use chrono::{DateTime, Utc};
use url::Url;

use super::{Client, LinkError, Pages, Target, write};
use crate::lower::Origin;
use crate::partner::{Interface, Module};
use crate::received::Received;
use crate::roaming::Cdr;
use crate::version::Version;
use crate::{lift, lower};

impl Client {
    /// Returns the charge detail records of a CPO, changed since an instant.
    pub fn pull_cdrs(&self, since: Option<DateTime<Utc>>) -> Pages<Cdr> {
        Pages::new(self.clone(), Module::Cdrs, since, lower::cdr::cdr)
    }

    /// Posts a charge detail record, as its CPO. Returns where the receiver keeps it, when it says so.
    pub async fn post_cdr(&self, cdr: &Cdr) -> Result<Option<Url>, LinkError> {
        let target = self.target(&Module::Cdrs, Interface::Receiver)?;
        let body = write(&lift::cdr(cdr, target.version()))?;
        let answer = self.send(&target, Method::POST, &target.url, None, Some(body)).await?;
        let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok().map(str::to_owned));
        answer.success()?;
        Ok(location.and_then(|text| target.url.join(text.trim()).ok()))
    }

    /// Returns a charge detail record from where the receiver said that it keeps it, as its CPO.
    ///
    /// **Errors**: among others, an address that is not the partner's, which would give the token away.
    pub async fn get_cdr(&self, url: &Url) -> Result<Received<Cdr>, LinkError> {
        let target = self.target(&Module::Cdrs, Interface::Receiver)?;
        if url.origin() != target.url.origin() {
            return Err(LinkError::Unsendable(format!("{url} is no address of partner {}", self.partner)));
        }
        let data = self.send(&target, Method::GET, url, None, None).await?.success()?;
        lower::cdr::cdr(target.origin(self.platform.now()), data).map_err(|rejected| LinkError::Unreadable {
            method: "GET".to_owned(),
            url: url.to_string(),
            problem: rejected.reason(),
        })
    }
}

impl Target {
    pub(super) fn version(&self) -> Version {
        self.link().map(|link| link.version).unwrap_or_default()
    }

    pub(super) fn origin(&self, now: DateTime<Utc>) -> Origin<'_> {
        Origin::of(&self.partner, now)
    }
}
