//! What every part of the running service shares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::GridTree;
use headroom_domain::limit::minimum::section_14a;
use headroom_domain::limit::{EffectiveInterval, Target};
use headroom_domain::location::{Connector, Supply};
use headroom_domain::session::Session;
use headroom_domain::site::{Site, SiteError, SiteEvse};
use headroom_domain::{AreaId, Clock, NodeId, PartnerId, Power};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, watch};

use super::links::Links;
use super::obedience::SiteObedience;
use super::plan::PlanState;
use super::wake::{Resync, Wake};
use crate::config::{Checked, Control, GuaranteedMinimum, SiteEntry, UtilityEntry};
use crate::store::{Store, StoreError};

/// How often it is written down that a partner is heard.
const HEARD_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What every part of the running service shares.
pub struct Context {
    /// The record.
    pub store: Store,
    /// The one source of time.
    pub clock: Arc<dyn Clock>,
    /// Timers and deadlines.
    pub settings: Control,
    /// The sites.
    pub sites: Vec<SiteContext>,
    /// The utilities and what they may limit.
    pub utilities: Vec<UtilityEntry>,
    /// The links to utilities.
    pub links: Links,
    /// Counts changes that a utility would be told.
    pub utility_news: watch::Sender<u64>,
    /// Calls the control loop.
    pub wake: Wake,
    /// Whether every site has been looked at once.
    pub planned: watch::Sender<bool>,
    /// Calls for the sessions of partners.
    pub resync: Resync,
    /// Calls the outbox.
    pub outbox: Notify,
    /// Counts changes that a page would show.
    pub changes: watch::Sender<u64>,
    plans: RwLock<BTreeMap<String, Arc<PlanState>>>,
    obedience: RwLock<BTreeMap<NodeId, SiteObedience>>,
    /// Who is in which area, as of the last time that an area was drawn.
    members: RwLock<BTreeMap<AreaId, BTreeSet<NodeId>>>,
    /// When it was last written down that a partner is heard; only saves writing it again.
    heard: Mutex<BTreeMap<PartnerId, DateTime<Utc>>>,
    /// What was last written down to be in force; only saves writing it again.
    in_force: RwLock<BTreeMap<NodeId, EffectiveInterval>>,
    clock_speed: f64,
}

/// A site that this service steers.
#[derive(Debug, Clone)]
pub struct SiteContext {
    /// Its description.
    pub site: Site,
    /// The partner that publishes its EVSEs.
    pub partner: PartnerId,
    /// Where its EVSEs are published, and who may report its meter.
    pub entry: SiteEntry,
    /// Its grid.
    pub tree: GridTree,
}

impl Context {
    /// Puts the parts together.
    pub fn new(checked: &Checked, store: Store, clock: Arc<dyn Clock>, links: Links) -> Result<Self, SiteError> {
        let site = |(site, entry): (&Site, &SiteEntry)| {
            Ok(SiteContext {
                site: site.clone(),
                partner: PartnerId::new(entry.partner.clone()),
                entry: entry.clone(),
                tree: site.tree()?,
            })
        };
        Ok(Self {
            store,
            clock,
            settings: checked.config.control.clone(),
            sites: checked.sites.iter().zip(&checked.config.sites).map(site).collect::<Result<_, SiteError>>()?,
            utilities: checked.config.utilities.clone(),
            links,
            utility_news: watch::Sender::new(0),
            planned: watch::Sender::new(false),
            wake: Wake::default(),
            resync: Resync::default(),
            outbox: Notify::new(),
            changes: watch::Sender::new(0),
            plans: RwLock::default(),
            obedience: RwLock::default(),
            members: RwLock::default(),
            heard: Mutex::default(),
            in_force: RwLock::default(),
            clock_speed: checked.config.clock.map_or(1.0, |rate| rate.speed),
        })
    }

    /// Finds a site by its id.
    pub fn site(&self, id: &str) -> Option<&SiteContext> {
        self.sites.iter().find(|context| context.site.id == id)
    }

    /// Finds the site whose connection point a node is.
    pub fn site_of_node(&self, node: &NodeId) -> Option<&SiteContext> {
        self.site(node.as_str())
    }

    /// Tells whether a utility may limit a connection point.
    pub fn may_limit(&self, utility: &str, node: &NodeId) -> bool {
        let entry = self.utilities.iter().find(|entry| entry.name == utility);
        entry.is_some_and(|entry| entry.sites.iter().any(|site| site == node.as_str()))
    }

    /// Notes who is in which area.
    pub fn set_members(&self, members: BTreeMap<AreaId, BTreeSet<NodeId>>) {
        *self.members.write() = members;
    }

    /// Returns the connection points of some targets, areas by their members.
    pub fn nodes_of(&self, targets: &BTreeSet<Target>) -> BTreeSet<NodeId> {
        let members = self.members.read();
        let of_areas = targets.iter().filter_map(|target| members.get(target.area()?)).flatten();
        of_areas.chain(targets.iter().filter_map(Target::connection_point)).cloned().collect()
    }

    /// Returns the plan in force for a site.
    pub fn plan(&self, site: &str) -> Option<Arc<PlanState>> {
        self.plans.read().get(site).cloned()
    }

    /// Puts a plan in force.
    pub(super) fn set_plan(&self, site: &str, plan: PlanState) {
        self.plans.write().insert(site.to_owned(), Arc::new(plan));
    }

    /// Returns how the sessions of a site obey its plan, as of the last look.
    pub fn obedience(&self, node: &NodeId) -> Option<SiteObedience> {
        self.obedience.read().get(node).cloned()
    }

    /// Tells whether something else is in force at a connection point than was last written down.
    pub(super) fn changes_in_force(&self, node: &NodeId, piece: &EffectiveInterval) -> bool {
        let bounds = |piece: &EffectiveInterval| (piece.maximum_import_w.clone(), piece.maximum_export_w.clone());
        self.in_force.read().get(node).is_none_or(|before| bounds(before) != bounds(piece))
    }

    /// Notes what is written down to be in force at a connection point.
    pub(super) fn set_in_force(&self, node: NodeId, piece: EffectiveInterval) {
        self.in_force.write().insert(node, piece);
    }

    /// Notes how the sessions of a site obey its plan.
    pub(super) fn set_obedience(&self, node: NodeId, obedience: SiteObedience) {
        self.obedience.write().insert(node, obedience);
    }

    /// Returns what the plan in force keeps free for the base load of a site at an instant.
    pub fn reserved_base_load(&self, site: &str, at: DateTime<Utc>) -> Option<Power> {
        let plan = self.plan(site)?;
        plan.guard_w.get(plan.schedule.grid.index_of(at)?).copied()
    }

    /// Notes that a partner called or answered.
    pub async fn heard(&self, partner: &PartnerId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let known = self.heard.lock().get(partner).copied();
        if known.is_none_or(|known| now - known >= HEARD_EVERY) {
            self.store.partner_seen(partner, now).await?;
            self.heard.lock().insert(partner.clone(), now);
        }
        Ok(())
    }

    /// Returns how many seconds of the clock are in a real second.
    pub fn clock_speed(&self) -> f64 {
        self.clock_speed
    }

    /// Says that something a utility would be told has changed.
    pub fn tell_utilities(&self) {
        self.utility_news.send_modify(|count| *count += 1);
    }

    /// Says that something a page would show has changed.
    pub fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

impl SiteContext {
    /// Returns what its connection may draw.
    pub fn import_capacity(&self) -> Power {
        Power::from_kw(self.site.import_capacity_kw)
    }

    /// Returns the controllable units behind its connection point.
    pub fn controllable_units(&self) -> u32 {
        let evses = u32::try_from(self.site.evses.len()).unwrap_or(u32::MAX);
        self.entry.controllable_units.unwrap_or(evses)
    }

    /// Returns what limits leave it.
    pub fn guaranteed_minimum(&self) -> Option<Power> {
        self.entry.guaranteed_minimum.map(|minimum| match minimum {
            GuaranteedMinimum::Kw(kw) => Power::from_kw(kw),
            GuaranteedMinimum::Section14a => section_14a(self.controllable_units()),
        })
    }

    /// Tells whether a session takes place here.
    pub fn hosts(&self, session: &Session) -> bool {
        session.key.partner == self.partner
            && self.entry.locations.iter().any(|location| location.eq_ignore_ascii_case(&session.location_id))
    }

    /// Finds the EVSE of a session in the site's description.
    pub fn evse(&self, session: &Session) -> Option<&SiteEvse> {
        session.evse_uid.as_deref().and_then(|uid| self.site.evse(uid))
    }

    /// Describes the EVSE as the connector that profiles are converted for.
    ///
    /// The site's own description is taken, not OCPI's, because the plan was made with it: watts become amperes by the
    /// same voltage and phases by which amperes became watts.
    pub fn connector(evse: &SiteEvse) -> Result<Connector, SiteError> {
        let wiring = evse.wiring()?;
        Ok(Connector {
            id: "1".to_owned(),
            supply: match u8::try_from(wiring.phases.len()) {
                Ok(phases) if phases > 0 => Supply::Ac { phases },
                _ => Supply::Dc,
            },
            voltage_v: wiring.voltage_v,
            maximum_current_a: wiring.maximum_current_a,
            maximum_power_w: wiring.maximum_power(),
            tariff_ids: Vec::new(),
        })
    }
}
