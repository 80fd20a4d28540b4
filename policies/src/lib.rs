//! Passive routing, cascade and cache policies.
