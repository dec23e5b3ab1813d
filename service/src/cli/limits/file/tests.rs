use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::Power;
use headroom_domain::limit::LimitKind;

use super::*;

const HEADER: &str = "target,programme,kind,revision,start_time,end_time,import_limit_w,export_limit_w,priority,reason";

const DEFAULTS: Defaults<'_> = Defaults { programme: None, revision: Some(100) };

fn reading(lines: &[&str]) -> Result<Vec<Planned>, Mistakes> {
    read(&lines.join("\n"), &DEFAULTS)
}

/// Reads lines under the usual header, which must be good.
fn limits(lines: &[&str]) -> Vec<Planned> {
    reading(&[&[HEADER], lines].concat()).unwrap()
}

/// Returns what is wrong with lines under the usual header.
fn wrong(lines: &[&str]) -> Vec<String> {
    told(reading(&[&[HEADER], lines].concat()))
}

fn told(read: Result<Vec<Planned>, Mistakes>) -> Vec<String> {
    read.unwrap_err().0.iter().map(ToString::to_string).collect()
}

fn at(hour: i64) -> DateTime<Utc> {
    "2026-11-20T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hour)
}

const NOON: &str = "2026-11-20T12:00:00Z,2026-11-20T13:00:00Z";

/// Checks that one cell of a good line, changed to `cell`, is the only mistake, and how it is told.
fn check_cell(column: usize, cell: &str, expected: &str) {
    let good = "campus,doe,scheduled,7,2026-11-20T12:00:00Z,2026-11-20T13:00:00Z,4200,,,";
    let mut cells: Vec<_> = good.split(',').collect();
    cells[column] = cell;
    let found = wrong(&[&cells.join(",")]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(expected), "{found:?}");
}

#[test]
fn lines_of_one_limit_are_joined_and_sorted_by_start() {
    let read = limits(&[
        "connectionPoints/campus,doe,scheduled,7,2026-11-20T14:00:00Z,2026-11-20T15:00:00Z,9000,,2,congestion",
        "gridAreas/feeder-7,doe,emergency,7,2026-11-20T12:00:00Z,2026-11-20T13:00:00Z,,0,,",
        "campus,doe,Scheduled,7,2026-11-20T13:00:00+01:00,2026-11-20T14:00:00Z,4200,1000,2,congestion",
    ]);
    assert_eq!(read.len(), 2);
    let [campus, feeder] = [&read[0], &read[1]];
    assert_eq!(campus.lines, [4, 2]);
    assert_eq!(campus.draft.target.to_string(), "connectionPoints/campus");
    assert_eq!((campus.draft.revision, campus.draft.terms.priority), (7, Some(2)));
    assert_eq!((campus.draft.reason.as_str(), campus.draft.programme.as_str()), ("congestion", "doe"));
    let [first, second] = campus.draft.intervals[..] else { panic!("{:?}", campus.draft.intervals) };
    assert_eq!((first.interval.start, first.interval.end, second.interval.start), (at(12), at(14), at(14)));
    assert_eq!(first.maximum_export_w.map(Power::as_w), Some(1000.0));
    assert_eq!((second.maximum_import_w.map(Power::as_w), second.maximum_export_w), (Some(9000.0), None));
    assert_eq!(feeder.draft.kind, LimitKind::Emergency);
    assert_eq!(feeder.draft.intervals[0].maximum_import_w, None);
    assert_eq!(feeder.draft.intervals[0].maximum_export_w.map(Power::as_w), Some(0.0));
}

#[test]
fn columns_may_come_in_any_order_in_any_case_and_the_optional_ones_may_be_missing() {
    let defaults = Defaults { programme: Some("doe"), revision: Some(100) };
    let text = "END_TIME, import_limit_kw ,target,start_time\n2026-11-20T13:00:00Z, 4.2,campus,2026-11-20T12:00:00Z\n";
    let read = read(text, &defaults).unwrap();
    let draft = &read[0].draft;
    assert_eq!((draft.kind, draft.revision, draft.programme.as_str()), (LimitKind::Scheduled, 100, "doe"));
    assert_eq!((draft.terms.priority, draft.reason.as_str()), (None, ""));
    assert_eq!(draft.intervals[0].maximum_import_w.map(Power::as_w), Some(4200.0));
}

#[test]
fn a_mark_of_the_encoding_windows_line_ends_and_quotes_are_fine() {
    let text = format!("\u{feff}{HEADER}\r\ncampus,doe,,1,{NOON},0,,,\"too much, too hot\"\r\n");
    let read = read(&text, &DEFAULTS).unwrap();
    assert_eq!(read[0].draft.reason, "too much, too hot");
    assert_eq!(read[0].draft.intervals[0].maximum_import_w.map(Power::as_w), Some(0.0));
}

#[test]
fn further_limits_of_one_target_and_programme_count_the_revision_up() {
    let read = limits(&[
        &format!("campus,doe,scheduled,,{NOON},9000,,2,"),
        &format!("campus,doe,scheduled,,{NOON},4200,,1,"),
        &format!("campus,other,scheduled,,{NOON},4200,,,"),
        &format!("campus,doe,scheduled,500,{NOON},4200,,3,"),
        &format!("campus,doe,scheduled,,{NOON},4200,,4,"),
    ]);
    assert_eq!(read.iter().map(|planned| planned.draft.revision).collect::<Vec<_>>(), [100, 101, 100, 500, 501]);
}

#[test]
fn a_revision_that_does_not_rise_is_a_mistake() {
    let found = wrong(&[
        &format!("campus,doe,scheduled,7,{NOON},9000,,,"),
        &format!("campus,doe,emergency,7,{NOON},4200,,,"),
        &format!("campus,doe,test,6,{NOON},4200,,,"),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("line 3, revision: it is not higher than 7") && found[0].contains("on line 2: raise it")
    );
    assert!(found[1].starts_with("line 4, revision: it is not higher than 7"), "{found:?}");
}

#[test]
fn a_repetition_must_state_its_revisions() {
    let defaults = Defaults { programme: None, revision: None };
    let text = format!("{HEADER}\ncampus,doe,,,{NOON},0,,,");
    let found = told(read(&text, &defaults));
    assert!(found[0].starts_with("line 2, revision: it is empty") && found[0].contains("--revision"), "{found:?}");
    assert!(read(&text, &DEFAULTS).is_ok());
}

#[test]
fn unknown_columns_are_named_all_at_once() {
    let found = told(reading(&["target,start_time,end_time,import_limit_w,colour,importlimit", "a,b,c,d,e,f"]));
    assert!(found[0].contains("unknown column(s) \"colour\", \"importlimit\"") && found[0].contains("import_limit_kw"));
}

#[test]
fn columns_that_must_be_there_are_named() {
    let found = told(reading(&["target,reason", "campus,x"]));
    let rules = ["column start_time is missing", "column end_time is missing", "no column states a limit"];
    assert_eq!(found.len(), rules.len(), "{found:?}");
    for (found, rule) in found.iter().zip(rules) {
        assert!(found.starts_with("line 1: ") && found.contains(rule), "{found}");
    }
}

#[test]
fn a_column_that_is_there_twice_or_in_two_units_is_a_mistake() {
    let twice = told(reading(&["target,target,start_time,end_time,import_limit_w"]));
    assert_eq!(twice, ["line 1: column target is there twice: remove one"]);
    let units = told(reading(&["target,start_time,end_time,import_limit_w,import_limit_kw"]));
    assert_eq!(units, ["line 1: import_limit_w and import_limit_kw are both there: keep one"]);
}

#[test]
fn another_separator_is_recognised() {
    let found = told(reading(&["target;start_time;end_time;import_limit_w"]));
    assert_eq!(found[0], "line 1: columns are separated by commas: save it so");
}

#[test]
fn a_file_without_lines_is_a_mistake() {
    assert_eq!(told(reading(&[HEADER])), ["line 1: nothing follows the header: add a line for each interval"]);
    assert!(!told(reading(&[""])).is_empty());
}

#[test]
fn a_line_with_too_many_or_too_few_cells_is_a_mistake() {
    let found = wrong(&["campus,doe", &format!("campus,doe,,1,{NOON},0,,,too much, too hot")]);
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("line 2: it has 2 cell(s) where the header has 10"), "{found:?}");
    assert!(found[1].starts_with("line 3: it has 11 cell(s)") && found[1].contains("quotes"), "{found:?}");
}

#[test]
fn empty_lines_are_passed_over_and_counted() {
    let row = format!("campus,doe,,1,{NOON},much,,,");
    for end in ["\n", "\r\n"] {
        let text = [HEADER, "", "", &row, "", &row, ""].join(end);
        let found = told(read(&text, &DEFAULTS));
        let lines: Vec<_> = found.iter().map(|mistake| mistake.split(',').next().unwrap()).collect();
        assert_eq!(lines, ["line 4", "line 6"], "{end:?}");
    }
}

#[test]
fn each_kind_of_cell_says_its_rule_and_remedy() {
    check_cell(0, "", "line 2, target: it is empty");
    check_cell(0, "sites/campus", "line 2, target: \"sites/campus\" is no place: write connectionPoints/ID");
    check_cell(1, "", "line 2, programme: it is empty: fill it in, or give one for all with --programme");
    check_cell(2, "urgent", "line 2, kind: \"urgent\" is no kind: write scheduled, emergency or test");
    check_cell(3, "1.5", "line 2, revision: \"1.5\" is no whole number");
    check_cell(4, "", "line 2, start_time: it is empty");
    check_cell(4, "2026-11-20 12:00", "line 2, start_time: \"2026-11-20 12:00\" is no time of RFC 3339 with its zone");
    check_cell(5, "noon", "line 2, end_time: \"noon\" is no time");
    check_cell(5, "2026-11-20T12:00:00Z", "line 2, end_time: the end is not after the start");
    check_cell(5, "2026-11-20T12:00:30Z", "line 2, end_time: it is shorter than 60 s");
    check_cell(6, "4.2 kW", "line 2, import_limit_w: \"4.2 kW\" is no number");
    check_cell(6, "NaN", "line 2, import_limit_w: NaN is not a finite Power");
    check_cell(6, "4200.5", "line 2, import_limit_w: 4200.5 has a fraction of a watt");
    check_cell(6, "-1", "line 2, import_limit_w: limits are magnitudes");
    check_cell(6, "1e13", "line 2, import_limit_w: it is more than");
    check_cell(6, "", "line 2, import_limit_w: neither an import nor an export limit is stated");
    check_cell(7, "much", "line 2, export_limit_w: \"much\" is no number");
    check_cell(8, "high", "line 2, priority: \"high\" is no whole number");
    check_cell(8, "0", "line 2, priority: priority 0 is an emergency's");
    check_cell(8, "-1", "line 2, priority: priorities are 0 or more");
}

#[test]
fn a_power_in_kw_has_no_more_than_three_decimals_and_is_told_by_its_own_column() {
    let header = "target,programme,start_time,end_time,export_limit_kw";
    let line = |power: &str| format!("campus,doe,{NOON},{power}");
    for (power, expected_w) in [("4.2", 4200.0), ("0.001", 1.0), ("1.1", 1100.0), ("16.1", 16_100.0), ("0", 0.0)] {
        let read = reading(&[header, &line(power)]).unwrap();
        assert_eq!(read[0].draft.intervals[0].maximum_export_w.map(Power::as_w), Some(expected_w), "{power}");
    }
    assert!(told(reading(&[header, &line("4.2005")]))[0].starts_with("line 2, export_limit_kw: 4.2005 has a fraction"));
    assert!(told(reading(&[header, &line("-2")]))[0].starts_with("line 2, export_limit_kw: limits are magnitudes"));
}

#[test]
fn lines_that_overlap_are_told_by_the_later_one() {
    let found = wrong(&[
        "campus,doe,,7,2026-11-20T12:30:00Z,2026-11-20T14:00:00Z,4200,,,",
        "campus,doe,,7,2026-11-20T12:00:00Z,2026-11-20T13:00:00Z,9000,,,",
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("line 2, start_time: it overlaps the interval before it"), "{found:?}");
}

#[test]
fn lines_of_one_limit_with_different_reasons_are_a_mistake() {
    let found = wrong(&[
        "campus,doe,,7,2026-11-20T12:00:00Z,2026-11-20T13:00:00Z,9000,,,heat",
        "campus,doe,,7,2026-11-20T13:00:00Z,2026-11-20T14:00:00Z,4200,,,",
        "campus,doe,,7,2026-11-20T14:00:00Z,2026-11-20T15:00:00Z,4200,,,wind",
    ]);
    assert_eq!(found, ["line 4, reason: line 2 states another reason for the same limit: state it once"]);
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_in_the_order_of_its_lines() {
    let mistakes = reading(&[
        HEADER,
        "campus,doe,,7,2026-11-20T13:00:00Z,2026-11-20T12:00:00Z,-1,,,",
        "a/b,doe,urgent,7,then,2026-11-20T12:00:00Z,1,,,",
        &format!("campus,gac-2.1,,7,{NOON},1,,5,"),
    ]);
    let text = mistakes.unwrap_err().to_string();
    let lines: Vec<_> = text.lines().map(|line| line.split(':').next().unwrap()).collect();
    let expected = [
        "6 mistake(s), nothing was sent",
        "line 2, end_time",
        "line 2, import_limit_w",
        "line 3, target",
        "line 3, kind",
        "line 3, start_time",
        "line 4, priority",
    ];
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn a_field_that_the_server_names_is_found_in_the_file() {
    let planned = &limits(&[
        "campus,doe,,7,2026-11-20T13:00:00Z,2026-11-20T14:00:00Z,4200,,,",
        "campus,doe,,7,2026-11-20T12:00:00Z,2026-11-20T13:00:00Z,9000,,,",
    ])[0];
    assert_eq!(planned.line_of("requests[5].limit.intervals[0].end_time"), Some(3));
    assert_eq!(planned.line_of("limit.intervals[1].end_time"), Some(2));
    assert_eq!(planned.line_of("limit.priority"), Some(3));
    assert_eq!(planned.line_of("limit.intervals[9].end_time"), None);
}
