use super::*;
use chrono::TimeDelta;
use chrono_tz::America::Los_Angeles;

fn table() -> PowerTable {
    let row = |minute: i64, limit_kw: Option<f64>| {
        let start = DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        PowerRow {
            session: format!("session-{minute}"),
            node: "site/evse/7".to_owned(),
            interval: Interval { start, end: start + TimeDelta::minutes(5) },
            power_w: Power::from_kw(7.4),
            limit_w: limit_kw.map(Power::from_kw),
        }
    };
    let rows = vec![row(0, Some(11.0)), row(5, None), row(10, Some(0.0))];
    PowerTable { source: "a recording, optimized".to_owned(), time_zone: Los_Angeles, rows }
}

#[test]
fn what_is_written_is_read_back_with_its_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("power.parquet");
    for table in [table(), PowerTable { rows: Vec::new(), ..table() }] {
        write_parquet(&path, &table).unwrap();
        assert_eq!(read_parquet(&path).unwrap(), table);
    }
}

#[test]
fn any_reader_finds_units_and_utc_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("power.parquet");
    write_parquet(&path, &table()).unwrap();
    let mut reader = ParquetReader::new(File::open(&path).unwrap());
    let pairs = reader.get_metadata().unwrap().key_value_metadata().clone().unwrap();
    let unit = pairs.iter().find(|pair| pair.key == "headroom.column.power_w").unwrap();
    assert!(unit.value.as_ref().unwrap().contains("W, positive towards the vehicle"));
    let frame = reader.finish().unwrap();
    assert_eq!(
        frame.column("start").unwrap().dtype(),
        &DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC))
    );
}

#[test]
fn a_file_that_is_no_such_table_says_what_it_must_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("power.parquet");
    assert!(matches!(read_parquet(&path), Err(TableError::Unopened { .. })));
    assert!(matches!(
        write_parquet(&folder.path().join("none/power.parquet"), &table()),
        Err(TableError::Unopened { .. })
    ));
    std::fs::write(&path, b"session,node").unwrap();
    assert!(read_parquet(&path).unwrap_err().to_string().contains("`the file` must be Parquet"));
    let mut foreign = DataFrame::new(1, vec![Column::new("session".into(), ["a"])]).unwrap();
    ParquetWriter::new(File::create(&path).unwrap()).finish(&mut foreign).unwrap();
    assert!(read_parquet(&path).unwrap_err().to_string().contains("`headroom.layout` must stand in the metadata"));
}
