//! Whether a charge detail record comes to what its periods cost by the tariffs that were published.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use headroom_domain::location::Location;
use headroom_domain::tariff::{Tariff, Usage, UsagePeriod, cost};
use headroom_domain::{Current, Energy, Money, PartnerId, PartyId, Power};
use headroom_ocpi_adapter::roaming::{Cdr, Dimension, Period};
use headroom_ocpi_adapter::{Severity, Warning};

use crate::store::{Kind, ObjectKey, Store, StoreError};

#[cfg(test)]
mod tests;

/// By so much per period, and once more, the rounding of money and volumes may make a total differ.
const ROUNDING: f64 = 0.01;

/// Returns a note where the total of a record differs by more than rounding from what we come to.
///
/// Said only where all is known: the tariffs of every period, unchanged since the session began, and the time zone of
/// the place. An operator may have agreed on other prices, so it is no mistake.
pub(super) async fn doubt(store: &Store, cdr: &Cdr) -> Result<Option<Warning>, StoreError> {
    let (partner, party) = (&cdr.key.partner, &cdr.key.party);
    let Some(place) = cdr.place.as_ref().filter(|_| !cdr.is_credit && cdr.total_cost.is_some()) else {
        return Ok(None);
    };
    let key = ObjectKey { partner, kind: Kind::Location, party, id: &place.location_id };
    let Some(location) = store.object::<Location>(key).await? else { return Ok(None) };
    let Some(tariffs) = tariffs(store, partner, party, cdr).await? else { return Ok(None) };
    Ok(differs(cdr, &tariffs, location.time_zone))
}

/// Returns the tariffs of a record; `None` when not all are known, or one was changed since.
async fn tariffs(
    store: &Store,
    partner: &PartnerId,
    party: &PartyId,
    cdr: &Cdr,
) -> Result<Option<Vec<Tariff>>, StoreError> {
    let mut tariffs = Vec::new();
    let named: Option<BTreeSet<&String>> = cdr.periods.iter().map(|period| period.tariff_id.as_ref()).collect();
    for id in named.unwrap_or_default() {
        let key = ObjectKey { partner, kind: Kind::Tariff, party, id };
        match store.object::<Tariff>(key).await? {
            Some(tariff) if tariff.last_updated <= cdr.started_at => tariffs.push(tariff),
            _ => return Ok(None),
        }
    }
    Ok(Some(tariffs).filter(|tariffs| !tariffs.is_empty()))
}

fn differs(cdr: &Cdr, tariffs: &[Tariff], time_zone: Tz) -> Option<Warning> {
    let usage = Usage {
        periods: cdr.periods.iter().map(used).collect::<Option<_>>()?,
        end: cdr.ended_at,
        time_zone,
        reservation_expired: cdr.session_id.is_none(),
    };
    let ours = cost(&usage, tariffs).ok().filter(|cost| cost.doubts.is_empty())?;
    let same_money = ours.currency.as_ref().is_some_and(|currency| currency.eq_ignore_ascii_case(&cdr.currency));
    let ours = ours.total.before_tax.filter(|_| same_money).map(Money::as_amount)?;
    let theirs = cdr.total_cost?.before_tax.as_amount();
    let periods = u32::try_from(cdr.periods.len()).ok()?;
    ((theirs - ours).abs() > ROUNDING * f64::from(periods + 1)).then(|| Warning {
        severity: Severity::Note,
        path: "total_cost".to_owned(),
        rule: "differs from what its periods cost by the tariffs that were published".to_owned(),
        value: theirs.into(),
    })
}

/// Returns what was used in a period; `None` for numbers that cannot be.
fn used(period: &Period) -> Option<UsagePeriod> {
    let of = |dimension: Dimension| period.measures.iter().find(|measure| measure.dimension == dimension);
    let volume = |dimension| of(dimension).map(|measure| measure.volume);
    let energy_kwh = volume(Dimension::Energy).or(volume(Dimension::EnergyImport)).unwrap_or_default();
    let current = |dimension| volume(dimension).map(Current::try_new).transpose().ok();
    let power = |dimension| volume(dimension).map(|volume_kw| Power::try_new(volume_kw * 1000.0)).transpose().ok();
    Some(UsagePeriod {
        energy_wh: Energy::try_new(energy_kwh * 1000.0).ok()?,
        time_h: volume(Dimension::Time).unwrap_or_default(),
        parking_h: volume(Dimension::ParkingTime).unwrap_or_default(),
        reservation_h: volume(Dimension::ReservationTime).unwrap_or_default(),
        minimum_current_a: current(Dimension::MinimumCurrent)?,
        maximum_current_a: current(Dimension::MaximumCurrent)?,
        minimum_power_w: power(Dimension::MinimumPower)?,
        maximum_power_w: power(Dimension::MaximumPower)?,
        ..UsagePeriod::new(period.start, period.tariff_id.clone())
    })
}
