use std::sync::Arc;

use shellac_config::Config;

use super::*;

fn config(routes: &str) -> Arc<Config> {
    let text = format!(
        "[[listen]]\naddress = '127.0.0.1:0'\n[[backend]]\nname = 'b'\naddress = '127.0.0.1:1'\n{routes}"
    );
    Arc::new(Config::parse(&text, "f").unwrap_or_else(|errors| panic!("{errors}")))
}

fn ask(config: &Config, method: &str, target: &str, host: &str) -> (usize, Verdict) {
    let mut head =
        RequestHead { method: method.to_owned(), target: target.to_owned(), ..Default::default() };
    head.headers.push("Host", host);
    let Found { at, verdict, .. } = route(config, &head);
    (at, verdict)
}

#[test]
fn host_then_path_then_method() {
    let config = config(
        "[[route]]\n[[route]]\nmethods = ['POST', 'PUT']\n[[route]]\npath = '/a'\n\
         [[route]]\npath = '/a'\nmethods = ['DELETE']\naction = 'deny'\n\
         [[route]]\nhost = 'x.org'\nmethods = ['GET']\n",
    );
    let fits = |at| (at, Verdict::Fits);
    assert_eq!(ask(&config, "GET", "/", "y.org"), fits(0));
    assert_eq!(ask(&config, "POST", "/", "y.org"), fits(1));
    assert_eq!(ask(&config, "POST", "/a", "y.org"), fits(2), "the path goes before the method");
    assert_eq!(ask(&config, "DELETE", "/a/b", "y.org:80"), fits(3));
    assert_eq!(ask(&config, "GET", "/a", "X.ORG:80"), fits(4), "the host goes before the path");
    assert_eq!(ask(&config, "PUT", "/", "x.org"), fits(1));
}

#[test]
fn what_no_route_is_for() {
    let one = config("[[route]]\nmethods = ['GET']\naction = 'pipe'\n");
    assert_eq!(ask(&one, "GET", "/", "a"), (0, Verdict::Fits));
    assert_eq!(ask(&one, "POST", "/", "a"), (0, Verdict::Refused(405, "Method Not Allowed")));
    let other = config("[[route]]\npath = '/p'\naction = 'pipe'\n");
    assert_eq!(ask(&other, "GET", "/", "a"), (0, Verdict::Refused(404, "Not Found")));
    let passing = config(
        "[[route]]\npath = '/p'\naction = 'pipe'\n[[route]]\npath = '/q'\nupgrade = ['websocket']\n",
    );
    assert_eq!(ask(&passing, "GET", "/", "a"), (1, Verdict::Takes));
}

#[test]
fn connect_needs_a_route_of_its_own() {
    let none = config("[[route]]\n[[route]]\npath = '/p'\naction = 'pipe'\n");
    let refused = Verdict::Refused(501, "Not Implemented");
    assert_eq!(ask(&none, "CONNECT", "a:443", "a:443"), (0, refused));
    let some = config("[[route]]\nhost = 'a'\nmethods = ['CONNECT']\naction = 'pipe'\n");
    assert_eq!(ask(&some, "CONNECT", "a:443", "b"), (0, Verdict::Fits), "where it goes counts");
    assert_eq!(ask(&some, "CONNECT", "b:443", "a"), (0, refused));
    assert_eq!(ask(&some, "GET", "/", "a"), (0, Verdict::Refused(404, "Not Found")));
}
