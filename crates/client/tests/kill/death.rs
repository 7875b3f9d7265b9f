//! Death by SIGKILL at one step: after a commit of the vault, or after the relay said something.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use client::{Dialling, Pin as ServerPin, Proxy, RealWorld, Stream, World};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wire::{HostPort, UnixSeconds};

/// The step after which a process dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(dead_code)]
pub enum Death {
    /// After the n-th commit.
    Commit(u32),
    /// After the n-th time that bytes came from the relay: what they say is not in the vault yet.
    Answer(u32),
}

impl Death {
    #[allow(dead_code)]
    pub fn at_commit(n: u32) -> Death {
        Death::Commit(n)
    }

    #[allow(dead_code)]
    pub fn at_answer(n: u32) -> Death {
        Death::Answer(n)
    }

    /// For an environment variable.
    pub fn to_text(self) -> String {
        match self {
            Death::Commit(n) => format!("commit {n}"),
            Death::Answer(n) => format!("answer {n}"),
        }
    }

    pub fn from_text(text: &str) -> Death {
        let (kind, n) = text.split_once(' ').unwrap();
        let n = n.parse().unwrap();
        if kind == "commit" { Death::Commit(n) } else { Death::Answer(n) }
    }
}

/// The real world, in which this process has so many steps left.
pub struct MortalWorld {
    commits: AtomicU32,
    answers: Arc<AtomicU32>,
}

impl MortalWorld {
    pub fn new(death: Death) -> MortalWorld {
        let (commits, answers) = match death {
            Death::Commit(n) => (n, u32::MAX),
            Death::Answer(n) => (u32::MAX, n),
        };
        MortalWorld { commits: AtomicU32::new(commits), answers: Arc::new(AtomicU32::new(answers)) }
    }
}

fn step(left: &AtomicU32) {
    if left.fetch_sub(1, Ordering::SeqCst) == 1 {
        die();
    }
}

/// SIGKILL, to this very process.
pub fn die() -> ! {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
    loop {
        std::thread::park();
    }
}

impl World for MortalWorld {
    fn now(&self) -> UnixSeconds {
        RealWorld.now()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        RealWorld.fill_random(bytes);
    }

    fn dial(&self, at: HostPort, pin: ServerPin, proxy: Option<Proxy>, patience: Duration) -> Dialling {
        let answers = Arc::clone(&self.answers);
        Box::pin(async move {
            let mut dialled = RealWorld.dial(at, pin, proxy, patience).await?;
            dialled.stream = Box::new(MortalStream { inner: dialled.stream, answers });
            Ok(dialled)
        })
    }

    fn committed(&self) {
        step(&self.commits);
    }
}

struct MortalStream {
    inner: Box<dyn Stream>,
    answers: Arc<AtomicU32>,
}

impl AsyncRead for MortalStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if buf.filled().len() > before {
            step(&self.answers);
        }
        read
    }
}

impl AsyncWrite for MortalStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
