//! The log: our own lines only, on standard error, as text or as one JSON object each.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Default, ValueEnum, Debug)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one object a line.
    Json,
}

/// Begins the log. What libraries have to say may hold addresses, and is never shown.
pub fn begin(verbose: bool, format: LogFormat) {
    let filter = EnvFilter::new(if verbose { "off,server=debug" } else { "off,server=info" });
    let lines =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).with_target(false);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).init(),
    }
}
