//! Messages that come in.

use serde::de::DeserializeOwned;

use super::Asked;
use super::reply::Reply;
use crate::lower;
use crate::lower::message::Heard;
use crate::received::{MessageKind, Notice};
use crate::wire::class::Class;

/// Reads the body as a message, and lets it be known what in it is not as the standard has it. `about` is the session
/// or the request that the URL names.
///
/// **Errors**: 400 when it is no JSON, 2001 when it cannot be used.
pub(super) async fn read<T: DeserializeOwned, U>(
    asked: &Asked,
    (kind, about): (MessageKind, &str),
    class: &Class,
    lower: impl FnOnce(T) -> Result<U, String>,
) -> Result<U, Reply> {
    let Heard { value, warnings } = lower::message::read(&asked.incoming.json()?, class, asked.version, lower);
    let notice = Notice { kind, about: Some(about.to_owned()), warnings };
    asked.platform.note(&asked.caller.id, notice).await;
    value.map_err(Reply::invalid)
}
