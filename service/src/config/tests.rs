use std::path::PathBuf;

use super::load;

pub(crate) const SITE: &str = r#"
id = "campus"
name = "Campus"
time_zone = "Europe/Amsterdam"
import_capacity_kw = 100.0
safe_mode = { import_limit_kw = 20.0, rate_a = 6.0, station_default_a = 0.0 }
[[evse]]
uid = "E1"
phases = ["L1", "L2", "L3"]
voltage_v = 230.0
maximum_current_a = 32.0
"#;

pub(crate) const CONFIG: &str = r#"
[server]
http_listen = "127.0.0.1:8080"
public_url = "http://127.0.0.1:8080"
grpc_listen = "127.0.0.1:8081"
[store]
path = "headroom.db"
[ocpi]
country_code = "NL"
party_id = "HDR"
name = "Headroom"
[[partner]]
id = "cpo"
invite_token = "secret"
[[utility]]
name = "dso"
token = "secret-of-dso-1"
sites = ["campus"]
[[site]]
file = "site.toml"
partner = "cpo"
locations = ["LOC1"]
meter_token = "secret"
"#;

fn folder(config: &str, site: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("headroom.toml");
    std::fs::write(&path, config).unwrap();
    std::fs::write(folder.path().join("site.toml"), site).unwrap();
    (folder, path)
}

/// The mistakes found when `from` is replaced by `to` in the configuration and the site.
fn mistakes(from: &str, to: &str) -> String {
    assert!(CONFIG.contains(from) || SITE.contains(from), "{from} is in neither file");
    let (_folder, path) = folder(&CONFIG.replace(from, to), &SITE.replace(from, to));
    let found = load(&path).expect_err("the mistake is found");
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_good_configuration_is_read_with_its_sites() {
    let (_folder, path) = folder(CONFIG, SITE);
    let checked = load(&path).unwrap();
    assert_eq!(checked.sites[0].evses.len(), 1);
    assert_eq!(checked.config.control.plan_every_s, 300);
}

#[test]
fn a_misspelt_key_is_named_with_those_that_were_meant() {
    let text = mistakes("grpc_listen", "grpc_lisen");
    assert!(text.contains("grpc_lisen") && text.contains("grpc_listen"), "{text}");
}

#[test]
fn a_site_of_a_partner_that_is_not_in_the_file_is_noted_since_it_may_be_invited_later() {
    let (_folder, path) = folder(&CONFIG.replace("partner = \"cpo\"", "partner = \"cop\""), SITE);
    let notes = load(&path).unwrap().notes();
    assert!(notes[0].contains("site[0].partner: `cop` is no [[partner]] (there are: cpo)"), "{notes:?}");
}

#[test]
fn a_partner_may_be_in_the_file_for_its_quirks_alone() {
    let quirks = "[partner.dialect]\ntoken_form = \"plain\"\nminimum_a = 6.0";
    let (_folder, path) = folder(&CONFIG.replace("invite_token = \"secret\"", quirks), SITE);
    let partner = &load(&path).unwrap().config.partners[0];
    assert!(partner.invite_token.is_none() && partner.dialect().minimum_a.as_a() > 5.9);
}

#[test]
fn the_old_key_for_the_capability_still_counts_beside_a_dialect() {
    let both = "id = \"cpo\"\nassume_profile_capable = true\ndialect = { forwards = true }";
    let (_folder, path) = folder(&CONFIG.replace("id = \"cpo\"", both), SITE);
    let dialect = load(&path).unwrap().config.partners[0].dialect();
    assert!(dialect.assume_profile_capable && dialect.forwards);
}

#[test]
fn a_guessable_admin_token_is_refused() {
    assert!(mistakes("[server]", "[server]\nadmin_token = \"admin\"").contains("server.admin_token: give 16"));
}

#[test]
fn a_utility_over_a_site_that_is_not_there_is_refused() {
    assert!(mistakes("sites = [\"campus\"]", "sites = [\"camp\"]").contains("utility[dso].sites: `camp`"));
}

#[test]
fn an_unusable_token_is_refused() {
    assert!(
        mistakes("invite_token = \"secret\"", "invite_token = \"two words\"").contains("partner[cpo].invite_token")
    );
}

#[test]
fn safe_rates_that_do_not_fit_the_safe_mode_limit_are_refused() {
    let text = mistakes("import_limit_kw = 20.0", "import_limit_kw = 2.0");
    assert!(text.contains("safe_mode.rate_a") && text.contains("2.0 kW"), "{text}");
}

#[test]
fn a_missing_site_file_is_named() {
    let text = mistakes("file = \"site.toml\"", "file = \"sites.toml\"");
    assert!(text.contains("site[0].file") && text.contains("sites.toml"), "{text}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let config = CONFIG.replace("party_id = \"HDR\"", "party_id = \"TOOLONG\"").replace("\"campus\"", "\"camp\"");
    let (_folder, path) = folder(&config, SITE);
    assert_eq!(load(&path).expect_err("two mistakes").len(), 2);
}
