//! Quantities as types. Every value is finite: a NaN or an infinity cannot be made, so comparison is total.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A number that is no quantity: NaN or infinite.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{value} is not a finite {quantity} in {unit}: give a plain number")]
pub struct NotFinite {
    quantity: &'static str,
    unit: &'static str,
    value: f64,
}

macro_rules! quantity {
    ($(#[$doc:meta])* $type:ident, $unit:literal, $from:ident, $as:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $type(f64);

        impl $type {
            /// Nothing of it.
            pub const ZERO: Self = Self(0.0);

            #[doc = concat!("Makes the quantity from a number in ", $unit, " that comes from outside.")]
            pub fn try_new(value: f64) -> Result<Self, NotFinite> {
                if value.is_finite() {
                    // Adding zero turns -0.0 into 0.0, so that equality and order agree.
                    Ok(Self(value + 0.0))
                } else {
                    Err(NotFinite { quantity: stringify!($type), unit: $unit, value })
                }
            }

            #[doc = concat!("Makes the quantity from a number in ", $unit, " known to be finite.")]
            ///
            /// A number that is not finite is a bug of the caller: it panics in debug builds and becomes zero in others.
            pub fn $from(value: f64) -> Self {
                debug_assert!(value.is_finite(), "{value} is not a finite {}", stringify!($type));
                Self::try_new(value).unwrap_or_default()
            }

            #[doc = concat!("Returns the number in ", $unit, ".")]
            pub const fn $as(self) -> f64 {
                self.0
            }

            /// Returns the larger of this and zero.
            #[must_use]
            pub fn or_zero(self) -> Self {
                self.max(Self::ZERO)
            }
        }

        impl Eq for $type {}
        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $type {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.total_cmp(&other.0)
            }
        }
        impl TryFrom<f64> for $type {
            type Error = NotFinite;
            fn try_from(value: f64) -> Result<Self, NotFinite> {
                Self::try_new(value)
            }
        }
        impl From<$type> for f64 {
            fn from(value: $type) -> f64 {
                value.0
            }
        }
        impl Add for $type {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self::$from(self.0 + other.0)
            }
        }
        impl AddAssign for $type {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }
        impl Sub for $type {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self::$from(self.0 - other.0)
            }
        }
        impl SubAssign for $type {
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }
        impl Neg for $type {
            type Output = Self;
            fn neg(self) -> Self {
                Self::$from(-self.0)
            }
        }
        impl Mul<f64> for $type {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self::$from(self.0 * factor)
            }
        }
        impl Div<f64> for $type {
            type Output = Self;
            fn div(self, divisor: f64) -> Self {
                Self::$from(self.0 / divisor)
            }
        }
        impl Sum for $type {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                values.fold(Self::ZERO, |total, value| total + value)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)?;
                write!(f, " {}", $unit)
            }
        }
    };
}

quantity!(
    /// Electric power. **Units**: W. **Sign**: positive towards the vehicles.
    Power, "W", from_w, as_w
);
quantity!(
    /// Electric energy. **Units**: Wh.
    Energy, "Wh", from_wh, as_wh
);
quantity!(
    /// Electric current, per phase unless said otherwise. **Units**: A.
    Current, "A", from_a, as_a
);
quantity!(
    /// Voltage, line to neutral unless said otherwise. **Units**: V.
    Voltage, "V", from_v, as_v
);
quantity!(
    /// A share or a probability. **Units**: 1.
    Ratio, "1", from_ratio, as_ratio
);
quantity!(
    /// Price of energy in the currency of its tariff. **Units**: currency per kWh. May be negative.
    EnergyPrice, "/kWh", from_per_kwh, as_per_kwh
);
quantity!(
    /// Carbon that energy brought into the air. **Units**: g CO2 per kWh.
    CarbonIntensity, "g/kWh", from_g_per_kwh, as_g_per_kwh
);
quantity!(
    /// An amount of money in the currency of its tariff.
    Money, "money", from_amount, as_amount
);

impl Power {
    /// Makes a power from kW.
    pub fn from_kw(kw: f64) -> Self {
        Self::from_w(kw * 1000.0)
    }

    /// Returns the power in kW.
    pub fn as_kw(self) -> f64 {
        self.0 / 1000.0
    }
}

impl Energy {
    /// Makes an energy from kWh.
    pub fn from_kwh(kwh: f64) -> Self {
        Self::from_wh(kwh * 1000.0)
    }

    /// Returns the energy in kWh.
    pub fn as_kwh(self) -> f64 {
        self.0 / 1000.0
    }
}

/// Returns a duration in hours, to the nanosecond.
pub fn hours(duration: TimeDelta) -> f64 {
    seconds(duration) / 3600.0
}

/// Returns a duration in seconds, to the nanosecond.
pub fn seconds(duration: TimeDelta) -> f64 {
    duration.num_seconds() as f64 + f64::from(duration.subsec_nanos()) * 1e-9
}

impl Mul<TimeDelta> for Power {
    type Output = Energy;
    fn mul(self, duration: TimeDelta) -> Energy {
        Energy::from_wh(self.0 * hours(duration))
    }
}

impl Mul<Energy> for EnergyPrice {
    type Output = Money;
    fn mul(self, energy: Energy) -> Money {
        Money::from_amount(self.0 * energy.as_kwh())
    }
}

impl Mul<Voltage> for Current {
    type Output = Power;
    fn mul(self, voltage: Voltage) -> Power {
        Power::from_w(self.0 * voltage.0)
    }
}
