//! Arguments of the verbs about this machine: the daemon, settings, help.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::parse_duration;

/// Arguments of `daemon`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Daemon {
    /// What to do; to run it when nothing is said.
    #[command(subcommand)]
    pub verb: Option<DaemonVerb>,
    /// How to run.
    #[command(flatten)]
    pub run: DaemonRun,
}

/// What a daemon does with what comes.
#[derive(Args, Clone, Debug)]
pub struct DaemonRun {
    /// What a desktop notification says of new messages
    #[arg(long, value_enum, default_value = "count")]
    pub notify: Notify,
    /// Run a command for each message, as `pull --exec` does; tried again until it exits 0
    #[arg(long, value_name = "CMD")]
    pub exec: Option<String>,
    /// End a command that runs longer than this
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    pub exec_timeout: std::time::Duration,
}

/// What a desktop notification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Notify {
    /// How many; no name, no text
    Count,
    /// How many, and from whom
    Name,
    /// Nothing
    None,
}

/// The verbs of `daemon`.
#[derive(Debug, Subcommand)]
pub enum DaemonVerb {
    /// Run in the foreground (so does `oub daemon` alone)
    Run(DaemonRun),
    /// Write a systemd user unit that runs it at login
    Install {
        #[command(flatten)]
        run: DaemonRun,
        /// Start it now, too
        #[arg(long, conflicts_with = "print")]
        now: bool,
        /// Only show the unit
        #[arg(long)]
        print: bool,
    },
    /// Stop it and remove that unit
    Uninstall,
    /// Say whether one runs, and how it is (exit 3 when none does)
    Status,
    /// End the one that runs; what it received is kept
    Stop,
}

/// Arguments of `config`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Config {
    /// What to do; to list all settings when nothing is said.
    #[command(subcommand)]
    pub verb: Option<ConfigVerb>,
    /// Show where each value comes from: flag, variable, line of the file, or built in
    #[arg(long)]
    pub origin: bool,
}

/// The verbs of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Print the value of one setting
    Get {
        /// The setting, as `oub config` lists it
        key: String,
    },
    /// Write a value into the configuration file
    Set {
        /// The setting; profiles.NAME.SETTING is for one profile
        key: String,
        /// The value
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Take a setting out of the configuration file
    Unset {
        /// The setting
        key: String,
    },
}

/// The verbs of `ledger`.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Say how it stands with the public logs that I know of; asks nobody
    Status,
    /// Fetch what is new in the logs of my server and of every contact's, and check it
    Sync,
    /// Check all of them again from the first entry, and my contacts' keys against them; asks nobody
    Audit,
    /// Check a proof that a server signed two histories; needs no identity
    VerifyFraud {
        /// The proof
        file: PathBuf,
    },
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell that shall complete
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Args, Debug)]
pub struct Man {
    /// The folder
    pub folder: PathBuf,
}

/// Arguments of `help`.
#[derive(Args, Debug)]
pub struct Help {
    /// A command, or: json, exit-codes, files, api
    pub topic: Vec<String>,
}
