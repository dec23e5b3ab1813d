use proptest::prelude::*;

use super::*;

fn a_restriction() -> impl Strategy<Value = Restrictions> {
    let times = (0_u32..24, 0_u32..24).prop_map(|(from, until)| between((from, 30), (until, 0)));
    let tiers = (0_u32..40)
        .prop_map(|kwh| Restrictions { maximum_energy_wh: Some(Energy::from_kwh(f64::from(kwh))), ..always() });
    let later = (0_u32..20_000).prop_map(|s| Restrictions { minimum_duration_s: Some(s), ..always() });
    prop_oneof![Just(always()), times, tiers, later]
}

fn an_element() -> impl Strategy<Value = TariffElement> {
    let prices = (0_u32..100, 0_u32..500, 0_u32..500, 0_u32..300, prop::option::of(0_u32..25));
    (prices, a_restriction()).prop_map(|((kwh, hour, parking, fee, vat), restrictions)| {
        let priced = |dimension, cents: u32| PriceComponent {
            vat_percent: vat.map(f64::from),
            ..component(dimension, f64::from(cents) / 100.0)
        };
        let components = [
            priced(Dimension::Energy, kwh),
            priced(Dimension::Time, hour),
            priced(Dimension::ParkingTime, parking),
            priced(Dimension::Flat, fee),
        ];
        element(&components, restrictions)
    })
}

/// Prices without blocks.
fn a_tariff() -> impl Strategy<Value = Tariff> {
    prop::collection::vec(an_element(), 1..5).prop_map(|mut elements| {
        elements.iter_mut().flat_map(|element| &mut element.components).for_each(|one| one.step_size = 0);
        tariff(elements)
    })
}

/// Charging, then parking.
fn session(minutes: i64, kwh: f64, parking_minutes: i64) -> Usage {
    let stop = at("2026-03-28T21:00:00Z") + TimeDelta::minutes(minutes);
    let hours = |minutes: i64| crate::units::hours(TimeDelta::minutes(minutes));
    let parking = UsagePeriod { parking_h: hours(parking_minutes), ..UsagePeriod::new(stop, Some("T".to_owned())) };
    let charging = charging(stop - TimeDelta::minutes(minutes), hours(minutes), kwh);
    usage_in(Berlin, vec![charging, parking], stop + TimeDelta::minutes(parking_minutes))
}

/// Cuts the first period in two at a minute of it.
fn split(usage: &Usage, minute: i64) -> Usage {
    let mut split = usage.clone();
    let whole = usage.periods[0].clone();
    let share = crate::units::hours(TimeDelta::minutes(minute)) / whole.time_h;
    let part = |start, share: f64| UsagePeriod {
        start,
        energy_wh: whole.energy_wh * share,
        time_h: whole.time_h * share,
        ..whole.clone()
    };
    let parts = [part(whole.start, share), part(whole.start + TimeDelta::minutes(minute), 1.0 - share)];
    split.periods.splice(0..1, parts);
    split
}

proptest! {
    #[test]
    fn a_session_costs_the_same_however_its_periods_are_split(
        tariff in a_tariff(), minutes in 2_i64..700, share in 0.01..0.99, kwh in 0.0..80.0, parking in 0_i64..200,
    ) {
        let whole = session(minutes, kwh, parking);
        #[expect(clippy::cast_possible_truncation, reason = "less than a day")]
        let minute = ((minutes as f64 * share) as i64).clamp(1, minutes - 1);
        let parts = split(&whole, minute);
        prop_assert!((total(&tariff, &whole) - total(&tariff, &parts)).abs() < 1e-6);
    }

    #[test]
    fn a_session_never_costs_less_than_the_minimum_or_more_than_the_maximum(
        tariff in a_tariff(), minutes in 1_i64..700, kwh in 0.0..80.0, least in 0_u32..10, more in 0_u32..10,
        included in prop::option::of(prop::sample::select(vec![TaxIncluded::Yes, TaxIncluded::No, TaxIncluded::NotApplicable])),
    ) {
        let (least, most) = (f64::from(least), f64::from(least + more));
        let mut tariff = Tariff { tax_included: included, ..tariff };
        tariff.minimum_price = Some(limit(least, Some(least * 1.2)));
        tariff.maximum_price = Some(limit(most, Some(most * 1.2)));
        let found = cost(&session(minutes, kwh, 30), &[tariff]).unwrap().total;
        let within = |money: Option<Money>, factor: f64| money.is_none_or(|money| {
            (least * factor - 1e-9..=most * factor + 1e-9).contains(&money.as_amount())
        });
        prop_assert!(within(found.before_tax, 1.0) && within(found.after_tax, 1.2));
        let listed: f64 = found.taxes.iter().map(|tax| tax.amount.as_amount()).sum();
        if let Some((before, after)) = found.before_tax.zip(found.after_tax) {
            prop_assert!((after.as_amount() - before.as_amount() - listed).abs() < 1e-6);
        }
    }

    #[test]
    fn more_energy_never_costs_less(
        tariff in a_tariff(), minutes in 1_i64..700, kwh in 0.0..80.0, more in 0.0..20.0,
    ) {
        // Tiers that make later energy free are left out of it: with them the time, too, may end earlier.
        let mut tariff = tariff;
        tariff.elements.retain(|element| element.restrictions.maximum_energy_wh.is_none());
        let (less, more) = (session(minutes, kwh, 10), session(minutes, kwh + more, 10));
        prop_assert!(total(&tariff, &more) >= total(&tariff, &less) - 1e-9);
    }

    #[test]
    fn totals_are_the_sums_of_their_lines(tariff in a_tariff(), minutes in 1_i64..700, kwh in 0.0..80.0) {
        let found = cost(&session(minutes, kwh, 20), &[tariff]).unwrap();
        let before = |amount: &Amount| amount.before_tax.unwrap().as_amount();
        let lines: f64 = found.lines.iter().map(|line| before(&line.amount)).sum();
        let parts = [&found.fixed, &found.energy, &found.time, &found.parking, &found.reservation];
        let parts: f64 = parts.into_iter().map(before).sum();
        prop_assert!((lines - before(&found.subtotal)).abs() < 1e-6 && (parts - lines).abs() < 1e-6);
        let kwh_of_lines: f64 =
            found.lines.iter().filter(|line| line.item == Item::Energy).map(|line| line.quantity).sum();
        prop_assert!((kwh_of_lines - kwh).abs() < 1e-6);
    }

    #[test]
    fn marginal_prices_add_up_to_what_the_session_costs(tariff in a_tariff(), kw in 1.0..50.0) {
        let grid = crate::time::TimeGrid::uniform(start(), TimeDelta::minutes(15), 12);
        let outlook = Outlook {
            started_at: start(), energy_wh: Energy::ZERO, power_w: Power::from_kw(kw), current_a: None, cost_so_far: None,
        };
        let prices = tariff.marginal_prices(&outlook, &grid, Berlin);
        let sum: f64 = prices.iter().map(|price| price.as_per_kwh() * kw / 4.0).sum();
        let session = usage_in(Berlin, vec![charging(start(), 3.0, kw * 3.0)], grid.end());
        let found = cost(&session, &[tariff]).unwrap();
        let charged = [found.energy, found.time].map(|amount| amount.before_tax.unwrap().as_amount());
        prop_assert!((sum - charged[0] - charged[1]).abs() < 1e-6);
    }
}
