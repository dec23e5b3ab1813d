//! `headroom audit`: what utilities changed, and whether that record was tampered with.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use headroom_domain::limit::Target;
use headroom_grid_api::audit::{Entry, Verifier};
use headroom_grid_api::server::AuditQuery;

use super::Outcome;
use super::sheet::{Format, Sheet, instant};
use super::utility::{Connection, Session, Window, call, target};
use crate::store::Store;

/// What to do with the audit.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what was changed in the utility's name, and what was refused.
    List {
        /// Only what is about this place.
        #[arg(long, value_parser = target)]
        target: Option<Target>,
        #[command(flatten)]
        window: Window,
    },
    /// Follow the utility's chain from its first entry. Exit code 1 when anything was changed, removed or added.
    Verify {
        #[command(flatten)]
        expected: Expected,
        /// For the operator: follow every chain in the service's store instead, without asking the service.
        #[arg(long, conflicts_with_all = ["expect_head", "expect_count"])]
        store: Option<PathBuf>,
    },
}

/// What was seen before: a chain that was shortened or made anew is whole in itself.
#[derive(Debug, Clone, Default, Args)]
struct Expected {
    /// A hash that the chain must hold: the head of an earlier time. With `--expect-count` at that place.
    #[arg(long, value_parser = hash)]
    expect_head: Option<String>,
    /// How many entries the chain must have at least: its count at an earlier time.
    #[arg(long, value_parser = clap::value_parser!(u32))]
    expect_count: Option<u32>,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let Arguments { connection, format, command } = arguments;
    match command {
        Command::List { target, window } => {
            let Session { utility, info, .. } = connection.open().await?;
            let window = window.stated().map(|window| window.back(info.server_time)).transpose()?;
            let query = AuditQuery { window, target };
            entries(&call(|| utility.audit_entries(&query)).await?).show(format)?;
        }
        Command::Verify { store: Some(store), .. } => heads(&verify_store(&store).await?).show(format)?,
        Command::Verify { expected, store: None } => {
            let Session { utility, name, .. } = connection.open().await?;
            let query = AuditQuery::default();
            let all = call(|| utility.audit_entries(&query)).await?;
            let (count, head) = expected.verify(&all)?;
            heads(&[(name, count, head)]).show(format)?;
        }
    }
    Ok(Outcome::Done)
}

impl Expected {
    /// Follows a chain; returns how many entries it has and the hash of the last.
    fn verify(&self, entries: &[Entry]) -> anyhow::Result<(i64, String)> {
        let mut verifier = Verifier::default();
        entries.iter().try_for_each(|entry| verifier.take(entry)).context("the audit was tampered with")?;
        let (count, head) = verifier.head();
        if let Some(expected) = self.expect_count.map(i64::from).filter(|expected| *expected > count) {
            bail!("the audit was tampered with: it has {count} entries where it had {expected}");
        }
        if let Some(hash) = &self.expect_head {
            let place = self.expect_count.map(i64::from);
            let same = |entry: &Entry| entry.hash == *hash && place.is_none_or(|place| place == entry.sequence);
            if !entries.iter().any(same) {
                let place = place.map(|place| format!(" as entry {place}")).unwrap_or_default();
                bail!("the audit was tampered with: it does not hold {hash}{place} any more");
            }
        }
        Ok((count, head.to_owned()))
    }
}

async fn verify_store(path: &Path) -> anyhow::Result<Vec<(String, i64, String)>> {
    // Opening a store makes one where there is none.
    if !path.is_file() {
        bail!("{} is no file: name the one that `store.path` of the configuration names", path.display());
    }
    let store = Store::open(path).await.with_context(|| path.display().to_string())?;
    let (mut heads, mut broken) = (Vec::new(), Vec::new());
    for chain in store.audit_chains().await? {
        match store.verify_audit(&chain).await {
            Ok((count, head)) => heads.push((chain, count, head)),
            Err(error) => broken.push(format!("{chain}: {error}")),
        }
    }
    if broken.is_empty() { Ok(heads) } else { bail!("{}", broken.join("\n")) }
}

fn hash(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("write the 64 hexadecimal digits that an earlier verification said".to_owned())
}

fn entries(entries: &[Entry]) -> Sheet<8> {
    let columns = ["sequence", "time", "principal", "method", "resource", "result", "request_id", "hash"];
    Sheet::new("entries", columns).rows(entries.iter().map(|entry| {
        [
            entry.sequence.into(),
            instant(entry.at),
            entry.principal.as_str().into(),
            entry.method.as_str().into(),
            entry.resource.as_str().into(),
            entry.result.as_str().into(),
            entry.request_id.as_str().into(),
            entry.hash.as_str().into(),
        ]
    }))
}

fn heads(chains: &[(String, i64, String)]) -> Sheet<3> {
    let rows = chains.iter().map(|(chain, count, head)| [chain.as_str().into(), (*count).into(), head.as_str().into()]);
    Sheet::new("chains", ["chain", "count", "head"]).rows(rows)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn chain(length: usize) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for index in 0..length {
            let entry = Entry {
                sequence: 0,
                at: DateTime::UNIX_EPOCH,
                principal: "token dso".to_owned(),
                method: "SubmitLimit".to_owned(),
                request_id: String::new(),
                resource: format!("utilities/dso/limits/{index}"),
                request_sha256: String::new(),
                result: "OK".to_owned(),
                previous_hash: String::new(),
                hash: String::new(),
            };
            let previous = entries.last().map(|last| (last.sequence, last.hash.clone()));
            entries.push(entry.chained(previous.as_ref().map(|(sequence, hash)| (*sequence, hash.as_str()))));
        }
        entries
    }

    fn judged(expect_head: Option<&str>, expect_count: Option<u32>, entries: &[Entry]) -> Result<i64, String> {
        let expected = Expected { expect_head: expect_head.map(ToOwned::to_owned), expect_count };
        expected.verify(entries).map(|(count, _)| count).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_chain_is_followed_to_its_head() {
        let chain = chain(3);
        let (count, head) = Expected::default().verify(&chain).unwrap();
        assert_eq!((count, &head), (3, &chain[2].hash));
        assert_eq!(judged(None, None, &[]), Ok(0));
    }

    #[test]
    fn a_changed_entry_shows() {
        let mut chain = chain(3);
        chain[1].result = "PERMISSION_DENIED".to_owned();
        assert!(judged(None, None, &chain).unwrap_err().contains("entry 2 was changed"));
    }

    #[test]
    fn a_chain_that_grew_still_holds_its_earlier_head() {
        let chain = chain(3);
        assert_eq!(judged(Some(&chain[1].hash), Some(2), &chain), Ok(3));
        assert_eq!(judged(Some(&chain[1].hash), None, &chain), Ok(3));
        assert_eq!(judged(None, Some(2), &chain), Ok(3));
    }

    #[test]
    fn a_chain_that_was_shortened_or_made_anew_shows() {
        let chain = chain(3);
        assert!(judged(None, Some(3), &chain[..2]).unwrap_err().contains("2 entries where it had 3"));
        assert!(judged(Some(&chain[2].hash), None, &chain[..2]).unwrap_err().contains("any more"));
        assert!(judged(Some(&chain[1].hash), Some(3), &chain).unwrap_err().contains("as entry 3"));
    }

    #[test]
    fn a_hash_is_64_digits_whatever_their_case() {
        assert_eq!(hash(&"AB".repeat(32)), Ok("ab".repeat(32)));
        assert!(hash("ab").is_err() && hash(&"xy".repeat(32)).is_err());
    }
}
