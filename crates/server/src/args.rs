//! The command line of `oublietted`: each flag once, its name, its help, its variable.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use wire::{HostPort, Name};

use crate::backup::secret::SecretFlags;
use crate::config::endpoint;
use crate::log::LogFormat;

/// The whole command line.
#[derive(Parser, Debug)]
#[command(
    name = "oublietted",
    version,
    about = "Keeps sealed messages until their reader collects them",
    max_term_width = 100,
    after_help = "Examples
  oublietted serve                            run here, port 24268
  oublietted serve --ephemeral                a throw-away server with two invitations
  oublietted invite alice                     let one person in
  oublietted status --json                    how it goes, in numbers
  oublietted backup /mnt/oub-2026-12-01       everything, in one sealed file

Exit codes  0 done · 1 error · 2 usage · 4 temporary, retry · 5 refused
            6 IDENTITY NOT AS EXPECTED · 7 data folder, backup
More: oublietted help COMMAND"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Settings that several commands share.
    #[command(flatten)]
    pub common: Common,
}

/// Flags of every command.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Common {
    /// Folder with keys and envelopes [default: /var/lib/oubliette for root and the server's user,
    /// ~/.local/share/oublietted for others]
    #[arg(long, global = true, env = "OUBLIETTED_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration file (TOML; unknown keys are an error) [default: /etc/oubliette/oublietted.toml, if there is one]
    #[arg(short, long, global = true, env = "OUBLIETTED_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One JSON object per line on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more on stderr; never names, ids or addresses of people
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// How log lines look
    #[arg(
        long,
        global = true,
        env = "OUBLIETTED_LOG_FORMAT",
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
}

/// The verbs.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the server
    Serve(Serve),
    /// Print an invitation for one person; list or revoke those that are out
    Invite(Invite),
    /// List, show, suspend or resume names
    #[command(after_help = OF_NAME)]
    Name {
        /// Which.
        #[command(subcommand)]
        verb: NameVerb,
    },
    /// Show who this server is; take its root key off this machine, and bring it back
    #[command(after_help = OF_IDENTITY)]
    Identity {
        /// Which.
        #[command(subcommand)]
        verb: IdentityVerb,
    },
    /// Show uptime, totals without names, and days left on certificates
    Status,
    /// Exit 0 if the server is serving, 4 if it is not
    Health,
    /// Make what was acked or expired leave the disk now (it happens every hour by itself)
    Forget,
    /// Look thoroughly at configuration and data folder, whether the server runs or not
    Check {
        /// As   serve   takes them.
        #[command(flatten)]
        settings: SettingFlags,
    },
    /// Print every setting as it is used, in the form of the configuration file
    Config {
        /// And where each value comes from: flag, variable, file, or built in
        #[arg(long)]
        origin: bool,
        /// As   serve   takes them.
        #[command(flatten)]
        settings: SettingFlags,
    },
    /// Measure for some seconds how fast the disk syncs, and whether it can be believed
    Bench,
    /// Seal everything into one file and read it back; a running server goes on
    Backup(Backup),
    /// Put a backup into an empty data folder, or only verify it
    Restore(Restore),
    /// Save what a damaged data folder still holds into a new one; the damaged one is only read (stop the server first)
    #[command(after_help = OF_REPAIR)]
    Repair {
        /// The new folder
        #[arg(value_name = "NEWDIR")]
        into: PathBuf,
    },
    /// Make a key file for backups by cron, in place of a passphrase
    BackupKey {
        /// The new file
        file: PathBuf,
    },
    /// Print a script that lets a shell complete verbs and flags
    #[command(after_help = OF_COMPLETIONS)]
    Completions {
        /// The shell that shall complete
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man {
        /// The folder
        folder: PathBuf,
    },
}

/// `backup`.
#[derive(Args, Clone, Debug)]
#[command(after_help = OF_BACKUP)]
pub struct Backup {
    /// The new file; a backup goes over no other
    #[arg(required_unless_present = "stdout", conflicts_with = "stdout")]
    pub file: Option<PathBuf>,
    /// Write to a pipe instead; nobody reads it back
    #[arg(long)]
    pub stdout: bool,
    /// Leave root.key out: you keep it elsewhere
    #[arg(long)]
    pub without_root_key: bool,
    /// By what it will be opened.
    #[command(flatten)]
    pub secret: SecretFlags,
}

/// `restore`.
#[derive(Args, Clone, Debug)]
#[command(after_help = OF_RESTORE)]
pub struct Restore {
    /// The backup
    pub file: PathBuf,
    /// Read all of it, and change nothing
    #[arg(long)]
    pub verify_only: bool,
    /// By what it is opened.
    #[command(flatten)]
    pub secret: SecretFlags,
}

/// `serve`.
#[derive(Args, Clone, Debug)]
#[command(after_help = OF_SERVE)]
pub struct Serve {
    /// What it serves with.
    #[command(flatten)]
    pub settings: SettingFlags,
    /// Temporary folder, free port, two invitations on stdout, nothing left at the end
    #[arg(long)]
    pub ephemeral: bool,
}

/// Settings of `serve` that have a flag; `check` and `config` take them too.
#[derive(Args, Clone, Default, Debug)]
pub struct SettingFlags {
    /// Where to listen, such as 127.0.0.1:24268; may be given several times [default: everywhere, port 24268]
    #[arg(long, env = "OUBLIETTED_LISTEN", value_name = "ADDR", value_delimiter = ',', value_parser = endpoint)]
    pub listen: Vec<SocketAddr>,
    /// Name or address under which people reach this server: what invitations print [default: this machine's address]
    #[arg(long, env = "OUBLIETTED_PUBLIC_HOST", value_name = "HOST[:PORT]", value_parser = host_port)]
    pub public_host: Option<HostPort>,
    /// Let everybody register, without invitations
    #[arg(long)]
    pub open: bool,
    /// Connections served at once [default: 4096]
    #[arg(long, env = "OUBLIETTED_CONNECTIONS_MAX", value_name = "N")]
    pub connections_max: Option<usize>,
    /// Serve metrics for Prometheus there, such as 127.0.0.1:9268 [default: nowhere]
    #[arg(long, env = "OUBLIETTED_METRICS_LISTEN", value_name = "ADDR", value_parser = endpoint)]
    pub metrics_listen: Option<SocketAddr>,
}

/// `invite`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = OF_INVITE)]
pub struct Invite {
    /// Of those that are out.
    #[command(subcommand)]
    pub verb: Option<InviteVerb>,
    /// The name that the invitation is for
    #[arg(value_parser = name, required = true)]
    pub name: Option<Name>,
    /// How long it is valid: 30m, 12h, 7d; at most 365d
    #[arg(long, default_value = "7d", value_parser = seconds, value_name = "TIME")]
    pub expires: u64,
    /// Show a QR code too
    #[arg(long)]
    pub qr: bool,
}

/// `invite list`, `invite revoke`.
#[derive(Subcommand, Clone, Debug)]
pub enum InviteVerb {
    /// List the invitations that are out, without their codes
    List {
        /// Only those for this name
        #[arg(long, value_parser = name)]
        name: Option<Name>,
    },
    /// Make invitations void
    Revoke {
        /// The invitation, as   oublietted invite list   shows it
        #[arg(required_unless_present = "name", conflicts_with = "name")]
        id: Option<String>,
        /// All those for this name
        #[arg(long, value_parser = name)]
        name: Option<Name>,
    },
}

/// `name …`.
#[derive(Subcommand, Clone, Debug)]
pub enum NameVerb {
    /// List every name, in no order that means anything
    List,
    /// Show whether one name is registered or suspended, and its identity
    Show {
        /// The name
        #[arg(value_parser = name)]
        name: Name,
    },
    /// Let nobody new write to a name from now on
    Suspend {
        /// The name
        #[arg(value_parser = name)]
        name: Name,
    },
    /// End the suspension of a name
    Resume {
        /// The name
        #[arg(value_parser = name)]
        name: Name,
    },
}

/// `identity …`.
#[derive(Subcommand, Clone, Debug)]
pub enum IdentityVerb {
    /// Show the server's fingerprint, how long its certificate authority stands, and where the root key is
    Show,
    /// Copy the root key into a new file and read it back
    ExportRoot {
        /// The new file, best on a medium that leaves this machine; one that holds this key already will do
        file: PathBuf,
        /// And take it off this machine
        #[arg(long)]
        remove: bool,
    },
    /// Put the root key back; if it is time, the certificate authority is renewed with it at once
    ImportRoot {
        /// As   export-root   made it
        file: PathBuf,
    },
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text)
        .map_err(|_| "a name is 2 to 32 of a-z 0-9 . _ - and begins with a letter or digit".to_owned())
}

fn host_port(text: &str) -> Result<HostPort, String> {
    HostPort::parse(text).map_err(|error| error.to_string())
}

/// Longest life of an invitation.
const EXPIRES_S_MAX: u64 = 365 * 86_400;

fn seconds(text: &str) -> Result<u64, String> {
    const FORM: &str = "write a number and a unit: 30m, 12h, 7d (at most 365d)";
    let unit = text.chars().last().ok_or(FORM)?;
    let scale = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(FORM.to_owned()),
    };
    let count: u64 = text.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| FORM)?;
    count
        .checked_mul(scale)
        .filter(|total| (1..=EXPIRES_S_MAX).contains(total))
        .ok_or_else(|| FORM.to_owned())
}

const OF_SERVE: &str = "Examples
  oublietted serve --public-host relay.example.org      what invitations then print
  oublietted serve --data relay                         in a folder of one's own
  oublietted serve --ephemeral

Settings without a flag stand in the configuration file. All with their values:   oublietted config";
const OF_INVITE: &str = "Examples
  oublietted invite alice --expires 12h --qr
  oublietted invite list                                who has not come yet
  oublietted invite revoke --name alice";
const OF_NAME: &str = "Examples
  oublietted name list
  oublietted name suspend alice";
const OF_IDENTITY: &str = "Examples
  oublietted identity show
  oublietted identity export-root /media/usb/root.key --remove
  oublietted identity import-root /media/usb/root.key   once a year, when   oublietted check   asks for it";
const OF_BACKUP: &str = "Examples
  oublietted backup monday.backup                       asks for a passphrase
  oublietted backup-key backup.key                      once; keep a copy elsewhere
  oublietted backup monday.backup --key-file backup.key --no-input
  oublietted backup --stdout --key-file backup.key | ssh box 'cat > monday.backup'";
const OF_RESTORE: &str = "Examples
  oublietted restore monday.backup --verify-only        is it whole?
  oublietted restore monday.backup --data relay

Run it as the server's user, or give the folder to that user afterwards (chown -R).";
const OF_REPAIR: &str = "Examples
  oublietted repair saved
  oublietted check --data saved                         then use it in place of the damaged one";
const OF_COMPLETIONS: &str = "Examples
  source <(oublietted completions bash)                 in ~/.bashrc
  source <(oublietted completions zsh)                  in ~/.zshrc, after compinit
  oublietted completions fish > ~/.config/fish/completions/oublietted.fish";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// The commands among the examples of a help, without what is said beside them or done with what they print.
    fn examples(help: &str) -> Vec<&str> {
        let lines = help.lines().filter_map(|line| line.strip_prefix("  "));
        let commands = lines.filter_map(|line| line.find("oublietted ").and_then(|begin| line.get(begin..)));
        commands.filter_map(|line| line.split("  ").next()?.split([')', '|', '>']).next()).collect()
    }

    #[test]
    fn every_example_of_a_help_is_understood() {
        fn walk(command: &clap::Command, found: &mut usize) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in examples(&help) {
                let read = Cli::try_parse_from(line.split_whitespace());
                assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
                *found += 1;
            }
            command.get_subcommands().for_each(|verb| walk(verb, found));
        }
        let mut found = 0;
        walk(&Cli::command(), &mut found);
        assert!(found > 20, "{found}");
    }

    #[test]
    fn times_have_a_unit_and_a_bound() {
        assert_eq!(seconds("7d").unwrap(), 604_800);
        assert_eq!(seconds("30m").unwrap(), 1_800);
        for wrong in ["", "7", "d", "-1d", "0h", "366d", "99999999999999999999d", "7é", "é"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
