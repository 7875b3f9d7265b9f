//! What a shell offers when somebody presses TAB: verbs and flags of the grammar, and names out of the vault.
//!
//! The script that `oub completions` prints runs `oub` with [`VARIABLE`] set for every TAB, and [`answer_shell`] answers.
//! Nobody is asked for anything then, nothing is said on standard error, and no server is called: a vault that is
//! locked shows no names, unless the daemon has it open.

use std::ffi::OsString;
use std::io;
use std::sync::mpsc::channel;
use std::time::Duration;

use clap::{Arg, Command, CommandFactory as _, FromArgMatches as _};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;
use client::{Client, FileState, Options, Profile, Protection, Unlock};

use crate::args::{Global, Oub};
use crate::commands::message::short;
use crate::daemon::beside::Beside;
use crate::early;
use crate::exit::Exit;
use crate::help::TOPICS;
use crate::settings::layers::Layers;
use crate::settings::setting::SETTINGS;

/// Set by the scripts; its value names the shell.
const VARIABLE: &str = "OUB_COMPLETE";
const PROGRAM: &str = "oub";
/// Whoever presses TAB types on: names that take longer are not shown. Usually it is a tenth of this.
const PATIENCE: Duration = Duration::from_millis(150);
const NAMES_MAX: usize = 1_000;
/// An autoloaded function of zsh shall also complete when it is called for the first time.
const ZSH_FIRST_CALL: &str = "if [ \"$funcstack[1]\" = _oub ]; then _clap_dynamic_completer_oub \"$@\"; fi\n";

/// Answers a shell, if it is a shell that asks: that is the whole run then.
pub fn answer_shell() -> Option<Exit> {
    let shell = CompleteEnv::with_factory(grammar).var(VARIABLE).bin(PROGRAM).completer(PROGRAM);
    let folder = std::env::current_dir().ok();
    match shell.try_complete(std::env::args_os(), folder.as_deref()) {
        Ok(true) => Some(Exit::Done),
        Ok(false) => None,
        Err(error) => {
            let _closed = error.print();
            Some(Exit::Usage)
        }
    }
}

/// The script for a shell.
pub fn script(shell: &str) -> io::Result<String> {
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell) {
        completer.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    }
    if shell == "zsh" {
        script.extend_from_slice(ZSH_FIRST_CALL.as_bytes());
    }
    String::from_utf8(script).map_err(io::Error::other)
}

/// The grammar, with what stands for names in it.
fn grammar() -> Command {
    let root = Oub::command();
    with_candidates(root)
}

fn with_candidates(command: Command) -> Command {
    let verb = command.get_name().to_owned();
    let command = command.mut_args(|arg| match source(&verb, &arg) {
        Some(source) => arg.add(ArgValueCandidates::new(move || candidates(source))),
        None => arg,
    });
    command.mut_subcommands(with_candidates)
}

/// What is offered for an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Contacts,
    Requests,
    Files,
    Profiles,
    Settings,
    Topics,
    Last,
}

fn source(verb: &str, arg: &Arg) -> Option<Source> {
    Some(match (verb, arg.get_id().as_str()) {
        (_, "contact") | ("pull", "from") => Source::Contacts,
        ("accept" | "decline", "name") => Source::Requests,
        ("save", "file") => Source::Files,
        (_, "profile") => Source::Profiles,
        ("get" | "set" | "unset", "key") => Source::Settings,
        ("help", "topic") => Source::Topics,
        ("edit" | "take-back", "message") | ("send", "reply") => Source::Last,
        _ => return None,
    })
}

fn candidates(source: Source) -> Vec<CompletionCandidate> {
    let names = match source {
        Source::Settings => SETTINGS.iter().map(|setting| (setting.key.to_owned(), String::new())).collect(),
        Source::Topics => topics(),
        Source::Last => vec![("last".to_owned(), String::new())],
        Source::Profiles => {
            in_time(|asked| Profile::list(asked.home.as_deref()).into_iter().map(bare).collect())
        }
        Source::Contacts => in_time(|asked| contacts(asked).unwrap_or_default()),
        Source::Requests => in_time(|asked| requests(asked).unwrap_or_default()),
        Source::Files => in_time(|asked| files(asked).unwrap_or_default()),
    };
    let safe = names.into_iter().filter(|(name, _)| is_safe(name)).take(NAMES_MAX);
    safe.map(|(name, help)| {
        let help = (!help.is_empty()).then(|| help.into());
        CompletionCandidate::new(name).help(help)
    })
    .collect()
}

fn bare(name: String) -> (String, String) {
    (name, String::new())
}

/// Shells take what is offered as if it had been typed, and not all of them quote it: a name that means something to
/// any of them is typed by hand.
fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['-', '.'])
        && name.chars().all(|each| each.is_alphanumeric() || matches!(each, '-' | '_' | '.' | '@' | '+'))
}

/// A description is shown and nothing else, and stays on its line.
fn harmless(text: &str) -> String {
    let plain = |each: char| if each.is_alphanumeric() || " -_.,".contains(each) { each } else { '?' };
    text.chars().take(40).map(plain).collect()
}

fn topics() -> Vec<(String, String)> {
    let root = Oub::command();
    let verbs =
        root.get_subcommands().filter(|verb| !verb.is_hide_set()).map(|verb| verb.get_name().to_owned());
    verbs.chain(TOPICS.iter().map(|topic| (*topic).to_owned())).map(bare).collect()
}

/// For whom names are looked up.
struct Asked {
    home: Option<std::path::PathBuf>,
    profile: String,
}

impl Asked {
    /// Out of the words that were typed so far, the variables, and the configuration file.
    fn read() -> Option<Self> {
        let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
        let matches = early::grammar().ignore_errors(true).try_get_matches_from(words).ok()?;
        let global = Global::from_arg_matches(&matches).ok()?;
        let layers = Layers::without_file(matches, &global).with_file().ok()?;
        Some(Self { home: global.home, profile: layers.profile().to_owned() })
    }

    fn profile(&self) -> Option<Profile> {
        Profile::named(self.home.as_deref(), &self.profile).ok()
    }

    /// The vault, if nobody has to be asked for that: a keyring may ask somebody.
    fn open(&self) -> Option<Client> {
        let profile = self.profile()?;
        let unlock = match profile.protection().ok()? {
            Protection::KeyFile => Unlock::KeyFile,
            Protection::Passphrase => Unlock::Key(Beside::look(&profile).ok()??.key()?),
            Protection::Keyring => return None,
        };
        Client::open(&profile, &unlock, Options::default()).ok()
    }
}

/// What was found before the patience of whoever types was over.
fn in_time(find: fn(&Asked) -> Vec<(String, String)>) -> Vec<(String, String)> {
    let (sender, found) = channel();
    // The run ends with the answer, and this thread with it: a vault is whole at every moment.
    std::thread::spawn(move || sender.send(Asked::read().map(|asked| find(&asked))));
    found.recv_timeout(PATIENCE).ok().flatten().unwrap_or_default()
}

fn contacts(asked: &Asked) -> Option<Vec<(String, String)>> {
    if let Some(client) = asked.open() {
        return Some(client.contacts().ok()?.into_iter().map(|contact| bare(contact.alias)).collect());
    }
    let beside = Beside::look(&asked.profile()?).ok()??;
    let answer = beside.ask_all(r#"{"v":1,"do":"contacts"}"#, "contact", PATIENCE)?;
    let names = answer.iter().filter_map(|each| each.get("name")?.as_str());
    Some(names.map(|name| bare(name.to_owned())).collect())
}

fn requests(asked: &Asked) -> Option<Vec<(String, String)>> {
    let requests = asked.open()?.requests().ok()?;
    Some(requests.into_iter().map(|request| bare(request.label)).collect())
}

/// The newest first; only those that can be saved.
fn files(asked: &Asked) -> Option<Vec<(String, String)>> {
    let files = asked.open()?.files(None).ok()?;
    let whole = files.into_iter().rev().filter(|file| file.file.state == FileState::Whole);
    Some(whole.map(|file| (short(&file.id).to_owned(), harmless(&file.file.name))).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_any_shell_would_act_on_is_not_offered() {
        for name in ["bob", "bob.smith", "anna-lena", "bob@work", "é", "山田", "x_1+2"] {
            assert!(is_safe(name), "{name}");
        }
        let hostile = "$ ` ; & | < > ( ) { } [ ] * ? ! ~ # ' \" \\ = : / % ^ , \u{b} \n \t";
        for sign in hostile.split(' ').filter(|sign| !sign.is_empty()).chain([" "]) {
            assert!(!is_safe(&format!("a{sign}b")), "{sign:?}");
        }
        for name in ["", "-rf", "--json", ".", "..", "a b"] {
            assert!(!is_safe(name), "{name}");
        }
        assert_eq!(harmless("$(x):a\u{1b}[2J b.txt"), "??x??a??2J b.txt");
    }

    #[test]
    fn every_argument_that_names_a_contact_is_completed() {
        fn walk(command: &Command, found: &mut Vec<String>) {
            for arg in command.get_arguments() {
                if source(command.get_name(), arg) == Some(Source::Contacts) {
                    found.push(format!("{} {}", command.get_name(), arg.get_id()));
                    assert!(arg.get::<ArgValueCandidates>().is_some(), "{found:?}");
                }
            }
            command.get_subcommands().for_each(|each| walk(each, found));
        }
        let mut found = Vec::new();
        walk(&grammar(), &mut found);
        for wanted in
            ["send", "ask", "answer", "edit", "take-back", "verify", "log", "chat", "timer", "block"]
        {
            assert!(found.contains(&format!("{wanted} contact")), "{wanted}: {found:?}");
        }
        assert!(found.contains(&"pull from".to_owned()));
    }

    #[test]
    fn every_shell_has_a_script() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let script = script(shell).unwrap();
            assert!(script.contains(VARIABLE) && script.contains(PROGRAM), "{shell}");
        }
    }
}
