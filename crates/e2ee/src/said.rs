//! What people say to each other beyond a plain text: bodies of Content kinds (`spec/e2ee.md § Kinds`).

use crate::MessageId;
use crate::content::ContentError;
use core::num::NonZeroU32;
use wire::{Reader, UnixSeconds, Wire, Writer};

/// Choices of one question.
pub const CHOICES_MAX: usize = 16;
/// Bytes of one choice.
pub const CHOICE_BYTES_MAX: usize = 100;
/// Receipts of one Content.
pub const RECEIPTS_MAX: usize = 64;
/// Bytes of a file.
pub const FILE_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// Bytes of a file's part, the last excepted: one fills a 64 KiB envelope and leaves room for stamps.
pub const FILE_PART_BYTES: usize = 60_000;
/// Bytes of a file's name.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// Longest time after which words disappear: one year.
pub const EXPIRE_S_MAX: u32 = 366 * 86_400;

const FLAG_QUOTES: u8 = 1;
const FLAG_EXPIRE: u8 = 2;

/// Words that quote a message, or disappear, or both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// The message that these words answer.
    pub quotes: Option<MessageId>,
    /// Seconds after which both sides erase it: here from sending, there from handing out.
    pub expire_s: Option<NonZeroU32>,
    /// The words.
    pub text: String,
}

/// A question that waits for an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// When nobody waits for the answer any more.
    pub until: UnixSeconds,
    /// Answers to choose from; none where any words will do.
    pub choices: Vec<String>,
    /// The words.
    pub text: String,
}

/// The answer to a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The message id of the question.
    pub question: MessageId,
    /// The words; one of the choices, letter for letter, where the question gave some.
    pub text: String,
}

/// Announces a file, whose parts follow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileHead {
    /// Its length.
    pub bytes: u32,
    /// SHA-256 over the whole.
    pub hash: [u8; 32],
    /// What the sender calls it; a hint, and hostile until it was reduced to a base name.
    pub name: String,
    /// Words that come with it.
    pub text: String,
}

impl FileHead {
    /// How many parts there are.
    pub fn parts(&self) -> u16 {
        u16::try_from((self.bytes as usize).div_ceil(FILE_PART_BYTES)).unwrap_or(u16::MAX)
    }

    /// Bytes of one part; `None` beyond the last.
    pub fn part_bytes(&self, index: u16) -> Option<usize> {
        let start = usize::from(index) * FILE_PART_BYTES;
        let left = (self.bytes as usize).checked_sub(start)?;
        (left > 0).then(|| left.min(FILE_PART_BYTES))
    }
}

/// One part of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilePart {
    /// The message id of its [`FileHead`].
    pub file: MessageId,
    /// Its place, from 0.
    pub index: u16,
    /// Its bytes, 1 to [`FILE_PART_BYTES`].
    pub bytes: Vec<u8>,
}

/// Other words for a text that was sent before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// The message id of the text.
    pub message: MessageId,
    /// The words that replace its words.
    pub text: String,
}

/// A body with one encoding.
pub(crate) trait Body: Sized {
    fn write(&self, out: &mut Writer);
    fn read(input: &mut Reader<'_>) -> Result<Self, ContentError>;
}

impl Body for Note {
    fn write(&self, out: &mut Writer) {
        let flag = |present: bool, bit: u8| if present { bit } else { 0 };
        out.u8(flag(self.quotes.is_some(), FLAG_QUOTES) | flag(self.expire_s.is_some(), FLAG_EXPIRE));
        if let Some(quotes) = &self.quotes {
            quotes.write(out);
        }
        if let Some(expire) = self.expire_s {
            out.u32(expire.get());
        }
        out.bytes(self.text.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        let flags = input.u8()?;
        // Without either it would be a plain text: one encoding per value.
        if flags == 0 || flags & !(FLAG_QUOTES | FLAG_EXPIRE) != 0 {
            return Err(ContentError::Flags);
        }
        let quotes = (flags & FLAG_QUOTES != 0).then(|| MessageId::read(input)).transpose()?;
        let expire_s = (flags & FLAG_EXPIRE != 0).then(|| read_expire(input)).transpose()?;
        Ok(Self { quotes, expire_s, text: read_text(input.rest())? })
    }
}

impl Body for Question {
    fn write(&self, out: &mut Writer) {
        self.until.write(out);
        out.u8(u8::try_from(self.choices.len()).unwrap_or(u8::MAX));
        for choice in &self.choices {
            out.short_bytes(choice.as_bytes());
        }
        out.bytes(self.text.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        let until = UnixSeconds::read(input)?;
        let count = usize::from(input.u8()?);
        if count > CHOICES_MAX {
            return Err(ContentError::Choices);
        }
        let mut choices = Vec::with_capacity(count);
        for _ in 0..count {
            choices.push(read_text(input.short_bytes()?)?);
        }
        match are_choices(&choices) {
            true => Ok(Self { until, choices, text: read_text(input.rest())? }),
            false => Err(ContentError::Choices),
        }
    }
}

impl Body for Answer {
    fn write(&self, out: &mut Writer) {
        self.question.write(out);
        out.bytes(self.text.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        Ok(Self { question: MessageId::read(input)?, text: read_text(input.rest())? })
    }
}

impl Body for FileHead {
    fn write(&self, out: &mut Writer) {
        out.u32(self.bytes);
        out.bytes(&self.hash);
        out.short_bytes(self.name.as_bytes());
        out.bytes(self.text.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        let bytes = input.u32()?;
        if bytes > FILE_BYTES_MAX {
            return Err(ContentError::FileSize);
        }
        let hash = input.array()?;
        let name = read_text(input.short_bytes()?)?;
        Ok(Self { bytes, hash, name, text: read_text(input.rest())? })
    }
}

impl Body for FilePart {
    fn write(&self, out: &mut Writer) {
        self.file.write(out);
        out.u16(self.index);
        out.bytes(&self.bytes);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        let (file, index, bytes) = (MessageId::read(input)?, input.u16()?, input.rest());
        match is_part(index, bytes) {
            true => Ok(Self { file, index, bytes: bytes.to_vec() }),
            false => Err(ContentError::FileSize),
        }
    }
}

impl Body for Edit {
    fn write(&self, out: &mut Writer) {
        self.message.write(out);
        out.bytes(self.text.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        Ok(Self { message: MessageId::read(input)?, text: read_text(input.rest())? })
    }
}

/// Message ids that were read: 1 to [`RECEIPTS_MAX`].
pub(crate) fn write_receipts(ids: &[MessageId], out: &mut Writer) {
    ids.iter().for_each(|id| id.write(out));
}

pub(crate) fn read_receipts(input: &mut Reader<'_>) -> Result<Vec<MessageId>, ContentError> {
    let count = input.remaining() / 16;
    if !(1..=RECEIPTS_MAX).contains(&count) {
        return Err(ContentError::Receipts);
    }
    (0..count).map(|_| MessageId::read(input).map_err(ContentError::from)).collect()
}

/// Seconds of a timer: 0 is off.
pub(crate) fn read_timer(input: &mut Reader<'_>) -> Result<u32, ContentError> {
    match input.u32()? {
        seconds @ 0..=EXPIRE_S_MAX => Ok(seconds),
        _ => Err(ContentError::Expire),
    }
}

fn read_expire(input: &mut Reader<'_>) -> Result<NonZeroU32, ContentError> {
    NonZeroU32::new(read_timer(input)?).ok_or(ContentError::Expire)
}

pub(crate) fn read_text(bytes: &[u8]) -> Result<String, ContentError> {
    core::str::from_utf8(bytes).map(str::to_owned).map_err(|_| ContentError::NotUtf8)
}

/// Whether these may be the choices of a question: few, short, none empty, no two alike.
pub fn are_choices(choices: &[String]) -> bool {
    let fits = |choice: &String| (1..=CHOICE_BYTES_MAX).contains(&choice.len());
    let unique =
        |(place, choice): (usize, &String)| choices.iter().position(|each| each == choice) == Some(place);
    choices.len() <= CHOICES_MAX && choices.iter().all(fits) && choices.iter().enumerate().all(unique)
}

fn is_part(index: u16, bytes: &[u8]) -> bool {
    let end = usize::from(index) * FILE_PART_BYTES + bytes.len();
    (1..=FILE_PART_BYTES).contains(&bytes.len()) && end <= FILE_BYTES_MAX as usize
}

impl Note {
    pub(crate) fn is_well_formed(&self) -> bool {
        let fits = self.expire_s.is_none_or(|expire| expire.get() <= EXPIRE_S_MAX);
        fits && (self.quotes.is_some() || self.expire_s.is_some())
    }
}

impl FileHead {
    pub(crate) fn is_well_formed(&self) -> bool {
        self.bytes <= FILE_BYTES_MAX && self.name.len() <= FILE_NAME_BYTES_MAX
    }
}

impl FilePart {
    pub(crate) fn is_well_formed(&self) -> bool {
        is_part(self.index, &self.bytes)
    }
}
