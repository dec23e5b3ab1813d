//! Charge detail records and drivers' tokens. Nothing is planned with them: they are kept to look at what partners send.
//! Who drives stands in them as the adapter hands it over, which is as a hash unless the partner's dialect says otherwise.

use headroom_ocpi_adapter::roaming::{Cdr, CdrKey, Token, TokenKey, TokenKind};
use headroom_ocpi_adapter::{HostError, Outcome, Received};

use super::{PartnerEdge, billing};
use crate::store::{Kind, ObjectKey};

impl PartnerEdge {
    /// Keeps a charge detail record, with a note where its total is not what we come to.
    pub(super) async fn keep_cdr(&self, mut cdr: Received<Cdr>) -> Result<Outcome, HostError> {
        cdr.warnings.extend(billing::doubt(&self.context.store, &cdr.value).await?);
        let outcome = self.save(cdr_key(&cdr.value.key), &cdr, cdr.value.last_updated, false).await?;
        self.context.changed();
        Ok(outcome)
    }

    /// Keeps a driver's token.
    pub(super) async fn keep_token(&self, token: &Received<Token>) -> Result<Outcome, HostError> {
        let Token { key, valid, last_updated, .. } = &token.value;
        self.save(token_key(key, &token_id(key)), token, *last_updated, *valid).await
    }
}

/// Returns what names a record in the store.
pub(super) fn cdr_key(key: &CdrKey) -> ObjectKey<'_> {
    ObjectKey { partner: &key.partner, kind: Kind::Cdr, party: &key.party, id: &key.id }
}

/// Returns what names a token in the store, with its [`token_id`].
pub(super) fn token_key<'a>(key: &'a TokenKey, id: &'a str) -> ObjectKey<'a> {
    ObjectKey { partner: &key.partner, kind: Kind::Token, party: &key.party, id }
}

/// Returns the id of a token: a uid names one only together with what kind of token it is (OCPI 2.2.1 §12.2).
pub(super) fn token_id(key: &TokenKey) -> String {
    let kind = match &key.kind {
        TokenKind::AdHocUser => "ad_hoc_user",
        TokenKind::AppUser => "app_user",
        TokenKind::Emaid => "emaid",
        TokenKind::Other => "other",
        TokenKind::Rfid => "rfid",
        TokenKind::Unlisted(kind) => kind,
    };
    format!("{kind}/{}", key.uid)
}
