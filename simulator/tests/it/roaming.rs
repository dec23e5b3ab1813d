//! A whole day of roaming through a hub, with everything that goes wrong on the way.

use chrono::{DateTime, Utc};
use headroom_domain::session::SessionStatus;
use headroom_domain::{Money, Power};
use headroom_ocpi_adapter::roaming::{CommandResult, ConnectionStatus};
use headroom_simulator::partners::roaming::{Event, Fault, Progress, RoamingDay};

const LIMIT_W: f64 = 22_000.0;

fn morning() -> DateTime<Utc> {
    "2026-03-10T06:00:00Z".parse().unwrap()
}

/// What happens at which step of five minutes.
fn day() -> Vec<(usize, Event)> {
    let mut day = vec![
        (1, Event::Card { token: 0, evse: 0 }),
        (2, Event::Card { token: 1, evse: 1 }),
        (3, Event::App { token: 4, evse: 2 }),
        (6, Event::Wish { evse: 1 }),
        (20, Event::Leave { evse: 0 }),
        (30, Event::Stop { evse: 2 }),
        (31, Event::Leave { evse: 2 }),
        (33, Event::Rotate),
        (34, Event::Card { token: 0, evse: 3 }),
        (36, Event::App { token: 1, evse: 4 }),
        (40, Event::Emsp { away: true }),
        (42, Event::Card { token: 4, evse: 5 }),
        (44, Event::Leave { evse: 1 }),
        (52, Event::Emsp { away: false }),
        (60, Event::Wish { evse: 4 }),
        (70, Event::Leave { evse: 3 }),
        (72, Event::Rotate),
        (80, Event::Card { token: 1, evse: 6 }),
        (90, Event::Stop { evse: 4 }),
        (91, Event::Leave { evse: 4 }),
    ];
    // Drivers who are turned away, at any time.
    day.extend([(5, Event::Card { token: 2, evse: 7 }), (55, Event::Card { token: 3, evse: 7 })]);
    day.sort_by_key(|(step, _)| *step);
    day
}

async fn run(seed: u64, percent: f64) -> RoamingDay {
    let day_plan = day();
    let day = RoamingDay::begin(morning(), seed, percent, Power::from_w(LIMIT_W)).await.unwrap();
    for step in 0..100 {
        for (_, event) in day_plan.iter().filter(|(at, _)| *at == step) {
            let done = day.happen(*event).await.unwrap();
            if let Event::Card { token: 2 | 3, .. } = event {
                assert!(!done, "a blocked driver is turned away");
            }
        }
        day.step().await;
    }
    day
}

/// Everybody's view of every session is the truth, and every ended session is billed once and right.
async fn settle(day: &RoamingDay) {
    day.mend().await.unwrap();
    for _ in 0..4 {
        day.step().await;
    }
    day.mend().await.unwrap();
    let truth = day.cpo.sessions();
    for (who, objects) in [("eMSP", &day.emsp.objects), ("service", &day.scsp.objects)] {
        let told = objects.sessions();
        assert_eq!(told.len(), truth.len(), "{who}");
        for session in &truth {
            let believed = told.iter().find(|one| one.key.id == session.key.id).unwrap();
            assert_eq!((believed.status, believed.ended_at), (session.status, session.ended_at), "{who}: {session:?}");
            assert_eq!(believed.started_at, session.started_at, "{who}");
            let off = believed.energy_wh.as_wh() - session.energy_wh.as_wh();
            assert!(off.abs() < 0.1, "{who}: {} is off by {off} Wh", session.key.id);
        }
    }
    for session in &truth {
        match session.status {
            SessionStatus::Completed => assert_billed(day, &session.key.id),
            _ => assert_eq!(
                day.scsp.believed(&session.key.id),
                day.cpo.limit_of(&session.key.id).map(|limit| limit.min(day.scsp.believed(&session.key.id).unwrap())),
                "what is believed in force is what the station follows: {}",
                session.key.id
            ),
        }
    }
    let open: Vec<_> = day.scsp.progress().into_keys().filter(|one| matches!(one, Progress::Created)).collect();
    assert_eq!(open, [], "no request is without an end");
}

fn assert_billed(day: &RoamingDay, session_id: &str) {
    let records = day.emsp.records();
    let of_session: Vec<_> = records.iter().filter(|cdr| cdr.session_id.as_deref() == Some(session_id)).collect();
    assert_eq!(of_session.len(), 1, "{session_id} is billed once");
    let (cdr, total) = (of_session[0], of_session[0].total_cost.unwrap());
    let parking_h = cdr.parking.map_or(0.0, |parking| parking.as_seconds_f64() / 3600.0);
    let expected = 0.5 + 0.3 * cdr.energy_wh.as_kwh() + 2.0 * parking_h;
    assert!((total.before_tax.as_amount() - expected).abs() < 0.01, "{session_id}: {total:?}, not {expected}");
    let with_tax = total.after_tax.map_or(0.0, Money::as_amount);
    assert!((with_tax - 1.21 * expected).abs() < 0.02, "{session_id}: {with_tax}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_roaming_goes_from_the_published_location_to_the_bill() {
    let day = run(1, 0.0).await;
    let locations = day.emsp.objects.locations();
    assert_eq!((locations[0].evses.len(), locations[0].party.to_string().as_str()), (8, "NL-RCP"));
    settle(&day).await;
    let sessions = day.cpo.sessions();
    let progress = day.scsp.progress();
    assert!(progress[&Progress::InForce] > 0 && progress[&Progress::Superseded] > 0, "{progress:?}");
    assert_eq!(progress.len(), 2, "nobody refused, nobody was silent: {progress:?}");
    assert_eq!(sessions.len(), 7);
    assert_eq!(day.scsp.preferences().len(), 2, "wishes reach the service by way of the operator");
    let outcomes: Vec<_> = day.emsp.outcomes().into_values().collect();
    assert_eq!(outcomes, vec![vec![CommandResult::Accepted]; 4], "each command has its outcome once");
    // One ended while the eMSP was away, and was pulled; the others were pushed, and pulled twice beside.
    assert_eq!((day.emsp.records().len(), day.emsp.repeated(), day.scsp.late()), (5, 9, 0));
    let steered = sessions.iter().map(|session| session.power_w.unwrap_or_default().as_w()).sum::<f64>();
    assert!(steered <= LIMIT_W, "{steered} W");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_of_faults_every_session_is_in_its_true_state() {
    for seed in 0..6 {
        let day = run(seed, 20.0).await;
        settle(&day).await;
        let mut seen = std::collections::BTreeMap::new();
        for seat in [&day.hub, &day.cpo_seat, &day.emsp_seat, &day.scsp_seat] {
            for (fault, count) in seat.wire.counts() {
                *seen.entry(fault).or_insert(0) += count;
            }
        }
        for fault in Fault::ALL {
            assert!(seen.get(&fault).is_some_and(|count| *count > 0), "seed {seed} had no {fault:?}: {seen:?}");
        }
        assert!(day.scsp.progress().contains_key(&Progress::Superseded));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_that_the_hub_calls_offline_gets_nothing_and_catches_up_when_it_is_back() {
    let day = RoamingDay::begin(morning(), 1, 0.0, Power::from_w(LIMIT_W)).await.unwrap();
    day.happen(Event::Card { token: 0, evse: 0 }).await.unwrap();
    day.step().await;
    day.happen(Event::Emsp { away: true }).await.unwrap();
    let clients = day.cpo_seat.platform.clients(&"hub".into());
    let emsp = clients.iter().find(|client| client.party.to_string() == "NL-RMS").unwrap();
    assert_eq!(emsp.status, ConnectionStatus::Offline);
    day.step().await;
    day.happen(Event::Leave { evse: 0 }).await.unwrap();
    day.step().await;
    assert_eq!(day.emsp.objects.sessions()[0].status, SessionStatus::Active, "it was not told");
    assert_eq!(day.scsp.objects.sessions()[0].status, SessionStatus::Completed);
    day.happen(Event::Emsp { away: false }).await.unwrap();
    settle(&day).await;
}
