//! What a piece of work takes: CPU time and wall time, each the middle of several runs.

use std::path::Path;
use std::time::{Duration, Instant};

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// The middle of the CPU times of all threads, or of the wall times where the system does not tell. **Units**: ms.
    pub cpu_ms: f64,
    /// The middle of the wall times. **Units**: ms.
    pub wall_ms: f64,
}

/// What short work is repeated to: the system counts CPU time in ticks of some milliseconds.
const LEAST: Duration = Duration::from_millis(200);
/// The fewest and the most runs (of one or of many repeats).
const RUNS: std::ops::RangeInclusive<usize> = 3..=25;

/// Runs work several times until a time is used up, once more before that; a time of zero runs it once.
pub fn measure<T>(at_least: Duration, mut work: impl FnMut() -> T) -> Measured {
    let first = timed(1, &mut work);
    if at_least.is_zero() {
        return first;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of repeats, at most 1e5")]
    let repeats = (LEAST.as_secs_f64() * 1000.0 / first.wall_ms.max(1e-3)).clamp(1.0, 1e5).ceil() as usize;
    let (mut runs, mut total_ms) = (Vec::new(), 0.0);
    while runs.len() < *RUNS.start() || (total_ms < at_least.as_secs_f64() * 1000.0 && runs.len() < *RUNS.end()) {
        let run = timed(repeats, &mut work);
        total_ms += run.wall_ms * repeats as f64;
        runs.push(run);
    }
    let middle = |of: fn(&Measured) -> f64| {
        let mut times: Vec<f64> = runs.iter().map(of).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    Measured { cpu_ms: middle(|run| run.cpu_ms), wall_ms: middle(|run| run.wall_ms) }
}

fn timed<T>(repeats: usize, work: &mut impl FnMut() -> T) -> Measured {
    let cpu_before = cpu();
    #[expect(clippy::disallowed_methods, reason = "a bench is about real time")]
    let start = Instant::now();
    for _ in 0..repeats {
        std::hint::black_box(work());
    }
    let wall = start.elapsed();
    let cpu = cpu_before.zip(cpu()).map_or(wall, |(before, after)| after.saturating_sub(before));
    let ms = |time: Duration| time.as_secs_f64() * 1000.0 / repeats as f64;
    Measured { cpu_ms: ms(cpu), wall_ms: ms(wall) }
}

/// Reads the CPU time of the threads that are (Linux: the first number of each one's scheduler statistics, in ns).
fn cpu() -> Option<Duration> {
    let of = |thread: &Path| -> Option<u64> {
        let text = std::fs::read_to_string(thread.join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    let times = threads.map(|thread| of(&thread.ok()?.path()));
    times.sum::<Option<u64>>().map(Duration::from_nanos)
}

/// Returns the most memory that the process has had, where the system tells it. **Units**: MiB.
pub fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
