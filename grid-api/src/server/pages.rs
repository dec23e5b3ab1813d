//! Pages of lists, each small enough for a message.

use prost::Message;

/// A page ends before its message grows over what clients accept.
const PAGE_BYTES: usize = super::MESSAGE_BYTES_MAX / 2;

/// What is shown of a list so far.
pub(super) struct Shown<P> {
    items: Vec<P>,
    bytes: usize,
    size: usize,
}

impl<P: Message> Shown<P> {
    /// Begins a page of at most `size`.
    pub(super) fn new(size: usize) -> Self {
        Self { items: Vec::new(), bytes: 0, size }
    }

    /// Shows one more when it still fits; the first always does.
    pub(super) fn add(&mut self, item: P) -> bool {
        let bytes = self.bytes + item.encoded_len();
        let fits = self.items.is_empty() || (self.items.len() < self.size && bytes <= PAGE_BYTES);
        if fits {
            self.items.push(item);
            self.bytes = bytes;
        }
        fits
    }

    pub(super) fn is_full(&self) -> bool {
        self.items.len() >= self.size || self.bytes > PAGE_BYTES
    }

    pub(super) fn items(self) -> Vec<P> {
        self.items
    }
}

/// Returns what is shown of a list that may have one item more than `size`, and the token of the next page: empty when this
/// is the last.
pub(super) fn page<T, P: Message>(
    list: &[T],
    size: usize,
    show: impl Fn(&T) -> P,
    token: impl Fn(&T) -> String,
) -> (Vec<P>, String) {
    let mut shown = Shown::new(size);
    let count = list.iter().take_while(|item| shown.add(show(item))).count();
    let next = list.get(count).and_then(|_| list[..count].last()).map(token).unwrap_or_default();
    (shown.items(), next)
}
