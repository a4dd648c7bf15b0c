//! Who wants to know how far a scan is.

use crate::model::level::Area;

/// Told how far a scan is. Calls come from many tasks at once and must not block.
pub trait Progress: Send + Sync {
    /// Work on a target begins, in these areas.
    fn target_begins(&self, key: &str, areas: &[Area]);
    /// One area of a target is done.
    fn area_done(&self, key: &str, area: Area);
    /// A target is done, its observation saved.
    fn target_done(&self, key: &str);
}

/// Wants to know nothing.
pub struct Quiet;

impl Progress for Quiet {
    fn target_begins(&self, _key: &str, _areas: &[Area]) {}
    fn area_done(&self, _key: &str, _area: Area) {}
    fn target_done(&self, _key: &str) {}
}
