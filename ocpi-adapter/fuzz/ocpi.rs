//! One fuzzer for all parsers: `HEADROOM_FUZZ` names the target.
#![no_main]

use std::sync::OnceLock;

use headroom_ocpi_adapter::fuzz::TARGETS;
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("HEADROOM_FUZZ").unwrap_or_default();
        let found = TARGETS.iter().find(|(known, _)| *known == name);
        let known: Vec<_> = TARGETS.iter().map(|(known, _)| *known).collect();
        found.unwrap_or_else(|| panic!("HEADROOM_FUZZ={name:?}: name one of {known:?}")).1
    });
    target(data);
});
