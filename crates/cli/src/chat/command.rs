//! What a line of the line chat asks for.

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

impl Command {
    /// Reads one line. A slash at the beginning is never sent by mistake.
    pub fn read(line: &str) -> Self {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim().is_empty() {
            return Self::Nothing;
        }
        let Some(command) = line.strip_prefix('/') else { return Self::Say(line.to_owned()) };
        if command.starts_with('/') {
            return Self::Say(command.to_owned());
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
        for line in ["/qiut", "/to", "/accept", "/ help", "/log many", "/quit now"] {
            assert_eq!(Command::read(line), Command::Unknown(line.to_owned()));
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
    }
}
