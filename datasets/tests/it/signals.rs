//! Recorded loads, prices, carbon and tariffs, with the counts of their data card.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use headroom_datasets::signals::{SignalChoice, SignalImport, SignalMapping, SignalSummary, TouTariff, read_signals};
use headroom_domain::TimeGrid;

use crate::recordings::recording;

fn read(mapping: &str, names: &[&str], choice: &SignalChoice) -> Option<SignalImport> {
    let paths = names.iter().map(|name| recording(name)).collect::<Option<Vec<_>>>()?;
    let import = read_signals(&paths, &SignalMapping::shipped(mapping).unwrap(), choice).unwrap();
    println!("{}", import.report);
    Some(import)
}

fn summary<'a>(import: &'a SignalImport, name: &str) -> &'a SignalSummary {
    import.report.signals.iter().find(|signal| signal.name == name).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn near(found: f64, asked: f64) -> bool {
    (found - asked).abs() < 1e-6 * asked.abs().max(1.0)
}

#[test]
fn openstef_is_read_as_its_data_card_says() {
    let none = SignalChoice::default();
    let Some(import) = read("openstef", &["loads/openstef_get_model_input_pid_307.csv.gz"], &none) else { return };
    let (load, price) = (summary(&import, "load"), summary(&import, "price"));
    assert_eq!((import.report.rows, import.report.accepted, load.without_value, load.gaps), (11_521, 11_521, 194, 0));
    assert_eq!(load.span, Some((at("2020-10-02T09:45:00Z"), at("2021-01-30T10:00:00Z"))));
    assert!(near(load.range.unwrap().0, -14_893.333_333));
    let rows = &import.signal("price").unwrap().rows;
    assert!(rows[0].value.is_none(), "the first row has only a load");
    let last = rows.iter().rfind(|row| row.value.is_some()).unwrap();
    assert_eq!((last.interval.start, price.without_value), (at("2020-12-31T22:00:00Z"), 2832));
    // 23:00 in Amsterdam, known at 12:45 the day before.
    assert_eq!(last.issued_at, Some(at("2020-12-30T11:45:00Z")));
    // A day with all its quarters becomes a series; one with a hole does not.
    let day = |start: &str| TimeGrid::uniform(at(start), TimeDelta::hours(1), 24);
    let load = import.signal("load").unwrap();
    assert_eq!(load.powers(&day("2020-11-05T00:00:00Z")).unwrap().values().len(), 24);
    assert!(load.powers(&day("2020-10-25T00:00:00Z")).is_err());
}

#[test]
fn substations_are_read_as_their_data_card_says() {
    for (name, lowest, wind) in [("OWD", -54.32, false), ("MNZL", -44.66, false), ("HAL", -9.7, true)] {
        let file = format!("loads/openstef_substation_{name}.csv.gz");
        let Some(import) = read("openstef-substation", &[&file], &SignalChoice::default()) else { return };
        let load = summary(&import, "load");
        assert_eq!((import.report.accepted, load.gaps, load.without_value), (8832, 0, 0));
        assert!(near(load.range.unwrap().0, lowest * 1000.0));
        assert_eq!(load.span, Some((at("2021-07-31T00:00:00Z"), at("2021-10-31T00:00:00Z"))));
        // A column of zeros is a substation without that generation.
        let nothing = |name: &str| summary(&import, name).zero == 8832;
        assert_eq!((nothing("photovoltaics"), nothing("wind")), (wind, !wind));
    }
}

#[test]
fn citylearn_is_read_as_its_data_card_says() {
    let choice = SignalChoice { installed_kw: Some(5.0), ..SignalChoice::default() };
    let year = Some((at("2016-08-01T07:00:00Z"), at("2017-08-01T07:00:00Z")));
    for building in 1..=3 {
        let file = format!("loads/citylearn_2022/Building_{building}.csv.gz");
        let Some(import) = read("citylearn-building", &[&file], &choice) else { return };
        assert_eq!(
            (import.report.accepted, summary(&import, "load").gaps, summary(&import, "load").span),
            (8760, 0, year)
        );
        // Hours and months agree with the start all the year: no clock change is in the file.
        assert!(import.report.noticed.is_empty() && import.report.repaired.is_empty());
        assert!(summary(&import, "photovoltaics").range.unwrap().1 <= 0.0);
    }
    for (mapping, name, file) in
        [("citylearn-pricing", "price", "pricing"), ("citylearn-carbon", "carbon", "carbon_intensity")]
    {
        let file = format!("loads/citylearn_2022/{file}.csv.gz");
        let Some(import) = read(mapping, &[&file], &choice) else { return };
        assert_eq!((summary(&import, name).rows, summary(&import, name).span), (8760, year));
        if let Some(forecast) = import.signal("price-forecast") {
            // The forecasts of 6, 12 and 24 h ahead are the prices of then: the shift is right.
            let price = import.signal("price").unwrap();
            let mut off = 0;
            for row in &forecast.rows {
                let index = usize::try_from((row.interval.start - at("2016-08-01T07:00:00Z")).num_hours()).unwrap();
                let real = price.rows.get(index).and_then(|row| row.value);
                off += usize::from(real.is_some_and(|real| (real - row.value.unwrap()).abs() > 1e-9));
            }
            // At 24 h the forecaster knows no change of season.
            assert!(off < 500, "{off} of {}", forecast.rows.len());
        }
    }
}

#[test]
fn aep_is_read_as_its_data_card_says() {
    let none = SignalChoice::default();
    let Some(import) = read("aep", &["loads/AEP_hourly_2004_2016.csv.gz"], &none) else { return };
    let load = summary(&import, "load");
    // Three repeated hours in autumn are two hours each, not duplicates. Of the 25 hours that are missing by name, 12 never
    // were (spring); 10 autumns lack both of the repeated hours, and 3 hours are missing for no reason.
    assert_eq!((import.report.rows, import.report.accepted), (107_377, 107_377));
    assert_eq!((import.report.count("an hour later"), load.gaps, load.missing), (3, 13, 23));
    assert!(import.report.count("the rows were sorted") > 1000);
}

#[test]
fn epftoolbox_is_read_as_its_data_card_says() {
    let none = SignalChoice::default();
    let file = "prices_carbon/epftoolbox_Forecasts_DE_DNN_LEAR_ensembles.csv.gz";
    let Some(import) = read("epftoolbox-de", &[file], &none) else { return };
    let price = summary(&import, "price");
    assert_eq!((import.report.rows, import.report.accepted, import.signals.len()), (17_472, 17_470, 11));
    assert_eq!((import.report.count("made up"), import.report.count("holds twice"), price.gaps), (2, 2, 0));
    assert_eq!(price.rows, 17_472);
    assert!(near(price.range.unwrap().0, -0.130_09));
    // One of the 241 negative hours stands in a repeated or made-up hour or not: no more than two may differ.
    assert!(price.below_zero.abs_diff(241) <= 2, "{}", price.below_zero);
}

#[test]
fn moer_is_read_as_its_data_card_says() {
    let files: Vec<String> =
        (9..=12).map(|month| format!("prices_carbon/SGIP_CAISO_SCE_2019-{month:02}.csv.gz")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let Some(import) = read("sgip-moer", &files, &SignalChoice::default()) else { return };
    assert_eq!((import.report.rows, import.report.accepted), (37_440, 35_712));
    assert_eq!((import.report.count("with equal values"), import.report.count("with other values")), (1728, 0));
    let moer = summary(&import, "moer");
    assert_eq!((moer.gaps, moer.span), (0, Some((at("2019-08-31T00:00:00Z"), at("2020-01-02T00:00:00Z")))));
    assert!(near(moer.range.unwrap().1, 663.75) && moer.at_highest > 1 && moer.zero > 500);
    let forecast = import.signal("moer-forecast").unwrap();
    assert_eq!(forecast.rows.len(), 35_712 * 36);
    let ahead = |row: &headroom_datasets::signals::SignalRow| row.interval.start - row.issued_at.unwrap();
    assert!(forecast.rows.iter().all(|row| (5..=180).contains(&ahead(row).num_minutes())));
}

#[test]
fn eia_is_read_as_its_data_card_says() {
    let none = SignalChoice::default();
    let Some(import) = read("eia", &["prices_carbon/eia_CA_NG_avgCI_2022.csv.gz"], &none) else { return };
    assert_eq!((import.report.accepted, import.signals.len()), (8760, 9));
    assert!(import.report.signals.iter().all(|signal| signal.without_value == 3 && signal.gaps == 0));
    let (lowest, highest) = summary(&import, "carbon").range.unwrap();
    assert!(near(lowest, 74.096_901_307) && near(highest, 449.033_037_967));
}

#[test]
fn ercot_is_read_as_its_data_card_says() {
    let choice = SignalChoice { place: Some("LZ_WEST".to_owned()), ..SignalChoice::default() };
    let Some(import) = read("ercot", &["prices_carbon/ercot_DAMLZHBSPP_2022.xlsx"], &choice) else { return };
    let price = summary(&import, "price");
    assert_eq!((import.report.rows, import.report.aside, import.report.accepted), (8760, 14 * 8760, 8760));
    assert_eq!((price.gaps, import.report.count("an hour later")), (0, 1));
    assert_eq!(price.span, Some((at("2022-01-01T06:00:00Z"), at("2023-01-01T06:00:00Z"))));
    assert!(price.below_zero > 0);
}

#[test]
fn tariffs_are_read_as_their_data_card_says() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let Some(path) = recording("prices_carbon/tariffs/sce_tou_ev_4_march_2019.json") else { return };
    let tariff = TouTariff::read(&path, "USD").unwrap();
    assert!(tariff.noticed.is_empty());
    assert_eq!((tariff.seasons.len(), tariff.demand_charge_per_kw(day("2019-12-31"))), (4, Some(15.51)));
    assert_eq!(tariff.season(day("2019-10-01")).unwrap().id, "Winter-Weekday");
    assert_eq!(tariff.season(day("2019-05-26")).unwrap().id, "Winter-Weekend");
    let noon = tariff.energy_price(day("2019-07-01")).bands.iter().map(|band| band.price_per_kwh).fold(0.0, f64::max);
    assert!(near(noon, 0.266_68));
    let Some(path) = recording("prices_carbon/tariffs/pge_a10_tou_aug_2019.json") else { return };
    let tariff = TouTariff::read(&path, "USD").unwrap();
    // Both winters hold on all days: the source's mask of the weekend is wrong, and that is said.
    let finding = &tariff.noticed[0];
    assert_eq!((tariff.noticed.len(), finding.count), (1, 182), "{finding:?}");
    assert!(finding.rule.contains("Winter-Weekday and Winter-Weekend"));
    assert_eq!(tariff.demand_charge_per_kw(day("2020-04-30")), Some(11.66));
    assert_eq!(tariff.demand_charge_per_kw(day("2020-05-01")), Some(19.99));
}
