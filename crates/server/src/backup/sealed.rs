//! A sealed file: a header that names the kind of secret, and a stream of chunks (`spec/primitives.md § Streams`).

use std::io::{self, Read, Write};

use crypto::{STREAM_CHUNK_BYTES, STREAM_TAG_BYTES, Secret, StreamOpener, StreamSealer};
use zeroize::Zeroizing;

/// What such a file begins with.
const MAGIC: &[u8; 16] = b"oubliette backup";
/// The sealing that this program writes and reads.
const SEALING: u8 = 1;

/// What opens the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A passphrase, made slow by Argon2id.
    Passphrase,
    /// 32 random bytes.
    KeyFile,
}

/// `magic[16] ‖ sealing u8 ‖ kind u8 ‖ salt[16]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// By what it is opened.
    pub kind: Kind,
    /// Makes every file's key its own.
    pub salt: [u8; 16],
}

impl Header {
    /// Its bytes, all of which the key depends on.
    pub fn to_bytes(self) -> [u8; 34] {
        let mut bytes = [0; 34];
        let kind = match self.kind {
            Kind::Passphrase => 1,
            Kind::KeyFile => 2,
        };
        let parts = MAGIC.iter().copied().chain([SEALING, kind]).chain(self.salt);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The header of a file, or in what way it has none that this program knows.
    pub fn read(from: &mut impl Read) -> Result<Self, &'static str> {
        const SHORT: &str = "is too short for a backup";
        let mut bytes = [0; 34];
        from.read_exact(&mut bytes).map_err(|_| SHORT)?;
        let (magic, rest) = bytes.split_first_chunk::<16>().ok_or(SHORT)?;
        let ([sealing, kind], salt) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
        if magic != MAGIC {
            return Err("does not begin like a backup");
        }
        let kind = match (*sealing, *kind) {
            (SEALING, 1) => Kind::Passphrase,
            (SEALING, 2) => Kind::KeyFile,
            _ => return Err("is of a later program"),
        };
        Ok(Self { kind, salt: salt.try_into().map_err(|_| SHORT)? })
    }
}

/// Seals what is written to it. Without [`Sealer::finish`] the file does not open to its end.
pub struct Sealer<W> {
    to: W,
    stream: StreamSealer,
    waiting: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    /// Writes the header and begins.
    pub fn begin(mut to: W, header: Header, secret: &Secret<32>) -> io::Result<Self> {
        let bytes = header.to_bytes();
        to.write_all(&bytes)?;
        let stream = StreamSealer::new(&crypto::backup_key(secret, &header.salt, &bytes));
        Ok(Self { to, stream, waiting: Zeroizing::new(Vec::with_capacity(STREAM_CHUNK_BYTES)) })
    }

    /// Seals the last chunk and gives the file back.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal_if_full()?;
        let last = self.stream.last(&self.waiting).map_err(io::Error::other)?;
        self.to.write_all(&last)?;
        Ok(self.to)
    }

    fn seal_if_full(&mut self) -> io::Result<()> {
        let Ok(chunk) = <&[u8; STREAM_CHUNK_BYTES]>::try_from(self.waiting.as_slice()) else {
            return Ok(());
        };
        let sealed = self.stream.next(chunk).map_err(io::Error::other)?;
        self.waiting.clear();
        self.to.write_all(&sealed)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.seal_if_full()?;
        let room = STREAM_CHUNK_BYTES - self.waiting.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.waiting.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Opens a sealed file while it is read. Whatever it hands out was authenticated.
pub struct Opener<R> {
    from: R,
    /// Gone after the last chunk.
    stream: Option<StreamOpener>,
    chunk: Zeroizing<Vec<u8>>,
    given: usize,
}

impl<R: Read> Opener<R> {
    /// Begins behind the header.
    pub fn begin(from: R, header: Header, secret: &Secret<32>) -> Self {
        let key = crypto::backup_key(secret, &header.salt, &header.to_bytes());
        Self { from, stream: Some(StreamOpener::new(&key)), chunk: Zeroizing::default(), given: 0 }
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let mut sealed = Vec::with_capacity(STREAM_CHUNK_BYTES + STREAM_TAG_BYTES);
        (&mut self.from).take((STREAM_CHUNK_BYTES + STREAM_TAG_BYTES) as u64).read_to_end(&mut sealed)?;
        let bad = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        self.given = 0;
        if sealed.len() < STREAM_CHUNK_BYTES + STREAM_TAG_BYTES {
            self.chunk = stream.last(&sealed).map_err(bad)?;
        } else {
            self.chunk = stream.next(&sealed).map_err(bad)?;
            self.stream = Some(stream);
        }
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.given >= self.chunk.len() {
            self.next_chunk()?;
        }
        let left = self.chunk.get(self.given..).unwrap_or_default();
        let count = left.len().min(to.len());
        to.iter_mut().zip(left).for_each(|(to, from)| *to = *from);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const HEADER: Header = Header { kind: Kind::KeyFile, salt: [3; 16] };

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::begin(Vec::new(), HEADER, &Secret::new([1; 32])).unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(sealed: &[u8]) -> io::Result<Vec<u8>> {
        let mut from = sealed;
        let header = Header::read(&mut from).map_err(io::Error::other)?;
        let mut plain = Vec::new();
        Opener::begin(from, header, &Secret::new([1; 32])).read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn whatever_its_length_a_file_comes_back_whole() {
        for length in [0, 1, STREAM_CHUNK_BYTES - 1, STREAM_CHUNK_BYTES, STREAM_CHUNK_BYTES + 1, 300_000] {
            let plain: Vec<u8> = (0..length).map(|at| at as u8).collect();
            assert_eq!(opened(&sealed(&plain)).unwrap(), plain, "{length}");
        }
    }

    #[test]
    fn a_file_that_was_cut_lengthened_or_altered_does_not_open() {
        let whole = sealed(&[5; 2 * STREAM_CHUNK_BYTES]);
        let chunk = STREAM_CHUNK_BYTES + STREAM_TAG_BYTES;
        for cut in [0, 33, 34, 35, 34 + chunk, 34 + 2 * chunk, whole.len() - 1] {
            assert!(opened(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(opened(&[&whole[..], &[0]].concat()).is_err());
        for at in (0..34).chain([34, 34 + chunk, whole.len() - 1]) {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            assert!(opened(&altered).is_err(), "byte {at}");
        }
    }
}
