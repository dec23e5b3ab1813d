//! `headroom simulate`.
