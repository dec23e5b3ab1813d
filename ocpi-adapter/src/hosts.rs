//! What the adapter asks of the programs that use it: a host for each role.

use futures::future::BoxFuture;
use headroom_domain::PartnerId;

use crate::partner::Partner;
use crate::received::Notice;

mod cpo;
mod emsp;
mod interests;
mod nobody;
mod objects;
mod page;
mod scsp;

pub use cpo::CpoHost;
pub use emsp::{CommandSender, EmspHost, TokenSender};
pub use interests::{CdrReceiver, ObjectReceiver, ProfileReceiver, ProfileSender};
pub(crate) use interests::{PreferenceReceiver, TokenReceiver};
pub use nobody::Nobody;
pub use objects::{Asker, ObjectKey, ObjectKind, Outcome, PreferenceReply};
pub use page::{Page, PageQuery};
pub use scsp::ScspHost;

/// Why a host could not do what it was asked, for example a store that is away. The partner is answered 3000.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// Where partners are kept, with what is to be said of them.
pub trait PartnerStore: Send + Sync + 'static {
    /// Saves a partner, durably, before it returns. The same id replaces.
    fn save<'a>(&'a self, partner: &'a Partner) -> BoxFuture<'a, Result<(), HostError>>;

    /// Is told what was wrong with a message of a partner, whether it could be used or not. Of objects, the host of the
    /// role is told. Unless overridden, nobody remembers it.
    fn note<'a>(&'a self, partner: &'a PartnerId, notice: Notice) -> BoxFuture<'a, Result<(), HostError>> {
        let _ = (partner, notice);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Forgets partners at the end of the program: for virtual partners and tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsaved;

impl PartnerStore for Unsaved {
    fn save<'a>(&'a self, _: &'a Partner) -> BoxFuture<'a, Result<(), HostError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
