//! Base types of all versions (OCPI 2.2.1 §16).

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use chrono::{DateTime, Datelike, NaiveDateTime, SecondsFormat, Timelike, Utc};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::class::{Kind, Wire};

/// A `DateTime`: always UTC. Offsets and a missing `Z` are read, `Z` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(pub(crate) DateTime<Utc>);

impl Timestamp {
    /// Reads a text; `None` when it is no time.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // A `+` that was not encoded in a query arrives as a blank.
        let whole = || DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|at| at.to_utc());
        let bare = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|at| at.and_utc());
        // Four digits: others are written otherwise, and would not be read again.
        whole().or_else(bare).filter(|at| (0..=9999).contains(&at.year())).map(Self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // At most milliseconds fit `string(25)`.
        let form = if self.0.nanosecond() < 1_000_000 { SecondsFormat::Secs } else { SecondsFormat::Millis };
        f.write_str(&self.0.to_rfc3339_opts(form, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is no time: send 2026-01-31T12:00:00Z")))
    }
}

/// A list. `null` and absent are empty, a single value is a list of one, `null` elements are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(items)
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(ListVisitor(PhantomData)).map(Self)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(|item| vec![item])
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|item| vec![item])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element::<Option<T>>()? {
            found.extend(item);
        }
        Ok(found)
    }
}

/// A number in the spelling of its sender, so that `0.50` and `0.5` are told apart by nobody and lost by nobody.
///
/// A number in a text (`"7.4"`) is read too.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Number(serde_json::Number);

impl Number {
    pub(crate) fn get(&self) -> f64 {
        self.0.as_f64().unwrap_or_default()
    }

    /// Returns a count, such as of seconds: without its fraction, and never below zero.
    pub(crate) fn count(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast to an integer saturates")]
        let count = self.get() as u32;
        count
    }
}

impl From<f64> for Number {
    /// Takes a number for fields of type `number`; what is not finite becomes zero.
    fn from(value: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "looked at before")]
        let whole = (value.fract() == 0.0 && value.abs() < 1e15).then_some(value as i64);
        let fraction = || serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into());
        Self(whole.map_or_else(fraction, Into::into))
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self(value.into())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => Some(number),
            serde_json::Value::String(text) => serde_json::from_str(text.trim()).ok(),
            _ => None,
        };
        number.map(Self).ok_or_else(|| D::Error::custom("no number: send one such as 7.4, without quotes"))
    }
}

impl Wire for Number {
    const KIND: Kind = Kind::Number;
}

impl Wire for Timestamp {
    const KIND: Kind = Kind::DateTime;
}
