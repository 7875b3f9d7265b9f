//! What callers see of messages: received, sent, waiting, remembered.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use wire::{Address, UnixSeconds};

use crate::{ClientError, Contact, FileShown, Language, Missing, Trust, error::both};

/// A received message, as [`crate::Client::pull`] hands it out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// 32 hexadecimal digits, unique per sender.
    pub id: String,
    /// The contact's alias.
    pub from: String,
    /// What is known of the sender's key.
    pub trust: Trust,
    /// Its number in the sender's stream.
    pub number: u64,
    /// How many earlier messages of the stream had not arrived when this one was first shown: a gap is
    /// shown, never skipped in silence (P3). 0 almost always.
    pub missing_before: u64,
    /// When the sender says it was sent.
    pub sent_at: UnixSeconds,
    /// When this vault committed it.
    pub received_at: UnixSeconds,
    /// What belongs to it beside its words.
    pub marks: Marks,
    /// What it says.
    pub body: ReceivedBody,
}

/// What belongs to a message beside its words.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Marks {
    /// The message that it answers.
    pub quotes: Option<Quote>,
    /// Seconds after which it disappears once it was handed out.
    pub expire_s: Option<u32>,
    /// When it disappears, once that is known.
    pub expires_at: Option<UnixSeconds>,
    /// Whether these are not the words that were sent first.
    pub edited: bool,
}

/// A message that another one answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quote {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Its words, as long as they are here.
    pub text: Option<String>,
}

/// Somebody who wants to be told while a call goes on.
pub struct Teller<T: ?Sized>(Arc<dyn Fn(&T) + Send + Sync>);

impl<T: ?Sized> Teller<T> {
    /// One that calls this.
    pub fn new(tell: impl Fn(&T) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, what: &T) {
        (self.0)(what);
    }
}

impl<T: ?Sized> Clone for Teller<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> std::fmt::Debug for Teller<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Teller(..)")
    }
}

/// What a received message holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReceivedBody {
    /// A text.
    Text(String),
    /// A question that waits for an answer.
    Question {
        /// The words.
        text: String,
        /// What to choose from; nothing where any words will do.
        choices: Vec<String>,
        /// When nobody waits for the answer any more.
        until: UnixSeconds,
    },
    /// The answer to a question of mine.
    Answer {
        /// The id of the question.
        question: String,
        /// The words.
        text: String,
    },
    /// A file.
    File(Box<FileShown>),
    /// From here on the texts of both disappear after so many seconds; 0: not at all.
    Timer {
        /// The seconds.
        seconds: u32,
    },
    /// Other words for a message that was handed out before.
    Edited {
        /// The id of the message.
        message: String,
        /// The words that count now.
        text: String,
    },
    /// In a history only: what stood here was taken back by who sent it.
    TakenBack,
    /// A kind that this version does not know; kept, and shown as such.
    Unknown {
        /// Its number in `spec/e2ee.md § Kinds`.
        kind: u8,
    },
    /// In a history only: from here on the contact has another key. The entry's id is the new fingerprint.
    KeyChanged {
        /// Whether the key before signed it; else the person took it by decision.
        signed: bool,
    },
    /// In a history only: here the contact began the conversation anew, as after a restore. Whoever stole my own
    /// session keys could do so in the contact's name (`spec/threat-model.md`).
    BegunAnew,
}

impl ReceivedBody {
    /// Its words, if it has any.
    pub fn text(&self) -> Option<&str> {
        match self {
            ReceivedBody::Text(text)
            | ReceivedBody::Question { text, .. }
            | ReceivedBody::Answer { text, .. }
            | ReceivedBody::Edited { text, .. } => Some(text),
            ReceivedBody::File(file) => Some(file.text.as_str()).filter(|text| !text.is_empty()),
            ReceivedBody::Timer { .. }
            | ReceivedBody::TakenBack
            | ReceivedBody::Unknown { .. }
            | ReceivedBody::KeyChanged { .. }
            | ReceivedBody::BegunAnew => None,
        }
    }
}

/// Names one message that waits to be handled, for as long as it waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Waiting {
    pub(crate) row: i64,
    pub(crate) id: [u8; 16],
}

/// See [`crate::Client::unhandled`].
#[derive(Debug, Default)]
pub struct Unhandled {
    /// Not known before.
    pub new: Vec<(Waiting, Received)>,
    /// Known, and waiting still.
    pub still: BTreeSet<Waiting>,
}

/// What a caller answers for each message that it is handed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handled {
    /// It took it: marked, never handed out again.
    Yes,
    /// It could not: handed out again by the next pull.
    No,
    /// It took it, and wants no further ones now.
    YesAndStop,
    /// It could not, and wants no further ones now.
    NoAndStop,
}

impl Handled {
    pub(crate) fn taken(self) -> bool {
        matches!(self, Handled::Yes | Handled::YesAndStop)
    }

    pub(crate) fn stops(self) -> bool {
        matches!(self, Handled::YesAndStop | Handled::NoAndStop)
    }
}

/// What happened to a message that was handed to [`crate::Client::send`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// 32 hexadecimal digits; the same for a repeated idempotency key.
    pub id: String,
    /// The contact's alias.
    pub to: String,
    /// Where it is now.
    pub state: SentState,
}

/// Where a sent message is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SentState {
    /// The relay said `STORED`: it is on stable storage there.
    Stored,
    /// It waits in the outbox and goes with a later command.
    Queued(QueuedReason),
}

/// Why a message waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QueuedReason {
    /// The server could not be reached, or was busy.
    Unreachable(Box<ClientError>),
    /// First messages wait for the other side's answer: its bound of repeated HELLOs is reached, or no
    /// stamps are left and the doorstep's bound is reached too.
    AwaitingAnswer,
    /// Longer than a greeting may be; goes once the contact has accepted.
    TooLongForFirstContact,
    /// A file or a question, and a greeting is words; goes once the contact has accepted.
    NotForFirstContact,
    /// The contact's mailbox is full.
    MailboxFull,
    /// The contact's mailbox is not there, or was closed since nobody opened it for ninety days; goes once he has another.
    MailboxClosed,
    /// Earlier messages to this contact go first, in a later command.
    BehindOthers,
    /// Parts of the file wait for stamps: the contact's client sends new ones when it has collected.
    Parts {
        /// All of them.
        parts: u64,
        /// Those that the relay has.
        stored: u64,
    },
}

impl QueuedReason {
    /// Whether the contact's mailbox itself refused, which takes nothing now.
    pub(crate) fn is_of_the_mailbox(&self) -> bool {
        matches!(self, Self::MailboxFull | Self::MailboxClosed)
    }

    /// Why, in one line.
    pub(crate) fn words_in(&self, language: Language) -> String {
        match self {
            Self::Unreachable(error) => error.what_and_why_in(language),
            Self::AwaitingAnswer => {
                both!(language, "the contact has not answered yet", "le contact n'a pas encore répondu")
            }
            Self::TooLongForFirstContact => {
                both!(
                    language,
                    "it is too long for a first message",
                    "il est trop long pour un premier message"
                )
            }
            Self::NotForFirstContact => {
                both!(
                    language,
                    "the contact must accept before files and questions",
                    "le contact doit accepter avant les fichiers et les questions"
                )
            }
            Self::MailboxFull => {
                both!(language, "the contact's mailbox is full", "la boîte du contact est pleine")
            }
            Self::MailboxClosed => both!(
                language,
                "the contact's mailbox is closed, as it is after 90 days without him",
                "la boîte du contact est fermée, comme elle l'est après 90 jours sans lui"
            ),
            Self::BehindOthers => both!(
                language,
                "earlier messages to this contact go first",
                "des messages antérieurs à ce contact passent d'abord"
            ),
            Self::Parts { parts, stored } => both!(
                language,
                "{stored} of {parts} parts are stored",
                "{stored} parties sur {parts} sont déposées",
                stored = stored,
                parts = parts
            ),
        }
    }
}

/// A line of a contact's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogEntry {
    /// 32 hexadecimal digits.
    pub id: String,
    /// From whom to whom.
    pub direction: Direction,
    /// Its number in its stream.
    pub number: u64,
    /// When the sender says it was sent.
    pub sent_at: UnixSeconds,
    /// When this vault committed it.
    pub at: UnixSeconds,
    /// What it holds.
    pub body: ReceivedBody,
    /// What belongs to it beside its words.
    pub marks: Marks,
    /// For mine: where it is.
    pub outgoing: Option<OutboxState>,
    /// For mine: whether the contact's client has it, as a later message of theirs told.
    pub answered: bool,
    /// For mine: when a receipt said that it was read, where the contact sends such.
    pub read_at: Option<UnixSeconds>,
    /// For theirs: whether it was handled.
    pub handled: bool,
    /// For theirs: numbers missing before it right now.
    pub missing_before: u64,
    /// Where it stands in the history.
    pub place: Place,
}

/// A place in a contact's history; later ones are greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Place(pub(crate) i64);

impl Place {
    /// The place right after this one, where another message may or may not stand.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Which page of a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFrom {
    /// The last one.
    Newest,
    /// What stands right before a place.
    Before(Place),
    /// What stands at a place and after it.
    At(Place),
}

/// What a step of a search came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogSearch {
    /// The latest message that has the words.
    Found(Place),
    /// None from here on; the search may go on before this place.
    NotAfter(Place),
    /// None at all.
    Nothing,
}

/// From whom to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From the contact to me.
    Received,
    /// From me to the contact.
    Sent,
}

/// A message that the relay has not confirmed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxEntry {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The contact's alias.
    pub to: String,
    /// Where it is.
    pub state: OutboxState,
    /// When it was handed to [`crate::Client::send`].
    pub queued_at: UnixSeconds,
    /// Why it is not stored yet, in words, where that is known.
    pub reason: Option<String>,
    /// Of a file: how many of its parts the relay has, and how many there are.
    pub parts: Option<(u64, u64)>,
}

pub use client_core::outbox::State as OutboxState;

/// How to send.
#[derive(Clone, Default, Debug)]
pub struct SendOptions {
    /// Same key = same message: sent once, whatever is retried (1–255 bytes).
    pub idempotency: Option<String>,
    /// Refuse unless the contact is verified (exit 6).
    pub require_verified: bool,
    /// Fail (exit 4) rather than keep it in the outbox when it cannot be stored now.
    pub no_queue: bool,
    /// The message that these words answer: its id, the beginning of it, or `last`.
    pub quotes: Option<String>,
    /// After how long these words disappear on both sides; else after what is agreed with the contact.
    pub expire: Option<Duration>,
}

/// How to ask.
#[derive(Clone, Debug)]
pub struct AskOptions {
    /// What to choose from; nothing where any words will do.
    pub choices: Vec<String>,
    /// How long to wait for the answer.
    pub wait: Duration,
    /// How to send the question. With `require_verified` the answer counts only from a verified contact as well.
    pub send: SendOptions,
    /// Set to true (from a signal handler's thread) to stop waiting within a second.
    pub stop: Option<Arc<AtomicBool>>,
    /// Told once the question is in the outbox, stored or not.
    pub told: Option<Teller<Sent>>,
}

/// What became of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// The answer.
    Answered(Box<Received>),
    /// Nobody answered while there was time. The answer may still come, as a message.
    NotInTime,
    /// It was asked before under its key, and its time is over without an answer.
    Over,
    /// The caller stopped waiting.
    Stopped,
}

/// What and how to pull.
#[derive(Clone, Default, Debug)]
pub struct PullOptions {
    /// Only from this contact (alias). Others stay unhandled.
    pub from: Option<String>,
    /// Hand out at most so many.
    pub max: Option<u32>,
    /// Hand out without marking as handled, whatever the sink answers.
    pub peek: bool,
    /// Mark up to 64 messages together, for a sink that may as well take some of them again. Without it each message
    /// is marked, and synced, before the next one is handed out: a process that is killed repeats at most one.
    pub mark_together: bool,
    /// Keep the connection open and hand out as they arrive, until `stop` or the sink says so.
    pub follow: bool,
    /// With `follow`: set to true (from a signal handler's thread) to end within a second.
    pub stop: Option<Arc<AtomicBool>>,
    /// With `follow`: true as long as the connection stands over which messages arrive at once.
    pub connected: Option<Arc<AtomicBool>>,
    /// With `follow`: end after this long.
    pub follow_for: Option<Duration>,
}

/// What collecting found.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Collected {
    /// Envelopes that were opened and kept.
    pub kept: u32,
    /// Envelopes that expired on the relay before they were collected.
    pub expired: u32,
    /// Envelopes that could not be opened and were set aside.
    pub quarantined: u32,
}

impl std::ops::AddAssign for Collected {
    fn add_assign(&mut self, more: Self) {
        self.kept = self.kept.saturating_add(more.kept);
        self.expired = self.expired.saturating_add(more.expired);
        self.quarantined = self.quarantined.saturating_add(more.quarantined);
    }
}

/// What a pull did.
#[derive(Debug, Default)]
pub struct PullSummary {
    /// Messages handed to the sink.
    pub handed_out: u32,
    /// Of these, how many were marked handled.
    pub handled: u32,
    /// First messages of strangers that now wait in `requests` (all, not only new ones).
    pub requests: u32,
    /// Envelopes that expired on the relay before they were collected, and of which nobody was told before: whichever
    /// command heard of them, a pull tells it.
    pub expired: u32,
    /// Envelopes that could not be opened and were set aside in this pull.
    pub quarantined: u32,
    /// Messages that others sent and that never came, by contact.
    pub missing: Vec<Missing>,
    /// Why the server could not be asked, if so: what was already in the vault was handed out all the same.
    pub unreachable: Option<ClientError>,
}

/// What became of a request that was to be dropped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Declined {
    /// It is gone.
    Dropped,
    /// This contact had written it, under a new key that is followed now: it stands in the conversation.
    WasContact(Contact),
}

/// A stranger's first message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContactRequest {
    /// Names the request in `accept` and `decline`: the claimed name, with `-2` and so on when several
    /// strangers claim one name.
    pub label: String,
    /// The claimed full address: the name is checked with its server only when accepting.
    pub address: Address,
    /// What I call the contact whose name it claims, under another key: one who lost a device, or somebody else.
    pub claims: Option<String>,
    /// Whether the public log of the sender's server has this name with this key, where that log is known here
    /// and was read since the message came, or has the name.
    pub checked: Option<bool>,
    /// Greetings so far, oldest first.
    pub texts: Vec<String>,
    /// When the first arrived.
    pub received_at: UnixSeconds,
}
