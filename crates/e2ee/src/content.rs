//! The plaintext inside an envelope, and its one encoding (`spec/e2ee.md § Content`).

use crate::{Kind, Offer, ReplyPath};
use core::fmt;
use rand_core::CryptoRng;
use wire::limits::REFILL_STAMPS_MAX;
use wire::{DecodeError, Reader, Stamp, UnixSeconds, Wire, Writer};

/// What one person tells another, with what keeps the conversation going.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// Unique per sending identity, remembered for ever.
    pub message_id: MessageId,
    /// Which unbroken numbering of the sender.
    pub stream: StreamId,
    /// Place in it, from 1.
    pub number: u64,
    /// What the sender has received of mine; what it covers is answered.
    pub seen: Option<Seen>,
    /// By the sender's clock.
    pub sent_at: UnixSeconds,
    /// The sender's newest offer.
    pub offer: Option<Offer>,
    /// 44 bytes of the ledger's gossip (`spec/ledger.md § Gossip`); zeros where nothing is said.
    pub gossip: [u8; 44],
    /// Where to answer; in a HELLO only.
    pub reply: Option<ReplyPath>,
    /// Stamps that ride along.
    pub stamps: Vec<Stamp>,
    /// What it says.
    pub kind: Kind,
}

/// Why bytes are not a Content.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// Too short, or a field out of its range.
    #[error("the content is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// Bytes after the end.
    #[error("bytes follow the content")]
    Trailing,
    /// A flag this version does not know.
    #[error("the content sets an unknown flag")]
    Flags,
    /// Numbers run from 1 and below 2^48.
    #[error("the content's number is out of range")]
    Number,
    /// A text that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// More stamps than one Content may carry.
    #[error("the content carries too many stamps")]
    Stamps,
    /// Offers are numbered from 1.
    #[error("the offer's number is zero")]
    OfferZero,
    /// Gaps that are none, too many, out of order or out of range.
    #[error("the numbers asked for are not in order")]
    Gaps,
    /// Choices that are too many, too long, empty or alike.
    #[error("the question's choices are not well formed")]
    Choices,
    /// A record that is a first one, or that the key before did not sign.
    #[error("the record told is not one that the key before signed")]
    RecordUpdate,
    /// No receipt, or too many.
    #[error("the content carries no receipts, or too many")]
    Receipts,
    /// A file, or a part of one, that is larger than files are.
    #[error("the file or its part is larger than files are")]
    FileSize,
    /// A time after which words disappear that is zero or longer than a year.
    #[error("the time after which words disappear is out of range")]
    Expire,
    /// Hashes of envelopes that are none, too many, or not rising.
    #[error("the envelopes asked for are not in order")]
    Unopened,
    /// Kind 0 is no kind.
    #[error("the content's kind is zero")]
    KindZero,
}

const FLAG_SEEN: u8 = 1;
const FLAG_OFFER: u8 = 2;
const FLAG_REPLY: u8 = 4;
/// Highest number of a stream: far above any life, far below where sums overflow.
pub(crate) const NUMBER_MAX: u64 = 1 << 48;

impl Content {
    /// The one encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.message_id.write(&mut out);
        self.stream.write(&mut out);
        out.u64(self.number);
        out.u8(self.flags());
        if let Some(seen) = &self.seen {
            seen.write(&mut out);
        }
        self.sent_at.write(&mut out);
        if let Some(offer) = &self.offer {
            offer.write(&mut out);
        }
        out.bytes(&self.gossip);
        if let Some(reply) = &self.reply {
            reply.write(&mut out);
        }
        write_stamps(&self.stamps, &mut out);
        out.u8(self.kind.number());
        out.long_bytes(&self.kind.body());
        out.into_bytes()
    }

    /// Reads what [`Content::to_bytes`] wrote; anything else is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ContentError> {
        let mut input = Reader::new(bytes);
        let content = Self::read(&mut input)?;
        input.finish().map_err(|_| ContentError::Trailing)?;
        Ok(content)
    }

    fn flags(&self) -> u8 {
        let flag = |present: bool, bit: u8| if present { bit } else { 0 };
        flag(self.seen.is_some(), FLAG_SEEN)
            | flag(self.offer.is_some(), FLAG_OFFER)
            | flag(self.reply.is_some(), FLAG_REPLY)
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        let message_id = MessageId::read(input)?;
        let stream = StreamId::read(input)?;
        let number = read_number(input)?;
        let flags = input.u8()?;
        if flags & !(FLAG_SEEN | FLAG_OFFER | FLAG_REPLY) != 0 {
            return Err(ContentError::Flags);
        }
        let seen = (flags & FLAG_SEEN != 0).then(|| Seen::read(input)).transpose()?;
        let sent_at = UnixSeconds::read(input)?;
        let offer = (flags & FLAG_OFFER != 0).then(|| read_offer(input)).transpose()?;
        let gossip = input.array()?;
        let reply = (flags & FLAG_REPLY != 0).then(|| ReplyPath::read(input)).transpose()?;
        let stamps = read_stamps(input, REFILL_STAMPS_MAX)?;
        let kind = input.u8()?;
        let kind = Kind::from_parts(kind, input.long_bytes()?)?;
        Ok(Self { message_id, stream, number, seen, sent_at, offer, gossip, reply, stamps, kind })
    }
}

fn read_number(input: &mut Reader<'_>) -> Result<u64, ContentError> {
    match input.u64()? {
        number @ 1..NUMBER_MAX => Ok(number),
        _ => Err(ContentError::Number),
    }
}

fn read_offer(input: &mut Reader<'_>) -> Result<Offer, ContentError> {
    let offer = Offer::read(input)?;
    if offer.n == 0 { Err(ContentError::OfferZero) } else { Ok(offer) }
}

pub(crate) fn write_stamps(stamps: &[Stamp], out: &mut Writer) {
    let count = u16::try_from(stamps.len()).expect("callers hold at most 256 stamps");
    out.u16(count);
    for stamp in stamps {
        stamp.write(out);
    }
}

pub(crate) fn read_stamps(input: &mut Reader<'_>, most: usize) -> Result<Vec<Stamp>, ContentError> {
    let count = usize::from(input.u16()?);
    if count > most {
        return Err(ContentError::Stamps);
    }
    (0..count).map(|_| Stamp::read(input).map_err(ContentError::from)).collect()
}

/// What the other side has received of a stream without a gap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Of which stream.
    pub stream: StreamId,
    /// The highest number up to which nothing is missing.
    pub through: u64,
}

impl Seen {
    pub(crate) fn write(&self, out: &mut Writer) {
        self.stream.write(out);
        out.u64(self.through);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        let stream = StreamId::read(input)?;
        match input.u64()? {
            through @ 0..NUMBER_MAX => Ok(Self { stream, through }),
            _ => Err(ContentError::Number),
        }
    }
}

/// Names one message for ever.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub [u8; 16]);

/// Names one unbroken numbering of one sender, from join or restore on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub [u8; 8]);

impl MessageId {
    /// A new one.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        Self(id)
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.bytes(&self.0);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(input.array()?))
    }
}

impl StreamId {
    /// A new one.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut id = [0; 8];
        rng.fill_bytes(&mut id);
        Self(id)
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.bytes(&self.0);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(input.array()?))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("MessageId(..)")
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("StreamId(..)")
    }
}
