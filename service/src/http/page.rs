//! The pages' shells. The live parts are filled by `web/page.js` from the JSON API.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use headroom_domain::Power;
use maud::{DOCTYPE, Markup, html};
use std::sync::Arc;

use super::api::by_headroom;
use super::view::{SiteSummary, SiteViews};
use super::words::{Badge, Severity};

pub(super) async fn home<V: SiteViews>(State(views): State<Arc<V>>) -> Markup {
    let sites = by_headroom(&*views).await;
    match sites.as_slice() {
        [only] => site_page(only, false),
        _ => list_page("Sites", None, &sites),
    }
}

pub(super) async fn site<V: SiteViews>(State(views): State<Arc<V>>, Path(id): Path<String>) -> Response {
    let sites = by_headroom(&*views).await;
    let Some(site) = sites.iter().find(|site| site.id == id) else {
        let notice = format!("There is no site “{id}”.");
        return (StatusCode::NOT_FOUND, list_page("No such site", Some(&notice), &sites)).into_response();
    };
    site_page(site, sites.len() > 1).into_response()
}

fn document(title: &str, script: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – Headroom" }
                link rel="icon" type="image/svg+xml" href="/assets/favicon.svg";
                link rel="stylesheet" href="/assets/uPlot.min.css";
                link rel="stylesheet" href="/assets/style.css";
                // First, so that it hears of every error of the scripts after it.
                script src="/assets/errors.js" {}
                script type="module" src={ "/assets/" (script) } {}
            }
            (body)
        }
    }
}

fn site_page(site: &SiteSummary, one_of_many: bool) -> Markup {
    let body = html! {
        body data-site=(site.id) {
            a .skip href="#sessions-title" { "Skip to the sessions" }
            header {
                div .title {
                    @if one_of_many { a .up href="/" { "All sites" } }
                    h1 { (site.name) }
                    p #clock .muted {}
                }
                ul #badges .badges aria-label="Status" aria-live="polite" { (badge_items(&site.badges)) }
            }
            p #notice role="status" hidden {}
            noscript { p .notice { "The page shows live data with JavaScript; the same data are at " a href={ "/api/v1/sites/" (encode(&site.id)) } { "the JSON API" } "." } }
            main {
                dl #figures .figures {}
                (chart_section())
                (sessions_section())
                (limits_section())
            }
            footer .muted {
                span #zone {}
                a href={ "/api/v1/sites/" (encode(&site.id)) } { "This page’s data as JSON" }
            }
        }
    };
    document(&site.name, "page.js", &body)
}

fn chart_section() -> Markup {
    html! {
        section aria-labelledby="chart-title" {
            div .section-head {
                h2 #chart-title { "Power" }
                fieldset #range .range {
                    legend .hidden { "Time shown" }
                    @for (value, label) in [("day", "Day"), ("near", "± 4 h"), ("all", "All")] {
                        label { input type="radio" name="range" value=(value) checked[value == "day"]; span { (label) } }
                    }
                }
            }
            figure {
                div #chart .chart tabindex="0" role="group" aria-roledescription="chart" aria-describedby="chart-help"
                    aria-label="Power of vehicles and base load under the limit, measured and planned" {}
                figcaption {
                    p #at-time .at-time {}
                    ul #legend .legend {}
                    p #spoken .hidden aria-live="polite" {}
                    p #chart-help .muted.small {
                        "Point at the chart, or focus it and use the arrow keys, to read another time; drag to zoom, Escape to go back."
                    }
                }
            }
        }
    }
}

fn sessions_section() -> Markup {
    html! {
        section aria-labelledby="sessions-title" {
            h2 #sessions-title { "Sessions " span #session-count .muted {} }
            table .sessions {
                (sessions_head())
                tbody #sessions {}
            }
            p #no-sessions .empty hidden { "No vehicle is connected." }
            details #finished-box hidden {
                summary { "Finished in the past day " span #finished-count .muted {} }
                table .sessions {
                    (sessions_head())
                    tbody #finished {}
                }
            }
        }
    }
}

fn sessions_head() -> Markup {
    html! {
        thead {
            tr {
                @for column in ["EVSE", "Energy", "Departure", "Power now", "Why"] { th scope="col" { (column) } }
            }
        }
    }
}

fn limits_section() -> Markup {
    html! {
        section aria-labelledby="limits-title" {
            h2 #limits-title { "Limits from the grid" }
            table .limits {
                thead {
                    tr {
                        @for column in ["Accepted", "From", "Covers", "Lowest import", "State"] {
                            th scope="col" { (column) }
                        }
                    }
                }
                tbody #limits {}
            }
            p #no-limits .empty hidden { "No utility has sent a limit; the connection’s capacity applies." }
        }
    }
}

fn list_page(title: &str, notice: Option<&str>, sites: &[SiteSummary]) -> Markup {
    let body = html! {
        body {
            header { div .title { h1 { (title) } } }
            @if let Some(notice) = notice { p .notice { (notice) } }
            p #notice role="status" hidden {}
            main #sites {
                @if sites.is_empty() { p .empty { "No site is configured." } }
                @for site in sites {
                    section .site {
                        h2 { a href={ "/sites/" (encode(&site.id)) } { (site.name) } }
                        p { (headroom(site)) " · " span .muted { (vehicles(site.connected)) } }
                        ul .badges aria-label="Status" { (badge_items(&site.badges)) }
                    }
                }
            }
        }
    };
    document(title, "sites.js", &body)
}

fn badge_items(badges: &[Badge]) -> Markup {
    html! {
        @for badge in badges {
            li .badge data-severity=(severity(badge.severity)) { (badge.text) }
        }
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Information => "information",
        Severity::Warning => "warning",
        Severity::Alarm => "alarm",
    }
}

fn headroom(site: &SiteSummary) -> Markup {
    html! {
        @match (site.headroom_now_w, site.limit_now_w) {
            (Some(headroom), Some(limit)) if headroom < Power::ZERO => {
                strong .over { (kw(-headroom)) " over" } " the limit of " (kw(limit))
            }
            (Some(headroom), Some(limit)) => { strong { (kw(headroom)) " free" } " of " (kw(limit)) }
            _ => { "headroom not known yet" }
        }
    }
}

fn vehicles(count: usize) -> String {
    if count == 1 { "1 vehicle".to_owned() } else { format!("{count} vehicles") }
}

fn kw(power: Power) -> String {
    format!("{:.1} kW", power.as_kw())
}

/// Writes an id as one segment of a path, whatever it holds.
fn encode(segment: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    segment
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
