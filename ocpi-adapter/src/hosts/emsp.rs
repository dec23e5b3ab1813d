//! An eMSP, and whoever else gives drivers access.

use std::future::Future;

use headroom_domain::PartnerId;

use super::{CdrReceiver, HostError, ObjectReceiver, Page, PageQuery, ProfileReceiver, ProfileSender};
use crate::roaming::{AuthorizationAsked, AuthorizationReply, CommandOutcome, Token};

/// Offers drivers' tokens, and answers for them.
pub trait TokenSender: Send + Sync + 'static {
    /// Returns tokens.
    fn tokens(&self, query: PageQuery) -> impl Future<Output = Result<Page<Token>, HostError>> + Send;

    /// Is asked whether a driver may charge, while the driver waits.
    fn authorize(
        &self,
        partner: &PartnerId,
        asked: AuthorizationAsked,
    ) -> impl Future<Output = Result<AuthorizationReply, HostError>> + Send;
}

/// Sends commands and takes what became of them.
pub trait CommandSender: Send + Sync + 'static {
    /// Takes what became of a command; false when this partner was never sent it.
    ///
    /// It may come before the receipt, late, or twice; and unasked when the CPO cancels a reservation.
    fn command_outcome(
        &self,
        partner: &PartnerId,
        request_id: &str,
        outcome: CommandOutcome,
    ) -> impl Future<Output = Result<bool, HostError>> + Send;
}

/// What an eMSP does with what partners send.
pub trait EmspHost:
    ObjectReceiver + CdrReceiver + TokenSender + CommandSender + ProfileSender + ProfileReceiver
{
}

impl<H: ObjectReceiver + CdrReceiver + TokenSender + CommandSender + ProfileSender + ProfileReceiver> EmspHost for H {}
