//! The grammar of the command line: each flag once, with its help.

pub mod examples;
mod machine;
mod people;
mod route;
mod said;
mod time;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use machine::{
    Completions, Config, ConfigVerb, Daemon, DaemonRun, DaemonVerb, Help, Ledger, Man, Notify,
};
pub use people::{
    Accept, Add, BackupPassphrase, Contact, Decline, Id, Identity, Join, Pair, Protect, Verify,
};
pub use route::{Route, parse_route, without_credentials};
pub use said::{Answer, Ask, Edit, Files, How, Log, Save, Send, Switch, TakeBack, Wait};
use time::parse_count;
pub use time::parse_duration;

/// What stands below the help of `oub`.
pub const EXAMPLES: &str = "\
Examples
  oub join oub://chat.example.org/i/7F4Q…#FP    create an identity on a server
  oub id --qr                                   show my address to a friend
  oub pair                                      or swap addresses with a spoken code
  oub send bob 'lunch at noon?'                 bob may be offline
  oub pull --json | jq -r .text                 fetch, decrypt, acknowledge
  oub pull --exec ./handle.sh                   handled only if the hook exits 0
  oub daemon install --now                      receive in the background from each login on
  pg_dump db | oub send bob -f - --name db.sql  a file, or what a pipe brings
  oub ask bob 'Deploy 1.4?' --choice yes,no     wait for the answer, print it
  oub chat bob                                  full-screen chat (--plain for a line chat)
  oub config set require-verified true          settle something once; oub config lists all of it

Exit codes  0 done · 1 error · 2 usage · 3 nothing/timeout · 4 temporary, retry
            5 refused (invitation, name, blocked, full) · 6 IDENTITY NOT AS EXPECTED · 7 local store
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
    /// Colours, and bars that show how far something is
    #[arg(long, global = true, env = "OUB_COLOR", default_value = "auto", value_enum)]
    pub color: Colour,
    /// Never ask anything; fail with a remedy instead
    #[arg(long, global = true, env = "OUB_NO_INPUT", value_parser = FalseyValueParser::new())]
    pub no_input: bool,
    /// Give up after this long (e.g. 30s, 5m) [default: 30s; for an answer: 15m]
    #[arg(long, global = true, env = "OUB_TIMEOUT", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// Reach every server through this SOCKS5 proxy, like Tor's socks5://127.0.0.1:9050; none: go straight
    #[arg(
        long,
        global = true,
        env = "OUB_PROXY",
        hide_env_values = true,
        hide_default_value = true,
        value_parser = parse_route
    )]
    pub proxy: Option<Route>,
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
    /// Read it from this open file descriptor: of a pipe, say, that nobody else can read
    #[arg(long, global = true, value_name = "NUMBER")]
    pub passphrase_fd: Option<u16>,
}

impl Global {
    /// Where the vault's passphrase stands, if anywhere. An open descriptor was given now, and goes before what a variable or
    /// a setting says.
    pub fn passphrase_place(&self) -> Option<PathBuf> {
        let open = self.passphrase_fd.map(|number| PathBuf::from(format!("/dev/fd/{number}")));
        open.or_else(|| self.passphrase_file.clone())
    }

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
    #[command(after_help = examples::JOIN)]
    Join(Join),
    /// Show my address (text, QR, JSON), or the recovery words
    #[command(after_help = examples::ID)]
    Id(Id),
    /// Add a contact from an address
    #[command(after_help = examples::ADD)]
    Add(Add),
    /// Swap addresses with someone by a short spoken code (both verified at once)
    #[command(after_help = examples::PAIR)]
    Pair(Pair),
    /// Compare safety words with a contact and mark it verified
    #[command(after_help = examples::VERIFY)]
    Verify(Verify),
    /// Send a message or a file to one contact
    #[command(after_help = examples::SEND)]
    Send(Send),
    /// Fetch, decrypt and acknowledge waiting messages
    #[command(after_help = examples::PULL)]
    Pull(Pull),
    /// Ask one contact a question and wait for the answer (CI, bots, agents)
    #[command(after_help = examples::ASK)]
    Ask(Ask),
    /// Answer a question that was asked with `ask`
    #[command(after_help = examples::ANSWER)]
    Answer(Answer),
    /// List files that I was sent
    #[command(after_help = examples::FILES)]
    Files(Files),
    /// Save a file that I was sent
    #[command(after_help = examples::SAVE)]
    Save(Save),
    /// Replace the words of a message of mine
    #[command(after_help = examples::EDIT)]
    Edit(Edit),
    /// Take a message of mine back, here and on the other side
    #[command(after_help = examples::TAKE_BACK)]
    TakeBack(TakeBack),
    /// List first messages from people I have not accepted
    #[command(after_help = examples::REQUESTS)]
    Requests,
    /// Accept a request and answer it with stamps
    #[command(after_help = examples::ACCEPT)]
    Accept(Accept),
    /// Drop a request; the stranger is not told
    #[command(after_help = examples::DECLINE)]
    Decline(Decline),
    /// Show the local history of a contact
    #[command(after_help = examples::LOG)]
    Log(Log),
    /// Full-screen chat; --plain is a line chat that works with screen readers
    Chat(Chat),
    /// List, rename, block, remove contacts [alias: contacts]
    #[command(subcommand, after_help = examples::CONTACT)]
    Contact(Contact),
    /// List contacts
    #[command(hide = true)]
    Contacts,
    /// Receive in the background (notifications, hooks, local API socket)
    #[command(after_help = examples::DAEMON)]
    Daemon(Daemon),
    /// Messages not yet accepted by the server
    #[command(after_help = examples::OUTBOX)]
    Outbox,
    /// Check the public log of keys: status, sync, audit, verify-fraud
    #[command(subcommand, after_help = examples::LEDGER)]
    Ledger(Ledger),
    /// Back up, restore, renew or rotate my identity, or give its name up
    #[command(subcommand, after_help = examples::IDENTITY)]
    Identity(Identity),
    /// Read or change settings, and show where each value comes from
    #[command(after_help = examples::CONFIG)]
    Config(Config),
    /// Check server, clock, keys, store and permissions; print remedies
    #[command(after_help = examples::DOCTOR)]
    Doctor,
    /// Print a script that lets a shell complete verbs, flags and names
    #[command(after_help = examples::COMPLETIONS)]
    Completions(Completions),
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man(Man),
    /// Print help for a command, or about: json, exit-codes, files, api
    #[command(after_help = examples::HELP)]
    Help(Help),
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
    /// Keep the connection open and print as they arrive, until Ctrl-C or --max; --timeout does not end it
    #[arg(short, long)]
    pub follow: bool,
    /// Stop after N messages
    #[arg(short = 'n', long, value_name = "N", value_parser = parse_count)]
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
    fn every_verb_reads_its_arguments() {
        for line in [
            "oub join oub://h/i/X#Y --name a --protect file",
            "oub --json -P two id --qr",
            "oub id --json",
            "oub id --words",
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
            "oub ledger status",
            "oub ledger sync",
            "oub ledger audit",
            "oub ledger verify-fraud f",
            "oub daemon",
            "oub daemon --notify name --exec true",
            "oub daemon run --exec true --exec-timeout 5m",
            "oub daemon install --print",
            "oub daemon install --now --notify none",
            "oub daemon status",
            "oub identity rotate",
            "oub identity renew",
            "oub identity release",
            "oub identity release --yes alice",
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
            "oub --proxy socks5://a:b@127.0.0.1:9050 pull",
            "oub pull --proxy none",
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
            "oub id --qr --words",
            "oub join",
            "oub nonsense",
            "oub send",
            "oub log",
            "oub verify b --words x --code y",
            "oub daemon install --now --print",
            "oub send b x --name n",
            "oub send b -f x --expire 1h",
            "oub pull --proxy http://127.0.0.1:8080",
            "oub send b x --expire 400d",
            "oub pull --peek -o in",
            "oub contact timer b soon",
        ] {
            assert!(Oub::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
