//! The virtual partners as a program of their own.

use clap::Parser;
use headroom_simulator::partners::cli::{PartnersArgs, run};

/// Virtual OCPI partners and a virtual utility for trying out Headroom.
#[derive(Debug, Parser)]
#[command(name = "headroom-partners", version)]
struct Cli {
    #[command(flatten)]
    args: PartnersArgs,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HEADROOM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Box::pin(run(Cli::parse().args)).await
}
