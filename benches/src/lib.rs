//! Speed and plan quality, side by side in one run.

pub mod acn;
pub mod area;
pub mod clock;
pub mod plain;
