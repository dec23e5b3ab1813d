//! Drivers' tokens: owned and pushed by the eMSP, pulled and asked about by the CPO.

use axum::http::Method;
use chrono::{DateTime, Utc};

use super::{Client, LinkError, Pages, write};
use crate::envelope::UNKNOWN_TOKEN;
use crate::partner::{Interface, Module};
use crate::roaming::{Authorization, LocationReference, Token, TokenKind};
use crate::wire::tokens::AuthorizationInfo;
use crate::{lift, lower};

impl Client {
    /// Returns the tokens of an eMSP, changed since an instant.
    pub fn pull_tokens(&self, since: Option<DateTime<Utc>>) -> Pages<Token> {
        Pages::new(self.clone(), Module::Tokens, since, lower::token::token)
    }

    /// Pushes a token, as its eMSP.
    pub async fn put_token(&self, token: &Token) -> Result<(), LinkError> {
        let target = self.target(&Module::Tokens, Interface::Receiver)?;
        let owner = &token.key.party;
        let mut url = target.below([owner.country_code(), owner.party_id(), token.key.uid.as_str()]);
        name_kind(&mut url, &token.key.kind);
        let body = write(&lift::token(token))?;
        self.send(&target, Method::PUT, &url, None, Some(body)).await?.success().map(drop)
    }

    /// Asks an eMSP whether a driver may charge; `None` when it does not know the token.
    pub async fn authorize(
        &self,
        uid: &str,
        kind: &TokenKind,
        location: Option<&LocationReference>,
    ) -> Result<Option<Authorization>, LinkError> {
        let target = self.target(&Module::Tokens, Interface::Sender)?;
        let mut url = target.below([uid, "authorize"]);
        name_kind(&mut url, kind);
        let body = location.map(|place| write(&lift::location_reference(place))).transpose()?;
        let answer = self.send(&target, Method::POST, &url, None, body).await?;
        if answer.envelope.code == Some(UNKNOWN_TOKEN) {
            return Ok(None);
        }
        let info: AuthorizationInfo = answer.read()?;
        let unreadable = |problem| LinkError::Unreadable { method: "POST".to_owned(), url: url.to_string(), problem };
        lower::token::authorization(info, &self.partner).map(Some).map_err(unreadable)
    }
}

/// Names the kind where it is not the one that is meant without a name.
fn name_kind(url: &mut url::Url, kind: &TokenKind) {
    if *kind != TokenKind::default() {
        url.query_pairs_mut().append_pair("type", lift::token_type(kind).as_str());
    }
}
