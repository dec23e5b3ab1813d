//! What will happen: base load, with quantiles.
