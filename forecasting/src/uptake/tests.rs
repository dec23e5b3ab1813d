use super::*;

/// Line to neutral. **Units**: V.
const VOLTAGE_V: f64 = 230.0;

/// A vehicle at a three-phase EVSE, by physics: current per phase follows the limit up to its own, nothing below 6 A.
struct Car {
    phases: f64,
    maximum_a: f64,
    /// Share of its maximum that the battery still takes.
    appetite: f64,
}

impl Car {
    fn new(phases: f64, maximum_a: f64) -> Self {
        Self { phases, maximum_a, appetite: 1.0 }
    }

    fn takes(&self, allowed_kw: f64) -> f64 {
        let offered_a = allowed_kw * 1000.0 / (3.0 * VOLTAGE_V);
        let current_a = offered_a.min(self.maximum_a * self.appetite);
        if offered_a < 6.0 { 0.0 } else { current_a * VOLTAGE_V * self.phases / 1000.0 }
    }
}

/// A session in which a reading comes every minute, two minutes and more after each new limit.
struct Drive {
    uptake: Uptake,
    now: DateTime<Utc>,
}

impl Drive {
    fn new() -> Self {
        Self { uptake: Uptake::new(3), now: DateTime::UNIX_EPOCH }
    }

    /// Allows a power for some readings. **Units**: kW.
    fn allow(&mut self, car: &Car, allowed_kw: f64, readings: usize) -> &mut Self {
        let since = self.now;
        for _ in 0..readings {
            self.now += TimeDelta::minutes(1);
            let measured_w = Power::from_kw(car.takes(allowed_kw));
            let allowed_w = Power::from_kw(allowed_kw);
            self.uptake.observe(Reading { at: self.now, allowed_w, allowed_since: since, measured_w });
        }
        self
    }

    /// Allows what is useful, up to 22 kW, for some rounds of three readings, as a controller with room would.
    fn allow_what_is_useful(&mut self, car: &Car, rounds: usize) -> &mut Self {
        for _ in 0..rounds {
            let useful_kw = self.uptake.useful_allowance().map_or(22.08, Power::as_kw).min(22.08);
            self.allow(car, useful_kw, 3);
        }
        self
    }

    fn share(&self) -> f64 {
        self.uptake.share().as_ratio()
    }
}

fn thirds(share: f64) -> f64 {
    (share * 3.0).round()
}

#[test]
fn every_kind_of_vehicle_is_found_out_and_gets_all_it_can_take() {
    // (phases, own maximum in A, share in thirds)
    let cars = [
        (1.0, 32.0, 1.0),
        (1.0, 16.0, 1.0),
        (2.0, 16.0, 2.0),
        (3.0, 16.0, 3.0),
        (3.0, 32.0, 3.0),
        (3.0, 10.67, 3.0),
        (3.0, 20.0, 3.0),
    ];
    for (phases, maximum_a, expected) in cars {
        let car = Car::new(phases, maximum_a);
        let mut drive = Drive::new();
        drive.allow_what_is_useful(&car, 8);
        assert!((thirds(drive.share()) - expected).abs() < 1e-9, "{phases} phases of {maximum_a} A: {}", drive.share());
        assert!(drive.uptake.appetite() == Appetite::Usual, "{phases} phases of {maximum_a} A");
        let allowed_kw = drive.uptake.useful_allowance().map_or(22.08, Power::as_kw).min(22.08);
        assert!(car.takes(allowed_kw) > 0.99 * car.takes(22.08), "{phases} phases of {maximum_a} A at {allowed_kw} kW");
    }
}

#[test]
fn a_vehicle_held_by_its_own_maximum_at_a_third_is_not_taken_for_one_phase() {
    let car = Car::new(3.0, 10.67);
    let mut drive = Drive::new();
    assert!((drive.allow(&car, 22.08, 5).share() - 1.0).abs() < 1e-9, "one limit cannot tell");
    assert!((drive.allow(&car, 17.0, 3).share() - 1.0).abs() < 1e-9, "no less under a tighter limit: its own maximum");
    let useful_kw = drive.uptake.useful_allowance().unwrap().as_kw();
    assert!((7.4..9.0).contains(&useful_kw), "{useful_kw}");
}

#[test]
fn one_phase_at_a_constant_limit_is_asked_for_a_fifth_less_and_then_known() {
    let car = Car::new(1.0, 32.0);
    let mut drive = Drive::new();
    drive.allow(&car, 22.08, 3);
    let probe_kw = drive.uptake.useful_allowance().unwrap().as_kw();
    assert!((probe_kw - 0.8 * 22.08).abs() < 1e-6, "{probe_kw}");
    drive.allow(&car, probe_kw, 2);
    assert!((drive.share() - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(drive.uptake.useful_allowance(), None);
}

#[test]
fn a_new_limit_is_given_a_minute_before_it_teaches() {
    let mut drive = Drive::new();
    let car = Car::new(3.0, 16.0);
    drive.allow(&car, 5.0, 3);
    let reading = |seconds: i64| Reading {
        at: drive.now + TimeDelta::seconds(seconds),
        allowed_w: Power::from_kw(11.0),
        allowed_since: drive.now,
        measured_w: Power::from_kw(5.0),
    };
    let mut ramping = drive.uptake.clone();
    for seconds in [10, 20, 30, 40, 50] {
        ramping.observe(reading(seconds));
    }
    assert_eq!(ramping.taken, drive.uptake.taken);
    assert_eq!(ramping.useful_allowance(), None);
}

#[test]
fn a_battery_is_nearly_full_after_two_low_readings_under_a_limit_it_followed() {
    let mut car = Car::new(3.0, 16.0);
    let mut drive = Drive::new();
    drive.allow(&car, 11.04, 3);
    car.appetite = 0.7;
    assert!(drive.allow(&car, 11.04, 1).uptake.appetite() == Appetite::Usual, "one reading may be a slip");
    assert!(drive.allow(&car, 11.04, 1).uptake.appetite() == Appetite::Tapering);
    car.appetite = 0.2;
    assert!(drive.allow(&car, 4.5, 3).uptake.appetite() == Appetite::Tapering, "a tighter limit says nothing new");
    car.appetite = 1.0;
    assert!(drive.allow(&car, 11.04, 1).uptake.appetite() == Appetite::Usual, "it takes more again");
}

#[test]
fn a_raised_limit_that_is_not_taken_up_is_no_full_battery() {
    let car = Car::new(3.0, 16.0);
    let mut drive = Drive::new();
    drive.allow(&car, 4.5, 4).allow(&car, 11.0, 4).allow(&car, 22.08, 6);
    assert!(drive.uptake.appetite() == Appetite::Usual);
    assert!((drive.share() - 1.0).abs() < 1e-9);
}

#[test]
fn a_pause_and_a_limit_below_six_amperes_are_no_full_battery() {
    let car = Car::new(1.0, 16.0);
    let mut drive = Drive::new();
    drive.allow(&car, 11.04, 3).allow(&car, 0.0, 5).allow(&car, 3.0, 5).allow(&car, 11.04, 2);
    assert!(drive.uptake.appetite() == Appetite::Usual);
    assert!(drive.uptake.useful_allowance().is_some_and(|power| power.as_kw() > 4.14));
}

#[test]
fn a_vehicle_at_its_own_maximum_tapers_all_the_same() {
    let mut car = Car::new(1.0, 16.0);
    let mut drive = Drive::new();
    drive.allow_what_is_useful(&car, 5);
    car.appetite = 0.5;
    assert!(drive.allow(&car, 22.08, 2).uptake.appetite() == Appetite::Tapering);
    assert!((drive.share() - 1.0 / 3.0).abs() < 1e-9);
}

#[test]
fn a_cold_battery_that_warms_up_is_found_out() {
    let mut car = Car::new(3.0, 16.0);
    car.appetite = 0.4;
    let mut drive = Drive::new();
    drive.allow_what_is_useful(&car, 3);
    assert!(drive.uptake.useful_allowance().unwrap().as_kw() < 6.0);
    car.appetite = 1.0;
    drive.allow_what_is_useful(&car, 4);
    let allowed_kw = drive.uptake.useful_allowance().map_or(22.08, Power::as_kw);
    assert!(car.takes(allowed_kw) > 11.0, "{allowed_kw}");
}

#[test]
fn a_meters_slip_teaches_nothing() {
    let car = Car::new(1.0, 32.0);
    let mut drive = Drive::new();
    drive.allow(&car, 22.08, 3).allow(&Car::new(3.0, 32.0), 22.08, 1).allow(&car, 22.08, 3).allow(&car, 15.0, 3);
    assert!((drive.share() - 1.0 / 3.0).abs() < 1e-9);
    assert!(drive.uptake.appetite() == Appetite::Usual);
}

#[test]
fn late_and_repeated_readings_change_nothing_and_the_state_survives_json() {
    let car = Car::new(3.0, 16.0);
    let mut drive = Drive::new();
    drive.allow(&car, 11.04, 3);
    let before = drive.uptake.clone();
    let (allowed_w, measured_w) = (Power::from_kw(11.04), Power::ZERO);
    drive.uptake.observe(Reading { at: drive.now, allowed_w, allowed_since: DateTime::UNIX_EPOCH, measured_w });
    assert_eq!(drive.uptake, before);
    let json = serde_json::to_string(&before).unwrap();
    assert_eq!(serde_json::from_str::<Uptake>(&json).unwrap(), before);
}

#[test]
fn a_vehicle_that_has_not_shown_itself_counts_as_one_on_a_single_phase() {
    let mut drive = Drive::new();
    assert!((drive.uptake.cautious_share().as_ratio() - 1.0 / 3.0).abs() < 1e-9);
    assert!((Uptake::new(0).cautious_share().as_ratio() - 1.0).abs() < 1e-9, "DC has no phases");
    drive.allow(&Car::new(3.0, 16.0), 11.04, 2);
    assert!((drive.uptake.cautious_share().as_ratio() - 1.0).abs() < 1e-9);
}

#[test]
fn while_one_phase_is_possible_energy_is_reckoned_by_one_and_load_by_all() {
    let mut drive = Drive::new();
    drive.allow(&Car::new(3.0, 10.67), 22.08, 3);
    assert!((drive.uptake.cautious_share().as_ratio() - 1.0 / 3.0).abs() < 1e-9);
    assert!((drive.share() - 1.0).abs() < 1e-9);
}

#[test]
fn a_full_vehicle_is_known_by_taking_nothing() {
    let mut car = Car::new(3.0, 16.0);
    let mut drive = Drive::new();
    drive.allow(&car, 11.04, 3);
    car.appetite = 0.0;
    assert_eq!(drive.allow(&car, 11.04, 2).uptake.appetite(), Appetite::Stopped);
}

#[test]
fn a_share_that_one_reading_contradicts_is_no_longer_relied_on() {
    let (car, mut drive) = (Car::new(1.0, 32.0), Drive::new());
    drive.allow(&car, 22.08, 3).allow(&car, 15.0, 3);
    assert!((drive.share() - 1.0 / 3.0).abs() < 1e-9);
    drive.allow(&Car::new(3.0, 32.0), 15.0, 1);
    assert!((drive.share() - 1.0).abs() < 1e-9, "limits may not rest on it");
    drive.allow(&car, 15.0, 1);
    assert!((drive.share() - 1.0 / 3.0).abs() < 1e-9, "it was a slip");
}

#[test]
fn who_has_only_stood_by_has_not_shown_its_phases() {
    let mut drive = Drive::new();
    let asleep = Car { appetite: 0.0, ..Car::new(3.0, 16.0) };
    drive.allow(&asleep, 11.04, 3);
    assert!((drive.uptake.cautious_share().as_ratio() - 1.0 / 3.0).abs() < 1e-9);
}
