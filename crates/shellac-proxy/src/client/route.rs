//! Which route a request takes.

use shellac_config::{Action, Config, Route};
use shellac_http1::{Known, RequestHead};

/// The route of a request.
#[derive(Debug)]
pub(super) struct Found<'c> {
    /// Its position.
    pub(super) at: usize,
    pub(super) route: &'c Route,
    pub(super) verdict: Verdict,
}

/// How a route and a request go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is for such requests.
    Fits,
    /// None is, and this one passes on whatever comes.
    Takes,
    /// None is: the request is refused, with this status and phrase.
    Refused(u16, &'static str),
}

/// The route of a request: the exact host first, then the longest prefix of the path, then one that names the method.
pub(super) fn route<'c>(config: &'c Config, head: &RequestHead) -> Found<'c> {
    let is_connect = head.method == "CONNECT";
    let host = if config.routes.iter().all(|route| route.host.is_none()) {
        // Nobody asks.
        b""
    } else if is_connect {
        head.target.as_bytes()
    } else {
        head.headers.get(Known::Host).unwrap_or_default()
    };
    let host = match host.iter().rposition(|&byte| byte == b':') {
        Some(colon) if !host[colon..].contains(&b']') => &host[..colon],
        _ => host,
    };
    let is_there = |route: &Route| {
        let by_host =
            route.host.as_ref().is_none_or(|wanted| wanted.as_bytes().eq_ignore_ascii_case(host));
        by_host && (head.target.starts_with(&route.path) || route.path == "/")
    };
    // A tunnel to anywhere is nothing to be had by not mentioning it.
    let takes = |route: &Route| {
        (route.methods.is_empty() && !is_connect) || route.methods.contains(&head.method)
    };
    let routes = || config.routes.iter().enumerate();
    let rank = |&(_, route): &(usize, &Route)| {
        (route.host.is_some(), route.path.len(), !route.methods.is_empty())
    };
    let fits = |&(_, route): &(usize, &Route)| is_there(route) && takes(route);
    if let Some((at, route)) = routes().filter(fits).max_by_key(rank) {
        return Found { at, route, verdict: Verdict::Fits };
    }
    let refused = |status, reason| {
        let verdict = Verdict::Refused(status, reason);
        // A configuration has at least one route.
        Found { at: 0, route: &config.routes[0], verdict }
    };
    if is_connect {
        return refused(501, "Not Implemented");
    }
    // Somebody thought of the place, but not of this method.
    if routes().any(|(_, route)| is_there(route) && !route.methods.contains(&"CONNECT".to_owned()))
    {
        return refused(405, "Method Not Allowed");
    }
    let passes =
        |(_, route): &(usize, &Route)| route.action == Action::Pass && route.methods.is_empty();
    match routes().find(passes) {
        // One that fits no request at all still gets a pool.
        Some((at, route)) => Found { at, route, verdict: Verdict::Takes },
        None => refused(404, "Not Found"),
    }
}

#[cfg(test)]
mod tests;
