//! A collector of traces, small enough to see that it is right: it keeps what is posted and answers by a script.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

/// One request that came.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    /// Its first line.
    pub(crate) line: String,
    /// The others, lower case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

/// A collector, for as long as the test runs.
pub(crate) struct Collector {
    address: String,
    scheme: &'static str,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Collector {
    /// Starts one that answers the first requests as the script says, status line and headers and body, and all others
    /// with 200.
    pub(crate) fn start(script: &[&'static str]) -> Collector {
        Collector::start_with(script, None)
    }

    /// Starts one that speaks TLS, with a certificate for its address by an authority of its own, which is returned as PEM.
    pub(crate) fn start_tls() -> (Collector, String) {
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().expect("a key");
        let pem = authority.self_signed(&authority_key).expect("it is signed").pem();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
        let certificate = params.signed_by(&key, &issuer).expect("it is signed");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .expect("the key is that of the certificate");
        (Collector::start_with(&[], Some(Arc::new(config))), pem)
    }

    fn start_with(script: &[&'static str], tls: Option<Arc<ServerConfig>>) -> Collector {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one").to_string();
        let posted = Arc::new(Mutex::new(Vec::new()));
        let (script, into) = (script.to_vec(), posted.clone());
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (script, into, tls) = (script.clone(), into.clone(), tls.clone());
                thread::spawn(move || match tls {
                    None => serve(connection, &script, &into),
                    Some(config) => {
                        let tls = ServerConnection::new(config).expect("the configuration fits");
                        serve(StreamOwned::new(tls, connection), &script, &into);
                    }
                });
            }
        });
        Collector { address, scheme, posted }
    }

    /// What `--endpoint` is told.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// What came so far.
    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.posted.lock().expect("no test thread panics with it").clone()
    }

    /// The spans of all that was taken: the last request and those before that are not the same once more.
    pub(crate) fn spans(&self) -> Vec<Value> {
        let mut bodies: Vec<Value> = Vec::new();
        for posted in self.posted() {
            if !bodies.contains(&posted.body) {
                bodies.push(posted.body);
            }
        }
        bodies.iter().flat_map(spans_of).collect()
    }
}

/// The spans of one request.
fn spans_of(body: &Value) -> Vec<Value> {
    let list = |value: &Value, name: &str| value[name].as_array().expect("a list").clone();
    let scopes = list(body, "resourceSpans").into_iter().flat_map(|it| list(&it, "scopeSpans"));
    scopes.flat_map(|it| list(&it, "spans")).collect()
}

fn serve(connection: impl Read + Write, script: &[&str], into: &Mutex<Vec<Posted>>) {
    let mut reader = BufReader::new(connection);
    while let Some(posted) = read(&mut reader) {
        let count = {
            let mut all = into.lock().expect("no test thread panics with it");
            all.push(posted);
            all.len()
        };
        let answer =
            script.get(count - 1).copied().unwrap_or("200 OK\r\nContent-Length: 2\r\n\r\n{}");
        // The next request comes when this one is answered, so nothing waits in the buffer.
        let writer = reader.get_mut();
        let written = writer.write_all(format!("HTTP/1.1 {answer}").as_bytes());
        if written.and_then(|()| writer.flush()).is_err() {
            return;
        }
    }
}

/// The next request; `None` when there is none.
fn read(reader: &mut impl BufRead) -> Option<Posted> {
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&len| len > 0)?;
        Some(line.trim_end().to_owned())
    };
    let line = next()?;
    let mut headers = Vec::new();
    while let Some(header) = next().filter(|header| !header.is_empty()) {
        let (name, value) = header.split_once(':').expect("a header has a colon");
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").expect("it has a length");
    let mut body = vec![0; length.1.parse().expect("a number")];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).expect("what is posted is JSON");
    Some(Posted { line, headers, body })
}
