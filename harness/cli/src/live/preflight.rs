//! Is anybody there? Asked before anything is paid for.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::config::Experiment;
use crate::failure::Failure;
use crate::plan::Planned;

const PATIENCE: Duration = Duration::from_secs(5);

/// Opens and closes one connection to each backend that is not embedded.
pub(super) async fn reachable(experiment: &Experiment) -> Result<(), Failure> {
    for backend in &experiment.backends {
        let Some(url) = backend.address() else {
            continue;
        };
        // Behind a proxy only the proxy can be reached, and it answers for servers that are away.
        if weighbridge_engine::backend::is_proxied(url) {
            continue;
        }
        let Some((host, port)) = host_and_port(url) else {
            continue;
        };
        let attempt = tokio::time::timeout(PATIENCE, TcpStream::connect((host, port))).await;
        let problem = match attempt {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        return Err(Failure::invalid(format!(
            "backend `{}` cannot be reached at {url}: {problem}",
            backend.name
        ))
        .with_hint("is the server running, and the port right? nothing was spent"));
    }
    Ok(())
}

/// Says which models cannot tell how sure they are to a policy that asks: such a policy sees no
/// confidence and does what it does without any.
pub(super) fn without_confidence(experiment: &Experiment, planned: &[Planned]) -> Vec<String> {
    let asking = planned.iter().filter(|p| p.policy.needs().confidence);
    let asking: Vec<&str> = asking.map(|p| p.entry.name.as_str()).collect();
    if asking.is_empty() {
        return Vec::new();
    }
    let silent = experiment.models.iter().filter_map(|model| {
        let dialect = experiment.backend_of(model)?.dialect();
        (!dialect.has_logprobs()).then(|| {
            format!(
                "model `{}` has no token probabilities (`{}`): {} sees no confidence from it",
                model.name,
                dialect.as_str(),
                asking.join(", ")
            )
        })
    });
    silent.collect()
}

/// Host and port of an `http` or `https` address.
fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let default = if scheme.eq_ignore_ascii_case("https") {
        443
    } else {
        80
    };
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let port = after
            .strip_prefix(':')
            .map_or(Some(default), |p| p.parse().ok())?;
        return Some((host, port));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((authority, default)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(
            host_and_port("http://127.0.0.1:8000/v1"),
            Some(("127.0.0.1", 8000))
        );
        assert_eq!(
            host_and_port("https://api.example.com/v1"),
            Some(("api.example.com", 443))
        );
        assert_eq!(host_and_port("http://[::1]:9/v1"), Some(("::1", 9)));
        assert_eq!(host_and_port("http://u:p@host/v1"), Some(("host", 80)));
        assert_eq!(host_and_port("nonsense"), None);
    }
}
