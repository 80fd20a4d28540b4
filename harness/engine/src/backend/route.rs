//! The way to a server: direct, or through the proxy that the environment names.

use std::net::IpAddr;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::BackendError;

/// The way to a server.
#[derive(Debug)]
pub(super) enum Route {
    /// Straight.
    Direct,
    /// The proxy reads the requests and passes them on: plain HTTP.
    Forward(Intercept),
    /// The proxy passes bytes on and sees none of them: HTTPS.
    Tunnel(Intercept),
}

impl Route {
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, as curl reads them; small letters
    /// too. This machine itself is always reached directly.
    pub(super) fn from_environment(address: &Uri) -> Result<Self, BackendError> {
        Self::by(&Matcher::from_env(), address)
    }

    fn by(proxies: &Matcher, address: &Uri) -> Result<Self, BackendError> {
        if is_loopback(address) {
            return Ok(Self::Direct);
        }
        let Some(proxy) = proxies.intercept(address) else {
            return Ok(Self::Direct);
        };
        let uri = proxy.uri();
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            let scheme = uri.scheme_str().unwrap_or_default();
            let host = uri.host().unwrap_or_default();
            return Err(BackendError::Proxy(format!("{scheme}://{host}")));
        }
        Ok(match address.scheme_str() {
            Some("https") => Self::Tunnel(proxy),
            _ => Self::Forward(proxy),
        })
    }

    /// Whom to connect to instead of the server, where requests are passed on.
    pub(super) fn proxy(&self) -> Option<&Uri> {
        match self {
            Self::Forward(proxy) => Some(proxy.uri()),
            Self::Direct | Self::Tunnel(_) => None,
        }
    }

    /// A connector through the tunnel.
    pub(super) fn tunnel<C: Clone>(&self, connector: &C) -> Option<Tunnel<C>> {
        let Self::Tunnel(proxy) = self else {
            return None;
        };
        let tunnel = Tunnel::new(proxy.uri().clone(), connector.clone());
        Some(match proxy.basic_auth() {
            Some(auth) => tunnel.with_auth(auth.clone()),
            None => tunnel,
        })
    }

    /// What a request asks for: a proxy that passes requests on wants the whole address.
    pub(super) fn target(&self, address: &Uri, path: Uri) -> Uri {
        let Self::Forward(_) = self else {
            return path;
        };
        let mut parts = address.clone().into_parts();
        parts.path_and_query = path.path_and_query().cloned();
        Uri::from_parts(parts).unwrap_or(path)
    }

    /// What a request tells a proxy that passes it on.
    pub(super) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let Self::Forward(proxy) = self else {
            return None;
        };
        let mut auth = proxy.basic_auth()?.clone();
        auth.set_sensitive(true);
        Some((PROXY_AUTHORIZATION, auth))
    }
}

/// Whether the environment names a proxy for an address.
pub fn is_proxied(url: &str) -> bool {
    let address = url.parse::<Uri>();
    address.is_ok_and(|a| !is_loopback(&a) && Matcher::from_env().intercept(&a).is_some())
}

fn is_loopback(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(proxy: &str, no: &str, address: &str) -> Result<Route, BackendError> {
        let proxies = Matcher::builder().all(proxy).no(no).build();
        Route::by(&proxies, &address.parse().unwrap())
    }

    #[test]
    fn the_way_depends_on_the_scheme_and_the_exceptions() {
        let proxy = "http://u:p@proxy.test:3128";
        let plain = route(proxy, "", "http://model.test/v1").unwrap();
        let path: Uri = "/v1/chat?x=1".parse().unwrap();
        let whole = plain.target(&"http://model.test/v1".parse().unwrap(), path.clone());
        assert_eq!(whole, "http://model.test/v1/chat?x=1");
        assert_eq!(plain.header().unwrap().1, "Basic dTpw");
        assert!(!format!("{plain:?}").contains("dTpw"), "{plain:?}");
        let secure = route(proxy, "", "https://model.test/v1").unwrap();
        assert!(matches!(secure, Route::Tunnel(_)));
        assert_eq!(secure.target(&path, path.clone()), path);
        assert!(secure.header().is_none() && secure.proxy().is_none());
        for direct in [
            "http://127.0.0.1:8000",
            "https://localhost",
            "http://[::1]:1",
        ] {
            assert!(
                matches!(route(proxy, "", direct), Ok(Route::Direct)),
                "{direct}"
            );
        }
        let excepted = route(proxy, "model.test", "https://api.model.test");
        assert!(matches!(excepted, Ok(Route::Direct)));
    }

    #[test]
    fn another_kind_of_proxy_is_refused_without_its_password() {
        let refused = route("socks5://u:hush@proxy.test", "", "https://model.test");
        let text = refused.err().unwrap().to_string();
        assert!(
            text.contains("socks5://proxy.test") && !text.contains("hush"),
            "{text}"
        );
    }
}
