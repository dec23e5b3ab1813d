use headroom_domain::Interval;

use super::*;
use crate::signals::SignalUnit;

#[test]
fn every_row_is_written_with_its_unit_and_when_it_became_known() {
    let row = |hour: u32, value| SignalRow {
        interval: Interval {
            start: format!("2024-03-31T{hour:02}:00:00Z").parse().unwrap(),
            end: format!("2024-03-31T{:02}:00:00Z", hour + 1).parse().unwrap(),
        },
        value,
        issued_at: (hour == 0).then(|| "2024-03-30T11:45:00Z".parse().unwrap()),
    };
    let price = Signal {
        name: "price".to_owned(),
        unit: SignalUnit::PricePerKwh { currency: "EUR".to_owned() },
        rows: vec![row(0, Some(0.25)), row(1, None)],
        time_zone: chrono_tz::Europe::Oslo,
        source: "by hand".to_owned(),
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signals.parquet");
    write_signals_parquet(&path, "prices.csv", &[price]).unwrap();
    let mut reader = ParquetReader::new(File::open(&path).unwrap());
    let pairs = reader.get_metadata().unwrap().key_value_metadata().clone().unwrap();
    let kept = pairs.iter().find(|pair| pair.key == "headroom.signal.price").and_then(|pair| pair.value.clone());
    assert_eq!(kept.as_deref(), Some("EUR/kWh; Europe/Oslo; by hand"));
    let frame = reader.finish().unwrap();
    assert_eq!(frame.shape(), (2, 6));
    let values: Vec<_> = frame.column("value").unwrap().f64().unwrap().iter().collect();
    assert_eq!(values, [Some(0.25), None]);
    assert_eq!(frame.column("issued_at").unwrap().null_count(), 1);
    assert_eq!(frame.column("unit").unwrap().str().unwrap().get(0), Some("EUR/kWh"));
}
