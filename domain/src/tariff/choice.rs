//! Which tariff of a connector holds (OCPI 2.2.1 §8.3.3 `Connector.tariff_ids`, §11.4.7 `TariffType`).

use chrono::{DateTime, Utc};

use super::{Tariff, TariffType};
use crate::location::{Connector, Location};
use crate::preference::ProfileType;

/// Returns the tariff of a connector for sessions of a type that start at an instant.
///
/// First comes a tariff of that very type, then one for all sessions, then the one without a preference: a charging
/// preference for which there is no tariff leaves the regular price. Of several versions the latest valid one counts.
pub fn choose<'a>(
    location: &Location,
    connector: &Connector,
    tariffs: &'a [Tariff],
    wanted: TariffType,
    start: DateTime<Utc>,
) -> Option<&'a Tariff> {
    let regular = matches!(wanted, TariffType::Profile(_)).then_some(TariffType::Profile(ProfileType::Regular));
    let mut types = vec![Some(wanted), None];
    types.extend(regular.map(Some));
    let offered = |tariff: &&Tariff| {
        tariff.partner == location.partner
            && tariff.party == location.party
            && tariff.is_valid_at(start)
            && connector.tariff_ids.iter().any(|id| id.eq_ignore_ascii_case(&tariff.id))
    };
    types.into_iter().find_map(|one| {
        let of_type = tariffs.iter().filter(offered).filter(|tariff| tariff.tariff_type == one);
        // The first listed of equals: `max_by_key` takes the last.
        of_type.rev().max_by_key(|tariff| (tariff.valid_from, tariff.last_updated))
    })
}
