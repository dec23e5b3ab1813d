//! The demo's programs as processes of their own, so that one can be killed as in reality.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use tokio::process::{Child, Command};

/// Starts this program again with other arguments, its log going to a file.
#[derive(Debug, Clone)]
pub(super) struct Launcher {
    program: PathBuf,
    folder: PathBuf,
}

impl Launcher {
    /// Makes a launcher whose logs go to a folder.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding this program's own file")?;
        Ok(Self { program, folder: folder.to_owned() })
    }

    /// Starts a process. It is killed when its handle is dropped, so that none outlives the demo.
    pub(super) fn start(&self, name: &str, arguments: &[&str]) -> anyhow::Result<Child> {
        let path = self.log(name);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        let log = log.with_context(|| format!("opening {}", path.display()))?;
        Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .env("NO_COLOR", "1")
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {name}"))
    }

    /// Returns the file that a process logs to.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

/// Asks a process to end, and ends it when it does not.
pub(super) async fn stop(mut child: Child) {
    if let Some(id) = child.id() {
        // `kill` is everywhere where these demos run; without it the process is ended below.
        let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
        let patience = std::time::Duration::from_secs(10);
        if asked.is_ok() && tokio::time::timeout(patience, child.wait()).await.is_ok() {
            return;
        }
    }
    if let Err(error) = child.kill().await {
        tracing::debug!(%error, "the process was gone already");
    }
}
