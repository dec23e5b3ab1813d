//! Speed and plan quality, side by side in one run.
