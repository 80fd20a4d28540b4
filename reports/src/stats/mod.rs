//! Pure numerics: values in, estimates out. No I/O, no clock, no global state.
