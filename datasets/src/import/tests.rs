mod inspect;
mod mapping;
mod ocpi;
mod properties;
mod traps;
mod workbook;

use super::*;
use chrono::{DateTime, TimeDelta, Utc};
use std::io::Write;

const HEADER: &str = "arrival,departure,requested_energy (kWh),delivered_energy (kWh),station_id,session_id,\
                      estimated_departure,claimed";
const CLAIMED: &str =
    "2019-11-03 00:30:00-07:00,2019-11-03 01:30:00-08:00,10.0,1.983,CA-305,a,2019-11-03 03:00:00-08:00,True";
const UNCLAIMED: &str =
    "2019-09-01 09:56:18-07:00,2019-09-01 10:35:38-07:00,0.747,0.747,CA-311,b,2019-09-01 10:35:38-07:00,False";
const EXPORT: &str = include_str!("../../tests/fixtures/acn_export.json");

fn read_text(text: &str, format: Format) -> Result<Import, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions");
    std::fs::write(&path, text).unwrap();
    read_sessions_salted(&path, format, b"pinch")
}

fn csv(rows: &[&str]) -> Result<Import, ImportError> {
    read_text(&format!("{HEADER}\n{}\n", rows.join("\n")), Format::Sustaingym)
}

fn items(change: impl Fn(&mut Vec<serde_json::Value>)) -> Result<Import, ImportError> {
    let mut export: serde_json::Value = serde_json::from_str(EXPORT).unwrap();
    change(export["_items"].as_array_mut().unwrap());
    read_text(&export.to_string(), Format::AcnJson)
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn finding<'a>(findings: &'a [Finding], part: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.rule.contains(part)).unwrap_or_else(|| panic!("no `{part}` in {findings:?}"))
}

#[test]
fn mixed_offsets_in_a_column_are_one_time() {
    let import = csv(&[CLAIMED]).unwrap();
    let session = &import.sessions[0];
    assert_eq!((session.arrival, session.departure), (utc("2019-11-03T07:30:00Z"), utc("2019-11-03T09:30:00Z")));
    let stated = session.stated.unwrap();
    assert_eq!(stated.departure, Some(utc("2019-11-03T11:00:00Z")));
    assert_eq!((stated.energy_wh.unwrap().as_kwh(), stated.known_from), (10.0, session.arrival));
}

#[test]
fn rows_that_nobody_claimed_do_not_leak_the_future() {
    let import = csv(&[CLAIMED, UNCLAIMED]).unwrap();
    assert_eq!((import.report.accepted, import.report.stated), (2, 1));
    let unclaimed = import.sessions.iter().find(|session| session.id == "b").unwrap();
    assert_eq!(unclaimed.stated, None);
    let unsure = csv(&[&UNCLAIMED.replace("False", "maybe")]).unwrap();
    assert_eq!(unsure.sessions[0].stated, None);
    assert_eq!(finding(&unsure.report.repaired, "`claimed`").examples[0].value, "maybe");
}

#[test]
fn every_row_is_accepted_or_rejected_with_its_line_and_value() {
    let rows = [
        CLAIMED.to_owned(),
        CLAIMED.to_owned(),
        UNCLAIMED.replace("2019-09-01 10:35:38-07:00", "1970-01-01 00:00:00+00:00"),
        UNCLAIMED.replace("0.747,0.747", "0.747,-45.58"),
        UNCLAIMED.replace("0.747,0.747", "0.747,n/a"),
        UNCLAIMED.replace("0.747,0.747", "0.747,inf"),
        UNCLAIMED.replace("2019-09-01 09:56:18-07:00", "01/09/2019 09:56"),
        UNCLAIMED.replace("CA-311", ""),
        UNCLAIMED.replace("2019-09-01 09:56:18-07:00", "2019-09-02 09:56:18-07:00"),
    ];
    let report = csv(&rows.each_ref().map(String::as_str)).unwrap().report;
    assert_eq!((report.rows, report.accepted), (9, 1));
    assert_eq!(report.rejected.iter().map(|finding| finding.count).sum::<usize>(), 8);
    assert_eq!(finding(&report.rejected, "`delivered_energy (kWh)` must be a number").examples[0].at, "line 6");
    assert_eq!(finding(&report.rejected, "more than 0 kWh").examples[0].value, "-45.58");
    assert_eq!(finding(&report.rejected, "`arrival` must be a time").examples[0].value, "01/09/2019 09:56");
    for rule in ["read before", "before 2000", "`station_id` must not be empty", "later than the arrival"] {
        assert_eq!(finding(&report.rejected, rule).count, 1, "{rule}");
    }
    assert!(report.to_string().contains("9 rows, 1 accepted, 8 rejected"), "{report}");
}

#[test]
fn a_word_that_cannot_be_is_left_out_and_said() {
    let nothing = CLAIMED.replace("10.0,", "0.0,").replace("2019-11-03 03:00:00-08:00", "2019-11-02 00:00:00-07:00");
    let import = csv(&[&nothing]).unwrap();
    assert_eq!(import.sessions[0].stated, None);
    assert_eq!(import.report.repaired.len(), 2);
    let half = csv(&[&CLAIMED.replace("10.0,", "0.0,")]).unwrap().sessions[0].stated.unwrap();
    assert!(half.energy_wh.is_none() && half.departure.is_some());
}

#[test]
fn overlaps_and_long_stays_are_counted_and_kept() {
    let later = UNCLAIMED.replace(",b,", ",c,").replace("2019-09-01 10:35:38", "2019-09-03 10:35:38");
    let import = csv(&[UNCLAIMED, &later]).unwrap();
    assert_eq!(import.report.overlaps.get("CA-311"), Some(&1));
    assert_eq!((import.report.stays_over_24_h, import.report.accepted), (1, 2));
    assert_eq!(import.report.coverage.unwrap().days, 1);
}

#[test]
fn a_broken_file_names_itself_the_column_the_rule_and_the_remedy() {
    let told = |result: Result<Import, ImportError>| {
        let text = result.unwrap_err().to_string();
        assert!(text.contains("sessions: "), "{text}");
        text
    };
    let text = told(read_text(&format!("{}\n{CLAIMED}\n", HEADER.replace("claimed", "paid")), Format::Sustaingym));
    assert!(text.contains("`claimed` is no column of the file, which has `arrival`"), "{text}");
    let text = told(read_text("", Format::Sustaingym));
    assert!(text.contains("do not form a table"), "{text}");
    let text = told(read_text(&format!("{HEADER}\n{CLAIMED},one,too,many\n"), Format::Sustaingym));
    assert!(text.contains("a row must have the 8 fields of the header") && text.contains("line 2"), "{text}");
    let text = told(read_text(&format!("{HEADER}\n{}\n", CLAIMED.replace("-07:00", "")), Format::Sustaingym));
    assert!(text.contains("none of its 1 rows can be used") && text.contains("line 2"), "{text}");
    let text = told(read_text("{\"_items\": [", Format::AcnJson));
    assert!(text.contains("is no JSON (EOF") && text.contains("export"), "{text}");
    let text = told(read_text("{\"items\": []}", Format::AcnJson));
    assert!(text.contains("`_items` must be the list of sessions"), "{text}");
    let absent = read_sessions(Path::new("none.csv"), Format::Sustaingym).unwrap_err().to_string();
    assert!(absent.contains("none.csv") && absent.contains("check the path"), "{absent}");
}

#[test]
fn a_gzip_file_is_read_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.csv.gz");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    write!(packed, "{HEADER}\n{CLAIMED}\n{UNCLAIMED}\n").unwrap();
    let packed = packed.finish().unwrap();
    std::fs::write(&path, &packed).unwrap();
    assert_eq!(read_sessions(&path, Format::Sustaingym).unwrap().sessions.len(), 2);
    std::fs::write(&path, &packed[..packed.len() - 12]).unwrap();
    let text = read_sessions(&path, Format::Sustaingym).unwrap_err().to_string();
    assert!(text.contains("`gzip` does not unpack to its end"), "{text}");
}

/// What an import says beside which bytes it was made from.
fn said(import: Import) -> Import {
    Import { report: ImportReport { sha256: String::new(), ..import.report }, ..import }
}

#[test]
fn both_shapes_of_an_acn_export_give_the_same_sessions() {
    let whole = read_text(EXPORT, Format::AcnJson).unwrap();
    let export: serde_json::Value = serde_json::from_str(EXPORT).unwrap();
    assert_eq!(said(read_text(&export["_items"].to_string(), Format::AcnJson).unwrap()), said(whole.clone()));
    assert_eq!((whole.report.rows, whole.report.accepted, whole.report.stated), (4, 3, 2));
    assert_eq!(finding(&whole.report.rejected, "session open at export").examples[0].at, "_items[3]");
}

#[test]
fn an_acn_driver_is_quoted_as_first_said_and_named_by_a_hash() {
    let import = read_text(EXPORT, Format::AcnJson).unwrap();
    let session = &import.sessions[0];
    assert_eq!((session.station.as_str(), session.energy_wh.as_kwh()), ("CA-496", 17.932));
    let stated = session.stated.unwrap();
    assert_eq!(stated.energy_wh.unwrap().as_kwh().to_bits(), 25_f64.to_bits());
    assert_eq!(stated.departure, Some(utc("2018-04-25T18:51:04Z")));
    assert_eq!(stated.known_from, utc("2018-04-25T11:09:30Z"));
    let user = session.user.as_ref().unwrap();
    assert_eq!((user.len(), user.contains("743")), (16, false));
    assert_eq!(import.sessions[2].user.as_ref(), Some(user), "one driver has one name");
    let by_number = items(|items| items[0]["userID"] = serde_json::Value::Null).unwrap();
    assert_eq!(by_number.sessions[0].user.as_ref(), Some(user), "text and number are one id");
    assert_eq!(import.sessions[1].user, None);
    assert!(!import.report.to_string().contains("743"), "{}", import.report);
}

#[test]
fn an_acn_session_off_by_its_zone_is_put_right_and_said() {
    let import = read_text(EXPORT, Format::AcnJson).unwrap();
    let session = &import.sessions[2];
    assert_eq!((session.arrival, session.departure), (utc("2018-10-31T15:30:00Z"), utc("2018-11-01T00:00:00Z")));
    let stated = session.stated.unwrap();
    assert_eq!(stated.known_from, utc("2018-10-31T15:31:00Z"), "what was right is left alone");
    assert_eq!(stated.departure, Some(utc("2018-11-01T00:30:00Z")));
    assert_eq!(finding(&import.report.repaired, "read as local").count, 1);
    assert_eq!(finding(&import.report.noticed, "`doneChargingTime` is later").examples[0].at, "_items[2]");

    let turned = items(|items| {
        items[2]["connectionTime"] = "Wed, 31 Oct 2018 22:30:00 GMT".into();
        items[2]["disconnectTime"] = "Thu, 01 Nov 2018 07:00:00 GMT".into();
    });
    let turned = turned.unwrap();
    assert_eq!(turned.sessions[2].arrival, session.arrival);
    assert_eq!(turned.sessions[2].departure, session.departure);
    assert_eq!(finding(&turned.report.repaired, "sign turned").count, 1);

    let unknown = items(|items| items[2]["timezone"] = serde_json::Value::Null).unwrap();
    assert_eq!(unknown.sessions[2].arrival, utc("2018-10-31T08:30:00Z"));
    assert_eq!(finding(&unknown.report.noticed, "does not agree").count, 1);
}

#[test]
fn an_acn_session_over_the_autumn_change_keeps_its_true_length() {
    let import = items(|items| {
        items[2]["connectionTime"] = "Sat, 03 Nov 2018 20:00:00 GMT".into();
        items[2]["disconnectTime"] = "Sun, 04 Nov 2018 08:00:00 GMT".into();
        items[2]["sessionID"] = "2_39_78_363_2018-11-04 03:00:00.000000".into();
        items[2]["userInputs"] = serde_json::Value::Null;
    });
    let session = import.unwrap().sessions.pop().unwrap();
    assert_eq!(session.departure - session.arrival, TimeDelta::hours(13));
}

#[test]
fn odd_acn_items_cost_only_themselves() {
    let import = items(|items| {
        items.push("no object".into());
        items.push(serde_json::Value::Null);
        items[0]["userInputs"] = "text".into();
        items[1]["userInputs"] =
            serde_json::json!([{"kWhRequested": -1, "modifiedAt": "Wed, 25 Apr 2018 14:00:00 GMT"}]);
        items[2]["kWhDelivered"] = "6.5".into();
    });
    let report = import.unwrap().report;
    assert_eq!((report.rows, report.accepted, report.stated), (6, 2, 0));
    assert_eq!(finding(&report.rejected, "`kWhDelivered` must be a number").examples[0].value, "\"6.5\"");
    for rule in ["`userInputs` must be a list", "`kWhRequested` must be", "`requestedDeparture` must be"] {
        assert_eq!(finding(&report.repaired, rule).count, 1, "{rule}");
    }
}

#[test]
fn a_format_is_named_as_people_type_it() {
    for name in Format::names() {
        let format: Format = name.parse().unwrap();
        assert_eq!(format.to_string(), name);
        assert_eq!(format.to_string().parse::<Format>(), Ok(format));
    }
    assert!("csv".parse::<Format>().unwrap_err().to_string().contains("give `sustaingym`, `boulder`"));
}
