//! Scripts and styles, compiled into the program: what was tested is what is served, with no folder beside it.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::fmt::Write;

#[derive(RustEmbed)]
#[folder = "web/"]
#[include = "*.js"]
#[include = "*.css"]
#[include = "*.svg"]
#[exclude = "*/*"]
struct Own;

/// uPlot, as the npm registry delivers it.
#[derive(RustEmbed)]
#[folder = "web/node_modules/uplot/dist/"]
#[include = "uPlot.esm.js"]
#[include = "uPlot.iife.min.js"]
#[include = "uPlot.min.css"]
struct Chart;

/// Returns the chart library as a script for pages without modules, and its style.
#[cfg(feature = "simulate")]
pub(crate) fn chart_library() -> Option<(String, String)> {
    let text = |name| String::from_utf8(Chart::get(name)?.data.into_owned()).ok();
    text("uPlot.iife.min.js").zip(text("uPlot.min.css"))
}

pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    respond(&name, &headers)
}

pub(super) async fn favicon(headers: HeaderMap) -> Response {
    respond("favicon.svg", &headers)
}

fn respond(name: &str, headers: &HeaderMap) -> Response {
    let Some(file) = Own::get(name).or_else(|| Chart::get(name)) else {
        return (StatusCode::NOT_FOUND, format!("there is no asset `{name}`")).into_response();
    };
    let tag = entity_tag(&file);
    // The browser asks each time and is mostly told that nothing changed, so a new release is never half old.
    let caching = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, tag.clone())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, content_type(name))], file.data).into_response()
}

fn entity_tag(file: &EmbeddedFile) -> String {
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..8] {
        // Writing to a string cannot fail.
        write!(tag, "{byte:02x}").unwrap_or_default();
    }
    tag + "\""
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}
