//! Which profiles may go out now: reductions at once, raises when what pays for them is acknowledged.
//!
//! What a session may draw is the highest of all profiles that could be in force at its station: the one acknowledged,
//! those in flight, and the station's fallback before the first ([`Belief::worst_at`]). The sum of these envelopes, the
//! guard of the base load and the margin stay under every limit at every instant to come. An order joins the envelope
//! the moment it is sent, so it may take only the room that all envelopes leave.
//!
//! [`Belief::worst_at`]: headroom_domain::profile::Belief::worst_at

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::profile::{ChargingProfile, ProfilePeriod};
use headroom_domain::reason::Reason;
use headroom_domain::schedule::Schedule;
use headroom_domain::{Power, SessionId};
use serde::{Deserialize, Serialize};

use crate::room::Room;
use crate::rows::Rows;
use crate::snapshot::{SessionState, Snapshot};

mod desired;
mod envelope;

use desired::{Desired, whole};
use envelope::Envelope;

/// What an order does to what is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Allows nowhere more than could be in force, and somewhere less than was sent last.
    Lower,
    /// Allows more somewhere before the dead-man tail of what was sent last.
    Raise,
    /// Says much the same for longer.
    Refresh,
}

/// A profile to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// To whom.
    pub session: SessionId,
    /// What: from now on, ending in the dead-man tail.
    pub profile: ChargingProfile,
    /// What it does.
    pub direction: Direction,
}

/// What goes out now and what has to wait.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dispatch {
    /// Profiles to send, reductions first. A newer profile replaces those before it.
    pub orders: Vec<Order>,
    /// Sessions that get less than their plan for now, and why.
    pub withheld: Vec<(SessionId, Reason)>,
}

/// Decides which profiles may go out now.
///
/// A snapshot that breaks a rule gets no orders: what is in force ends in its tails.
pub fn dispatch(snapshot: &Snapshot, schedule: &Schedule) -> Dispatch {
    if snapshot.check().is_err() {
        return Dispatch::default();
    }
    let rows = Rows::new(snapshot);
    let envelope = Envelope::new(snapshot, schedule, &rows);
    let desired = Desired::new(snapshot, schedule, &rows, &envelope);
    let left = envelope.room(&rows, &envelope.worst_w);
    let full = Overfull::new(&rows, &left, envelope.pieces.len());
    let if_obeyed = Overfull::new(&rows, &envelope.room(&rows, &desired.power_w), envelope.pieces.len());
    let soon = snapshot.now + TimeDelta::seconds(snapshot.settings.told_within_s);
    let stale = snapshot.now + TimeDelta::seconds(snapshot.settings.refresh_before_s);
    Dispatcher { snapshot, rows, envelope, desired, left, overfull: full, if_obeyed, soon, stale, exact: false }.run()
}

/// Sums of powers this much (W) over a limit break it.
const BROKEN_W: f64 = 1.0;

/// The rows and pieces at which powers break a limit.
struct Overfull(Vec<Vec<bool>>);

impl Overfull {
    fn new(rows: &Rows<'_>, room: &Room, pieces: usize) -> Self {
        let broken = |row: usize| (0..pieces).map(|piece| room.of_row(row, piece) < -BROKEN_W).collect();
        Self((0..rows.all().len()).map(broken).collect())
    }

    /// Tells whether a limit above a session is broken.
    fn above(&self, rows: &Rows<'_>, session: usize, piece: usize) -> bool {
        rows.of(session).iter().any(|(row, _)| self.0[*row][piece])
    }
}

struct Dispatcher<'a> {
    snapshot: &'a Snapshot,
    rows: Rows<'a>,
    envelope: Envelope,
    desired: Desired,
    /// What all envelopes leave, orders given so far included.
    left: Room,
    overfull: Overfull,
    /// Where limits would still be broken if every responsive station obeyed.
    if_obeyed: Overfull,
    /// Differences later than this can wait.
    soon: DateTime<Utc>,
    /// A tail that begins before this is put off.
    stale: DateTime<Utc>,
    /// Whether small differences are told too.
    exact: bool,
}

impl Dispatcher<'_> {
    fn run(mut self) -> Dispatch {
        let dispatch = self.round();
        let waits = |(_, reason): &(SessionId, Reason)| *reason == Reason::WaitingForAcknowledgement;
        // What a silent station was asked may never be answered: it holds nobody up.
        let asked = |session: &SessionState| session.responsive && !session.belief.in_flight.is_empty();
        let under_way = self.snapshot.sessions.iter().any(asked);
        if !dispatch.orders.is_empty() || under_way || !dispatch.withheld.iter().any(waits) {
            return dispatch;
        }
        // Many small differences that are not worth a message hold up a large one: now they are.
        self.exact = true;
        self.round()
    }

    fn round(&mut self) -> Dispatch {
        let mut dispatch = Dispatch::default();
        for session in self.order() {
            let state = &self.snapshot.sessions[session];
            if !state.responsive {
                dispatch.withheld.push((state.id.clone(), Reason::StationSilent));
            }
            let allowed = if state.responsive { self.allowed(session) } else { self.last_effort(session) };
            if state.responsive && self.is_withheld(session, &allowed) {
                dispatch.withheld.push((state.id.clone(), Reason::WaitingForAcknowledgement));
            }
            if self.is_worth_sending(session, &allowed) {
                dispatch.orders.extend(self.order_for(session, &allowed));
                self.claim(session, &allowed);
            }
        }
        dispatch.orders.sort_by_key(|order| order.direction);
        dispatch
    }

    /// Returns the sessions present that can be sent profiles, in the order in which raises share the room.
    fn order(&self) -> Vec<usize> {
        let sessions = &self.snapshot.sessions;
        let present = |at: &usize| sessions[*at].steerable && sessions[*at].arrival <= self.snapshot.now;
        let mut order: Vec<usize> = (0..sessions.len()).filter(present).collect();
        order.sort_by_key(|at| (sessions[*at].departure, &sessions[*at].id));
        order
    }

    /// Returns as much of what is desired as the room allows beside everything that could be in force.
    fn allowed(&self, session: usize) -> Vec<f64> {
        let state = &self.snapshot.sessions[session];
        let (worst, desired) = (&self.envelope.worst_w[session], &self.desired.power_w[session]);
        let clip = |piece: usize| {
            if desired[piece] <= worst[piece] {
                return desired[piece];
            }
            let room = worst[piece] + self.left.left(&self.rows, session, piece);
            whole(state, desired[piece].min(room))
        };
        self.with_open_tail((0..worst.len()).map(clip).collect())
    }

    /// Returns what a silent station is asked for when others alone cannot keep a limit: nothing while it is broken.
    fn last_effort(&self, session: usize) -> Vec<f64> {
        let worst = &self.envelope.worst_w[session];
        let keep = |piece: usize| if self.if_obeyed.above(&self.rows, session, piece) { 0.0 } else { worst[piece] };
        let mut powers_w: Vec<f64> = (0..worst.len()).map(keep).collect();
        let state = &self.snapshot.sessions[session];
        let safe_w = whole(state, state.safe_rate_w.as_w());
        for power in &mut powers_w[self.desired.tail..] {
            *power = power.min(safe_w);
        }
        self.with_open_tail(powers_w)
    }

    /// Levels the pieces of the tail to the least of them: a profile cannot end in more than one period without end.
    fn with_open_tail(&self, mut powers_w: Vec<f64>) -> Vec<f64> {
        let tail = &mut powers_w[self.desired.tail..];
        let least = tail.iter().copied().fold(f64::INFINITY, f64::min);
        tail.fill(least);
        powers_w
    }

    fn is_withheld(&self, session: usize, allowed: &[f64]) -> bool {
        let desired = &self.desired.power_w[session];
        self.soon_pieces(self.soon).any(|piece| desired[piece] > allowed[piece] + self.tolerance(desired[piece]))
    }

    /// Tells whether what was sent last says something else soon, ends too soon, or breaks a limit that this keeps.
    fn is_worth_sending(&self, session: usize, allowed: &[f64]) -> bool {
        let state = &self.snapshot.sessions[session];
        // Others have given way for a silent station, so only what they cannot mend is asked of it.
        let broken = if state.responsive { &self.overfull } else { &self.if_obeyed };
        let keeps_a_limit = |piece: usize| {
            allowed[piece] < last_power(state, self.start(piece)) - BROKEN_W && broken.above(&self.rows, session, piece)
        };
        let differs = |piece: usize| {
            let last = last_power(state, self.start(piece));
            (allowed[piece] - last).abs() > self.tolerance(allowed[piece].max(last))
        };
        if (0..allowed.len()).any(keeps_a_limit) || !state.responsive {
            return (0..allowed.len()).any(keeps_a_limit);
        }
        let Some(last) = last_sent(state) else { return true };
        let until = if last.tail_start() > self.stale { self.soon } else { DateTime::<Utc>::MAX_UTC };
        self.soon_pieces(until).any(differs)
    }

    fn order_for(&self, session: usize, allowed: &[f64]) -> Option<Order> {
        let state = &self.snapshot.sessions[session];
        let periods = allowed[..=self.desired.tail.min(allowed.len() - 1)].iter().enumerate();
        let periods =
            periods.map(|(piece, power)| ProfilePeriod { start: self.start(piece), limit_w: Power::from_w(*power) });
        let profile = ChargingProfile::new(periods.collect()).ok()?;
        Some(Order { session: state.id.clone(), profile, direction: self.direction(session, allowed) })
    }

    fn direction(&self, session: usize, allowed: &[f64]) -> Direction {
        let state = &self.snapshot.sessions[session];
        let told_until = last_sent(state).map_or(DateTime::<Utc>::MAX_UTC, ChargingProfile::tail_start);
        // What was sent last may be in its tail, or be one period without end.
        let told_until = if told_until > self.snapshot.now { told_until } else { self.soon };
        let worst = &self.envelope.worst_w[session];
        let mut told = self.soon_pieces(told_until);
        if told.any(|piece| allowed[piece] > worst[piece] + self.tolerance(allowed[piece])) {
            return Direction::Raise;
        }
        let lowers = |piece: usize| allowed[piece] < last_power(state, self.start(piece)) - BROKEN_W;
        if (0..allowed.len()).any(lowers) { Direction::Lower } else { Direction::Refresh }
    }

    /// Takes the room of what an order adds to the envelope.
    fn claim(&mut self, session: usize, allowed: &[f64]) {
        for (piece, power) in allowed.iter().enumerate() {
            let more = power - self.envelope.worst_w[session][piece];
            if more > 0.0 {
                self.left.take(&self.rows, session, piece, more);
            }
        }
    }

    fn start(&self, piece: usize) -> DateTime<Utc> {
        self.envelope.pieces[piece].start
    }

    fn soon_pieces(&self, until: DateTime<Utc>) -> impl Iterator<Item = usize> + '_ {
        (0..self.envelope.pieces.len()).take_while(move |piece| self.start(*piece) < until)
    }

    fn tolerance(&self, power_w: f64) -> f64 {
        if self.exact {
            return BROKEN_W;
        }
        self.snapshot.settings.tolerance_w.as_w().max(0.03 * power_w)
    }
}

/// Returns the profile that was sent last, answered or not.
fn last_sent(state: &SessionState) -> Option<&ChargingProfile> {
    state.belief.in_flight.last().or(state.belief.acknowledged.as_ref())
}

fn last_power(state: &SessionState, at: DateTime<Utc>) -> f64 {
    last_sent(state).map_or(state.belief.fallback_w, |profile| profile.limit_at(at)).as_w()
}
