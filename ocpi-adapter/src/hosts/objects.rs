//! What names the objects that partners push, and what becomes of them.

use headroom_domain::preference::PreferenceAnswer;
use headroom_domain::{PartnerId, PartyId};

/// Kinds of objects that partners own and push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A location with its EVSEs and connectors.
    Location,
    /// A session.
    Session,
    /// A tariff.
    Tariff,
    /// A charge detail record.
    Cdr,
    /// A driver's token.
    Token,
}

/// What names an object of a partner. Ids compare without case (`CiString`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The partner that told us.
    pub partner: PartnerId,
    /// What it is.
    pub kind: ObjectKind,
    /// Who owns it.
    pub party: PartyId,
    /// Its id as the request spells it.
    pub id: String,
}

/// What became of an object that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there before.
    Created,
    /// It replaced an older one, or one as old.
    Updated,
    /// What is there is newer (`last_updated`): nothing was changed.
    Stale,
}

/// What a host says to a preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreferenceReply {
    /// The session is known and its EVSE takes preferences.
    Answer(PreferenceAnswer),
    /// No such session.
    UnknownSession,
    /// The EVSE of the session does not take preferences.
    NotCapable,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The platform.
    pub partner: PartnerId,
    /// The party on it, or behind it, where it says: whom an answer that comes later is for.
    pub party: Option<PartyId>,
}
