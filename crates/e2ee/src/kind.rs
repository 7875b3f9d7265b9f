//! What a Content is: a text, an ACCEPT, a refill, a resend request — or something a later version understands.

use crate::content::ContentError;
use crate::said::{
    Answer, Body, Edit, FileHead, FilePart, Note, Question, RECEIPTS_MAX, are_choices, read_receipts,
    read_text, read_timer, write_receipts,
};
use crate::{EnvelopeHash, MessageId, RecordUpdate, ReplyPath, Resend, unopened};
use wire::{Reader, TreeHead, Wire, Writer};

/// The kinds of Content and what each carries (`spec/e2ee.md § Kinds`).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// Words for a person.
    Text(String),
    /// Only brings stamps.
    Refill,
    /// Lets a stranger in: where to write from now on.
    Accept(ReplyPath),
    /// Asks for messages that never came.
    Resend(Resend),
    /// A part of a file.
    FilePart(FilePart),
    /// These messages were read: sent only to contacts for whom a person turned it on.
    Receipt(Vec<MessageId>),
    /// A question.
    Question(Question),
    /// The answer to one.
    Answer(Answer),
    /// Announces a file.
    File(FileHead),
    /// Words that quote, or disappear.
    Note(Note),
    /// After how many seconds the texts of both disappear from now on; 0: not at all.
    Timer(u32),
    /// Other words for an earlier text.
    Edit(Edit),
    /// Takes an earlier message back.
    Delete(MessageId),
    /// A changed key, told by its owner.
    RecordUpdate(Box<RecordUpdate>),
    /// The signed head of a log, for somebody who was shown another one.
    Head(Box<TreeHead>),
    /// These envelopes arrived and do not open.
    Unopened(Vec<EnvelopeHash>),
    /// Kept and shown as such, so that nothing is lost between versions.
    Unknown {
        /// Its number.
        kind: u8,
        /// Its bytes, untouched.
        body: Vec<u8>,
    },
}

impl Kind {
    /// Number of [`Kind::Text`].
    pub const TEXT: u8 = 1;
    /// Number of [`Kind::FilePart`].
    pub const FILE_PART: u8 = 2;
    /// Number of [`Kind::Receipt`].
    pub const RECEIPT: u8 = 3;
    /// Number of [`Kind::Refill`].
    pub const REFILL: u8 = 4;
    /// Number of [`Kind::Accept`].
    pub const ACCEPT: u8 = 5;
    /// Number of [`Kind::Resend`].
    pub const RESEND: u8 = 6;
    /// Number of [`Kind::RecordUpdate`].
    pub const RECORD_UPDATE: u8 = 7;
    /// Number of [`Kind::Head`].
    pub const HEAD: u8 = 8;
    /// Number of [`Kind::Question`].
    pub const QUESTION: u8 = 9;
    /// Number of [`Kind::Answer`].
    pub const ANSWER: u8 = 10;
    /// Number of [`Kind::File`].
    pub const FILE: u8 = 11;
    /// Number of [`Kind::Note`].
    pub const NOTE: u8 = 12;
    /// Number of [`Kind::Timer`].
    pub const TIMER: u8 = 13;
    /// Number of [`Kind::Edit`].
    pub const EDIT: u8 = 14;
    /// Number of [`Kind::Delete`].
    pub const DELETE: u8 = 15;
    /// Number of [`Kind::Unopened`].
    pub const UNOPENED: u8 = 16;
    /// The highest number that this version knows.
    const LAST: u8 = Self::UNOPENED;

    /// Its number on the wire.
    pub fn number(&self) -> u8 {
        match self {
            Kind::Text(_) => Self::TEXT,
            Kind::Refill => Self::REFILL,
            Kind::Accept(_) => Self::ACCEPT,
            Kind::Resend(_) => Self::RESEND,
            Kind::FilePart(_) => Self::FILE_PART,
            Kind::Receipt(_) => Self::RECEIPT,
            Kind::Question(_) => Self::QUESTION,
            Kind::Answer(_) => Self::ANSWER,
            Kind::File(_) => Self::FILE,
            Kind::Note(_) => Self::NOTE,
            Kind::Timer(_) => Self::TIMER,
            Kind::Edit(_) => Self::EDIT,
            Kind::Delete(_) => Self::DELETE,
            Kind::RecordUpdate(_) => Self::RECORD_UPDATE,
            Kind::Head(_) => Self::HEAD,
            Kind::Unopened(_) => Self::UNOPENED,
            Kind::Unknown { kind, .. } => *kind,
        }
    }

    /// Whether its body reads back as itself: no unknown kind under a known number, nothing out of its bounds.
    pub(crate) fn is_well_formed(&self) -> bool {
        match self {
            Kind::Unknown { kind, .. } => *kind > Self::LAST,
            Kind::FilePart(part) => part.is_well_formed(),
            Kind::Receipt(ids) => (1..=RECEIPTS_MAX).contains(&ids.len()),
            Kind::Question(question) => are_choices(&question.choices),
            Kind::File(head) => head.is_well_formed(),
            Kind::Note(note) => note.is_well_formed(),
            Kind::Timer(seconds) => *seconds <= crate::said::EXPIRE_S_MAX,
            Kind::Unopened(hashes) => unopened::is_well_formed(hashes),
            Kind::RecordUpdate(update) => update.is_well_formed(),
            Kind::Text(_)
            | Kind::Refill
            | Kind::Accept(_)
            | Kind::Resend(_)
            | Kind::Answer(_)
            | Kind::Edit(_)
            | Kind::Delete(_)
            | Kind::Head(_) => true,
        }
    }

    /// The body as it stands in a Content.
    pub fn body(&self) -> Vec<u8> {
        match self {
            Kind::Text(text) => text.as_bytes().to_vec(),
            Kind::Refill => Vec::new(),
            Kind::Accept(reply) => written(|out| reply.write(out)),
            Kind::Resend(resend) => written(|out| resend.write(out)),
            Kind::FilePart(part) => written(|out| part.write(out)),
            Kind::Receipt(ids) => written(|out| write_receipts(ids, out)),
            Kind::Question(question) => written(|out| question.write(out)),
            Kind::Answer(answer) => written(|out| answer.write(out)),
            Kind::File(head) => written(|out| head.write(out)),
            Kind::Note(note) => written(|out| note.write(out)),
            Kind::Timer(seconds) => written(|out| out.u32(*seconds)),
            Kind::Edit(edit) => written(|out| edit.write(out)),
            Kind::Delete(message) => written(|out| message.write(out)),
            Kind::RecordUpdate(update) => written(|out| update.write(out)),
            Kind::Head(head) => written(|out| head.write(out)),
            Kind::Unopened(hashes) => written(|out| unopened::write(hashes, out)),
            Kind::Unknown { body, .. } => body.clone(),
        }
    }

    /// Reads a kind's body as it stands in a Content.
    pub fn from_parts(kind: u8, body: &[u8]) -> Result<Self, ContentError> {
        Ok(match kind {
            0 => return Err(ContentError::KindZero),
            Self::TEXT => Kind::Text(read_text(body)?),
            Self::REFILL if body.is_empty() => Kind::Refill,
            Self::REFILL => return Err(ContentError::Trailing),
            Self::ACCEPT => Kind::Accept(read_whole(body, ReplyPath::read)?),
            Self::RESEND => Kind::Resend(read_whole(body, Resend::read)?),
            Self::FILE_PART => Kind::FilePart(read_whole(body, FilePart::read)?),
            Self::RECEIPT => Kind::Receipt(read_whole(body, read_receipts)?),
            Self::QUESTION => Kind::Question(read_whole(body, Question::read)?),
            Self::ANSWER => Kind::Answer(read_whole(body, Answer::read)?),
            Self::FILE => Kind::File(read_whole(body, FileHead::read)?),
            Self::NOTE => Kind::Note(read_whole(body, Note::read)?),
            Self::TIMER => Kind::Timer(read_whole(body, read_timer)?),
            Self::EDIT => Kind::Edit(read_whole(body, Edit::read)?),
            Self::DELETE => Kind::Delete(read_whole(body, |input| Ok(MessageId::read(input)?))?),
            Self::RECORD_UPDATE => Kind::RecordUpdate(Box::new(read_whole(body, RecordUpdate::read)?)),
            Self::HEAD => Kind::Head(read_whole(body, |input| Ok(Wire::read(input)?))?),
            Self::UNOPENED => Kind::Unopened(read_whole(body, unopened::read)?),
            kind => Kind::Unknown { kind, body: body.to_vec() },
        })
    }
}

fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::new();
    write(&mut out);
    out.into_bytes()
}

/// Reads a body that holds one thing and nothing behind it.
fn read_whole<T>(
    body: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, ContentError>,
) -> Result<T, ContentError> {
    let mut input = Reader::new(body);
    let value = read(&mut input)?;
    input.finish().map_err(|_| ContentError::Trailing)?;
    Ok(value)
}
