//! The generated samples of the quick start.
