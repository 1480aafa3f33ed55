//! A sign of life for work that takes longer than a second: on standard error, only on a terminal.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work shorter than this shows nothing.
const QUIET: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// Shows how many steps are done, from the second second on; gone when dropped.
pub struct Progress {
    bar: ProgressBar,
    /// Dropped to tell the waiting thread that the work has ended.
    alive: Option<Sender<()>>,
    waiting: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins work of this many steps.
    pub fn start(what: &'static str, steps: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        let (alive, ended) = channel();
        let shown = bar.clone();
        let waiting = thread::spawn(move || {
            if ended.recv_timeout(QUIET) == Err(RecvTimeoutError::Timeout) {
                // Draws nothing where standard error is not a terminal.
                shown.set_draw_target(ProgressDrawTarget::stderr());
                shown.enable_steady_tick(TICK);
            }
        });
        Self { bar, alive: Some(alive), waiting: Some(waiting) }
    }

    /// One step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.alive = None;
        // After this nobody draws any more; a thread that panicked draws neither.
        let _ = self.waiting.take().map(JoinHandle::join);
        self.bar.finish_and_clear();
    }
}
