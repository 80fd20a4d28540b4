//! Samples, datasets, recorded outcomes, importers and data health.
