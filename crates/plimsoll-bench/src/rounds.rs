//! Timing on a machine that others use too: processor time of this thread, rounds of all contestants
//! in turn, medians. A disturbance then hits all of them alike and cancels from their ratios.

use cpu_time::ThreadTime;

/// Something to time.
pub struct Contestant<'a> {
    /// What it is called in the result.
    pub name: &'static str,
    /// What one run does, counted in the unit of the result.
    pub amount_per_run: f64,
    /// One run.
    pub run: Box<dyn FnMut() + 'a>,
}

impl<'a> Contestant<'a> {
    /// Names a run that does `amount_per_run` units of work.
    pub fn new(name: &'static str, amount_per_run: f64, run: impl FnMut() + 'a) -> Self {
        Self { name, amount_per_run, run: Box::new(run) }
    }
}

/// Median seconds of processor time per unit of work, in the order of the contestants. Each round
/// repeats a run until `seconds` have passed.
pub fn seconds_per_unit(
    contestants: &mut [Contestant<'_>],
    rounds: usize,
    seconds: f64,
) -> Vec<f64> {
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    for contestant in contestants.iter_mut() {
        (contestant.run)();
    }
    for _ in 0..rounds.max(1) {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            times.push(one_round(contestant, seconds));
        }
    }
    times.into_iter().map(median).collect()
}

fn one_round(contestant: &mut Contestant<'_>, seconds: f64) -> f64 {
    let start = ThreadTime::now();
    let mut runs = 0.0;
    let mut batch = 1;
    loop {
        for _ in 0..batch {
            (contestant.run)();
        }
        runs += f64::from(batch);
        let elapsed = start.elapsed().as_secs_f64();
        if elapsed >= seconds {
            return elapsed / (runs * contestant.amount_per_run);
        }
        // Reading the clock costs as much as a short run.
        batch = if elapsed < 0.1 * seconds { 2 * batch } else { batch };
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    if times.len() % 2 == 1 { times[middle] } else { 0.5 * (times[middle - 1] + times[middle]) }
}
