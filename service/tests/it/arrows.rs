//! Who may know whom, as ARCHITECTURE.md draws it, and what the root of the repository must hold.

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const PREFIX: &str = "headroom-";

/// Each crate and all that it may know of ours, also in its tests and its build script.
const ARROWS: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("ocpi-adapter", &["domain"]),
    ("grid-api", &["domain"]),
    ("forecasting", &["domain"]),
    ("optimizer", &["domain"]),
    ("datasets", &["domain"]),
    ("simulator", &["domain", "datasets", "forecasting", "optimizer", "ocpi-adapter", "grid-api"]),
    ("service", &["domain", "forecasting", "optimizer", "ocpi-adapter", "grid-api", "simulator"]),
    ("python", &["domain", "datasets", "optimizer", "simulator"]),
    ("benches", &["domain", "datasets", "forecasting", "optimizer", "ocpi-adapter", "grid-api", "simulator"]),
];

/// Arrows that a feature must be able to cut.
const OPTIONAL: [(&str, &str); 1] = [("service", "simulator")];

/// What the project's user named, and where it stays.
const NAMED: [&str; 8] =
    ["optimizer", "ocpi-adapter", "forecasting", "datasets", "benches", "deploy", "Cargo.toml", "README.md"];

fn workspace() -> Metadata {
    let manifest = Path::new(ROOT).join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo describes the workspace")
}

fn folder(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

fn complaint(package: &Package, dependency: &Dependency) -> Option<String> {
    let (from, to) = (folder(&package.name), folder(&dependency.name));
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == from) else {
        return Some(format!("`{from}` is not in ARCHITECTURE.md: draw its arrows there and in this test"));
    };
    if !allowed.contains(&to) {
        let may = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
        return Some(format!("{from} -> {to} ({} dependency) is forbidden: {from} may know {may}", dependency.kind));
    }
    let must_be_optional = dependency.kind == DependencyKind::Normal && OPTIONAL.contains(&(from, to));
    (must_be_optional && !dependency.optional)
        .then(|| format!("{from} -> {to} must be optional: {from} is also built without it"))
}

#[test]
fn no_crate_knows_one_that_it_must_not() {
    let workspace = workspace();
    let ours = |package: &Package| package.dependencies.clone().into_iter().filter(|to| to.path.is_some());
    let complaints: Vec<_> = workspace
        .packages
        .iter()
        .flat_map(|package| ours(package).filter_map(|dependency| complaint(package, &dependency)))
        .collect();
    assert!(complaints.is_empty(), "arrows that ARCHITECTURE.md does not draw:\n  {}", complaints.join("\n  "));
}

#[test]
fn the_members_are_those_that_the_architecture_names_each_in_the_folder_of_its_name() {
    let workspace = workspace();
    let mut members: Vec<_> = workspace.packages.iter().map(|package| folder(&package.name)).collect();
    members.sort_unstable();
    let mut drawn: Vec<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    drawn.sort_unstable();
    assert_eq!(members, drawn, "members of the workspace (left) and of ARCHITECTURE.md (right)");
    for package in &workspace.packages {
        let place = package.manifest_path.parent().and_then(|place| place.file_name());
        assert_eq!(place, Some(folder(&package.name)), "the folder of `{}`", package.name);
    }
}

#[test]
fn every_crate_says_what_it_is_for() {
    let workspace = workspace();
    let places = workspace.packages.iter().filter_map(|package| package.manifest_path.parent());
    let silent: Vec<_> = places
        .map(|place| place.join("README.md"))
        .filter(|readme| std::fs::read_to_string(readme).unwrap_or_default().trim().is_empty())
        .collect();
    assert!(silent.is_empty(), "missing or empty: {silent:?}: write what the crate is for and what it must never know");
}

#[test]
fn everything_that_the_user_named_stands_in_its_place() {
    let absent: Vec<_> = NAMED.iter().filter(|name| !Path::new(ROOT).join(name).exists()).collect();
    assert!(absent.is_empty(), "not at the root of the repository: {absent:?}");
}
