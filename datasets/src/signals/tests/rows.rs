//! Signs, units, duplicates, rows without value, forecasts, files that are something else.

use std::path::{Path, PathBuf};

use super::super::{SignalChoice, SignalMapping, SignalUnit, read_signals};
use super::{file, read_as, shipped, values};

fn none() -> SignalChoice {
    SignalChoice::default()
}

#[test]
fn a_load_that_feeds_in_is_negative_and_a_missing_one_is_no_zero() {
    let text = "index,load,APX,clouds\n2020-10-02 09:45:00+00:00,5.2,,\n2020-10-02 10:00:00+00:00,-14.5,34.0,99\n\
        2020-10-02 10:15:00+00:00,,-3.5,99\n2020-10-02 10:30:00+00:00,0,34.0,99\n";
    let import = read_as(&shipped("openstef"), text, &none()).unwrap();
    let loads: Vec<Option<f64>> = import.signal("load").unwrap().rows.iter().map(|row| row.value).collect();
    assert_eq!(loads, [Some(5200.0), Some(-14_500.0), None, Some(0.0)]);
    let prices: Vec<Option<f64>> = import.signal("price").unwrap().rows.iter().map(|row| row.value).collect();
    assert_eq!(prices, [None, Some(0.034), Some(-0.0035), Some(0.034)]);
    let load = &import.report.signals[0];
    assert_eq!((load.rows, load.without_value, load.below_zero, load.zero, load.gaps), (4, 1, 1, 1, 0));
    assert_eq!(import.signal("price").unwrap().unit, SignalUnit::PricePerKwh { currency: "EUR".to_owned() });
    assert!(import.report.repaired.is_empty() && import.report.rejected.is_empty());
}

#[test]
fn a_substation_generates_below_zero_and_its_time_ends_the_quarter() {
    let text = ",datetime,radiation,total_substation,total_solar_part,total_wind_part,Lat,lon\n\
        0,2021-07-31 00:15:00+00:00,5.5E-11,-18.71,-5.53,0,53,5\n1,2021-07-31 00:30:00+00:00,1,10.39,0.03,-0.51,53,5\n";
    let import = read_as(&shipped("openstef-substation"), text, &none()).unwrap();
    assert_eq!(
        values(&import, "load"),
        [("07-31 00:00".to_owned(), Some(-18_710.0)), ("07-31 00:15".to_owned(), Some(10_390.0))]
    );
    assert_eq!(values(&import, "photovoltaics")[0].1, Some(-5530.0));
    assert_eq!(values(&import, "wind")[1].1, Some(-510.0));
}

#[test]
fn generation_in_positive_numbers_is_turned_and_empty_fuels_stay_empty() {
    let text = "timestamp,WND,SUN,WAT,OIL,NG,COL,NUC,OTH,avg_CI\n\
        2022-01-01 00:00:00+00:00,3130.0,1367.0,2304.0,44.0,6764.0,19.0,2265.0,189.0,222.3\n\
        2022-01-01 01:00:00+00:00,,,,,,,,,\n";
    let import = read_as(&shipped("eia"), text, &none()).unwrap();
    assert_eq!(values(&import, "wind")[0].1, Some(-3_130_000.0));
    assert_eq!(values(&import, "carbon"), [("01-01 00:00".to_owned(), Some(222.3)), ("01-01 01:00".to_owned(), None)]);
    assert!(import.report.signals.iter().all(|signal| signal.without_value == 1));
    let only = SignalChoice { signals: vec!["carbon".to_owned()], ..none() };
    assert_eq!(read_as(&shipped("eia"), text, &only).unwrap().signals.len(), 1);
    let unknown = SignalChoice { signals: vec!["steam".to_owned()], ..none() };
    let error = read_as(&shipped("eia"), text, &unknown).unwrap_err().to_string();
    assert!(error.contains("`steam` names no signal of the mapping: `carbon`, `wind`"), "{error}");
}

fn moer(rows: &[(&str, f64)]) -> String {
    let header = (1..=36).map(|k| format!(",f{k}")).collect::<Vec<_>>().concat();
    let row = |(time, value): &(&str, f64)| {
        let forecasts = (1..=36).map(|k| format!(",{}", value + f64::from(k) / 1000.0)).collect::<Vec<_>>().concat();
        format!("{time}+00:00,{value}{forecasts}\n")
    };
    format!("time,moer{header}\n{}", rows.iter().map(row).collect::<Vec<_>>().concat())
}

#[test]
fn months_that_overlap_count_once_and_a_row_that_differs_is_told() {
    let (_one, first) = file("2019-09.csv.gz", &moer(&[("2019-09-30 23:50:00", 0.4), ("2019-09-30 23:55:00", 0.0)]));
    let (_two, second) = file("2019-10.csv", &moer(&[("2019-09-30 23:55:00", 0.0), ("2019-10-01 00:00:00", 0.2)]));
    let import = read_signals(&[first.clone(), second], &shipped("sgip-moer"), &none()).unwrap();
    assert_eq!((import.report.rows, import.report.accepted), (4, 3));
    assert_eq!(import.report.count("with equal values"), 1);
    assert_eq!(import.report.rejected[0].examples[0].at, "line 2");
    // 0 is a value: renewables are held back.
    assert_eq!(values(&import, "moer")[1].1, Some(0.0));
    assert_eq!((import.report.signals[0].zero, import.report.signals[0].gaps), (1, 0));
    assert_eq!(import.report.files, ["2019-09.csv.gz", "2019-10.csv"]);
    let (_three, other) = file("other.csv", &moer(&[("2019-09-30 23:55:00", 0.1)]));
    let import = read_signals(&[first, other], &shipped("sgip-moer"), &none()).unwrap();
    assert_eq!(import.report.count("with other values"), 1);
    assert_eq!(values(&import, "moer")[1].1, Some(0.0), "the first counts");
}

#[test]
fn a_forecast_is_for_its_target_time_and_known_from_its_row_on() {
    let text = moer(&[("2019-09-01 00:00:00", 0.4), ("2019-09-01 00:05:00", 0.5)]);
    let import = read_as(&shipped("sgip-moer"), &text, &none()).unwrap();
    let forecast = import.signal("moer-forecast").unwrap();
    assert_eq!(forecast.rows.len(), 72);
    let of = |start: &str, issued: &str| {
        let at = |minute: &str| format!("2019-09-01T{minute}:00Z").parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let found =
            forecast.rows.iter().find(|row| row.interval.start == at(start) && row.issued_at == Some(at(issued)));
        found.and_then(|row| row.value)
    };
    // f2 of the first row and f1 of the second are both for 00:10.
    assert_eq!((of("00:10", "00:00"), of("00:10", "00:05")), (Some(402.0), Some(501.0)));
    assert_eq!((of("03:00", "00:00"), of("03:05", "00:00")), (Some(436.0), None));
    assert!(import.signal("moer").unwrap().rows.iter().all(|row| row.issued_at.is_none()));
}

fn typed(more: &str) -> SignalMapping {
    let text = format!(
        "name = \"typed\"\nsource = \"typed\"\nformat = \"csv\"\ntime_zone = \"Europe/Oslo\"\nstep_min = 30\n{more}\n\
         [time]\nkind = \"local\"\ncolumn = \"Tid\"\nformat = \"%d.%m.%Y %H:%M\"\n\
         [[signal]]\nname = \"load\"\ncolumn = \"Effekt\"\nunit = \"kWh\"\n"
    );
    SignalMapping::from_toml(Path::new("typed.toml"), &text).unwrap()
}

#[test]
fn a_mapping_of_ones_own_reads_semicolons_decimal_commas_and_words_for_nothing() {
    let mapping = typed("separator = \";\"\ndecimal_comma = true\nnull = [\"NA\"]");
    let text =
        "\u{feff}Tid;Effekt\n31.12.2018 23:30;1,5\n01.01.2019 00:00;NA\n01.01.2019 00:30;mye\n01.01.2019 01:00;-0,0\n";
    let import = read_as(&mapping, text, &none()).unwrap();
    // 1.5 kWh in half an hour are 3 kW.
    assert_eq!(
        values(&import, "load"),
        [
            ("12-31 22:30".to_owned(), Some(3.0)),
            ("12-31 23:00".to_owned(), None),
            ("12-31 23:30".to_owned(), None),
            ("01-01 00:00".to_owned(), Some(0.0))
        ]
    );
    assert_eq!(import.report.count("`Effekt` must be a number"), 1);
    assert_eq!(import.report.repaired[0].examples[0].value, "mye");
}

#[test]
fn rows_closer_than_their_step_are_cut_so_that_none_overlap() {
    let import =
        read_as(&typed(""), "Tid,Effekt\n01.06.2019 10:00,1\n01.06.2019 10:10,1\n01.06.2019 11:30,1\n", &none())
            .unwrap();
    let rows = &import.signals[0].rows;
    assert!(rows.windows(2).all(|pair| pair[0].interval.end <= pair[1].interval.start));
    assert_eq!((import.report.count("it was cut there"), import.report.signals[0].gaps), (1, 1));
    assert_eq!(import.report.signals[0].missing, 1);
}

#[test]
fn a_generic_file_may_have_any_of_the_columns_but_not_none() {
    let text = "time,photovoltaics_kw\n2024-05-01T00:00:00+02:00,3.5\n";
    let import = read_as(&shipped("generic-csv"), text, &none()).unwrap();
    assert_eq!(import.signals.len(), 1);
    assert_eq!(values(&import, "photovoltaics"), [("04-30 22:00".to_owned(), Some(-3.5))]);
    let error = read_as(&shipped("generic-csv"), "time,other\n2024-05-01T00:00:00Z,1\n", &none()).unwrap_err();
    assert!(error.to_string().contains("have none of the mapping's signals"), "{error}");
}

#[test]
fn a_file_that_is_something_else_says_so() {
    let error = read_as(&shipped("openstef"), "time,load\n1,2\n", &none()).unwrap_err().to_string();
    assert!(error.contains("`index` is no column of the file, which has `time`, `load`"), "{error}");
    let error = read_as(&shipped("openstef"), "index,load,APX\nyesterday,2,3\n", &none()).unwrap_err().to_string();
    assert!(error.contains("none of the 1 rows can be used") && error.contains("line 2: `yesterday`"), "{error}");
    let error = read_as(&shipped("openstef"), "index,load,APX\n", &none()).unwrap_err().to_string();
    assert!(error.contains("there is no row"), "{error}");
    let gone = read_signals(&[PathBuf::from("gone.csv")], &shipped("openstef"), &none()).unwrap_err().to_string();
    assert!(gone.contains("gone.csv: cannot be read"), "{gone}");
    let (_folder, path) = file("broken.csv", "no spreadsheet");
    let error = read_signals(&[path], &shipped("ercot"), &none()).unwrap_err().to_string();
    assert!(error.contains("is no xlsx"), "{error}");
    assert!(read_signals(&[], &shipped("openstef"), &none()).is_err());
}

#[test]
fn every_shipped_mapping_is_one_and_a_wrong_one_names_the_field() {
    for name in SignalMapping::shipped_names() {
        let mapping = shipped(name);
        assert_eq!(mapping.name, name);
        let again = SignalMapping::from_toml(Path::new(name), &toml::to_string(&mapping).unwrap()).unwrap();
        assert_eq!(again, mapping);
    }
    let error = SignalMapping::shipped("nothing").unwrap_err().to_string();
    assert!(error.contains("there are `aep`"), "{error}");
    let text = toml::to_string(&shipped("aep")).unwrap();
    let wrong = |from: &str, to: &str| {
        SignalMapping::from_toml(Path::new("own.toml"), &text.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert!(wrong("step_min = 60", "step_min = 0").contains("`step_min` is 0"));
    assert!(wrong("step_min", "steps_min").contains("steps_min"));
    assert!(wrong("\"MW\"", "\"GW\"").contains("GW"));
    assert!(wrong("America/New_York", "America/New_Work").contains("time_zone"));
}
