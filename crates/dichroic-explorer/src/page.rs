//! The built page inside the program.

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::api::{BASE, unknown};
use crate::problem::Problem;

/// What the page's build wrote: `index.html`, `assets/`, `export.html`.
#[derive(RustEmbed)]
#[folder = "page/"]
#[allow_missing = true]
struct Files;

/// Names below carry a hash of what they hold, so that they never change.
const HASHED: &str = "assets/";

/// What is said when the program was built without the page.
pub const NOT_BUILT: &str = "This build of dichroic has no page: build it in the folder web with `npm ci && npm run build`, then \
     build the program again. The API answers all the same, at /api/v1/openapi.json.\n";

/// The page's file at this address.
pub async fn file(method: Method, uri: Uri) -> Response {
    if uri.path().starts_with(BASE) {
        return unknown().await;
    }
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let Some(file) = Files::get(path) else {
        if path == "index.html" {
            return NOT_BUILT.into_response();
        }
        return Problem::not_found("there is nothing at this address").into_response();
    };
    let caching =
        if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = file.data.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

/// The page that a model's data are put into, if it was built.
pub fn export_template() -> Option<String> {
    String::from_utf8(Files::get("export.html")?.data.into_owned()).ok()
}

/// The types of files that the build writes; the browser is told not to guess.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map") => "application/json",
        Some("ftl" | "txt") => "text/plain; charset=utf-8",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_file_in_the_page_has_a_type() {
        for path in Files::iter() {
            assert_ne!(content_type(&path), "application/octet-stream", "{path}");
        }
    }
}
