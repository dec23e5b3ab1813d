//! Money before and after taxes.

use serde::{Deserialize, Serialize};

use super::{PriceComponent, PriceLimit, Tariff, TaxIncluded};
use crate::units::Money;

/// Two amounts of tax nearer than this are the same.
const SAME: f64 = 1e-9;

/// Money before and after taxes, with the taxes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// Before taxes; `None` where taxes are included and the tariff does not say which.
    pub before_tax: Option<Money>,
    /// After taxes; `None` where taxes come on top and the tariff does not say which.
    pub after_tax: Option<Money>,
    /// The taxes that are known, by rate, lowest first.
    pub taxes: Vec<Tax>,
}

/// A tax.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tax {
    /// The rate; absent where a limit on the price after taxes made the tax.
    pub percent: Option<f64>,
    /// How much it is.
    pub amount: Money,
}

impl Amount {
    /// Returns no money.
    pub const fn nothing() -> Self {
        Self { before_tax: Some(Money::ZERO), after_tax: Some(Money::ZERO), taxes: Vec::new() }
    }

    /// Returns what is paid: after taxes where that is known, else before.
    pub fn paid(&self) -> Option<Money> {
        self.after_tax.or(self.before_tax)
    }

    /// Adds another amount; what is not known in one is not known in the sum.
    pub(super) fn add(&mut self, other: &Self) {
        self.before_tax = sum(self.before_tax, other.before_tax);
        self.after_tax = sum(self.after_tax, other.after_tax);
        for tax in &other.taxes {
            match self.taxes.iter_mut().find(|known| known.percent == tax.percent) {
                Some(known) => known.amount = sum(Some(known.amount), Some(tax.amount)).unwrap_or_default(),
                None => self.taxes.push(*tax),
            }
        }
        self.taxes.sort_by(|a, b| a.percent.partial_cmp(&b.percent).unwrap_or(std::cmp::Ordering::Equal));
    }

    fn of(before_tax: Option<f64>, after_tax: Option<f64>) -> Self {
        Self { before_tax: before_tax.and_then(money), after_tax: after_tax.and_then(money), taxes: Vec::new() }
    }

    /// Makes the taxes add up to what lies between before and after; in the mix that they have.
    fn balanced(mut self) -> Self {
        let Some((before, after)) = self.before_tax.zip(self.after_tax) else { return self };
        let due = after.as_amount() - before.as_amount();
        let listed: f64 = self.taxes.iter().map(|tax| tax.amount.as_amount()).sum();
        if (due - listed).abs() < SAME {
            return self;
        }
        if listed.abs() < SAME {
            self.taxes = money(due).map(|amount| Tax { percent: None, amount }).into_iter().collect();
        }
        for tax in self.taxes.iter_mut().filter(|tax| tax.percent.is_some()) {
            tax.amount = money(tax.amount.as_amount() * due / listed).unwrap_or_default();
        }
        self
    }
}

impl Tariff {
    /// Returns what so many units of a component cost.
    pub(super) fn amount(&self, component: &PriceComponent, quantity: f64) -> Amount {
        let stated = component.price.as_amount() * quantity;
        if stated == 0.0 {
            return Amount::nothing();
        }
        let (before, after, tax) = match (self.tax_included, component.vat_percent) {
            (Some(TaxIncluded::NotApplicable), _) | (None, None) => (Some(stated), Some(stated), None),
            (None | Some(TaxIncluded::No), Some(vat)) => {
                let tax = stated * vat / 100.0;
                (Some(stated), Some(stated + tax), Some((vat, tax)))
            }
            (Some(TaxIncluded::Yes), Some(vat)) => {
                let before = stated / (1.0 + vat / 100.0);
                (Some(before), Some(stated), Some((vat, stated - before)))
            }
            // A tariff that states VAT elsewhere says by its absence here that none applies; one that states none at
            // all leaves its taxes to the law of the place (OCPI 2.3.0, the North American examples).
            (Some(TaxIncluded::No), None) => (Some(stated), self.states_vat().then_some(stated), None),
            (Some(TaxIncluded::Yes), None) => (self.states_vat().then_some(stated), Some(stated), None),
        };
        let tax = tax.and_then(|(percent, tax)| Some(Tax { percent: Some(percent), amount: money(tax)? }));
        Amount { taxes: tax.into_iter().collect(), ..Amount::of(before, after) }
    }

    /// Returns a cost that is at least the minimum and at most the maximum price, before and after taxes each for itself.
    pub(super) fn limited(&self, cost: &Amount) -> Amount {
        let mut limited = cost.clone();
        if let Some(least) = &self.minimum_price {
            limited = limited.bounded(least, f64::max);
        }
        if let Some(most) = &self.maximum_price {
            limited = limited.bounded(most, f64::min);
        }
        limited.balanced()
    }

    fn states_vat(&self) -> bool {
        self.elements.iter().flat_map(|element| &element.components).any(|component| component.vat_percent.is_some())
    }
}

impl Amount {
    fn bounded(&self, limit: &PriceLimit, of_two: fn(f64, f64) -> f64) -> Self {
        let bound = |value: f64, limit: Option<f64>| limit.map_or(value, |limit| of_two(value, limit));
        let (before, after) = (self.before_tax.map(Money::as_amount), self.after_tax.map(Money::as_amount));
        let before_limit = limit.before_tax.as_amount();
        let bounded = before.map(|before| of_two(before, before_limit));
        let same_mix = before.zip(after).filter(|(before, _)| *before != 0.0);
        let same_mix = same_mix.map(|(before, after)| before_limit * after / before);
        let after_limit = limit.after_tax.map(Money::as_amount).or(same_mix);
        // Out of nothing no tax can be told.
        let untold = after_limit.is_none() && bounded != before;
        let after = after.filter(|_| !untold).map(|after| bound(after, after_limit));
        Self { taxes: self.taxes.clone(), ..Self::of(bounded, after) }
    }
}

fn sum(a: Option<Money>, b: Option<Money>) -> Option<Money> {
    a.zip(b).and_then(|(a, b)| money(a.as_amount() + b.as_amount()))
}

/// What is too large for a number is not known.
fn money(amount: f64) -> Option<Money> {
    Money::try_new(amount).ok()
}
