//! Saved problems and the tables that their plans are.

use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::Snapshot;
use headroom_optimizer::table::render;
use std::path::PathBuf;

/// Reads every `cases/NNN-symptom.json`, by name.
pub(crate) fn cases() -> Vec<(String, Snapshot)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let snapshot = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, snapshot)
    };
    paths.into_iter().map(read).collect()
}

#[cfg_attr(not(feature = "highs"), ignore = "asks for the exact best")]
#[test]
fn every_case_gives_the_table_beside_it() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../cases");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for (name, snapshot) in cases() {
        snapshot.check().unwrap();
        insta::assert_snapshot!(name.as_str(), render(&snapshot, &step(&snapshot)));
    }
}
