//! From the command line and the configuration file to the manager's settings.

use std::path::Path;

use anyhow::{Context, bail};
use shellac_config::{Config, Effective, NodeMap, ParseOptions, decode};
use shellac_manager::Settings;

use super::{Args, place};

/// Reads the file and fills in what it leaves to this machine; every value with its origin is beside.
///
/// The text of an error is what the user is to see, mistakes in the file one on a line.
pub(crate) fn read(file: &Path, args: &Args) -> anyhow::Result<(Settings, Effective)> {
    let config_name = file.display().to_string();
    let config_text = match std::fs::read(file) {
        Ok(bytes) => decode(bytes, &config_name)?,
        Err(error) => bail!("{config_name}: cannot read the configuration: {error}"),
    };
    let options = ParseOptions { allow_small: args.small_log };
    let (config, mut effective) = Config::parse_effective(&config_text, &config_name, options)?;
    shellac_proxy::check_certificates(&config, &config_name)?;
    node_map(&args.node_map)?;
    let named = match (&args.name, &config.workdir) {
        (Some(name), _) => Some(name.clone()),
        (None, Some(workdir)) => Some(workdir.to_str().context("workdir is not UTF-8")?.to_owned()),
        (None, None) => None,
    };
    let xdg_runtime_dir = std::env::var("XDG_RUNTIME_DIR").ok();
    let is_root = rustix::process::geteuid().is_root();
    let workdir = place::workdir(named.as_deref(), is_root, xdg_runtime_dir.as_deref())?;
    let workdir_text = workdir.to_str().context("workdir is not UTF-8")?;
    match (&args.name, &config.workdir) {
        (Some(_), _) => effective.set_text("workdir", workdir_text, "-n on the command line"),
        (None, Some(_)) => {}
        (None, None) => effective.set_text("workdir", workdir_text, "default of this user"),
    }
    let instance = config.instance.clone().unwrap_or_else(|| {
        let name = host_name();
        effective.set_text("instance", &name, "name of this machine");
        name
    });
    let threads = config.threads.unwrap_or_else(|| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        effective.set_number("threads", cores, "cores of this machine");
        cores
    });
    let settings = Settings {
        config,
        config_text,
        config_name,
        allow_small: args.small_log,
        node_map: args.node_map.clone(),
        workdir,
        instance,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        threads,
        pid_files: args.pid_file.clone(),
    };
    Ok((settings, effective))
}

/// The map that the command line gives.
pub(crate) fn node_map(rows: &[String]) -> anyhow::Result<NodeMap> {
    let mut map = NodeMap::default();
    for row in rows {
        map.add(row).map_err(|reason| anyhow::anyhow!("--node-map: {reason}"))?;
    }
    Ok(map)
}

/// What `--check` says about a configuration that is right.
pub(crate) fn summary(settings: &Settings) -> String {
    let config = &settings.config;
    let names = |names: Vec<&str>| names.join(", ");
    format!(
        "{}: good: listens on {}; backends {}; pools {}; {} routes; log of {} ({}) in {}",
        settings.config_name,
        config
            .listen
            .iter()
            .map(|listen| listen.address.to_string())
            .collect::<Vec<_>>()
            .join(", "),
        names(config.backends.iter().map(|backend| backend.name.as_str()).collect()),
        names(config.pools.iter().map(|pool| pool.name.as_str()).collect()),
        config.routes.len(),
        size_text(config.log.size_bytes),
        config.log.dialect.as_str(),
        settings.workdir.display(),
    )
}

/// A size in the largest unit that it is a whole number of.
pub(crate) fn size_text(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{}G", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}M", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{}K", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}
