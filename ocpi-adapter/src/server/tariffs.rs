//! Tariffs, as receiver (OCPI 2.2.1 §11.2).

use axum::http::Method;

use super::Asked;
use super::owned;
use super::reply::Reply;
use crate::envelope::INVALID;
use crate::hosts::{ObjectKey, ObjectKind, ObjectReceiver};
use crate::lower;

pub(super) async fn answer(host: &impl ObjectReceiver, asked: &Asked, key: ObjectKey) -> Result<Reply, Reply> {
    match asked.incoming.method {
        Method::GET => Ok(Reply::data(owned::stored(host, &key).await?)),
        Method::PUT => {
            let tariff =
                owned::read(host, asked, ObjectKind::Tariff, lower::tariff::tariff, asked.incoming.json()?).await?;
            owned::check(&key, &tariff.value.party, &tariff.value.id)?;
            Ok(Reply::put(host.put_tariff(tariff).await?))
        }
        Method::DELETE if host.delete_tariff(&key).await? => Ok(Reply::done()),
        Method::DELETE => Err(Reply::not_found(INVALID, format!("{}/{} is not known", key.party, key.id))),
        ref method => Err(owned::no_method(method)),
    }
}
