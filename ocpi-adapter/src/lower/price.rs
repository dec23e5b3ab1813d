//! Prices, which 2.3.0 writes otherwise than all before it.

use headroom_domain::Money;

use crate::roaming::Cost;
use crate::wire::types::Price;

/// Reads a price in the words of any version; `None` when it has no amount without taxes.
pub(crate) fn cost(price: &Price) -> Option<Cost> {
    let before = price.before_taxes.as_ref().or(price.excl_vat.as_ref())?.get();
    let after = match &price.before_taxes {
        // 2.3.0 lists all taxes that there are.
        Some(before) => Some(before.get() + price.taxes.iter().map(|tax| tax.amount.get()).sum::<f64>()),
        None => price.incl_vat.as_ref().map(crate::wire::base::Number::get),
    };
    Some(Cost {
        before_tax: Money::try_new(before).ok()?,
        after_tax: after.and_then(|after| Money::try_new(after).ok()),
    })
}
