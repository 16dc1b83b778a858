//! What the options stand for.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use shellac_log::Grouping;
use shellac_render::redact::Redaction;
use ureq::tls::TlsConfig;

use super::{Args, tls};
use crate::reading::settings::{Builder, From, Manner, Reading};

/// A checked command line.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) reading: Reading,
    pub(super) url: String,
    /// Where the URL is https.
    pub(super) tls: Option<TlsConfig>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) service: String,
    /// Failing groups in a second of the log.
    pub(super) max_failing: u32,
    /// Of the others.
    pub(super) sample: f64,
    pub(super) give_up: Duration,
    pub(super) redaction: Redaction,
}

/// Where the path is not said.
const PATH: &str = "/v1/traces";
const HTTP: &str = "http://";
const HTTPS: &str = "https://";
const DEFAULT_MAX_FAILING: u32 = 100;
const DEFAULT_GIVE_UP: Duration = Duration::from_secs(60);

impl Settings {
    /// Checks what clap cannot.
    pub(super) fn of(args: &Args) -> anyhow::Result<Settings> {
        let mut builder = Builder::new(Manner::Own);
        builder.grouping = Grouping::Request;
        args.given().iter().try_for_each(|given| builder.take(given))?;
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut endpoint = variable("OTEL_EXPORTER_OTLP_ENDPOINT");
        let mut headers = variable("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
        let mut service = variable("OTEL_SERVICE_NAME");
        let (mut max_failing, mut sample) = (DEFAULT_MAX_FAILING, 0.0);
        let mut give_up = DEFAULT_GIVE_UP;
        let mut ca = variable("OTEL_EXPORTER_OTLP_CERTIFICATE");
        let mut more_headers = Vec::new();
        let (mut names, mut parameters, mut is_redacted) = (String::new(), false, true);
        for (name, value) in args.own() {
            match *name {
                "endpoint" => endpoint = Some(value.clone()),
                "ca" => ca = Some(value.clone()),
                "header" => more_headers.push(pair(value)?),
                "headers" => headers.clone_from(value),
                "service" => service = Some(value.clone()),
                "max-failing" => {
                    max_failing = value.parse().with_context(|| {
                        format!("--max-failing: {value:?} is no number of groups")
                    })?;
                }
                "sample" => sample = share(value)?,
                "give-up" => give_up = seconds(value)?,
                "redact" => names.clone_from(value),
                "redact-query" => parameters = true,
                "no-redact" => is_redacted = false,
                _ => builder.take_own(name, value)?,
            }
        }
        if !matches!(builder.grouping, Grouping::Request | Grouping::Session) {
            bail!("-g: a trace is a request or a session");
        }
        let redaction = if is_redacted {
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            Redaction::default().with_names(names).with_parameters(parameters)
        } else {
            Redaction::none()
        };
        let url = url(endpoint.as_deref().unwrap_or("http://127.0.0.1:4318"))?;
        let is_tls = url.starts_with(HTTPS);
        let tls = is_tls.then(|| tls::config(ca.as_deref().map(Path::new))).transpose()?;
        let mut headers = pairs(&headers)?;
        headers.append(&mut more_headers);
        Ok(Settings {
            reading: builder.finish()?,
            url,
            tls,
            headers,
            service: service.unwrap_or_else(|| "shellac".to_owned()),
            max_failing,
            sample,
            give_up,
            redaction,
        })
    }

    /// Whether what is read goes on whether we are ready or not.
    pub(super) const fn is_live(&self) -> bool {
        matches!(self.reading.from, From::Live { dump: false, .. })
    }
}

/// The URL to send to.
fn url(endpoint: &str) -> anyhow::Result<String> {
    let Some(scheme) = [HTTP, HTTPS].into_iter().find(|scheme| endpoint.starts_with(scheme)) else {
        bail!("--endpoint: {endpoint:?} does not begin with {HTTP} or {HTTPS}");
    };
    let rest = &endpoint[scheme.len()..];
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if host.is_empty() {
        bail!("--endpoint: {endpoint:?} names no host");
    }
    Ok(match path.trim_end_matches('/') {
        "" => format!("{scheme}{host}{PATH}"),
        path => format!("{scheme}{host}{path}"),
    })
}

/// A header as it is written in HTTP.
fn pair(text: &str) -> anyhow::Result<(String, String)> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        // It may be a secret: not all of it is shown.
        _ => bail!("--header: expected NAME: VALUE"),
    }
}

fn pairs(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            // It may be a secret: not all of it is shown.
            _ => bail!("--headers: expected NAME=VALUE, with commas between several"),
        })
        .collect()
}

fn share(text: &str) -> anyhow::Result<f64> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => bail!("--sample: {text:?} is no share; write a number from 0 to 1"),
    }
}

fn seconds(text: &str) -> anyhow::Result<Duration> {
    let seconds = text.parse().ok().and_then(|it| Duration::try_from_secs_f64(it).ok());
    seconds.with_context(|| format!("--give-up: {text:?} is no number of seconds"))
}

#[cfg(test)]
mod tests;
