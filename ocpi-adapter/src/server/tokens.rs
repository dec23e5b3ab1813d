//! Drivers' tokens, as receiver (OCPI 2.2.1 §12.2).

use axum::http::Method;
use serde_json::Value;

use super::Asked;
use super::owned::{self, Change};
use super::reply::Reply;
use crate::envelope::UNKNOWN_TOKEN;
use crate::hosts::{Outcome, TokenReceiver};
use crate::lower;
use crate::roaming::{TokenKey, TokenKind};
use crate::wire::tokens::TokenType;

pub(super) async fn answer(
    host: &impl TokenReceiver,
    asked: &Asked,
    country: &str,
    party: &str,
    uid: &str,
) -> Result<Reply, Reply> {
    let party = owned::owner(asked, country, party)?;
    let key = TokenKey { partner: asked.caller.id.clone(), party, uid: asked.incoming.driver(uid), kind: kind(asked) };
    match asked.incoming.method {
        Method::GET => Ok(Reply::data(stored(host, &key).await?)),
        Method::PUT => put(host, asked, &key, asked.incoming.json()?).await,
        Method::PATCH => {
            let change = Change::of(asked)?;
            let lock = asked.platform.objects_lock(&asked.caller.id);
            let _guard = lock.lock().await;
            let mut token = stored(host, &key).await?;
            if change.is_older_than(&token) {
                return Ok(Reply::put(Outcome::Stale));
            }
            change.merge_into(&mut token, None);
            put(host, asked, &key, token).await
        }
        ref method => Err(owned::no_method(method)),
    }
}

/// Returns the kind that `?type=` names, a card where it names none.
pub(super) fn kind(asked: &Asked) -> TokenKind {
    asked.incoming.parameter("type").map_or(TokenKind::Rfid, |text| lower::token::kind(&TokenType::from(text)))
}

async fn put(host: &impl TokenReceiver, asked: &Asked, key: &TokenKey, raw: Value) -> Result<Reply, Reply> {
    let token = match lower::token::token(asked.origin(), raw) {
        Ok(token) => token,
        Err(rejected) => {
            let reply = Reply::from(rejected.clone());
            return Err(owned::once_told(host.rejected_token(&asked.caller.id, rejected).await, reply));
        }
    };
    owned::same(&key.party, &key.uid, &token.value.key.party, &token.value.key.uid)?;
    if token.value.key.kind != key.kind {
        return Err(Reply::invalid("type: the URL names another one: send ?type= for all but RFID"));
    }
    Ok(Reply::put(host.put_token(token).await?))
}

async fn stored(host: &impl TokenReceiver, key: &TokenKey) -> Result<Value, Reply> {
    let unknown = || Reply::not_found(UNKNOWN_TOKEN, format!("token {}/{} is not known: PUT it", key.party, key.uid));
    host.token(key).await?.filter(Value::is_object).ok_or_else(unknown)
}
