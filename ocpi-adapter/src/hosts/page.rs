//! Parts of lists.

use chrono::{DateTime, Utc};

/// Which objects of a list are wanted (OCPI 2.2.1 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageQuery {
    /// `last_updated` at or after.
    pub date_from: Option<DateTime<Utc>>,
    /// `last_updated` before.
    pub date_to: Option<DateTime<Utc>>,
    /// Index of the first object.
    pub offset: usize,
    /// Most objects, already cut to what the platform allows.
    pub limit: usize,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// At most `limit` objects, in a lasting order, oldest first.
    pub objects: Vec<T>,
    /// How many match the dates, whatever offset and limit.
    pub total: usize,
}

impl<T> Page<T> {
    /// Cuts a page from the objects that match the dates of a query.
    pub fn cut(matching: Vec<T>, query: &PageQuery) -> Self {
        let total = matching.len();
        Self { objects: matching.into_iter().skip(query.offset).take(query.limit).collect(), total }
    }
}

impl PageQuery {
    /// Tells whether an object that was last updated at an instant matches the dates.
    pub fn matches(&self, last_updated: DateTime<Utc>) -> bool {
        self.date_from.is_none_or(|from| last_updated >= from) && self.date_to.is_none_or(|to| last_updated < to)
    }
}
