//! A roaming day: a CPO, an eMSP and a smart charging service behind a hub, over wires that fail.
//!
//! Every platform is a real one, with its own server on loopback and its own handshake with the hub; only the clock is
//! the day's own. It goes the whole way of roaming: the location and its tariff are published, drivers are vouched for,
//! sessions begin by card and by app, are reported, steered and wished for, end, and are billed.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::location::{Connector, Evse, Location, Place, Supply};
use headroom_domain::preference::{ChargingPreference, ProfileType};
use headroom_domain::tariff::{Dimension, PriceComponent, Restrictions, Tariff, TariffElement};
use headroom_domain::time::ManualClock;
use headroom_domain::{Clock, Current, Energy, Money, PartnerId, PartyId, Power, Voltage};
use headroom_ocpi_adapter::hosts::Unsaved;
use headroom_ocpi_adapter::roaming::{Allowed, Token, TokenKey, TokenKind, Whitelist};
use headroom_ocpi_adapter::{Client, Dialect, Platform, PlatformConfig, Role, server};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

mod bill;
mod cpo;
mod emsp;
mod scsp;
mod wire;

pub use cpo::RoamingCpo;
use cpo::{STEP, Wants};
pub use emsp::RoamingEmsp;
pub use scsp::{Progress, RoamingScsp};
pub use wire::{Fault, Wire};

const TARIFF: &str = "T1";
const LOCATION: &str = "L1";
const CONNECTOR: &str = "1";
const EVSES: usize = 8;

/// Who takes part.
pub(crate) struct Parties {
    cpo: PartyId,
    emsp: PartyId,
    scsp: PartyId,
    since: DateTime<Utc>,
}

/// A party's platform, and its wire: what comes in goes over it.
pub struct Seat {
    /// Its side of the link with the hub.
    pub platform: Platform,
    /// What happens to requests to it.
    pub wire: Wire,
}

/// A roaming day.
pub struct RoamingDay {
    clock: Arc<ManualClock>,
    parties: Parties,
    /// The hub.
    pub hub: Seat,
    /// The operator's platform.
    pub cpo_seat: Seat,
    /// The eMSP's platform.
    pub emsp_seat: Seat,
    /// The service's platform.
    pub scsp_seat: Seat,
    /// The operator.
    pub cpo: RoamingCpo,
    /// The eMSP.
    pub emsp: RoamingEmsp,
    /// The service.
    pub scsp: RoamingScsp,
    hub_router: server::Hub,
    /// Ends the servers with the day.
    _servers: JoinSet<()>,
}

/// Something that happens in a day, by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A driver holds a card before an EVSE and plugs in.
    Card {
        /// The token's number.
        token: usize,
        /// The EVSE's number.
        evse: usize,
    },
    /// A driver starts a session from an app.
    App {
        /// The token's number.
        token: usize,
        /// The EVSE's number.
        evse: usize,
    },
    /// A driver says what is wanted of the session at an EVSE.
    Wish {
        /// The EVSE's number.
        evse: usize,
    },
    /// A driver ends the session at an EVSE from an app.
    Stop {
        /// The EVSE's number.
        evse: usize,
    },
    /// A driver unplugs.
    Leave {
        /// The EVSE's number.
        evse: usize,
    },
    /// The operator renews its link with the hub: both tokens change.
    Rotate,
    /// The eMSP cannot be reached any more, or again.
    Emsp {
        /// Whether it is away.
        away: bool,
    },
}

impl RoamingDay {
    /// Begins a day at an instant: all platforms run and are registered with the hub, tokens and the location are
    /// published. So many of a hundred requests fail from then on.
    pub async fn begin(at: DateTime<Utc>, seed: u64, percent: f64, limit: Power) -> anyhow::Result<Self> {
        let clock = Arc::new(ManualClock::new(at));
        let of = |country: &str, id: &str| PartyId::new(country, id);
        let parties = Parties {
            cpo: of("NL", "RCP"),
            emsp: of("NL", "RMS"),
            scsp: of("NL", "HDR"),
            since: at - TimeDelta::days(1),
        };
        let mut servers = JoinSet::new();
        let cpo = RoamingCpo::new(location(&parties.cpo, at), tariff(&parties.cpo, at), clock.clone());
        let emsp = RoamingEmsp::new(tokens(&parties.emsp, at), clock.clone());
        let scsp = RoamingScsp::new(limit, clock.clone());
        let mut seats = Vec::new();
        let mut hub_router = None;
        for (number, (role, party, name)) in [
            (Role::Hub, of("NL", "HUB"), "Hub"),
            (Role::Cpo, parties.cpo.clone(), "Operator"),
            (Role::Emsp, parties.emsp.clone(), "eMSP"),
            (Role::Scsp, parties.scsp.clone(), "Service"),
        ]
        .into_iter()
        .enumerate()
        {
            let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen for OCPI")?;
            let url = Url::parse(&format!("http://{}/ocpi", listener.local_addr()?))?;
            let config = PlatformConfig::new(url, role.clone(), party, name);
            let platform = Platform::new(config, clock.clone(), Vec::new(), Arc::new(Unsaved))?;
            let router = match role {
                Role::Cpo => server::cpo(platform.clone(), Arc::new(cpo.clone())),
                Role::Emsp => server::emsp(platform.clone(), Arc::new(emsp.clone())),
                Role::Scsp => server::scsp(platform.clone(), Arc::new(scsp.clone())),
                _ => {
                    let hub = server::Hub::new(platform.clone());
                    hub_router = Some(hub.clone());
                    server::hub(hub)
                }
            };
            let wire = Wire::new(seed.wrapping_mul(31).wrapping_add(number as u64), 0.0);
            serve(&mut servers, listener, wire.before(router));
            seats.push(Seat { platform, wire });
        }
        let mut seats = seats.into_iter();
        let mut seat = || seats.next().context("a seat for each");
        let (hub, cpo_seat, emsp_seat, scsp_seat) = (seat()?, seat()?, seat()?, seat()?);
        let hub_router = hub_router.context("a hub")?;
        for (name, seat) in [("cpo", &cpo_seat), ("emsp", &emsp_seat), ("scsp", &scsp_seat)] {
            let token = hub.platform.invite(&PartnerId::new(name), Dialect::default()).await?;
            seat.platform.register(&hub_id(), &hub.platform.versions_url(), &token).await?;
        }
        let day = Self {
            clock,
            parties,
            hub,
            cpo_seat,
            emsp_seat,
            scsp_seat,
            cpo,
            emsp,
            scsp,
            hub_router,
            _servers: servers,
        };
        day.publish().await?;
        for seat in day.seats() {
            seat.wire.fail(percent);
        }
        Ok(day)
    }

    async fn publish(&self) -> anyhow::Result<()> {
        let client = client(&self.cpo_seat);
        client.broadcast().put_location(&location(&self.parties.cpo, self.clock.now())).await?;
        client.broadcast().put_tariff(&tariff(&self.parties.cpo, self.clock.now())).await?;
        self.emsp.publish_tokens(&self.client_of_emsp()).await;
        Ok(())
    }

    fn client_of_emsp(&self) -> Client {
        client(&self.emsp_seat)
    }

    /// Lets something happen now; false when it did not succeed, as a driver would see.
    pub async fn happen(&self, event: Event) -> anyhow::Result<bool> {
        let (cpo, emsp) = (client(&self.cpo_seat), self.client_of_emsp());
        let parties = &self.parties;
        let app = &self.emsp_seat.platform;
        Ok(match event {
            Event::Card { token, evse } => {
                let wants = Wants { energy_wh: Energy::from_kwh(15.0 + token as f64), maximum_w: Power::from_kw(11.0) };
                self.cpo.plug_in(&cpo, parties, &uid(token), &evse_uid(evse), wants).await
            }
            Event::App { token, evse } => self.emsp.start(app, &emsp, parties, &uid(token), &evse_uid(evse)).await,
            Event::Wish { evse } => match self.session_at(evse) {
                Some(id) => emsp.to(&parties.cpo).put_charging_preferences(&id, &self.wish()).await.is_ok(),
                None => false,
            },
            Event::Stop { evse } => match self.session_at(evse) {
                Some(id) => self.emsp.stop(app, &emsp, parties, &id).await,
                None => false,
            },
            Event::Leave { evse } => {
                self.cpo.unplug(&evse_uid(evse));
                true
            }
            Event::Rotate => self.cpo_seat.platform.renew(&hub_id()).await.map(|()| true)?,
            Event::Emsp { away } => {
                self.emsp_seat.wire.cut(away);
                self.hub_router.probe().await;
                true
            }
        })
    }

    /// Returns the session at an EVSE as the app of its driver knows it.
    fn session_at(&self, evse: usize) -> Option<String> {
        let sessions = self.emsp.objects.sessions();
        let here = |evse_at: Option<&str>| evse_at == Some(evse_uid(evse).as_str());
        sessions
            .iter()
            .rfind(|one| !one.status.is_over() && here(one.evse_uid.as_deref()))
            .map(|one| one.key.id.clone())
    }

    fn wish(&self) -> ChargingPreference {
        ChargingPreference {
            profile_type: ProfileType::Cheap,
            departure: Some(self.clock.now() + TimeDelta::hours(3)),
            energy_need_wh: Some(Energy::from_kwh(10.0)),
            discharge_allowed: false,
            stated_at: self.clock.now(),
        }
    }

    /// Goes on by five minutes: stations charge, everybody tells what is to be told, and what is late arrives.
    pub async fn step(&self) {
        self.clock.set(self.clock.now() + STEP);
        self.cpo.step(&client(&self.cpo_seat), &self.parties).await;
        self.scsp.step(&self.scsp_seat.platform, &client(&self.scsp_seat), &self.parties).await;
        for seat in self.seats() {
            seat.wire.deliver_late().await;
        }
        self.ask_who_is_there().await;
    }

    fn seats(&self) -> [&Seat; 4] {
        [&self.hub, &self.cpo_seat, &self.emsp_seat, &self.scsp_seat]
    }

    /// Word of who comes and goes may be lost as anything else: everybody asks the hub from time to time.
    async fn ask_who_is_there(&self) {
        for seat in [&self.cpo_seat, &self.emsp_seat, &self.scsp_seat] {
            if let Err(error) = client(seat).pull_clients(None).await {
                tracing::debug!(%error, "who is connected was not told");
            }
        }
    }

    /// Mends all wires; whoever missed something pulls it.
    pub async fn mend(&self) -> anyhow::Result<()> {
        for seat in self.seats() {
            seat.wire.fail(0.0);
            seat.wire.cut(false);
            seat.wire.deliver_late().await;
        }
        self.hub_router.probe().await;
        self.ask_who_is_there().await;
        self.emsp.pull(&self.client_of_emsp(), &self.parties).await?;
        self.scsp.pull(&client(&self.scsp_seat), &self.parties).await?;
        Ok(())
    }

    /// Returns what time it is.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

fn serve(servers: &mut JoinSet<()>, listener: TcpListener, router: Router) {
    servers.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the server of a virtual partner failed");
        }
    });
}

fn hub_id() -> PartnerId {
    PartnerId::new("hub")
}

fn client(seat: &Seat) -> Client {
    seat.platform.client(&hub_id())
}

fn uid(token: usize) -> String {
    format!("04AB{token:04}")
}

fn evse_uid(evse: usize) -> String {
    format!("E{evse}")
}

/// Five drivers: one always let in, one asked about, one blocked, one without credit, one let in where nobody answers.
fn tokens(party: &PartyId, at: DateTime<Utc>) -> Vec<(Token, Allowed)> {
    let kinds = [
        (Whitelist::Always, Allowed::Allowed),
        (Whitelist::Allowed, Allowed::Allowed),
        (Whitelist::Never, Allowed::Blocked),
        (Whitelist::Never, Allowed::NoCredit),
        (Whitelist::AllowedOffline, Allowed::Allowed),
    ];
    let token = |(number, (whitelist, allowed)): (usize, (Whitelist, Allowed))| {
        let key = TokenKey { partner: hub_id(), party: party.clone(), uid: uid(number), kind: TokenKind::Rfid };
        let token = Token {
            key,
            contract_id: format!("NL-RMS-C{number:05}"),
            visual_number: None,
            issuer: "Roaming".to_owned(),
            group_id: None,
            valid: true,
            whitelist,
            language: None,
            default_profile_type: None,
            energy_contract: None,
            last_updated: at,
        };
        (token, allowed)
    };
    kinds.into_iter().enumerate().map(token).collect()
}

fn location(party: &PartyId, at: DateTime<Utc>) -> Location {
    let connector = Connector {
        id: CONNECTOR.to_owned(),
        supply: Supply::Ac { phases: 3 },
        voltage_v: Voltage::from_v(230.0),
        maximum_current_a: Current::from_a(16.0),
        maximum_power_w: Power::from_w(11_040.0),
        tariff_ids: vec![TARIFF.to_owned()],
    };
    let evse = |number| Evse {
        uid: evse_uid(number),
        takes_profiles: true,
        takes_preferences: true,
        out_of_use: false,
        connectors: vec![connector.clone()],
    };
    Location {
        partner: hub_id(),
        party: party.clone(),
        id: LOCATION.to_owned(),
        name: "Quay".to_owned(),
        place: Place {
            address: "Quay 1".to_owned(),
            city: "Rotterdam".to_owned(),
            country: "NLD".to_owned(),
            latitude: "51.92000".to_owned(),
            longitude: "4.48000".to_owned(),
        },
        time_zone: chrono_tz::Europe::Amsterdam,
        evses: (0..EVSES).map(evse).collect(),
        last_updated: at,
    }
}

/// A fee, energy, and parking after a night's price.
fn tariff(party: &PartyId, at: DateTime<Utc>) -> Tariff {
    let component = |dimension, price: f64, step_size| PriceComponent {
        dimension,
        price: Money::from_amount(price),
        vat_percent: Some(21.0),
        step_size,
    };
    let element = |components| TariffElement { components, restrictions: Restrictions::default() };
    Tariff {
        partner: hub_id(),
        party: party.clone(),
        id: TARIFF.to_owned(),
        currency: "EUR".to_owned(),
        tariff_type: None,
        tax_included: None,
        minimum_price: None,
        maximum_price: None,
        valid_from: None,
        valid_until: None,
        elements: vec![element(vec![
            component(Dimension::Flat, 0.5, 1),
            component(Dimension::Energy, 0.3, 1),
            component(Dimension::ParkingTime, 2.0, 60),
        ])],
        incomplete: false,
        last_updated: at,
    }
}
