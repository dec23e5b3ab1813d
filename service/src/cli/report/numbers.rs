//! Numbers of one figure, written so that they can be compared: as many digits each, thousands apart.

use headroom_simulator::study::FigureRow;
use maud::{Markup, html};

/// A figure under each strategy.
pub(super) struct Column {
    figures: Vec<Option<FigureRow>>,
    digits: usize,
}

impl Column {
    pub(super) fn new(figures: Vec<Option<FigureRow>>) -> Self {
        let values = || figures.iter().flatten().filter_map(|figure| figure.value).map(|value| value.mean);
        let most = values().map(f64::abs).fold(0.0, f64::max);
        let per_kwh = figures.iter().flatten().any(|figure| figure.unit.ends_with("/kWh"));
        let digits = match most {
            _ if per_kwh => 4,
            _ if values().all(|value| value.fract() == 0.0) => 0,
            most if most >= 1000.0 => 0,
            most if most >= 10.0 => 1,
            _ => 2,
        };
        Self { figures, digits }
    }

    pub(super) fn unit(&self) -> &str {
        self.figures.iter().flatten().next().map_or("", |figure| &figure.unit)
    }

    /// Tells whether it has a value at all.
    pub(super) fn says_something(&self) -> bool {
        self.figures.iter().flatten().any(|figure| figure.value.is_some())
    }

    /// Tells whether it is of a limit that was broken.
    pub(super) fn is_over(&self, row: usize) -> bool {
        let figure = self.figures.get(row).and_then(Option::as_ref);
        figure
            .is_some_and(|figure| figure.name.starts_with("over") && figure.value.is_some_and(|value| value.mean > 0.0))
    }

    pub(super) fn cell(&self, row: usize) -> Markup {
        let value = self.figures.get(row).and_then(Option::as_ref).and_then(|figure| figure.value);
        let Some(value) = value else { return html! { "–" } };
        let plus_minus = value.plus_minus.filter(|width| *width > 0.0);
        html! {
            (grouped(value.mean, self.digits))
            @if let Some(width) = plus_minus { small { "±" (grouped(width, self.digits)) } }
        }
    }
}

/// Writes a number with thousands apart (by a narrow space that does not break).
pub(super) fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("−", rest));
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    // What is rounded to nothing has no sign.
    let sign = if text.chars().all(|digit| digit == '0' || digit == '.') { "" } else { sign };
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart_and_nothing_has_no_sign() {
        assert_eq!(grouped(1_234_567.0, 0), "1\u{202f}234\u{202f}567");
        assert_eq!(grouped(-1234.56, 1), "−1\u{202f}234.6");
        assert_eq!(grouped(-0.001, 2), "0.00");
        assert_eq!(grouped(999.96, 1), "1\u{202f}000.0");
    }
}
