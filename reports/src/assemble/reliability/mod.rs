//! What failed, from columns to the report.

mod declared;
mod outages;
mod summary;

pub(super) use summary::reliability;
