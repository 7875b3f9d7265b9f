//! What a line asks for, in the line chat and on the full screen.

use crate::chat::doing::Doing;

/// A line, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Nothing was typed.
    Nothing,
    /// Send this.
    Say(String),
    /// Write to somebody else.
    To(String),
    /// Who there is.
    Who,
    /// The last messages.
    Log(u32),
    /// Who asks.
    Requests,
    /// Accept a request, by number or name.
    Accept(String),
    /// Decline one.
    Decline(String),
    /// What to compare.
    Verify,
    /// It was the same.
    Same,
    /// How it works.
    Help,
    /// The end.
    Quit,
    /// Something about a message or a file.
    Do(Doing),
    /// None of these; what was typed.
    Unknown(String),
}

/// The words of all commands.
pub const WORDS: &[&str] = &[
    "to",
    "who",
    "log",
    "requests",
    "accept",
    "decline",
    "verify",
    "same",
    "help",
    "quit",
    "answer",
    "reply",
    "edit",
    "take-back",
    "file",
    "save",
];
/// Slips of the finger that still tell which word was meant.
const SLIPS_MAX: usize = 2;

/// The command that somebody may have meant by this word, with its slash.
pub fn nearest(word: &str) -> Option<&'static str> {
    let word = word.trim_start_matches('/').to_lowercase();
    let distances = WORDS.iter().map(|known| (strsim::damerau_levenshtein(&word, known), *known));
    // Of a short word that many slips leave nothing.
    let near = |(slips, known): &(usize, &str)| *slips <= SLIPS_MAX.min(known.len() / 2);
    distances.filter(near).min().map(|(_, known)| known)
}

impl Command {
    /// Reads what was typed: one line, or on the full screen several. A slash at the beginning is never sent by
    /// mistake; what has several lines is a text or nothing.
    pub fn read(line: &str) -> Self {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim().is_empty() {
            return Self::Nothing;
        }
        let Some(command) = line.trim_start().strip_prefix('/') else { return Self::Say(line.to_owned()) };
        if command.starts_with('/') {
            return Self::Say(command.to_owned());
        }
        if command.contains('\n') {
            return Self::Unknown(line.trim_start().to_owned());
        }
        let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
        let rest = rest.trim().to_owned();
        match (word, rest.is_empty()) {
            ("to", false) => Self::To(rest),
            ("who", true) => Self::Who,
            ("log", true) => Self::Log(20),
            ("log", false) => rest.parse().map_or(Self::Unknown(line.to_owned()), Self::Log),
            ("requests", true) => Self::Requests,
            ("accept", false) => Self::Accept(rest),
            ("decline", false) => Self::Decline(rest),
            ("verify", true) => Self::Verify,
            ("same", true) => Self::Same,
            ("help", true) => Self::Help,
            ("quit", true) => Self::Quit,
            _ => Doing::read(line).map_or(Self::Unknown(line.to_owned()), Self::Do),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_command_is_never_sent() {
        for line in
            ["/qiut", "/to", "/accept", "/ help", "/log many", "/quit now", "/edit a\nb", "/etc/hosts\nb"]
        {
            assert_eq!(Command::read(line), Command::Unknown(line.to_owned()));
        }
    }

    #[test]
    fn every_word_is_a_command() {
        for word in WORDS {
            let known = ["", " 1", " 01ab in"].iter().map(|rest| Command::read(&format!("/{word}{rest}")));
            assert!(known.into_iter().any(|command| !matches!(command, Command::Unknown(_))), "{word}");
        }
    }

    #[test]
    fn lines_are_read_as_the_help_says() {
        assert_eq!(Command::read("hello\n"), Command::Say("hello".into()));
        assert_eq!(Command::read("//etc/hosts"), Command::Say("/etc/hosts".into()));
        assert_eq!(Command::read("/to bob \r\n"), Command::To("bob".into()));
        assert_eq!(Command::read("/log"), Command::Log(20));
        assert_eq!(Command::read("/log 3"), Command::Log(3));
        assert_eq!(Command::read("/accept 1"), Command::Accept("1".into()));
        assert_eq!(Command::read("  \n"), Command::Nothing);
        assert_eq!(Command::read("  /quit"), Command::Quit);
        assert_eq!(Command::read("//one\n/two"), Command::Say("/one\n/two".into()));
        assert_eq!(Command::read("one\n/quit"), Command::Say("one\n/quit".into()));
    }
}
