//! Parquet with times in its own type.

use std::fs::File;

use polars::prelude::*;

use crate::signals::{SignalChoice, SignalMapping, read_signals};

/// 2024-05-01T00:00:00Z. **Units**: s since 1970.
const START_S: i64 = 1_714_521_600;

#[test]
fn times_of_any_resolution_and_missing_values_are_read_from_parquet() {
    for (unit, per_s) in
        [(TimeUnit::Milliseconds, 1_000), (TimeUnit::Microseconds, 1_000_000), (TimeUnit::Nanoseconds, 1_000_000_000)]
    {
        let times: Vec<i64> = [0, 900, 2700].iter().map(|second| (START_S + second) * per_s).collect();
        let times = Series::new("time".into(), times).into_datetime(unit, Some(TimeZone::UTC)).into_column();
        let load = Column::new("load_kw".into(), vec![Some(1.25), None, Some(-3.0)]);
        let carbon = Column::new("carbon_g_per_kwh".into(), vec![100_i64, 0, 300]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.parquet");
        let mut frame = DataFrame::new(3, vec![times, load, carbon]).unwrap();
        ParquetWriter::new(File::create(&path).unwrap()).finish(&mut frame).unwrap();
        let mapping = SignalMapping::shipped("generic-parquet").unwrap();
        let import = read_signals(&[path], &mapping, &SignalChoice::default()).unwrap();
        let row = |name: &str, row: usize| import.signal(name).unwrap().rows[row];
        assert_eq!(row("load", 0).interval.start.timestamp(), START_S);
        assert_eq!((row("load", 0).value, row("load", 1).value, row("load", 2).value), (Some(1.25), None, Some(-3.0)));
        assert_eq!((row("carbon", 1).value, row("carbon", 2).value), (Some(0.0), Some(300.0)));
        assert_eq!((import.signals.len(), import.report.signals[0].missing), (2, 1));
    }
}

#[test]
fn a_file_that_is_no_parquet_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.parquet");
    std::fs::write(&path, "time,load_kw").unwrap();
    let mapping = SignalMapping::shipped("generic-parquet").unwrap();
    let error = read_signals(&[path], &mapping, &SignalChoice::default()).unwrap_err().to_string();
    assert!(error.contains("is no Parquet"), "{error}");
}
