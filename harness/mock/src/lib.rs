//! The embedded fleet: loopback model servers that really answer.
