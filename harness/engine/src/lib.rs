//! Backends, wire codecs, executor, scorers, replay.
