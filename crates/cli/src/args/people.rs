//! Arguments of the verbs about me and the people I know.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use client::Allotment;

use super::said::Switch;
use super::time::{Timer, parse_allotment, parse_code_number, parse_timer};

/// Arguments of `join`.
#[derive(Args, Debug)]
pub struct Join {
    /// Invitation (oub://…/i/…), server where everybody may join (oub://HOST#FINGERPRINT, with --name), or my own
    /// address with --recover
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
    /// Show the 24 recovery words, until they are said to be on paper
    #[arg(long, conflicts_with = "qr")]
    pub words: bool,
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
    /// The code that the other person made, as in 42-guitar-volcano; nothing makes one
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
    #[arg(long, value_name = "NUMBER", value_parser = parse_code_number)]
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
    /// Agree after how long the texts of both disappear, files and questions not; shown to both, enforceable by neither
    Timer {
        /// Contact
        contact: String,
        /// 1h, 7d, or `off`
        #[arg(value_parser = clap::builder::ValueParser::new(parse_timer), value_name = "TIME|off")]
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
    /// Let a contact hold more stamps of mine, and so send more while I am away: bots, large files
    Allotment {
        /// Contact
        contact: String,
        /// 256 (built in) to 4096
        #[arg(value_parser = parse_allotment, value_name = "STAMPS")]
        allotment: Allotment,
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
    /// Give my name up: nobody can write to me under it, and after 30 days anybody whom the server lets may take it
    Release {
        /// My name, as proof that it is meant (asked for on a terminal otherwise)
        #[arg(long, value_name = "NAME")]
        yes: Option<String>,
    },
}

/// A backup has a passphrase of its own.
#[derive(Args, Debug)]
pub struct BackupPassphrase {
    /// Read the backup's passphrase from the first line of this file (asked for on a terminal otherwise)
    #[arg(long, env = "OUB_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    pub backup_passphrase_file: Option<PathBuf>,
}
