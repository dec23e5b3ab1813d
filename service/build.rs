//! Says what to do when the page's third-party script has not been fetched, before the compiler stumbles over it.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=web");
    if !Path::new("web/node_modules/uplot/dist/uPlot.esm.js").exists() {
        println!(
            "cargo::error=service/web/node_modules/uplot is absent: run `make web` (or `npm ci --prefix service/web`), \
             which fetches the chart library of the operator's page from the npm registry"
        );
    }
}
