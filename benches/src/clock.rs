//! What a piece of work takes: wall time of each run, CPU time of all.

use std::time::{Duration, Instant};

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// The middle of the wall times. **Units**: ms.
    pub median_ms: f64,
    /// CPU time of a run on average, where the system tells it. **Units**: ms.
    pub cpu_ms: Option<f64>,
    /// How many runs there were.
    pub runs: usize,
}

/// Runs work again and again: at least three times, and until the time given is used up.
pub fn measure<T>(at_least: Duration, mut work: impl FnMut() -> T) -> Measured {
    std::hint::black_box(work());
    let (mut walls, mut total) = (Vec::new(), Duration::ZERO);
    let cpu_before = cpu();
    while walls.len() < 3 || (total < at_least && walls.len() < 10_000) {
        #[expect(clippy::disallowed_methods, reason = "a bench is about real time")]
        let start = Instant::now();
        std::hint::black_box(work());
        let wall = start.elapsed();
        walls.push(wall);
        total += wall;
    }
    let cpu_ms = cpu_before.zip(cpu()).map(|(before, after)| ms(after.saturating_sub(before)) / walls.len() as f64);
    walls.sort();
    Measured { median_ms: ms(walls[walls.len() / 2]), cpu_ms, runs: walls.len() }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Reads the CPU time of this thread (Linux: the first number of its scheduler's statistics, in ns).
fn cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}
