use super::*;
use crate::{Format, read_sessions};

fn session(id: &str, stated: Option<Stated>) -> RecordedSession {
    RecordedSession {
        id: id.to_owned(),
        station: "north-1".to_owned(),
        site: stated.map(|_| "north".to_owned()),
        arrival: format!("2024-03-31T00:{id}:00.250Z").parse().unwrap(),
        departure: "2024-03-31T09:00:00Z".parse().unwrap(),
        energy_wh: Energy::from_kwh(12.345),
        stated,
        user: stated.map(|_| "00ab54cd00ab54cd".to_owned()),
    }
}

fn table() -> SessionTable {
    let known_from = "2024-03-31T00:35:00Z".parse().unwrap();
    let stated = Stated { energy_wh: Some(Energy::from_kwh(20.0)), departure: None, known_from };
    let sessions = vec![session("30", Some(stated)), session("31", None)];
    SessionTable { source: "by hand".to_owned(), time_zone: Some(Tz::Europe__Oslo), sessions }
}

#[test]
fn sessions_come_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.parquet");
    write_sessions_parquet(&path, &table()).unwrap();
    assert_eq!(read_sessions_parquet(&path).unwrap(), table());
    let nowhere = SessionTable { time_zone: None, ..table() };
    write_sessions_parquet(&path, &nowhere).unwrap();
    assert_eq!(read_sessions_parquet(&path).unwrap(), nowhere);
}

#[test]
fn what_was_written_is_imported_with_drivers_and_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.parquet");
    write_sessions_parquet(&path, &table()).unwrap();
    let import = read_sessions(&path, "generic-parquet".parse::<Format>().unwrap()).unwrap();
    assert_eq!(import.sessions, table().sessions);
    assert_eq!((import.report.rows, import.report.stated), (2, 1));
}

#[test]
fn parquet_of_another_program_is_read_by_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.parquet");
    let arrivals = [1_711_845_000_000_000_i64, 1_711_845_060_000_000];
    let times = |name: &str, values: &[i64]| {
        Series::new(name.into(), values).into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)).into_column()
    };
    let columns = vec![
        Column::new("session".into(), [7_i64, 8]),
        Column::new("station".into(), ["a", "b"]),
        times("arrival", &arrivals),
        times("departure", &arrivals.map(|arrival| arrival + 3_600_000_000)),
        Column::new("energy_wh".into(), [Some(5000.0), None]),
    ];
    ParquetWriter::new(File::create(&path).unwrap()).finish(&mut DataFrame::new(2, columns).unwrap()).unwrap();
    let import = read_sessions(&path, "generic-parquet".parse::<Format>().unwrap()).unwrap();
    assert_eq!((import.sessions.len(), import.sessions[0].id.as_str()), (1, "7"));
    assert_eq!(import.sessions[0].arrival.to_rfc3339(), "2024-03-31T00:30:00+00:00");
    assert_eq!(import.report.rejected[0].rule, "`energy_wh` must not be empty");
    assert_eq!(import.report.rejected[0].examples[0].at, "row 2");
    let told = read_sessions_parquet(&path).unwrap_err().to_string();
    assert!(told.contains("`headroom.layout` must be `recorded sessions, 1`"), "{told}");
    std::fs::write(&path, "PAR1 and no more").unwrap();
    let told = read_sessions(&path, "generic-parquet".parse::<Format>().unwrap()).unwrap_err().to_string();
    assert!(told.contains("`the file` must be Parquet"), "{told}");
}
