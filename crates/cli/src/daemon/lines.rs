//! Lines of bounded length, read from a socket and written to it.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::json::Line;

/// The longest line: a text of 60,000 bytes, every one of them escaped.
pub const LINE_BYTES_MAX: usize = 512 * 1024;
/// Whoever reads nothing for so long is let go.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    /// A line, without its end.
    Line(String),
    /// More than [`LINE_BYTES_MAX`] without an end of line; it was thrown away up to its end.
    TooLong,
    /// Bytes that are no text.
    NotText,
    /// Nobody writes any more.
    End,
}

/// Reads lines. One that a time-out interrupts is gone on with by the next call.
pub struct Lines<R> {
    source: BufReader<R>,
    begun: Vec<u8>,
    too_long: bool,
}

impl<R: io::Read> Lines<R> {
    /// Reads from here.
    pub fn new(source: R) -> Self {
        Self { source: BufReader::new(source), begun: Vec::new(), too_long: false }
    }

    /// The next line.
    pub fn next(&mut self) -> io::Result<Came> {
        loop {
            let chunk = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                // The last line of all may lack its end.
                return Ok(if self.begun.is_empty() && !self.too_long { Came::End } else { self.finish() });
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            self.too_long |= self.begun.len() + part.len() > LINE_BYTES_MAX;
            match self.too_long {
                true => self.begun.clear(),
                false => self.begun.extend_from_slice(part),
            }
            let used = part.len() + usize::from(end.is_some());
            self.source.consume(used);
            if end.is_some() {
                return Ok(self.finish());
            }
        }
    }

    fn finish(&mut self) -> Came {
        let line = std::mem::take(&mut self.begun);
        match std::mem::take(&mut self.too_long) {
            true => Came::TooLong,
            false => String::from_utf8(line).map_or(Came::NotText, Came::Line),
        }
    }
}

/// Nobody reads any more, or too slowly.
#[derive(Debug)]
pub struct Gone;

/// Where answers go; shared by the threads of one conversation, a whole line at a time.
pub struct Outlet {
    stream: Mutex<UnixStream>,
    gone: AtomicBool,
    too_slow: AtomicBool,
}

impl Outlet {
    /// Writes here.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_write_timeout(Some(WRITE_PATIENCE))?;
        let (gone, too_slow) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { stream: Mutex::new(stream), gone, too_slow })
    }

    /// Says one line.
    pub fn say(&self, line: &Line) -> Result<(), Gone> {
        self.write(format!("{line}\n").as_bytes())
    }

    /// Writes bytes that end a line. A reader who is too slow is let go of: half a line is of no use to it.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Gone> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_gone() {
            return Err(Gone);
        }
        stream.write_all(bytes).map_err(|error| {
            let slow = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
            self.too_slow.fetch_or(slow, Ordering::Relaxed);
            self.gone.store(true, Ordering::Relaxed);
            let _ = stream.shutdown(Shutdown::Both);
            Gone
        })
    }

    /// Nobody is there any more.
    pub fn leave(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// Whether the other end was let go of because it did not read.
    pub fn was_too_slow(&self) -> bool {
        self.too_slow.load(Ordering::Relaxed)
    }

    /// Whether nobody is there any more.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Gives one byte at a time, and says "not now" before each.
    struct Slow<'a>(&'a [u8], bool);

    impl io::Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.0.read(buffer.get_mut(..1).unwrap())
        }
    }

    fn all(source: impl io::Read) -> Vec<Came> {
        let (mut lines, mut came) = (Lines::new(source), Vec::new());
        loop {
            match lines.next() {
                Ok(Came::End) => return came,
                Ok(each) => came.push(each),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
    }

    #[test]
    fn lines_are_whole_however_their_bytes_arrive() {
        let text = "one\n\nzwei é\nlast".as_bytes();
        let line = |text: &str| Came::Line(text.to_owned());
        let whole = [line("one"), line(""), line("zwei é"), line("last")];
        assert_eq!(all(text), whole);
        assert_eq!(all(Slow(text, false)), whole);
    }

    #[test]
    fn a_line_too_long_and_one_that_is_no_text_spoil_no_other() {
        let mut bytes = vec![b'x'; LINE_BYTES_MAX + 1];
        bytes.extend_from_slice(b"\nok\n\xff\xfe\nok\n");
        let ok = || Came::Line("ok".to_owned());
        assert_eq!(all(&*bytes), [Came::TooLong, ok(), Came::NotText, ok()]);
        let longest = vec![b'x'; LINE_BYTES_MAX];
        assert!(matches!(all(&*longest).as_slice(), [Came::Line(line)] if line.len() == LINE_BYTES_MAX));
    }
}
