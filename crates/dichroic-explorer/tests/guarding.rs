//! The server answers its own page and nobody else, and nothing that comes in ends it.

mod support;

use axum::http::{Method, StatusCode};
use proptest::prelude::*;
use serde_json::json;
use support::{HOST, Page, seed_model};

const SESSION: &str = "/api/v1/session";

#[test]
fn another_host_or_origin_gets_nothing() {
    let page = Page::of(seed_model());
    let ask = |headers: &[(&str, &str)]| page.ask(Method::GET, SESSION, headers, Vec::new());
    assert_eq!(ask(&[]).status, StatusCode::OK);
    assert_eq!(ask(&[("host", "rebound.example:4000")]).problem().0, "forbidden");
    assert_eq!(ask(&[("origin", "http://evil.example")]).problem().0, "forbidden");
    assert_eq!(ask(&[("origin", "null")]).problem().0, "forbidden");
    assert_eq!(ask(&[("origin", &format!("http://{HOST}"))]).status, StatusCode::OK);
    let foreign = [("origin", "http://evil.example"), ("content-type", "application/json")];
    let body = json!({ "code": "Conv2D(1, 1)" }).to_string().into_bytes();
    assert_eq!(page.ask(Method::POST, "/api/v1/models", &foreign, body).problem().0, "forbidden");
    assert!(ask(&[]).headers.get("access-control-allow-origin").is_none());
}

#[test]
fn every_answer_tells_the_browser_to_be_strict() {
    let page = Page::of(seed_model());
    for path in
        ["/", SESSION, "/api/v1/nothing", "/nothing", "/api/v1/models/main/kernels?layer=conv2d"]
    {
        let answer = page.ask(Method::GET, path, &[], Vec::new());
        assert!(
            answer.header("content-security-policy").starts_with("default-src 'self'"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
}

#[test]
fn bodies_larger_than_the_limits_are_refused() {
    let page = Page::of(seed_model());
    let code = "#".repeat(3 << 20);
    assert_eq!(page.post("/models", &json!({ "code": code })).problem().0, "too_large");
    let long = "#".repeat(300 << 10);
    assert_eq!(page.post("/models", &json!({ "code": long })).problem().0, "script");
    let (kind, _) = page.send("/inputs", "image/png", vec![0; (32 << 20) + 1]).problem();
    assert_eq!(kind, "too_large");
}

#[test]
fn a_large_picture_within_the_limit_arrives() {
    let page = Page::of(seed_model());
    let (kind, message) = page.send("/inputs", "image/png", vec![0; 8 << 20]).problem();
    assert_eq!(kind, "bad_request", "{message}");
}

#[test]
fn json_is_compressed_where_the_browser_can_and_tensors_are_not() {
    let page = Page::of(seed_model());
    let ask = |path: &str| page.ask(Method::GET, path, &[("accept-encoding", "gzip")], Vec::new());
    assert_eq!(ask("/api/v1/models/main/layer?layer=conv2d").header("content-encoding"), "gzip");
    assert_eq!(ask("/api/v1/models/main/kernels?layer=conv2d").header("content-encoding"), "");
}

#[test]
fn every_route_is_described() {
    let page = Page::of(seed_model());
    let described = page.get("/openapi.json").json();
    let paths = described["paths"].as_object().unwrap();
    let known = [
        ("/session", "get"),
        ("/models", "post"),
        ("/models/{model}", "get"),
        ("/models/{model}/layer", "get"),
        ("/models/{model}/filters", "get"),
        ("/models/{model}/kernels", "get"),
        ("/models/{model}/trace", "get"),
        ("/models/{model}/feature-maps", "get"),
        ("/models/{model}/values", "get"),
        ("/models/{model}/variants", "post"),
        ("/models/{model}/what-if", "get"),
        ("/inputs", "get"),
        ("/inputs", "post"),
        ("/inputs/{input}/picture", "get"),
        ("/jobs", "post"),
        ("/jobs/{job}", "get"),
        ("/jobs/{job}/events", "get"),
        ("/jobs/{job}/tensors/{name}", "get"),
        ("/jobs/{job}/cancel", "post"),
        ("/jobs/{job}/resume", "post"),
    ];
    for (path, method) in known {
        let operation = &paths[&format!("/api/v1{path}")][method];
        assert!(operation["summary"].is_string(), "{method} {path}");
        assert!(operation["responses"]["200"].is_object(), "{method} {path}");
    }
    let count: usize = paths.values().map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(count, known.len(), "a route is described that this test does not know");
}

/// Texts that parameters might be.
const ODD: &[&str] = &[
    "main",
    "conv2d",
    "conv2d_3",
    "photo-cat",
    "made-up",
    "0",
    "31",
    "-1",
    "1e9",
    "18446744073709551615",
    "99999999999999999999",
    "12,3",
    "0,0,0",
    ",,",
    "",
    "nan",
    "output",
    "input",
    "depthwise",
    "../../etc/passwd",
    "a/b",
    "j-1",
    "%00",
    "\u{0}",
    "卷积",
    "zh-CN",
];

fn odd() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(ODD).prop_map(str::to_owned), 1 => ".{0,12}"]
}

/// Percent-encodes everything that is not plainly a letter, digit or comma.
fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b',' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[test]
fn no_parameters_make_any_route_fail() {
    let page = Page::of(seed_model());
    const ROUTES: &[&str] = &[
        "layer",
        "filters",
        "kernels",
        "trace",
        "values",
        "what-if",
        "feature-maps",
        "variants",
        "",
    ];
    const NAMES: &[&str] =
        &["layer", "filter", "at", "input", "of", "channel", "stage", "lang", "size", "shape"];
    let config =
        ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(
        route in proptest::sample::select(ROUTES),
        model in odd(),
        likely in any::<bool>(),
        parameters in proptest::collection::vec((proptest::sample::select(NAMES), odd()), 0..6),
    )| {
        let model = if likely { "main".to_owned() } else { encoded(&model) };
        let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let path = format!("/models/{model}/{route}?{}", query.join("&"));
        let answer = page.get(&path);
        prop_assert!(answer.status != StatusCode::INTERNAL_SERVER_ERROR, "{path}: {answer:?}");
    });
}

#[test]
fn no_body_makes_any_route_fail() {
    let page = Page::of(seed_model());
    const ROUTES: &[&str] = &[
        "/models",
        "/inputs",
        "/inputs?shape=2,2,1",
        "/jobs",
        "/models/main/variants",
        "/jobs/j-1/cancel",
        "/jobs/j-1/resume",
    ];
    const TYPES: &[&str] = &[
        "application/json",
        "application/octet-stream",
        "image/png",
        "image/jpeg",
        "text/plain",
        "",
    ];
    let bodies = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        Just(br#"{"code":1}"#.to_vec()),
        Just(br#"{"kind":"attribution","model":"main","input":"made-up","method":"dance"}"#.to_vec()),
        Just(br#"{"layer":"conv2d","input":"made-up","changes":{"strides":[0,0]}}"#.to_vec()),
        Just(br#"{"layer":"conv2d","input":"made-up","changes":{"strides":[]}}"#.to_vec()),
        Just(br#"{"layer":"conv2d","input":"made-up","changes":{"kernel_size":[4294967295,4294967295]}}"#.to_vec()),
        Just(b"[[[[[[[[[[".to_vec()),
        Just(b"PK\x03\x04".to_vec()),
        Just(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        Just(b"\xff\xd8\xff\xe0".to_vec()),
    ];
    let config =
        ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(
        route in proptest::sample::select(ROUTES),
        kind in proptest::sample::select(TYPES),
        body in bodies,
    )| {
        let answer = page.send(route, kind, body);
        prop_assert!(answer.status != StatusCode::INTERNAL_SERVER_ERROR, "{route}: {answer:?}");
    });
}
