//! To whom a request goes (OCPI 2.2.1 §4.2.2): the `OCPI-to-*` and `OCPI-from-*` headers.

use axum::http::Method;
use headroom_domain::PartyId;

use super::{Client, LinkError, Target};
use crate::exchange::Routing;
use crate::partner::{Interface, Link, Module, Role};

/// Whom a client is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipient {
    /// The first party of the partner whose role fits; all at once, where a list is asked of a hub.
    Fitting,
    /// This party.
    Party(PartyId),
    /// All parties behind a hub whose role fits.
    Everybody,
    /// Whomever a hub finds.
    Open,
}

impl Client {
    /// Returns a client for one party of the partner, or behind it.
    #[must_use]
    pub fn to(&self, party: &PartyId) -> Self {
        Self { recipient: Recipient::Party(party.clone()), ..self.clone() }
    }

    /// Returns a client for all parties behind a hub to whom an object may matter. It only pushes, and neither sessions
    /// nor charge detail records, which are nobody else's business.
    #[must_use]
    pub fn broadcast(&self) -> Self {
        Self { recipient: Recipient::Everybody, ..self.clone() }
    }

    /// Returns a client for the one party whom a hub finds by the object itself. It cannot ask for lists.
    #[must_use]
    pub fn open(&self) -> Self {
        Self { recipient: Recipient::Open, ..self.clone() }
    }

    /// Returns between which parties a request goes; `None` where it goes from platform to platform.
    ///
    /// **Errors**: the way is not allowed, or the hub told that the party cannot be reached.
    pub(super) fn routing(
        &self,
        target: &Target,
        link: &Link,
        method: &Method,
        owner: Option<&PartyId>,
    ) -> Result<Option<Routing>, LinkError> {
        if target.module == Module::HubClientInfo {
            return Ok(None);
        }
        let to = match &self.recipient {
            Recipient::Party(party) => Some(party.clone()),
            Recipient::Everybody => Some(self.everybody(target, link, method)?),
            Recipient::Open => self.found_by_hub(target, link, method)?,
            Recipient::Fitting => self.fitting(target, link, method, owner)?,
        };
        let barred = to.as_ref().and_then(|party| Some((party, self.platform.barred(&self.partner, party)?)));
        if let Some((party, status)) = barred {
            return Err(LinkError::NotConnected { partner: self.partner.clone(), party: party.clone(), status });
        }
        Ok(Some(Routing { to, from: self.platform.config().party.clone(), correlation_id: None }))
    }

    fn fitting(
        &self,
        target: &Target,
        link: &Link,
        method: &Method,
        owner: Option<&PartyId>,
    ) -> Result<Option<PartyId>, LinkError> {
        // An eMSP that stands before its CPOs answers for sessions of parties that are not on its platform.
        let owner =
            owner.filter(|owner| link.hub().is_some() || link.parties.iter().any(|known| known.party == **owner));
        match (owner, link.hub()) {
            (Some(owner), _) => Ok(Some(owner.clone())),
            (None, None) => {
                let fits = |role: &Role| fits(&target.module, target.interface, role);
                let fitting = link.parties.iter().find(|known| fits(&known.role)).or(link.parties.first());
                Ok(fitting.map(|known| known.party.clone()))
            }
            (None, Some(hub)) if is_list(target, method) => Ok(Some(hub.clone())),
            // The hub knows who waits at its address.
            (None, Some(_)) if *method == Method::POST && target.interface == Interface::Sender => Ok(None),
            (None, Some(_)) => Err(LinkError::Unsendable(format!(
                "partner {} is a hub: choose a party behind it, all, or whom it finds",
                self.partner
            ))),
        }
    }

    fn everybody(&self, target: &Target, link: &Link, method: &Method) -> Result<PartyId, LinkError> {
        let hub = link.hub().ok_or_else(|| self.no_hub())?;
        let pushes = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
        if !may_be_broadcast(&target.module) || target.interface != Interface::Receiver || !pushes {
            let problem = "only pushes of locations, tariffs and tokens may go to all (OCPI 2.2.1 §4.2.2)";
            return Err(LinkError::Unsendable(problem.to_owned()));
        }
        Ok(hub.clone())
    }

    fn found_by_hub(&self, target: &Target, link: &Link, method: &Method) -> Result<Option<PartyId>, LinkError> {
        link.hub().ok_or_else(|| self.no_hub())?;
        if is_list(target, method) {
            let problem = "a list is asked of a party, or of all (OCPI 2.2.1 §4.2.2)";
            return Err(LinkError::Unsendable(problem.to_owned()));
        }
        Ok(None)
    }

    fn no_hub(&self) -> LinkError {
        LinkError::Unsendable(format!("partner {} is no hub: choose one of its parties", self.partner))
    }
}

fn is_list(target: &Target, method: &Method) -> bool {
    *method == Method::GET && target.interface == Interface::Sender
}

/// Tells whether objects of a module may go to all (OCPI 2.2.1 §4.2.2).
pub(crate) fn may_be_broadcast(module: &Module) -> bool {
    matches!(module, Module::Locations | Module::Tariffs | Module::Tokens)
}

/// Tells whether a role answers for a side of a module.
pub(crate) fn fits(module: &Module, interface: Interface, role: &Role) -> bool {
    let of_operators = match module {
        Module::Locations | Module::Sessions | Module::Tariffs | Module::Cdrs => interface == Interface::Sender,
        _ => interface == Interface::Receiver,
    };
    of_operators == (*role == Role::Cpo) && *role != Role::Hub
}
