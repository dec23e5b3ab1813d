use chrono::DateTime;

use super::*;
use crate::{ResultColumn, arrow_of_columns};

fn columns() -> [(&'static str, &'static str, ResultColumn); 3] {
    [
        ("name", "who", ResultColumn::Text(vec![Some("one".to_owned()), None])),
        ("start", "when, UTC", ResultColumn::Time(vec![DateTime::UNIX_EPOCH; 2])),
        ("power_w", "how much, W", ResultColumn::Number(vec![None, Some(0.0)])),
    ]
}

#[test]
fn a_table_keeps_names_meanings_and_the_difference_between_zero_and_absent() {
    let table = arrow_of_columns(&columns()).unwrap();
    assert_eq!((table.height(), table.names().collect::<Vec<_>>()), (2, vec!["name", "start", "power_w"]));
    let meaning = |field: &Field| field.metadata.clone().unwrap().get("headroom.meaning").cloned();
    assert_eq!(meaning(&table.rows.fields()[2]).as_deref(), Some("how much, W"));
    let power = &table.rows.values()[2];
    assert!(power.is_null(0) && power.is_valid(1));
}

#[test]
fn a_stream_shares_the_buffers_of_its_table_and_frees_them_with_the_last_of_both() {
    let table = arrow_of_columns(&columns()).unwrap();
    let held = |table: &ArrowTable| Arc::strong_count(table.field.metadata.as_ref().unwrap());
    let before = held(&table);
    let (stream, schema) = (table.stream(), table.schema());
    assert_eq!(held(&table), before + 1);
    drop((stream, schema));
    assert_eq!(held(&table), before);
}

#[test]
fn columns_of_different_lengths_are_no_table() {
    let mut columns = columns();
    columns[0].2 = ResultColumn::Text(vec![]);
    let error = arrow_of_columns(&columns).unwrap_err().to_string();
    assert!(error.contains("give columns of equal length"), "{error}");
}
