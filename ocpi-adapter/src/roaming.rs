//! What parties of the roaming world exchange beside the objects of the domain: drivers' tokens, commands, charge detail
//! records, and who is connected to a hub. None of it is planned with; it is what a platform is asked and told.

mod cdr;
mod client_info;
mod command;
mod token;

pub use cdr::{AuthMethod, Cdr, CdrKey, CdrPlace, CdrToken, Cost, Dimension, Measure, Period};
pub use client_info::{ClientInfo, ConnectionStatus};
pub use command::{
    Command, CommandAnswer, CommandOutcome, CommandReceipt, CommandResult, EvsePlace, Message, Reservation, Start,
};
pub use token::{
    Allowed, Authorization, AuthorizationAsked, AuthorizationReply, EnergyContract, LocationReference, Token, TokenKey,
    TokenKind, Whitelist,
};
