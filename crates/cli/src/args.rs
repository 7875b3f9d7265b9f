//! The grammar of the command line: each flag once, with its help.

mod said;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use said::{Answer, Ask, Edit, Files, How, Log, Save, Send, Switch, TakeBack, Wait};

const EXAMPLES: &str = "\
Examples
  oub join oub://chat.example.org/i/7F4Q…#FP   create an identity on a server
  oub id --qr                                  show my address to a friend
  oub pair                                     or swap addresses with a spoken code
  oub send bob 'lunch at noon?'                bob may be offline
  oub pull --json | jq -r .text                fetch, decrypt, acknowledge
  oub pull --exec ./handle.sh                  handled only if the hook exits 0
  oub daemon install --now                     receive in the background from each login on
  pg_dump db | oub send bob -f - --name db.sql a file, or what a pipe brings
  oub ask bob 'Deploy 1.4?' --choice yes,no    wait for the answer, print it
  oub chat bob                                 full-screen chat (--plain for a line chat)
  oub config set require-verified true         settle something once; oub config lists all of it

Exit codes  0 done · 1 error · 2 usage · 3 nothing/timeout · 4 temporary, retry
            5 refused (quota, blocked, rate) · 6 IDENTITY NOT AS EXPECTED · 7 local store
More: oub help <command> · oub help json · oub help exit-codes · oub help files · oub help api";

/// Private messages to one person, through a server you own
#[derive(Debug, Parser)]
#[command(
    name = "oub",
    version,
    disable_help_subcommand = true,
    after_help = EXAMPLES,
    max_term_width = 100
)]
pub struct Oub {
    /// What every command understands.
    #[command(flatten)]
    pub global: Global,
    /// The command itself.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Profile to use (one identity per profile)
    #[arg(short = 'P', long, global = true, env = "OUB_PROFILE", default_value = "default")]
    pub profile: String,
    /// Directory holding keys and messages
    #[arg(long, global = true, env = "OUB_HOME")]
    pub home: Option<PathBuf>,
    /// One JSON object per line on stdout (stable, versioned: `oub help json`)
    #[arg(long, global = true, env = "OUB_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
    /// Say less on stderr (repeat: errors only)
    #[arg(short, long, global = true, env = "OUB_QUIET", action = clap::ArgAction::Count)]
    pub quiet: u8,
    /// Say more on stderr; never prints keys or message text
    #[arg(short, long, global = true, env = "OUB_VERBOSE", action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colours
    #[arg(long, global = true, env = "OUB_COLOR", default_value = "auto", value_enum)]
    pub color: Colour,
    /// Never ask anything; fail with a remedy instead
    #[arg(long, global = true, env = "OUB_NO_INPUT", value_parser = FalseyValueParser::new())]
    pub no_input: bool,
    /// Give up after this long (e.g. 30s, 5m) [default: 30s; for an answer: 15m]
    #[arg(long, global = true, env = "OUB_TIMEOUT", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// Language to speak [default: that of the locale, else English]; given here, recovery and safety words too are
    /// in it (English otherwise)
    #[arg(long, global = true, env = "OUB_LANG", value_enum)]
    pub lang: Option<Language>,
    /// Whether the language was given on the command line.
    #[arg(skip)]
    pub lang_is_given: bool,
    /// Read the vault's passphrase from the first line of this file
    #[arg(long, global = true, env = "OUB_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl Global {
    /// The word list to show. Both sides must read the same words, so no locale decides about it.
    pub fn words_language(&self) -> client::Language {
        self.lang.filter(|_| self.lang_is_given).map(Into::into).unwrap_or_default()
    }
}

impl From<Language> for client::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::English,
            Language::Fr => Self::French,
        }
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal that wants it
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The verbs. Verbs may be added; their meaning stays.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create my identity and register it on a server
    Join(Join),
    /// Show my address (text, QR, JSON)
    Id(Id),
    /// Add a contact from an address
    Add(Add),
    /// Swap addresses with someone by a short spoken code (both verified at once)
    Pair(Pair),
    /// Compare safety words with a contact and mark it verified
    Verify(Verify),
    /// Send a message or a file to one contact
    Send(Send),
    /// Fetch, decrypt and acknowledge waiting messages
    Pull(Pull),
    /// Ask one contact a question and wait for the answer (CI, bots, agents)
    Ask(Ask),
    /// Answer a question that was asked with `ask`
    Answer(Answer),
    /// List files that I was sent
    Files(Files),
    /// Save a file that I was sent
    Save(Save),
    /// Replace the words of a message of mine
    Edit(Edit),
    /// Take a message of mine back, here and on the other side
    TakeBack(TakeBack),
    /// List first messages from people I have not accepted
    Requests,
    /// Accept a request and answer it with stamps
    Accept(Accept),
    /// Drop a request; the stranger is not told
    Decline(Decline),
    /// Show the local history of a contact
    Log(Log),
    /// Full-screen chat; --plain is a line chat that works with screen readers
    Chat(Chat),
    /// List, rename, block, remove contacts [alias: contacts]
    #[command(subcommand)]
    Contact(Contact),
    /// List contacts
    #[command(hide = true)]
    Contacts,
    /// Receive in the background (notifications, hooks, local API socket)
    Daemon(Daemon),
    /// Messages not yet accepted by the server
    Outbox,
    /// Back up, restore, renew or rotate my identity
    #[command(subcommand)]
    Identity(Identity),
    /// Read or change settings, and show where each value comes from
    Config(Config),
    /// Check server, clock, keys, store and permissions; print remedies
    Doctor,
    /// Print a script that lets a shell complete verbs, flags and names
    Completions(Completions),
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man(Man),
    /// Print help for a command, or about: json, exit-codes, files, api
    Help(Help),
}

/// Arguments of `join`.
#[derive(Args, Debug)]
pub struct Join {
    /// Invitation (oub://…/i/…), or my own address with --recover
    #[arg(required_unless_present = "invite_file", conflicts_with = "invite_file")]
    pub invitation: Option<String>,
    /// Name to register (default: from the invitation)
    #[arg(long)]
    pub name: Option<String>,
    /// Read the invitation from a file or `-`
    #[arg(long, value_name = "FILE")]
    pub invite_file: Option<PathBuf>,
    /// Take my name back with the 24 recovery words: every key of it was lost
    #[arg(long, conflicts_with_all = ["invite_file", "name"])]
    pub recover: bool,
    /// Read the recovery words from a file or `-` (asked for on a terminal otherwise)
    #[arg(long, value_name = "FILE", requires = "recover")]
    pub words_file: Option<PathBuf>,
    /// How to protect keys at rest: chosen once, never changed silently
    #[arg(long, value_enum, default_value = "auto")]
    pub protect: Protect,
}

/// What wraps the vault's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protect {
    /// The keyring if it answers, else a passphrase (terminal), else refuse with remedies; with
    /// --passphrase-file that passphrase
    Auto,
    /// The keyring of the desktop session, through the program secret-tool
    Keyring,
    /// A passphrase (Argon2id)
    Passphrase,
    /// A key file beside the vault, mode 0600: as safe as the disk
    File,
}

/// Arguments of `id`.
#[derive(Args, Debug)]
pub struct Id {
    /// Show a QR code too
    #[arg(long)]
    pub qr: bool,
}

/// Arguments of `add`.
#[derive(Args, Debug)]
pub struct Add {
    /// Address: oub://host/name#… or name@host; `-` reads it from stdin
    pub address: String,
    /// What I call this contact
    #[arg(long = "as", value_name = "NAME")]
    pub alias: Option<String>,
}

/// Arguments of `pair`.
#[derive(Args, Debug)]
pub struct Pair {
    /// The code that the other person made, as in 7-guitar-volcano; nothing makes one
    #[arg(num_args = 0..=3, conflicts_with_all = ["list", "call_off"])]
    pub code: Vec<String>,
    /// What I call this contact
    #[arg(long = "as", value_name = "NAME", conflicts_with_all = ["list", "call_off"])]
    pub alias: Option<String>,
    /// Do not wait: the next commands go on with it
    #[arg(long)]
    pub no_wait: bool,
    /// List codes that wait for the other side
    #[arg(long, conflicts_with = "call_off")]
    pub list: bool,
    /// Make a code of mine worthless
    #[arg(long, value_name = "NUMBER")]
    pub call_off: Option<u16>,
}

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// Contact
    pub contact: String,
    /// Non-interactive: succeed only if these words (or the 60 digits) match
    #[arg(long)]
    pub words: Option<String>,
    /// Show a QR code with both fingerprints in full
    #[arg(long)]
    pub qr: bool,
    /// Non-interactive: succeed only if this text, scanned from the other side's QR code, matches; `-` reads stdin
    #[arg(long, value_name = "TEXT", conflicts_with = "words")]
    pub code: Option<String>,
}

/// Languages that `oub` speaks, and that have a word list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English
    En,
    /// French
    Fr,
}

/// Arguments of `pull`.
#[derive(Args, Debug)]
pub struct Pull {
    /// Only from this contact
    #[arg(long)]
    pub from: Option<String>,
    /// Keep the connection open and print as they arrive
    #[arg(short, long)]
    pub follow: bool,
    /// Stop after N messages
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max: Option<u32>,
    /// Run a command for each (text on stdin; OUB_FROM, OUB_VERIFIED, OUB_ID, OUB_KIND, with -o OUB_FILE);
    /// handled only if it exits 0
    #[arg(long, value_name = "CMD")]
    pub exec: Option<String>,
    /// Show without marking as handled
    #[arg(long, conflicts_with = "exec")]
    pub peek: bool,
    /// Exit 3 when there was nothing
    #[arg(long)]
    pub exit_code: bool,
    /// Save files here, under harmless names; nothing is overwritten
    #[arg(short, long, value_name = "DIR", conflicts_with = "peek")]
    pub output: Option<PathBuf>,
}

/// Arguments of `accept`.
#[derive(Args, Debug)]
pub struct Accept {
    /// The request's name, as `oub requests` shows it
    pub name: String,
    /// What I call this contact
    #[arg(long = "as", value_name = "NAME")]
    pub alias: Option<String>,
}

/// Arguments of `decline`.
#[derive(Args, Debug)]
pub struct Decline {
    /// The request's name, as `oub requests` shows it
    pub name: String,
}

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

/// Arguments of `chat`.
#[derive(Args, Debug)]
#[command(after_help = crate::chat::keys::as_text())]
pub struct Chat {
    /// Contact whose thread is open at once
    pub contact: Option<String>,
    /// One line after the other, without colour or cursor movement; /help says how it works
    #[arg(long, env = "OUB_PLAIN", value_parser = FalseyValueParser::new())]
    pub plain: bool,
}

/// Arguments of `contact`.
#[derive(Debug, Subcommand)]
pub enum Contact {
    /// List contacts
    List,
    /// Show one contact
    Show {
        /// Contact
        contact: String,
    },
    /// Call a contact something else
    Rename {
        /// Contact
        contact: String,
        /// The new name
        name: String,
    },
    /// Take a contact's changed key without comparing words: `verify` is the safe way
    Trust {
        /// Contact
        contact: String,
    },
    /// Show and send nothing; the contact and the relay are not told
    Block {
        /// Contact
        contact: String,
    },
    /// Undo `block`
    Unblock {
        /// Contact
        contact: String,
    },
    /// Agree after how long what both write disappears; shown to both, enforceable by neither
    Timer {
        /// Contact
        contact: String,
        /// 1h, 7d, or `off`
        #[arg(value_parser = clap::builder::ValueParser::new(said::parse_timer), value_name = "TIME|off")]
        after: Timer,
    },
    /// Tell a contact what was read here, some minutes later; off unless turned on
    Receipts {
        /// Contact
        contact: String,
        /// On or off
        #[arg(value_enum)]
        receipts: Switch,
    },
    /// Forget a contact and erase the history; they are not told, and may ask again
    Remove {
        /// Contact
        contact: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// Arguments of `identity`.
#[derive(Debug, Subcommand)]
pub enum Identity {
    /// Replace my key by a new one that the old one signs; contacts follow, conversations go on
    Rotate,
    /// Write everything that must outlive this device into one encrypted file, and read it back
    Backup {
        /// The new file; nothing is overwritten
        file: PathBuf,
        #[command(flatten)]
        passphrase: BackupPassphrase,
    },
    /// Bring an identity back from such a file into a new profile; contacts are told, conversations go on
    Restore {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        passphrase: BackupPassphrase,
        /// How to protect keys at rest: chosen once, never changed silently
        #[arg(long, value_enum, default_value = "auto")]
        protect: Protect,
        /// Only open the file and check all of it; nothing is changed anywhere
        #[arg(long)]
        verify_only: bool,
    },
    /// Make this copy of my profile the one that counts: fresh keys, contacts are told, other copies refused
    Renew,
}

/// A backup has a passphrase of its own.
#[derive(Args, Debug)]
pub struct BackupPassphrase {
    /// Read the backup's passphrase from the first line of this file (asked for on a terminal otherwise)
    #[arg(long, env = "OUB_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    pub backup_passphrase_file: Option<PathBuf>,
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

/// A time, or none at all; a type of its own, since clap reads `Option` otherwise.
pub type Timer = std::option::Option<Duration>;

/// "30s", "5m", "1h30m": a time a person would write, bounded to a week.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    parse_within(text, Duration::from_millis(1), 7)
}

/// The same in days too, of whole seconds, bounded to a year.
fn parse_long(text: &str) -> Result<Duration, String> {
    parse_within(text, Duration::from_secs(1), 366)
}

fn parse_within(text: &str, least: Duration, days: u64) -> Result<Duration, String> {
    let wrong = || crate::messages::problems::write_a_time().to_owned();
    let whole_days = text.strip_suffix('d').and_then(|number| number.parse::<u64>().ok());
    let time = match whole_days {
        Some(number) => Duration::from_secs(number.checked_mul(86_400).ok_or_else(wrong)?),
        None => {
            let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
            Duration::try_from(parsed).map_err(|_| wrong())?
        }
    };
    let bounds = least..=Duration::from_secs(days * 86_400);
    if bounds.contains(&time) { Ok(time) } else { Err(wrong()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_grammar_is_consistent() {
        Oub::command().debug_assert();
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(parse_duration("30s").unwrap().as_secs(), 30);
        assert_eq!(parse_duration("5m").unwrap().as_secs(), 300);
        assert_eq!(parse_duration("1h30m").unwrap().as_secs(), 5400);
        for wrong in ["", "30", "-5s", "soon", "0s", "100000h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_verb_reads_its_arguments() {
        for line in [
            "oub join oub://h/i/X#Y --name a --protect file",
            "oub --json -P two id --qr",
            "oub id --json",
            "oub add alice@h --as al",
            "oub verify bob --words x --lang fr",
            "oub send bob - --no-queue --require-verified --idempotency k",
            "oub pull --from bob -f -n 3 --exit-code --exec true",
            "oub pull --peek",
            "oub requests",
            "oub accept bob",
            "oub log bob",
            "oub log --quarantine",
            "oub chat",
            "oub chat bob --plain",
            "oub verify bob --qr",
            "oub verify bob --code -",
            "oub contact list",
            "oub contact trust bob",
            "oub contact remove bob --yes",
            "oub contacts",
            "oub outbox",
            "oub daemon",
            "oub daemon --notify name --exec true",
            "oub daemon run --exec true --exec-timeout 5m",
            "oub daemon install --print",
            "oub daemon install --now --notify none",
            "oub daemon status",
            "oub identity rotate",
            "oub identity renew",
            "oub identity backup f",
            "oub identity restore f --protect file --backup-passphrase-file p",
            "oub identity restore f --verify-only",
            "oub join oub://h/alice#A.B --recover --words-file -",
            "oub send bob -f report.pdf look --no-queue",
            "oub send bob -f - --name db.sql",
            "oub send bob hi --reply last --expire 7d --wait seen --timeout 1h",
            "oub ask bob ready? --choice yes,no --timeout 15m --require-verified",
            "oub answer bob yes --question 01ab",
            "oub files bob",
            "oub save 01ab -o -",
            "oub pull -o in",
            "oub edit bob last new",
            "oub take-back bob 01ab",
            "oub contact timer bob 1d",
            "oub contact timer bob off",
            "oub contact receipts bob on",
            "oub log bob --ids --grep key",
            "oub log bob --html",
            "oub doctor",
            "oub config --origin",
            "oub config get timeout",
            "oub config set daemon.exec -x",
            "oub config unset profiles.work.timeout",
            "oub completions bash",
            "oub help json",
        ] {
            assert!(Oub::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for line in [
            "oub pull --peek --exec true",
            "oub pull -n 0",
            "oub join",
            "oub nonsense",
            "oub send",
            "oub log",
            "oub verify b --words x --code y",
            "oub daemon install --now --print",
            "oub send b x --name n",
            "oub send b -f x --expire 1h",
            "oub send b x --expire 400d",
            "oub pull --peek -o in",
            "oub contact timer b soon",
        ] {
            assert!(Oub::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
