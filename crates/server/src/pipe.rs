//! The bytes on their way to one peer: gathered from the machine, written as the peer takes them.

use std::io;

use bytes::{Buf, BytesMut};
use proto::ServerConnection;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Gathered at a time; the rest stays in the machine, which stops reading when too much is unread.
const GATHER_BYTES: usize = 64 * 1024;

/// The outgoing half of a connection.
#[derive(Debug)]
pub struct Pipe<W> {
    peer: W,
    chunk: BytesMut,
    unflushed: bool,
}

impl<W: AsyncWrite + Unpin> Pipe<W> {
    /// Nothing under way yet.
    pub fn new(peer: W) -> Self {
        Self { peer, chunk: BytesMut::new(), unflushed: false }
    }

    /// Takes what the machine has to say, if the last chunk is gone.
    pub fn gather(&mut self, machine: &mut ServerConnection) {
        while self.chunk.len() < GATHER_BYTES {
            let Some(frame) = machine.poll_output() else { return };
            self.chunk.extend_from_slice(&frame);
        }
    }

    /// Whether something is under way.
    pub fn has_work(&self) -> bool {
        !self.chunk.is_empty() || self.unflushed
    }

    /// One step of writing. Safe to abandon at any point: nothing is lost and nothing is sent twice.
    pub async fn step(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            self.peer.flush().await?;
            self.unflushed = false;
            return Ok(());
        }
        let written = self.peer.write(&self.chunk).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.unflushed = true;
        self.chunk.advance(written);
        Ok(())
    }

    /// Says goodbye in TLS.
    pub async fn close(&mut self) -> io::Result<()> {
        self.peer.shutdown().await
    }
}
