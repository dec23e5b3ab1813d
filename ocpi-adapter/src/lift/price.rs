//! Prices, which 2.3.0 writes otherwise than all before it.

use crate::roaming::Cost;
use crate::version::Version;
use crate::wire::base::{List, Number};
use crate::wire::types::{Price, TaxAmount};

pub(crate) fn price(cost: &Cost, version: Version) -> Price {
    let before = cost.before_tax.as_amount();
    let after = cost.after_tax.map(headroom_domain::Money::as_amount);
    if version < Version::V230 {
        return Price {
            before_taxes: None,
            taxes: List::default(),
            excl_vat: Some(amount(before)),
            incl_vat: after.map(amount),
        };
    }
    let tax = after.map(|after| after - before).filter(|tax| *tax != 0.0);
    let tax = tax.map(|tax| TaxAmount {
        name: Some("VAT".to_owned()),
        account_number: None,
        percentage: None,
        amount: amount(tax),
    });
    Price { before_taxes: Some(amount(before)), taxes: tax.into_iter().collect(), excl_vat: None, incl_vat: None }
}

/// Amounts have four decimals (OCPI 2.2.1 §16.5).
pub(super) fn amount(value: f64) -> Number {
    ((value * 1e4).round() / 1e4).into()
}
