use super::*;

fn hour(number: i64) -> DateTime<Utc> {
    start() + TimeDelta::hours(number)
}

#[test]
fn tiers_of_energy_change_the_price_within_a_period() {
    let tier = Restrictions { maximum_energy_wh: Some(Energy::from_kwh(20.0)), ..always() };
    let tiers = tariff(vec![energy(0.2, tier), energy(0.5, always())]);
    is_near(total(&tiers, &usage(vec![charging(start(), 1.0, 50.0)], hour(1))), 20.0 * 0.2 + 30.0 * 0.5);
    let found = cost(&usage(vec![charging(start(), 1.0, 50.0)], hour(1)), &[tiers]).unwrap();
    let energy: Vec<_> = found.lines.iter().filter(|line| line.item == Item::Energy).collect();
    assert_eq!(energy[0].end, start() + TimeDelta::minutes(24), "energy runs evenly");
    assert_eq!(energy[1].priced_by, Some(PricedBy { tariff_id: "T".to_owned(), element: 1, component: 0 }));
}

#[test]
fn a_price_by_duration_changes_within_a_period() {
    let first = Restrictions { maximum_duration_s: Some(1800), ..always() };
    let later = Restrictions { minimum_duration_s: Some(5400), ..always() };
    let by_duration = tariff(vec![energy(0.0, first), energy(1.0, later), energy(0.4, always())]);
    is_near(total(&by_duration, &usage(vec![charging(start(), 2.0, 8.0)], hour(2))), 4.0 * 0.4 + 2.0 * 1.0);
}

#[test]
fn without_a_matching_element_a_dimension_is_free_and_the_line_says_so() {
    let day = tariff(vec![energy(0.4, between((12, 0), (13, 0)))]);
    let found = cost(&usage(vec![charging(start(), 1.0, 8.0)], hour(1)), &[day]).unwrap();
    assert_eq!(found.total, Amount::nothing());
    assert!(found.lines.iter().all(|line| line.priced_by.is_none()));
    assert_eq!(found.lines.len(), 2, "energy and time were used");
}

#[test]
fn power_and_current_choose_the_element_and_where_nobody_knows_them_there_is_doubt() {
    let slow = Restrictions { maximum_power_w: Some(Power::from_kw(16.0)), ..always() };
    let by_power = tariff(vec![energy(0.2, slow), energy(0.5, always())]);
    let of_power = |power_kw| UsagePeriod {
        minimum_power_w: Some(Power::from_kw(power_kw)),
        maximum_power_w: Some(Power::from_kw(power_kw)),
        ..charging(start(), 1.0, 1.0)
    };
    is_near(total(&by_power, &usage(vec![of_power(15.9)], hour(1))), 0.2);
    is_near(total(&by_power, &usage(vec![of_power(16.0)], hour(1))), 0.5);
    is_near(total(&by_power, &usage(vec![charging(start(), 1.0, 17.0)], hour(1))), 8.5);
    let strong = Restrictions { minimum_current_a: Some(Current::from_a(32.0)), ..always() };
    let by_current = tariff(vec![energy(0.5, strong), energy(0.2, always())]);
    let found = cost(&usage(vec![charging(start(), 1.0, 1.0)], hour(1)), &[by_current]).unwrap();
    assert_eq!(found.doubts, [Doubt::LevelUnknown { period: 0 }]);
}

#[test]
fn a_flat_fee_is_charged_once_however_often_its_element_matches_anew() {
    let fee = element(&[component(Dimension::Flat, 1.0)], between((0, 0), (11, 0)));
    let late = element(&[component(Dimension::Flat, 5.0)], always());
    let periods = vec![charging(start(), 1.0, 1.0), charging(hour(1), 1.0, 1.0)];
    let found = cost(&usage(periods, hour(2)), &[tariff(vec![fee, late])]).unwrap();
    is_near(found.fixed.before_tax.unwrap().as_amount(), 1.0);
}

#[test]
fn steps_of_energy_are_rounded_once_for_the_session_by_the_last_component() {
    let stepped = |price, step_size, restrictions| {
        element(&[PriceComponent { step_size, ..component(Dimension::Energy, price) }], restrictions)
    };
    let both = tariff(vec![stepped(0.2, 5000, between((0, 0), (11, 0))), stepped(1.0, 500, always())]);
    let periods = vec![charging(start(), 1.0, 1.2), charging(hour(1), 1.0, 1.2)];
    // 2.4 kWh are 5 steps of 500 Wh: 0.1 kWh more at the last price.
    is_near(total(&both, &usage(periods, hour(2))), 1.2 * 0.2 + 1.3);
    let whole = tariff(vec![stepped(1.0, 100, always())]);
    is_near(total(&whole, &usage(vec![charging(start(), 1.0, 20.4)], hour(1))), 20.4);
}

#[test]
fn numbers_of_few_decimals_do_not_cost_a_block_more() {
    let blocks = PriceComponent { step_size: 300, ..component(Dimension::Time, 6.0) };
    let timed = tariff(vec![element(&[blocks], always())]);
    // Ten minutes, written with four decimals: 600.12 s.
    let period = charging(start(), 0.1667, 1.0);
    is_near(total(&timed, &usage(vec![period], start() + TimeDelta::minutes(10))), 1.0);
}

#[test]
fn only_one_limit_may_bind_and_taxes_follow() {
    let vat = PriceComponent { vat_percent: Some(10.0), ..component(Dimension::Energy, 0.25) };
    let mut limited = tariff(vec![element(&[vat], always())]);
    limited.maximum_price = Some(limit(10.0, Some(10.5)));
    let session = usage(vec![charging(start(), 1.0, 50.0)], hour(1));
    let found = cost(&session, &[limited.clone()]).unwrap();
    is_near(found.subtotal.before_tax.unwrap().as_amount(), 12.5);
    is_near(found.total.after_tax.unwrap().as_amount(), 10.5);
    is_near(found.total.taxes[0].amount.as_amount(), 0.5);
    limited.maximum_price = Some(limit(10.0, None));
    let found = cost(&session, &[limited]).unwrap();
    is_near(found.total.after_tax.unwrap().as_amount(), 11.0);
}

#[test]
fn taxes_in_the_price_are_taken_out_of_it_and_listed_by_rate() {
    let with_vat = |dimension, price, vat| PriceComponent { vat_percent: Some(vat), ..component(dimension, price) };
    let components = [with_vat(Dimension::Energy, 1.1, 10.0), with_vat(Dimension::Flat, 1.2, 20.0)];
    let including = Tariff { tax_included: Some(TaxIncluded::Yes), ..tariff(vec![element(&components, always())]) };
    let found = cost(&usage(vec![charging(start(), 1.0, 10.0)], hour(1)), &[including]).unwrap();
    is_near(found.total.before_tax.unwrap().as_amount(), 11.0);
    is_near(found.total.after_tax.unwrap().as_amount(), 12.2);
    let taxes: Vec<_> = found.total.taxes.iter().map(|tax| tax.percent).collect();
    assert_eq!(taxes, [Some(10.0), Some(20.0)]);
    is_near(found.total.taxes[0].amount.as_amount(), 1.0);
}

#[test]
fn a_period_without_a_tariff_costs_nothing_and_its_energy_still_counts_for_tiers() {
    let tier = Restrictions { minimum_energy_wh: Some(Energy::from_kwh(5.0)), ..always() };
    let tiers = tariff(vec![energy(1.0, tier)]);
    let unpriced = UsagePeriod { tariff_id: None, ..charging(start(), 1.0, 5.0) };
    is_near(total(&tiers, &usage(vec![unpriced, charging(hour(1), 1.0, 2.0)], hour(2))), 2.0);
}

#[test]
fn half_a_cost_is_never_told() {
    let known = tariff(vec![energy(1.0, always())]);
    let one = |period: UsagePeriod| usage(vec![period], hour(1));
    let named = |id: &str| UsagePeriod { tariff_id: Some(id.to_owned()), ..charging(start(), 1.0, 1.0) };
    let of = |usage: &Usage, tariff: &Tariff| cost(usage, std::slice::from_ref(tariff));
    let unknown = CostError::UnknownTariff { period: 0, id: "X".to_owned() };
    assert_eq!(of(&one(named("X")), &known), Err(unknown));
    let over = Tariff { valid_until: Some(start()), ..known.clone() };
    assert_eq!(of(&one(named("t")), &over), Err(CostError::InvalidTariff { period: 0, id: "t".to_owned() }));
    assert_eq!(of(&usage(Vec::new(), hour(1)), &known), Err(CostError::NoPeriods));
    assert_eq!(of(&usage(vec![named("T")], hour(-1)), &known), Err(CostError::Backwards { period: 0 }));
    assert_eq!(of(&usage(vec![named("T")], hour(9000)), &known), Err(CostError::TooLong));
    let broken = UsagePeriod { time_h: -1.0, ..named("T") };
    assert!(matches!(of(&one(broken), &known), Err(CostError::NoHours { .. })));
    let incomplete = Tariff { incomplete: true, ..known };
    let doubts = of(&one(named("T")), &incomplete).unwrap().doubts;
    assert_eq!(doubts, [Doubt::TariffIncomplete { tariff_id: "T".to_owned() }]);
}
