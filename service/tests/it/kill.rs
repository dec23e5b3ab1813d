//! The service is killed two hundred times while utilities submit, cancel and repeat limits; nothing that was answered may be
//! lost, and nothing may be there that nobody asked for.
//!
//! The moments are drawn from `PROPTEST_RNG_SEED`; the seed is printed.

mod clients;
mod model;

use std::time::Duration;

use futures::future::join_all;
use headroom_grid_api::client::Utility;
use proptest::prelude::{Rng, RngExt};
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::running::{ONE_AT_A_TIME, Service, Setup, in_time};
use clients::{Client, settle};
use model::{Model, withdrawn};

const KILLS: usize = 200;
const CLIENTS: usize = 4;
/// The whole record is looked through every so many kills, and at the end.
const WHOLE_EVERY: usize = 40;

const UTILITY: &str = r#"
[grpc.quotas]
calls_per_second = 100000
burst = 100000
[[utility]]
name = "dso"
token = "token-of-the-dso"
sites = ["campus"]
"#;

fn seed() -> u64 {
    std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

fn chance(seed: u64, stream: usize) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&(stream as u64).to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

/// Waits until the service answers a utility.
async fn answers(dso: &Utility) {
    in_time("the service answers", async {
        while dso.server_info().await.is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Waits for a moment that nobody can foretell.
async fn a_while(random: &mut impl Rng, longest_ms: u64) {
    tokio::time::sleep(Duration::from_millis(random.random_range(0..=longest_ms))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_there_after_two_hundred_kills_and_nothing_else_is() {
    let _one = ONE_AT_A_TIME.lock().await;
    let seed = seed();
    println!("the moments of the kills are drawn from seed {seed}");
    let mut random = chance(seed, 0);
    let setup = Setup { more: UTILITY.to_owned(), ..Setup::default() };
    let mut service = Service::start_with(&setup).await;
    let dso = service.utility("dso", "token-of-the-dso");
    let mut clients: Vec<_> = (0..CLIENTS).map(|index| Client::new(index, chance(seed, 1 + index))).collect();
    let mut model = Model::default();
    for kill in 1..=KILLS {
        let work = clients.iter_mut().map(|client| client.work(&dso));
        let end = async {
            a_while(&mut random, 150).await;
            service.kill().await;
        };
        tokio::join!(join_all(work), end);
        service.begin_again();
        if kill % 8 == 0 {
            // One more while it starts.
            a_while(&mut random, 100).await;
            service.kill().await;
            service.begin_again();
        }
        answers(&dso).await;
        for client in &mut clients {
            settle(client, &dso).await;
        }
        model.look(&dso, &mut clients).await;
        if kill % WHOLE_EVERY == 0 {
            model.look_through(&dso, &clients).await;
        }
    }
    let recorded = model.look_through(&dso, &clients).await;
    println!("{KILLS} kills, {recorded} limits, {} withdrawn", withdrawn(&clients));
    assert!(recorded > KILLS, "the clients hardly came to do anything: {recorded} limits");
}
