use super::*;
use crate::import::wall::{Reading, settle};
use chrono::TimeZone;
use chrono_tz::Tz;
use proptest::prelude::*;

proptest! {
    #[test]
    fn with_its_length_every_stay_comes_back_from_its_wall_times(
        start_s in 1_480_000_000_i64..1_700_000_000, length_s in 60_i64..400_000, zone in 0_usize..4,
    ) {
        let zone = [Tz::Europe__London, Tz::America__Denver, Tz::Australia__Lord_Howe, Tz::Pacific__Apia][zone];
        let arrival = DateTime::from_timestamp(start_s, 0).unwrap();
        let departure = arrival + TimeDelta::seconds(length_s);
        let wall = |time: DateTime<Utc>| zone.from_utc_datetime(&time.naive_utc()).naive_local();
        let read = |time| Reading::of(zone, wall(time));
        let stay = settle(read(arrival), read(departure), Some(departure - arrival));
        prop_assert_eq!(stay.departure - stay.arrival, departure - arrival);
        // Where both lie in equal hours, the length alone does not say which.
        if !matches!((read(arrival), read(departure)), (Reading::Repeated(..), Reading::Repeated(..))) {
            prop_assert_eq!((stay.arrival, stay.departure), (arrival, departure));
        }
    }

    #[test]
    fn rows_in_and_rows_told_of_are_the_same_number(cells in prop::collection::vec("[-0-9:/ a\"]{0,12}", 0..60)) {
        let rows: Vec<String> = cells.chunks(9).map(|cells| cells.join(";")).collect();
        let header = "session_ID;Garage_ID;User_ID;User_type;Shared_ID;Start_plugin;End_plugout;El_kWh;Duration_hours";
        let text = format!("{header}\n1;G;U;Private;NA;01.02.2019 08:00;01.02.2019 09:00;2;1\n{}\n", rows.join("\n"));
        let report = read_text(&text, "trondheim".parse().unwrap()).unwrap().report;
        let rejected: usize = report.rejected.iter().map(|finding| finding.count).sum();
        prop_assert_eq!(report.rows, report.accepted + rejected);
    }
}
