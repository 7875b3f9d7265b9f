//! Arguments of the verbs about messages and files.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, builder::FalseyValueParser};

use super::time::{parse_count, parse_long};

/// Arguments of `send`.
#[derive(Args, Debug)]
pub struct Send {
    /// Contact, or the address of somebody who becomes one (oub://…)
    pub contact: String,
    /// Text; `-` or a pipe reads stdin. With --file: words that come with it
    pub text: Option<String>,
    /// Send a file, at most 16 MiB; `-` reads stdin to its end
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// What the file is called on the other side (needed for stdin)
    #[arg(long, requires = "file")]
    pub name: Option<String>,
    /// Answer a message: its id, the beginning of it, or `last`
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub reply: Option<String>,
    /// Disappear on both sides after this long (1h, 7d): there from being read. Agreed, not enforceable
    #[arg(long, value_name = "TIME", value_parser = parse_long, conflicts_with = "file")]
    pub expire: Option<Duration>,
    /// Return when the server has stored it, or when a later message shows that the contact's client has it
    #[arg(long, value_enum, default_value = "stored", conflicts_with = "no_queue")]
    pub wait: Wait,
    #[command(flatten)]
    pub how: How,
}

/// How long `send` waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Wait {
    /// Until the server has it on its disk
    Stored,
    /// Until the contact's client has it, within --timeout; else exit 3
    Seen,
}

/// What every sending verb understands.
#[derive(Args, Debug)]
pub struct How {
    /// Exit with code 4 when the relay cannot be reached, instead of 0 with the message queued
    #[arg(long)]
    pub no_queue: bool,
    /// Refuse unless the contact is verified (exit code 6)
    #[arg(long, env = "OUB_REQUIRE_VERIFIED", value_parser = FalseyValueParser::new())]
    pub require_verified: bool,
    /// Same key = same message: safe to retry from cron or CI
    #[arg(long, value_name = "KEY")]
    pub idempotency: Option<String>,
}

/// Arguments of `edit`.
#[derive(Args, Debug)]
pub struct Edit {
    /// Contact
    pub contact: String,
    /// The message: its id, the beginning of it (oub log --ids), or `last`
    pub message: String,
    /// The new words; `-` or a pipe reads stdin
    pub text: Option<String>,
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `take-back`.
#[derive(Args, Debug)]
pub struct TakeBack {
    /// Contact
    pub contact: String,
    /// The message: its id, the beginning of it (oub log --ids), or `last`
    pub message: String,
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `ask`.
#[derive(Args, Debug)]
pub struct Ask {
    /// Contact, or the address of somebody who becomes one (oub://…)
    pub contact: String,
    /// The question; `-` or a pipe reads stdin
    pub text: Option<String>,
    /// What to choose from, with commas between (yes,no)
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub choice: Vec<String>,
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `answer`.
#[derive(Args, Debug)]
pub struct Answer {
    /// Contact
    pub contact: String,
    /// The answer: words, or one of the choices by its words or number; `-` or a pipe reads stdin
    pub text: Option<String>,
    /// Which question, if not the newest that is open: its id or the beginning of it
    #[arg(long, value_name = "ID")]
    pub question: Option<String>,
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `files`.
#[derive(Args, Debug)]
pub struct Files {
    /// Only from this contact
    pub contact: Option<String>,
}

/// Arguments of `save`.
#[derive(Args, Debug)]
pub struct Save {
    /// The file: the id of its message or the beginning of it, as `oub files` shows it
    pub file: String,
    /// Folder, or a new file's name; `-` writes to stdout and keeps the vault's copy
    /// [default: the present folder, on a terminal]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// Arguments of `log`.
#[derive(Args, Debug)]
pub struct Log {
    /// Contact
    #[arg(required_unless_present = "quarantine")]
    pub contact: Option<String>,
    /// List envelopes that could not be opened, of all contacts
    #[arg(long, conflicts_with_all = ["max", "ids", "grep", "html"])]
    pub quarantine: bool,
    /// Only the newest N messages
    #[arg(short = 'n', long, value_name = "N", value_parser = parse_count)]
    pub max: Option<u32>,
    /// Show the ids by which messages are named
    #[arg(long)]
    pub ids: bool,
    /// Only messages with these words in them, in capitals or not
    #[arg(long, value_name = "WORDS")]
    pub grep: Option<String>,
    /// Print the conversation as one page of HTML (and --json as JSON lines)
    #[arg(long, conflicts_with = "ids")]
    pub html: bool,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}
