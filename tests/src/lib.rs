//! Workspace tests: end to end, golden reports, faults.
