//! Draws how far a scan is: a bar over all targets, and a line for each target at work.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::model::level::Area;
use crate::scan::progress::Progress;
use crate::wire::text::clean;

/// Most lines for targets at work; more would scroll a terminal.
const MOST_LINES: usize = 6;

/// Progress on a terminal (standard error).
pub struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    at_work: Mutex<BTreeMap<String, (ProgressBar, Vec<Area>)>>,
}

impl Bars {
    /// Begins to draw, for so many targets.
    pub fn new(targets: usize) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let total = all.add(ProgressBar::new(targets as u64));
        total.set_style(style("{bar:24} {pos}/{len} targets  {elapsed}"));
        total.enable_steady_tick(Duration::from_millis(500));
        Self {
            all,
            total,
            at_work: Mutex::default(),
        }
    }

    /// Takes the bars off the screen.
    pub fn clear(&self) {
        // A terminal that is gone needs no clearing.
        let _ = self.all.clear();
    }
}

impl Progress for Bars {
    fn target_begins(&self, key: &str, areas: &[Area]) {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if at_work.len() >= MOST_LINES {
            return;
        }
        let line = self.all.add(ProgressBar::new_spinner());
        line.set_style(style("{spinner} {prefix}  {msg}"));
        line.set_prefix(clean(key, 60));
        line.set_message(waiting_for(areas));
        line.enable_steady_tick(Duration::from_millis(200));
        at_work.insert(key.to_owned(), (line, areas.to_vec()));
    }

    fn area_done(&self, key: &str, area: Area) {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((line, areas)) = at_work.get_mut(key) {
            areas.retain(|other| *other != area);
            line.set_message(waiting_for(areas));
        }
    }

    fn target_done(&self, key: &str) {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((line, _)) = at_work.remove(key) {
            line.finish_and_clear();
            self.all.remove(&line);
        }
        self.total.inc(1);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn waiting_for(areas: &[Area]) -> String {
    let names: Vec<String> = areas.iter().map(Area::to_string).collect();
    names.join(" ")
}
