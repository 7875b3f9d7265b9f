//! What every command needs: the screen, the profile, and the open client.

use std::io::{self, BufRead as _, IsTerminal, Read as _};
use std::path;
use std::time::Duration;

use client::{Client, ClientError, Options, Profile, SharedResident};

use crate::args::{Global, Route};
use crate::colour;
use crate::daemon::beside::Beside;
use crate::messages::{problems, screens};
use crate::problem::Problem;
use crate::protector;
use crate::screen::{Screen, can_ask};
use crate::settings::layers::Layers;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a person may think.
pub const PATIENCE_WITH_PEOPLE: Duration = Duration::from_secs(15 * 60);

/// Profiles that are named where one is not there.
const PROFILES_SHOWN_MAX: usize = 8;

/// The global options, understood.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where output goes.
    pub screen: Screen,
    global: Global,
    layers: Layers,
}

impl Context {
    /// Understands the global options; touches neither disk nor network. A home that is named from here stays that place for
    /// commands that run elsewhere, and for those who look for the daemon from elsewhere.
    pub fn new(mut global: Global, layers: Layers) -> Self {
        global.home = global.home.map(|home| path::absolute(&home).unwrap_or(home));
        let screen = Screen::new(
            global.json,
            global.quiet,
            global.verbose,
            colour::is_wanted(global.color, &io::stderr()),
        );
        Self { screen, global, layers }
    }

    /// The options as given.
    pub fn global(&self) -> &Global {
        &self.global
    }

    /// Every setting, and where it comes from.
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// The profile's folder.
    pub fn profile(&self) -> Result<Profile, Stop> {
        Ok(Profile::named(self.global.home.as_deref(), &self.global.profile)?)
    }

    /// How the client behaves.
    pub fn options(&self) -> Options {
        Options {
            timeout: self.global.timeout.unwrap_or(PATIENCE),
            proxy: self.global.proxy.as_ref().and_then(Route::proxy),
            require_verified: self.layers.holds("require-verified"),
            receipts: self.layers.holds("receipts"),
            ..Options::default()
        }
    }

    /// How long to wait for a person: as long as was asked for, else a quarter of an hour. What the configuration
    /// file says of servers makes nobody answer sooner.
    pub fn patience_with_people(&self) -> Duration {
        let said = self.global.timeout.filter(|_| self.layers.is_said_now("timeout"));
        said.unwrap_or(PATIENCE_WITH_PEOPLE)
    }

    /// Opens the vault for a verb that waits for a person: a server is not waited for so long.
    pub fn open_to_wait(&self) -> Result<Client, Stop> {
        let timeout = self.global.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
        self.open_with(Options { timeout, ..self.options() })
    }

    /// Whether somebody is there to answer a question.
    pub fn can_ask(&self) -> bool {
        can_ask(self.global.no_input)
    }

    /// Asks for a yes, where somebody is there to give it.
    pub fn confirms(&self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        matches!(answer_to(&screens::yes_or_no(question)).as_str(), "y" | "Y" | "yes" | "o" | "O" | "oui")
    }

    /// Asks for a yes, a no, or neither now, where somebody is there to choose. An empty line is a yes.
    pub fn chooses(&self, question: &str) -> Choice {
        if !self.can_ask() {
            return Choice::Later;
        }
        match typed_after(question).as_deref() {
            Some("" | "y" | "Y" | "yes" | "o" | "O" | "oui") => Choice::Yes,
            Some("n" | "N" | "no" | "non") => Choice::No,
            _ => Choice::Later,
        }
    }

    /// Asks for a word to be typed, where somebody is there to type it.
    pub fn is_typed(&self, word: &str, question: &str) -> bool {
        self.can_ask() && answer_to(question) == word
    }

    /// Opens the vault three times, for threads that each need it, and asks for a passphrase once.
    pub fn open_three(&self) -> Result<[Client; 3], Stop> {
        let profile = self.begun()?;
        let beside = Beside::find(self, &profile);
        let unlock = protector::unlock(self, &profile, beside.as_deref())?;
        let resident = beside.map_or_else(SharedResident::default, |beside| SharedResident::new(beside));
        let open =
            || Client::open(&profile, &unlock, Options { resident: resident.clone(), ..self.options() });
        Ok([open()?, open()?, open()?])
    }

    /// Whether `stream` shall be coloured.
    pub fn wants_colour_on(&self, stream: &impl IsTerminal) -> bool {
        colour::is_wanted(self.global.color, stream)
    }

    /// Opens the vault with whatever it was protected by at join. Where a daemon runs, it is asked to collect.
    pub fn open(&self) -> Result<Client, Stop> {
        self.open_with(self.options())
    }

    /// The same with other options.
    pub fn open_with(&self, options: Options) -> Result<Client, Stop> {
        let profile = self.begun()?;
        let beside = Beside::find(self, &profile);
        let unlock = protector::unlock(self, &profile, beside.as_deref())?;
        let resident = beside.map_or_else(SharedResident::default, |beside| SharedResident::new(beside));
        Ok(Client::open(&profile, &unlock, Options { resident, ..options })?)
    }

    /// The profile. Where nobody joined with it, those that are there are named: it may be mistyped.
    fn begun(&self) -> Result<Profile, Stop> {
        let profile = self.profile()?;
        if profile.exists() {
            return Ok(profile);
        }
        let others = Profile::list(self.global.home.as_deref());
        if others.is_empty() {
            // The client says that there is none.
            return Ok(profile);
        }
        let others = others.into_iter().take(PROFILES_SHOWN_MAX).collect::<Vec<_>>().join(", ");
        let remedy = problems::join_or_name(shown_on_one_line(&others), &self.global.profile);
        let none = ClientError::NoIdentity { dir: profile.dir().to_path_buf() };
        Err(Problem::from(&none).with_remedy(remedy).into())
    }
}

/// What somebody says to a question that may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Yes, now.
    Yes,
    /// No, and not later.
    No,
    /// Anything else, and nothing.
    Later,
}

/// The line that is typed after a question, empty where none can be read.
fn answer_to(question: &str) -> String {
    typed_after(question).unwrap_or_default()
}

/// The line that is typed after a question; `None` where the input ends instead.
fn typed_after(question: &str) -> Option<String> {
    eprint!("{question}");
    let mut answer = String::new();
    match io::stdin().lock().take(ANSWER_BYTES_MAX).read_line(&mut answer) {
        Ok(1..) => Some(answer.trim().to_owned()),
        Ok(0) | Err(_) => None,
    }
}

const ANSWER_BYTES_MAX: u64 = 64;
