//! Figures of many measurements, and what the system counts of a process.

use std::path::PathBuf;

/// Returns the value that a share of the values does not exceed (nearest rank); nothing of none.
pub(crate) fn quantile(values: impl IntoIterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// Returns the middle of the values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// What a process has used so far, where the system tells it (Linux); else not a number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// CPU time of all its threads, those that have ended too. **Units**: ms.
    pub(crate) cpu_ms: f64,
    /// What it has made the system write to disk. **Units**: bytes.
    pub(crate) written: f64,
}

/// `USER_HZ`, which is 100 wherever Linux runs.
const MS_PER_TICK: f64 = 10.0;

impl Used {
    /// Looks at a process, `self` for this one.
    pub(crate) fn by(process: &str) -> Self {
        let folder = PathBuf::from("/proc").join(process);
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        Self { cpu_ms: cpu_ms(&read("stat")).unwrap_or(f64::NAN), written: written(&read("io")).unwrap_or(f64::NAN) }
    }

    /// Returns what has been used since an earlier look.
    pub(crate) fn since(self, before: Self) -> Self {
        Self { cpu_ms: self.cpu_ms - before.cpu_ms, written: self.written - before.written }
    }
}

/// Fields 14 and 15 of proc(5) `stat`; the name before them may hold blanks.
fn cpu_ms(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().ok());
    ticks.sum::<Option<f64>>().map(|ticks| ticks * MS_PER_TICK)
}

fn written(io: &str) -> Option<f64> {
    io.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.parse().ok()
}
