//! TLS over one socket, with nothing kept for a peer who is silent: bytes are read into a buffer that all
//! connections of a thread share, and are encrypted only when the last ones are gone.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use rustls::ServerConnection;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

/// Read from a peer at a time.
const READ_BYTES: usize = 64 * 1024;
/// Bytes of one turn, read and written; the write that goes beyond is the last.
const TURN_BYTES: usize = 128 * 1024;
/// Frames that become one write, unless their bytes are more than `WRITE_BYTES` before.
const WRITE_FRAMES: usize = 64;
/// The frame that goes beyond is the last of a write; the rest stays in the machine, which stops reading when
/// too much is unread.
const WRITE_BYTES: usize = 64 * 1024;

/// A peer who is told goodbye has so long to stop talking,
const LINGER: Duration = Duration::from_secs(1);
/// and so many bytes: more than the system keeps of one who is not read.
const LINGER_BYTES_MAX: usize = 1024 * 1024;

thread_local! {
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// The encrypted line to one peer.
#[derive(Debug)]
pub struct Line {
    socket: TcpStream,
    tls: Box<ServerConnection>,
    /// Read and written since the turn began.
    turn: usize,
    /// Whether what is written goes to the system whatever it last said of its room, until it takes no more.
    is_pressing: bool,
}

/// What reading came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Something, which was handed over.
    Something,
    /// Nothing now.
    Nothing,
    /// The peer says no more.
    End,
}

impl Line {
    /// The line behind a handshake.
    pub fn new(stream: TlsStream<TcpStream>) -> Self {
        let (socket, mut tls) = stream.into_inner();
        // How much is under way is bounded here, in bytes and in frames.
        tls.set_buffer_limit(None);
        Self { socket, tls: Box::new(tls), turn: 0, is_pressing: false }
    }

    /// Hands over what came together with the end of the handshake, then what the socket holds, once.
    pub fn hear(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<Heard> {
        SHARED.with_borrow_mut(|shared| {
            let mut came = ReadBuf::new(shared);
            // Less than there was room for means that the socket is empty, which this way of reading knows and
            // `try_read` asks once more. Who waits for more waits in `readable`.
            let mut context = Context::from_waker(Waker::noop());
            match Pin::new(&mut self.socket).poll_read(&mut context, &mut came) {
                Poll::Ready(read) => read?,
                Poll::Pending => return Ok(Heard::Nothing),
            }
            let mut unread = came.filled();
            self.turn += unread.len();
            if unread.is_empty() {
                return Ok(Heard::End);
            }
            while !unread.is_empty() {
                if self.tls.read_tls(&mut unread)? == 0 {
                    return Ok(Heard::End);
                }
                if let Err(error) = self.tls.process_new_packets() {
                    // The alert that says why is on its way out; whether it arrives is the peer's affair.
                    let _lost = self.flush();
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
                if self.drain(&mut each)? == Heard::End {
                    return Ok(Heard::End);
                }
            }
            Ok(Heard::Something)
        })
    }

    /// Hands over what is decrypted already.
    pub fn drain(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<Heard> {
        use io::BufRead;
        loop {
            let mut reader = self.tls.reader();
            let len = match reader.fill_buf() {
                Ok([]) => return Ok(Heard::End),
                Ok(plain) => {
                    each(plain);
                    plain.len()
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Heard::Something),
                Err(error) => return Err(error),
            };
            reader.consume(len);
        }
    }

    /// Whether this connection has had so much that the others come first. Their turn begins with the question.
    pub fn had_its_turn(&mut self) -> bool {
        let had = self.turn >= TURN_BYTES;
        if had {
            self.turn = 0;
        }
        had
    }

    /// Encrypts what `next` gives and writes as much as the socket takes now, within the turn; what it does not take
    /// stays, and nothing more is asked for before it is gone.
    pub fn say(&mut self, mut next: impl FnMut() -> Option<Bytes>) -> io::Result<()> {
        let mut frames = Vec::new();
        while self.flush()? && self.turn < TURN_BYTES {
            let mut bytes = 0;
            while frames.len() < WRITE_FRAMES && bytes < WRITE_BYTES {
                let Some(frame) = next() else { break };
                bytes += frame.len();
                frames.push(frame);
            }
            if frames.is_empty() {
                return Ok(());
            }
            let slices: Vec<IoSlice<'_>> = frames.iter().map(|frame| IoSlice::new(frame)).collect();
            if self.tls.writer().write_vectored(&slices)? != bytes {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.turn += bytes;
            frames.clear();
        }
        Ok(())
    }

    /// Writes what is encrypted, as far as the socket takes it. True when all of it is gone.
    fn flush(&mut self) -> io::Result<bool> {
        while self.tls.wants_write() {
            let wrote = match self.is_pressing {
                true => self.tls.write_tls(&mut Unasked(&self.socket)),
                false => self.tls.write_tls(&mut Socket(&self.socket)),
            };
            match wrote {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_pressing = false;
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Writes of what waits also where nobody said that the socket takes it: Linux says so only once a third of what it keeps
    /// for the peer is free, which is a megabyte, and takes whatever there is room for. Whether it took something, as it does
    /// when the peer did; then the rest goes the same way.
    pub fn press(&mut self) -> io::Result<bool> {
        match self.tls.write_tls(&mut Unasked(&self.socket)) {
            Ok(bytes) => self.is_pressing = bytes > 0,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.is_pressing = false,
            Err(error) => return Err(error),
        }
        Ok(self.is_pressing)
    }

    /// Whether something encrypted waits for the socket.
    pub fn is_writing(&self) -> bool {
        self.tls.wants_write()
    }

    /// Ready when the socket may hold something to hear.
    pub async fn readable(&self) -> io::Result<()> {
        poll_fn(|context| self.socket.poll_read_ready(context)).await
    }

    /// Ready when the socket may take something.
    pub async fn writable(&self) -> io::Result<()> {
        poll_fn(|context| self.socket.poll_write_ready(context)).await
    }

    /// Says goodbye in TLS, as far as the socket takes it at once.
    pub fn close(&mut self) {
        self.tls.send_close_notify();
        // A peer who is gone needs no goodbye.
        let _gone = self.flush();
    }

    /// Says no more, and for a moment drops what the peer still says until he has said all: to whoever writes to a closed
    /// socket the system answers that nothing of it was meant, and takes back what it has not brought him yet.
    pub async fn linger(&mut self) {
        if self.socket.shutdown().await.is_ok() {
            let _late_or_gone = timeout(LINGER, self.drop_the_rest()).await;
        }
    }

    async fn drop_the_rest(&mut self) -> io::Result<()> {
        let mut dropped = 0;
        while dropped < LINGER_BYTES_MAX {
            self.readable().await?;
            let read = SHARED.with_borrow_mut(|shared| self.socket.try_read(shared));
            match read {
                Ok(0) => break,
                Ok(bytes) => dropped += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The socket as the system has it, past what the runtime knows of it.
struct Unasked<'a>(&'a TcpStream);

impl Write for Unasked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        Ok(sendmsg(self.0, slices, &mut SendAncillaryBuffer::default(), flags)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The socket as what TLS writes to.
struct Socket<'a>(&'a TcpStream);

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
