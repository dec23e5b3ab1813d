//! Recorded and synthetic data: importers, generator.
