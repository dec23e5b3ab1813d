//! Local clocks: hours that end, that are skipped, repeated or made up, and rows without times.

use super::super::{SignalChoice, SignalMapping, TableFormat};
use super::{read_as, shipped, values};

fn none() -> SignalChoice {
    SignalChoice::default()
}

#[test]
fn an_hour_ending_in_the_skipped_hour_of_spring_does_not_exist() {
    // 2012-03-11: the hour that ends at 02:00 is followed by the one that ends at 04:00.
    let text = "date,AEP_MW\n2012-03-11 01:00:00,10\n2012-03-11 02:00:00,11\n2012-03-11 04:00:00,12\n";
    let import = read_as(&shipped("aep"), text, &none()).unwrap();
    assert_eq!(
        values(&import, "load"),
        [
            ("03-11 05:00".to_owned(), Some(10_000.0)),
            ("03-11 06:00".to_owned(), Some(11_000.0)),
            ("03-11 07:00".to_owned(), Some(12_000.0))
        ]
    );
    assert_eq!((import.report.signals[0].gaps, import.report.accepted), (0, 3));
    let with = read_as(&shipped("aep"), &format!("{text}2012-03-11 03:00:00,99\n"), &none()).unwrap();
    assert_eq!((with.report.count("does not exist"), with.report.rows, with.report.accepted), (1, 4, 3));
    assert_eq!(with.report.rejected[0].examples[0].at, "line 5");
}

#[test]
fn an_hour_ending_in_the_repeated_hour_of_autumn_is_told_apart_by_the_order_of_rows() {
    let text =
        "date,AEP_MW\n2014-11-02 01:00:00,1\n2014-11-02 02:00:00,2\n2014-11-02 02:00:00,3\n2014-11-02 03:00:00,4\n";
    let import = read_as(&shipped("aep"), text, &none()).unwrap();
    let hours: Vec<f64> = import.signals[0].rows.iter().filter_map(|row| row.value).collect();
    assert_eq!(hours, [1000.0, 2000.0, 3000.0, 4000.0]);
    assert_eq!((import.report.signals[0].gaps, import.report.count("an hour later")), (0, 1));
    // A third row of that time is one too many.
    let third = read_as(&shipped("aep"), &format!("{text}2014-11-02 02:00:00,3\n"), &none()).unwrap();
    assert_eq!(third.report.count("read before, with equal values"), 1);
}

#[test]
fn in_falling_order_the_second_of_the_repeated_hours_stands_first() {
    let text =
        "date,AEP_MW\n2014-11-02 03:00:00,4\n2014-11-02 02:00:00,3\n2014-11-02 02:00:00,2\n2014-11-02 01:00:00,1\n";
    let import = read_as(&shipped("aep"), text, &none()).unwrap();
    let hours: Vec<f64> = import.signals[0].rows.iter().filter_map(|row| row.value).collect();
    assert_eq!(hours, [1000.0, 2000.0, 3000.0, 4000.0]);
    assert_eq!(import.report.count("in falling order"), 1);
}

#[test]
fn a_repeated_hour_that_the_source_drops_is_a_gap_of_two_hours() {
    let text = "date,AEP_MW\n2010-11-07 01:00:00,1\n2010-11-07 03:00:00,2\n";
    let import = read_as(&shipped("aep"), text, &none()).unwrap();
    assert_eq!((import.report.signals[0].gaps, import.report.signals[0].missing), (1, 2));
}

#[test]
fn rows_in_blocks_that_descend_are_sorted_and_said() {
    let text =
        "date,AEP_MW\n2005-02-02 01:00:00,3\n2005-02-02 02:00:00,4\n2005-02-01 01:00:00,1\n2005-02-01 02:00:00,2\n";
    let import = read_as(&shipped("aep"), text, &none()).unwrap();
    let hours: Vec<f64> = import.signals[0].rows.iter().filter_map(|row| row.value).collect();
    assert_eq!(hours, [1000.0, 2000.0, 3000.0, 4000.0]);
    assert_eq!((import.report.count("earlier than the one above it"), import.report.signals[0].missing), (1, 22));
}

#[test]
fn days_of_always_24_hours_lose_the_made_up_hour_and_repeat_the_other() {
    let mut mapping = shipped("epftoolbox-de");
    mapping.signals.truncate(1);
    let spring = ",Real price\n2016-03-27 01:00:00,3\n2016-03-27 02:00:00,4.5\n2016-03-27 03:00:00,6\n";
    let import = read_as(&mapping, spring, &none()).unwrap();
    assert_eq!(
        values(&import, "price"),
        [("03-27 00:00".to_owned(), Some(0.003)), ("03-27 01:00".to_owned(), Some(0.006))]
    );
    assert_eq!((import.report.count("made up by the source"), import.report.signals[0].gaps), (1, 0));
    let autumn = ",Real price\n2016-10-30 01:00:00,32\n2016-10-30 02:00:00,31\n2016-10-30 03:00:00,-30\n";
    let import = read_as(&mapping, autumn, &none()).unwrap();
    let prices: Vec<f64> = import.signals[0].rows.iter().filter_map(|row| row.value).collect();
    assert_eq!(prices, [0.032, 0.031, 0.031, -0.03]);
    assert_eq!((import.report.count("it holds twice"), import.report.signals[0].below_zero), (1, 1));
    // Known the day before at 12:45 in Berlin, summer and winter.
    let issued: Vec<String> = import.signals[0]
        .rows
        .iter()
        .filter_map(|row| row.issued_at)
        .map(|at| at.format("%d %H:%M").to_string())
        .collect();
    assert_eq!(issued, ["29 10:45", "29 10:45", "29 10:45", "29 10:45"]);
}

/// ERCOT's columns as csv.
fn ercot() -> SignalMapping {
    SignalMapping { format: TableFormat::Csv, ..shipped("ercot") }
}

const HEADER: &str = "Delivery Date,Hour Ending,Repeated Hour Flag,Settlement Point,Settlement Point Price\n";

fn at(place: &str) -> SignalChoice {
    SignalChoice { place: Some(place.to_owned()), ..SignalChoice::default() }
}

#[test]
fn hours_end_from_01_to_24_and_the_repeated_one_is_flagged() {
    let rows = "11/06/2022,01:00,N,HB_WEST,1\n11/06/2022,02:00,N,HB_WEST,2\n11/06/2022,02:00,Y,HB_WEST,3\n\
        11/06/2022,03:00,N,HB_WEST,4\n11/06/2022,24:00,N,HB_WEST,-5\n11/07/2022,01:00,N,HB_WEST,3051\n";
    let import = read_as(&ercot(), &format!("{HEADER}{rows}"), &at("HB_WEST")).unwrap();
    let found = values(&import, "price");
    let starts: Vec<&str> = found.iter().map(|(start, _)| start.as_str()).collect();
    assert_eq!(starts, ["11-06 05:00", "11-06 06:00", "11-06 07:00", "11-06 08:00", "11-07 05:00", "11-07 06:00"]);
    assert_eq!((found[4].1, found[5].1), (Some(-0.005), Some(3.051)));
    assert_eq!(import.report.count("an hour later"), 1);
    // The flag tells, not the order.
    let turned = "11/06/2022,02:00,Y,HB_WEST,3\n11/06/2022,02:00,N,HB_WEST,2\n";
    let import = read_as(&ercot(), &format!("{HEADER}{turned}"), &at("HB_WEST")).unwrap();
    assert_eq!(values(&import, "price")[0], ("11-06 06:00".to_owned(), Some(0.002)));
}

#[test]
fn a_place_is_chosen_by_name_or_the_places_are_told() {
    let text = format!("{HEADER}01/01/2022,01:00,N,HB_WEST,1\n01/01/2022,01:00,N,LZ_AEN,2\n");
    let import = read_as(&ercot(), &text, &at("LZ_AEN")).unwrap();
    assert_eq!((values(&import, "price")[0].1, import.report.rows, import.report.aside), (Some(0.002), 1, 1));
    for choice in [none(), at("NOWHERE")] {
        let error = read_as(&ercot(), &text, &choice).unwrap_err().to_string();
        assert!(error.contains("choose one of `HB_WEST`, `LZ_AEN`"), "{error}");
    }
}

#[test]
fn hours_and_days_that_are_none_are_rejected_by_name() {
    let text =
        format!("{HEADER}01/01/2022,25:00,N,A,1\n13/01/2022,01:00,N,A,1\n01/01/2022,02:00,N,A,1\n,03:00,N,A,1\n");
    let report = read_as(&ercot(), &text, &none()).unwrap().report;
    assert_eq!((report.rows, report.accepted), (4, 1));
    assert_eq!((report.count("`Hour Ending` must be"), report.count("`Delivery Date` must be a day")), (1, 1));
    assert_eq!(report.count("`Delivery Date` must not be empty"), 1);
}

const BUILDING: &str =
    "month,hour,day_type,non_shiftable_load,solar_generation\n7,24,7,2.2758,0.0\n8,1,1,0.85,0.0\n8,2,1,,250.0\n";

#[test]
fn rows_without_times_are_counted_from_a_start() {
    let choice = SignalChoice { installed_kw: Some(4.0), ..none() };
    let import = read_as(&shipped("citylearn-building"), BUILDING, &choice).unwrap();
    assert_eq!(
        values(&import, "load"),
        [
            ("08-01 07:00".to_owned(), Some(2.2758)),
            ("08-01 08:00".to_owned(), Some(0.85)),
            ("08-01 09:00".to_owned(), None)
        ]
    );
    // 250 W per kW, 4 kW of it, away from the consumer.
    assert_eq!(values(&import, "photovoltaics")[2].1, Some(-1.0));
    assert!(import.report.noticed.is_empty(), "{}", import.report);
}

#[test]
fn a_start_that_does_not_fit_the_hours_of_the_file_is_noticed() {
    let start = Some("2016-08-01T00:00:00-08:00".parse().unwrap());
    let choice = SignalChoice { start, installed_kw: Some(1.0), ..none() };
    let report = read_as(&shipped("citylearn-building"), BUILDING, &choice).unwrap().report;
    assert_eq!((report.count("`hour` is not what is counted"), report.count("`month` is not")), (3, 1));
    assert_eq!(report.accepted, 3);
}

#[test]
fn what_a_mapping_asks_for_must_be_given() {
    let error = read_as(&shipped("citylearn-building"), BUILDING, &none()).unwrap_err().to_string();
    assert!(error.contains("`installed_kw` is not given"), "{error}");
    let text = toml::to_string(&shipped("citylearn-carbon")).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("start")).collect();
    let without = kept.join("\n");
    let mapping = SignalMapping::from_toml(std::path::Path::new("own.toml"), &without).unwrap();
    let error = read_as(&mapping, "carbon_intensity\n0.17\n", &none()).unwrap_err().to_string();
    assert!(error.contains("`start` is not known") && error.contains("2016-07-31T23:00:00-08:00"), "{error}");
    let start = Some("2021-07-31T23:00:00-08:00".parse().unwrap());
    let import = read_as(&mapping, "carbon_intensity\n0.17\n", &SignalChoice { start, ..none() }).unwrap();
    assert_eq!(values(&import, "carbon"), [("08-01 07:00".to_owned(), Some(170.0))]);
}

#[test]
fn predicted_columns_are_forecasts_issued_at_their_row() {
    let header = "electricity_pricing,electricity_pricing_predicted_1,electricity_pricing_predicted_2,electricity_pricing_predicted_3";
    let import = read_as(&shipped("citylearn-pricing"), &format!("{header}\n0.22,0.5,0.4,0.3\n"), &none()).unwrap();
    assert_eq!(
        values(&import, "price-forecast"),
        [
            ("08-01 13:00".to_owned(), Some(0.5)),
            ("08-01 19:00".to_owned(), Some(0.4)),
            ("08-02 07:00".to_owned(), Some(0.3))
        ]
    );
    let price = import.signal("price").unwrap().rows[0];
    let issued =
        import.signal("price-forecast").unwrap().rows.iter().all(|row| row.issued_at == Some(price.interval.start));
    assert!(issued && price.issued_at.is_none());
}

#[test]
fn years_and_hours_beyond_all_sense_are_rejected_and_nothing_breaks() {
    let text = "date,AEP_MW\n+262142-12-31 23:00:00,1\n0000-01-01 00:00:00,1\n1970-01-01 05:00:00,1\n";
    let report = read_as(&shipped("aep"), text, &none()).unwrap().report;
    assert_eq!((report.count("1900 to 2199"), report.accepted), (2, 1));
    let text =
        format!("{HEADER}01/01/2022,9223372036854775807:00,N,A,1\n01/01/2022,02:60,N,A,1\n01/01/2022,00:00,N,A,1\n");
    let report = read_as(&ercot(), &text, &none()).unwrap().report;
    assert_eq!((report.count("`Hour Ending` must be"), report.accepted), (2, 1));
    let start = Some("2199-12-31T23:00:00-08:00".parse().unwrap());
    let choice = SignalChoice { start, ..none() };
    let report = read_as(&shipped("citylearn-carbon"), "carbon_intensity\n0.1\n0.2\n0.3\n", &choice).unwrap().report;
    assert_eq!((report.count("1900 to 2199"), report.accepted), (2, 1));
}
