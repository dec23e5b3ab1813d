//! What a session costs by its tariffs (OCPI 2.2.1 §11, and §10.4.1 for the totals of a CDR).
//!
//! 1. Periods are split where a restriction starts or ceases to match; energy runs evenly within a period.
//! 2. In each part, and for each dimension, the first element that matches and has a component of it gives the price;
//!    without one it is free. The flat fee is charged once, by the first component that matches.
//! 3. Once per session the consumption of energy is rounded up to the step of the last component that priced it; so is
//!    the time charged last, either of charging or of parking. What is added is billed by that component. Only what is
//!    priced counts. The time of a reservation is rounded for itself.
//! 4. The minimum and maximum price of each tariff bound what its periods cost, before and after taxes each for itself.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::restriction::{Moment, Reservation};
use super::segment::{Segment, Span};
use super::usage::{CostError, Usage, UsagePeriod};
use super::{Dimension, PriceComponent, Tariff};

/// Consumption this little (in steps) above a whole number of steps is one of sums of floating-point numbers.
const STEP_TOLERANCE: f64 = 1e-6;

/// What a session costs, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// ISO 4217; absent when no period has a tariff.
    pub currency: Option<String>,
    /// The flat fee.
    pub fixed: Amount,
    /// Energy.
    pub energy: Amount,
    /// Time of charging.
    pub time: Amount,
    /// Time of not charging.
    pub parking: Amount,
    /// The reservation, its fee included.
    pub reservation: Amount,
    /// All of these together.
    pub subtotal: Amount,
    /// What is to be paid: the subtotal within the minimum and maximum prices.
    pub total: Amount,
    /// What each part of the session cost, in order of time.
    pub lines: Vec<Line>,
    /// What makes the cost uncertain.
    pub doubts: Vec<Doubt>,
}

/// What a part of a charging period cost in one respect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The place of the charging period.
    pub period: usize,
    /// When the part starts.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// What is charged.
    pub item: Item,
    /// How much was used. **Units**: kWh of energy, h of time, 1 for a fee.
    pub quantity: f64,
    /// How much is billed, after rounding up to whole steps. **Units**: as `quantity`.
    pub billed: f64,
    /// What gave the price; absent when no element did: it is free.
    pub priced_by: Option<PricedBy>,
    /// What it costs.
    pub amount: Amount,
}

/// What is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// The flat fee of the session.
    Fixed,
    /// Energy.
    Energy,
    /// Time of charging.
    Time,
    /// Time of not charging.
    Parking,
    /// The fee of the reservation.
    ReservationFee,
    /// Time of the reservation.
    ReservationTime,
}

/// A component of a tariff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedBy {
    /// The tariff.
    pub tariff_id: String,
    /// The place of the element in it.
    pub element: usize,
    /// The place of the component in the element.
    pub component: usize,
}

/// What makes a cost uncertain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// A price depends on the power or the current, and nobody said what it was: elements that ask for it did not match.
    LevelUnknown {
        /// The place of the charging period.
        period: usize,
    },
    /// A part of the tariff could not be read.
    TariffIncomplete {
        /// The tariff.
        tariff_id: String,
    },
}

/// Returns what a session costs by the tariffs that its periods name.
///
/// Of several tariffs with one id the one valid at the start of the session counts, the latest of several.
///
/// **Errors**: the periods are out of order, or a tariff is missing: half a cost is a wrong cost.
pub fn cost(usage: &Usage, tariffs: &[Tariff]) -> Result<Cost, CostError> {
    let bill = Bill::of(usage, tariffs)?;
    Ok(bill.rounded_up().cost(tariffs))
}

/// A line on its way, with its tariff.
struct Entry<'a> {
    line: Line,
    source: Option<(&'a Tariff, &'a PriceComponent)>,
}

struct Bill<'a> {
    entries: Vec<Entry<'a>>,
    /// The tariffs of the periods, by their place in the list.
    used: BTreeSet<usize>,
    doubts: BTreeSet<Doubt>,
}

/// What of the session lies before a period.
struct Progress {
    energy_wh: f64,
    /// When charging (or parking) began.
    charging_since: Option<DateTime<Utc>>,
    /// When the reservation began.
    reserved_since: DateTime<Utc>,
}

impl<'a> Bill<'a> {
    fn of(usage: &Usage, tariffs: &'a [Tariff]) -> Result<Self, CostError> {
        let periods = usage.checked()?;
        let mut bill = Self { entries: Vec::new(), used: BTreeSet::new(), doubts: BTreeSet::new() };
        let start = periods[0].0.start;
        let mut progress = Progress { energy_wh: 0.0, charging_since: None, reserved_since: start };
        for (index, (period, end)) in periods.iter().enumerate() {
            let reserved = period.is_reservation();
            let since =
                if reserved { progress.reserved_since } else { *progress.charging_since.get_or_insert(period.start) };
            let span = Span {
                start: period.start,
                end: *end,
                since,
                energy_before_wh: progress.energy_wh,
                energy_wh: period.energy_wh.as_wh(),
                power_w: period.power_w(),
                current_a: period.current_a(),
            };
            progress.energy_wh += span.energy_wh;
            let Some(id) = &period.tariff_id else { continue };
            let tariff = bill.tariff(tariffs, id, index, start)?;
            bill.period(index, period, &span, tariff, usage);
        }
        Ok(bill)
    }

    fn tariff(
        &mut self,
        tariffs: &'a [Tariff],
        id: &str,
        period: usize,
        start: DateTime<Utc>,
    ) -> Result<&'a Tariff, CostError> {
        let named: Vec<usize> =
            (0..tariffs.len()).filter(|place| tariffs[*place].id.eq_ignore_ascii_case(id)).collect();
        if named.is_empty() {
            return Err(CostError::UnknownTariff { period, id: id.to_owned() });
        }
        let valid = named.into_iter().filter(|place| tariffs[*place].is_valid_at(start));
        let latest = valid.max_by_key(|place| (tariffs[*place].valid_from, tariffs[*place].last_updated));
        let place = latest.ok_or_else(|| CostError::InvalidTariff { period, id: id.to_owned() })?;
        let tariff = &tariffs[place];
        if let Some(other) = self.used.first().map(|place| &tariffs[*place])
            && other.currency != tariff.currency
        {
            return Err(CostError::Currencies(other.currency.clone(), tariff.currency.clone()));
        }
        self.used.insert(place);
        if tariff.incomplete {
            self.doubts.insert(Doubt::TariffIncomplete { tariff_id: tariff.id.clone() });
        }
        Ok(tariff)
    }

    fn period(&mut self, index: usize, period: &UsagePeriod, span: &Span, tariff: &'a Tariff, usage: &Usage) {
        let mut restrictions = tariff.elements.iter().map(|element| &element.restrictions);
        let unknown = restrictions.any(|restrictions| {
            (restrictions.ask_power() && span.power_w.is_none())
                || (restrictions.ask_current() && span.current_a.is_none())
        });
        if unknown {
            self.doubts.insert(Doubt::LevelUnknown { period: index });
        }
        let reservation = if usage.reservation_expired { Reservation::Expired } else { Reservation::Made };
        let used = [
            (Item::Energy, span.energy_wh / 1000.0),
            (Item::Time, period.time_h),
            (Item::Parking, period.parking_h),
            (Item::ReservationTime, period.reservation_h),
        ];
        let fee = if period.is_reservation() { Item::ReservationFee } else { Item::Fixed };
        for segment in span.segments(tariff, usage.time_zone) {
            let mut add = |item: Item, quantity: f64| {
                let found = tariff.price(item, &segment.moment, reservation);
                self.add(index, span, &segment, tariff, (item, quantity), found);
            };
            add(fee, 1.0);
            for (item, quantity) in used.iter().filter(|(_, quantity)| *quantity != 0.0) {
                add(*item, quantity * segment.share());
            }
        }
    }

    fn add(
        &mut self,
        period: usize,
        span: &Span,
        segment: &Segment,
        tariff: &'a Tariff,
        (item, quantity): (Item, f64),
        found: Option<Found<'a>>,
    ) {
        if item.is_fee() && (found.is_none() || self.entries.iter().any(|known| known.line.item == item)) {
            return;
        }
        let priced_by = found.as_ref().map(|found| PricedBy {
            tariff_id: tariff.id.clone(),
            element: found.element,
            component: found.component,
        });
        let end = span.instant(segment.to);
        let same =
            |line: &Line| line.period == period && line.item == item && line.priced_by == priced_by && !item.is_fee();
        let last = self.entries.iter_mut().rev().map(|entry| &mut entry.line).find(|line| line.item == item);
        if let Some(line) = last.filter(|line| same(line)) {
            line.end = end;
            line.quantity += quantity;
            line.billed += quantity;
            return;
        }
        let start = span.instant(segment.from);
        let amount = Amount::nothing();
        let line = Line { period, start, end, item, quantity, billed: quantity, priced_by, amount };
        self.entries.push(Entry { line, source: found.map(|found| (tariff, found.price)) });
    }

    /// Rounds consumption up to whole steps.
    fn rounded_up(mut self) -> Self {
        for items in [&[Item::Energy][..], &[Item::Time, Item::Parking], &[Item::ReservationTime]] {
            let priced = |entry: &&Entry<'_>| entry.source.is_some() && items.contains(&entry.line.item);
            let Some(last) = self.entries.iter().rev().find(priced) else { continue };
            let item = last.line.item;
            let step_size = last.source.map_or(0, |(_, component)| component.step_size);
            let step = f64::from(step_size) / if item == Item::Energy { 1000.0 } else { 3600.0 };
            let same = |entry: &&Entry<'_>| entry.source.is_some() && entry.line.item == item;
            let used: f64 = self.entries.iter().filter(same).map(|entry| entry.line.quantity).sum();
            let place = self.entries.iter().rposition(|entry| same(&entry));
            if let Some(place) = place.filter(|_| used > 0.0 && step > 0.0) {
                let rounded = (used / step - STEP_TOLERANCE).ceil() * step;
                self.entries[place].line.billed += (rounded - used).max(0.0);
            }
        }
        self
    }

    fn cost(self, tariffs: &[Tariff]) -> Cost {
        let mut totals: BTreeMap<Item, Amount> = BTreeMap::new();
        let mut by_tariff: Vec<(&Tariff, Amount)> =
            self.used.iter().map(|place| (&tariffs[*place], Amount::nothing())).collect();
        let mut subtotal = Amount::nothing();
        let mut lines = Vec::with_capacity(self.entries.len());
        for Entry { mut line, source } in self.entries {
            if let Some((tariff, component)) = source {
                line.amount = tariff.amount(component, line.billed);
                let own = by_tariff.iter_mut().filter(|(used, _)| std::ptr::eq(*used, tariff));
                own.for_each(|(_, amount)| amount.add(&line.amount));
            }
            totals.entry(line.item).or_insert_with(Amount::nothing).add(&line.amount);
            subtotal.add(&line.amount);
            lines.push(line);
        }
        let mut total = Amount::nothing();
        for (tariff, amount) in &by_tariff {
            total.add(&tariff.limited(amount));
        }
        let mut take = |item: Item| totals.remove(&item).unwrap_or_else(Amount::nothing);
        let mut reservation = take(Item::ReservationFee);
        reservation.add(&take(Item::ReservationTime));
        Cost {
            currency: by_tariff.first().map(|(tariff, _)| tariff.currency.clone()),
            fixed: take(Item::Fixed),
            energy: take(Item::Energy),
            time: take(Item::Time),
            parking: take(Item::Parking),
            reservation,
            subtotal,
            total,
            lines,
            doubts: self.doubts.into_iter().collect(),
        }
    }
}

/// A component and its place.
pub(super) struct Found<'a> {
    element: usize,
    component: usize,
    pub(super) price: &'a PriceComponent,
}

impl Item {
    fn is_fee(self) -> bool {
        matches!(self, Self::Fixed | Self::ReservationFee)
    }

    fn dimension(self) -> Dimension {
        match self {
            Self::Fixed | Self::ReservationFee => Dimension::Flat,
            Self::Energy => Dimension::Energy,
            Self::Time | Self::ReservationTime => Dimension::Time,
            Self::Parking => Dimension::ParkingTime,
        }
    }

    fn is_of_reservation(self) -> bool {
        matches!(self, Self::ReservationFee | Self::ReservationTime)
    }
}

impl Tariff {
    /// Returns the component that prices an item at a moment: of the first element that matches and has one.
    ///
    /// An expired reservation is priced by elements for expired ones, then by those for any.
    pub(super) fn price(&self, item: Item, moment: &Moment, reservation: Reservation) -> Option<Found<'_>> {
        let find = |wanted: Option<Reservation>| {
            let elements = self.elements.iter().enumerate().filter(|(_, element)| {
                element.restrictions.reservation == wanted && element.restrictions.match_moment(moment)
            });
            elements.into_iter().find_map(|(place, element)| {
                let (component, price) = element.component(item.dimension())?;
                Some(Found { element: place, component, price })
            })
        };
        match (item.is_of_reservation(), reservation) {
            (false, _) => find(None),
            (true, Reservation::Made) => find(Some(Reservation::Made)),
            (true, Reservation::Expired) => find(Some(Reservation::Expired)).or_else(|| find(Some(Reservation::Made))),
        }
    }
}
