//! Who may ask, and what a browser may do with the page.
//!
//! The server answers a person on this machine and nobody else. It listens on loopback, but that alone stops no web
//! page: any page can make the person's browser send requests here, and a name that its owner points at 127.0.0.1 (DNS
//! rebinding) even makes them look like requests of one site. So the `Host` must be ours, the `Origin`, where there is
//! one, must be ours too, and no answer says that other origins may read it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Problem, ProblemKind};

/// What the page may load and do: only what comes from here. Styles may stand in the page, since the editor writes its
/// own; scripts may not.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
     object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The hosts that requests may be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    address: SocketAddr,
}

impl Hosts {
    /// Those that mean a server which listens here.
    pub fn of(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Whether `host:port` is a way to write this server's address. Names other than `localhost` never are: whoever
    /// owns a name decides where it points.
    fn allows(&self, authority: &str) -> bool {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
            _ => (authority, Some(80)),
        };
        if port != Some(self.address.port()) {
            return false;
        }
        if host.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let Ok(address) = literal.unwrap_or(host).parse::<IpAddr>() else { return false };
        // Who listens on loopback is asked for loopback; who was told to listen elsewhere is asked by address.
        address.is_loopback() || !self.address.ip().is_loopback()
    }
}

/// Refuses requests from other pages and for other hosts, and tells the browser what the page may do.
pub async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let mut response = match check(&hosts, request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let same_origin = HeaderValue::from_static("same-origin");
    headers.insert("cross-origin-resource-policy", same_origin.clone());
    headers.insert("cross-origin-opener-policy", same_origin);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn check(hosts: &Hosts, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    let forbidden = |message: &str| {
        Problem::new(ProblemKind::Forbidden, message)
            .help("open the address that the program printed")
    };
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = uri.authority().map(|authority| authority.as_str()).or_else(|| text("host"));
    let Some(host) = host.filter(|host| hosts.allows(host)) else {
        return Err(forbidden("this request is for another host"));
    };
    // Loopback has many names for one page; beyond it another address is another machine.
    let ours = |origin: &str| {
        let local = hosts.address.ip().is_loopback();
        hosts.allows(origin) && (local || origin.eq_ignore_ascii_case(host))
    };
    if let Some(origin) = text("origin")
        && !origin.strip_prefix("http://").is_some_and(ours)
    {
        return Err(forbidden("this request comes from another page"));
    }
    // A link on another page may lead here; its scripts and pictures may not.
    if text("sec-fetch-site") == Some("cross-site") && text("sec-fetch-mode") != Some("navigate") {
        return Err(forbidden("this request comes from another page"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(address: &str) -> Hosts {
        Hosts::of(address.parse().unwrap())
    }

    #[test]
    fn loopback_is_asked_by_its_own_names_and_port_only() {
        let hosts = hosts("127.0.0.1:4000");
        for good in ["127.0.0.1:4000", "localhost:4000", "LOCALHOST:4000", "[::1]:4000"] {
            assert!(hosts.allows(good), "{good}");
        }
        for bad in [
            "evil.example:4000",
            "127.0.0.1.evil.example:4000",
            "localhost.:4000",
            "localhost",
            "localhost:4001",
            "192.168.0.7:4000",
            "user@localhost:4000",
            "[::1",
            "",
            ":4000",
        ] {
            assert!(!hosts.allows(bad), "{bad}");
        }
    }

    #[test]
    fn who_listens_everywhere_is_asked_by_address_but_not_by_name() {
        let hosts = hosts("0.0.0.0:80");
        assert!(hosts.allows("192.168.0.7") && hosts.allows("192.168.0.7:80"));
        assert!(!hosts.allows("laptop.example"));
    }

    #[test]
    fn another_page_is_refused_and_a_link_is_not() {
        let hosts = hosts("127.0.0.1:4000");
        let asked = |fields: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("127.0.0.1:4000"));
            for (name, value) in fields {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            check(&hosts, &headers, &Uri::from_static("/api/v1/session")).is_ok()
        };
        assert!(asked(&[]) && asked(&[("origin", "http://localhost:4000")]));
        assert!(!asked(&[("origin", "null")]) && !asked(&[("origin", "http://evil.example")]));
        assert!(!asked(&[("origin", "https://localhost:4000")]));
        assert!(!asked(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(asked(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        let nowhere = HeaderMap::new();
        assert!(check(&hosts, &nowhere, &Uri::from_static("/")).is_err());
    }
}
