//! Who calls: the tokens that partners send.

use std::sync::Arc;

use headroom_domain::PartnerId;

use super::Platform;
use crate::partner::{Link, Partner, Registration, Secret, TokenForm, TokenHash};
use crate::token::Presented;

/// With what a caller has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// With the token A of an invitation.
    Invited,
    /// With a token that was just handed out by a handshake that is not over.
    Pending,
    /// With a token of its link.
    Registered,
}

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub partner: Arc<Partner>,
    pub standing: Standing,
    /// The token it showed.
    pub token: Secret,
    /// How the token stood in the header.
    pub form: TokenForm,
}

impl Registration {
    /// Returns the tokens that are good, and what for.
    fn tokens(&self) -> impl Iterator<Item = (&TokenHash, Standing)> {
        let invited = match self {
            Self::Invited { token_a } => Some((token_a, Standing::Invited)),
            Self::None | Self::Registered(_) => None,
        };
        let link = match self {
            Self::Registered(link) => Some(link),
            Self::None | Self::Invited { .. } => None,
        };
        let tokens = link.into_iter().flat_map(|link| std::iter::once(&link.token_received).chain(&link.tokens_before));
        invited.into_iter().chain(tokens.map(|token| (token, Standing::Registered)))
    }

    /// Returns what a token is good for.
    pub(super) fn standing(&self, token: &Secret) -> Option<Standing> {
        let token = TokenHash::of(token);
        self.tokens().find(|(known, _)| **known == token).map(|(_, standing)| standing)
    }
}

impl Platform {
    /// Returns who presents a token. Looks at every token, so that the time taken does not tell which is close.
    pub(crate) fn authenticate(&self, presented: &Presented) -> Option<Caller> {
        let partners = self.inner.partners.lock();
        let tokens = partners.values().flat_map(|entry| {
            let pending = entry.pending.as_ref().map(|token| (token, Standing::Pending));
            let known = entry.partner.registration.tokens().chain(pending);
            known.map(|(token, standing)| (&entry.partner, token, standing))
        });
        let found = tokens.filter_map(|(partner, token, standing)| {
            let form = presented.form_of(token)?;
            Some((partner, standing, form))
        });
        let (partner, standing, form) = found.reduce(|_, later| later)?;
        Some(Caller { partner: partner.clone(), standing, token: presented.token(form).clone(), form })
    }

    /// Lets go of the tokens that a partner had before, once it uses the newest.
    pub(crate) async fn confirm(&self, caller: &Caller) {
        let token = TokenHash::of(&caller.token);
        let newest = |link: &Link| !link.tokens_before.is_empty() && bool::from(link.token_received.is(&token));
        if !caller.partner.link().is_some_and(newest) {
            return;
        }
        // While the link is being changed nothing is certain: the next request comes.
        let Some(lock) = self.registration_lock(&caller.partner.id) else { return };
        let Ok(_guard) = lock.try_lock() else { return };
        let Some(known) = self.partner(&caller.partner.id) else { return };
        let Some(link) = known.link().filter(|link| newest(link)).cloned() else { return };
        let registration = Registration::Registered(Link { tokens_before: Vec::new(), ..link });
        if let Err(error) = self.save(Partner { registration, ..known }).await {
            tracing::error!(%error, "the tokens of before stay good for now");
        }
    }

    fn registration_lock(&self, id: &PartnerId) -> Option<Arc<tokio::sync::Mutex<()>>> {
        self.inner.partners.lock().get(id).map(|entry| entry.registration.clone())
    }
}
