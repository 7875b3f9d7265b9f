//! What a Content is: a text, an ACCEPT, a refill, a resend request — or something a later version understands.

use crate::content::ContentError;
use crate::{ReplyPath, Resend};
use wire::{Reader, Writer};

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
    /// Reserved: a part of a file.
    pub const FILE_PART: u8 = 2;
    /// Reserved: a receipt.
    pub const RECEIPT: u8 = 3;
    /// Number of [`Kind::Refill`].
    pub const REFILL: u8 = 4;
    /// Number of [`Kind::Accept`].
    pub const ACCEPT: u8 = 5;
    /// Number of [`Kind::Resend`].
    pub const RESEND: u8 = 6;
    /// Reserved: a new identity record.
    pub const RECORD_UPDATE: u8 = 7;
    /// Reserved: asks for a signed tree head.
    pub const HEAD_REQUEST: u8 = 8;
    /// Reserved: a question with choices.
    pub const QUESTION: u8 = 9;
    /// Reserved: the answer to one.
    pub const ANSWER: u8 = 10;

    /// Its number on the wire.
    pub fn number(&self) -> u8 {
        match self {
            Kind::Text(_) => Self::TEXT,
            Kind::Refill => Self::REFILL,
            Kind::Accept(_) => Self::ACCEPT,
            Kind::Resend(_) => Self::RESEND,
            Kind::Unknown { kind, .. } => *kind,
        }
    }

    /// False for an unknown kind under a known number, which would be read back as something else.
    pub(crate) fn is_well_formed(&self) -> bool {
        match self {
            Kind::Unknown { kind, .. } => {
                !matches!(*kind, 0 | Self::TEXT | Self::REFILL | Self::ACCEPT | Self::RESEND)
            }
            _ => true,
        }
    }

    /// The body as it stands in a Content.
    pub(crate) fn body(&self) -> Vec<u8> {
        match self {
            Kind::Text(text) => text.as_bytes().to_vec(),
            Kind::Refill => Vec::new(),
            Kind::Accept(reply) => written(|out| reply.write(out)),
            Kind::Resend(resend) => written(|out| resend.write(out)),
            Kind::Unknown { body, .. } => body.clone(),
        }
    }

    pub(crate) fn from_parts(kind: u8, body: &[u8]) -> Result<Self, ContentError> {
        match kind {
            0 => Err(ContentError::KindZero),
            Self::TEXT => {
                let text = core::str::from_utf8(body).map_err(|_| ContentError::NotUtf8)?;
                Ok(Kind::Text(text.to_owned()))
            }
            Self::REFILL if body.is_empty() => Ok(Kind::Refill),
            Self::REFILL => Err(ContentError::Trailing),
            Self::ACCEPT => Ok(Kind::Accept(read_whole(body, ReplyPath::read)?)),
            Self::RESEND => Ok(Kind::Resend(read_whole(body, Resend::read)?)),
            kind => Ok(Kind::Unknown { kind, body: body.to_vec() }),
        }
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
