//! Exit codes: what a script learns from a run (`oub help exit-codes`).

/// How a run ended; the number is promised and never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked has been done.
    Done = 0,
    /// Something nobody foresaw.
    Unexpected = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// Nothing was there, or time ran out; only where `--exit-code` asks for it.
    Nothing = 3,
    /// Not now; the same command later is safe and may work.
    Temporary = 4,
    /// The relay or the contact's mailbox said no.
    Refused = 5,
    /// Somebody is not who was expected; never retry.
    Identity = 6,
    /// The keys or messages on this machine.
    Local = 7,
}

impl Exit {
    /// The number the shell sees.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The code for a number that the client library decided on.
    pub fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Done,
            2 => Self::Usage,
            3 => Self::Nothing,
            4 => Self::Temporary,
            5 => Self::Refused,
            6 => Self::Identity,
            7 => Self::Local,
            _ => Self::Unexpected,
        }
    }
}
