//! What partners call: an axum router for each role.
//!
//! The routers answer under the path of `PlatformConfig::public_url`; merge them into the program's own router.

use std::sync::Arc;

use axum::Router;

use crate::hosts::{CpoHost, ScspHost};
use crate::platform::Platform;

/// Makes the router of a smart charging service: versions, credentials, locations, sessions and tariffs as receiver,
/// charging profiles as sender, and charging preferences.
pub fn scsp<H: ScspHost>(_platform: Platform, _host: Arc<H>) -> Router {
    todo!()
}

/// Makes the router of a charge point operator: versions, credentials, locations, sessions and tariffs as sender, and
/// charging profiles as receiver.
pub fn cpo<H: CpoHost>(_platform: Platform, _host: Arc<H>) -> Router {
    todo!()
}

/// Makes the router of an eMSP: versions and credentials.
pub fn emsp(_platform: Platform) -> Router {
    todo!()
}
