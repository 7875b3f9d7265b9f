//! [`World`]: the clock, the randomness and the way to servers, handed in rather than reached for.

use std::{
    fmt,
    future::Future,
    pin::Pin as Pinned,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use core::convert::Infallible;
use getrandom::{SysRng, rand_core::UnwrapErr};
use rand_core::{Rng, TryCryptoRng, TryRng};
use tokio::io::{AsyncRead, AsyncWrite};
use wire::{Envelope, HostPort, Name, NameTag, ServerId, UnixSeconds};

use crate::{
    ClientError, Proxy,
    transport::{Pin, dial},
};

/// Everything that a client needs besides its vault. [`RealWorld`] is what programs use; a simulator gives one
/// of its own, in which time, luck and the network are part of the experiment.
pub trait World: Send + Sync {
    /// The time of day.
    fn now(&self) -> UnixSeconds;

    /// Fills with randomness that nobody can predict (or, in a simulator, that a seed can repeat).
    fn fill_random(&self, bytes: &mut [u8]);

    /// A channel to a server, authenticated as `pin` asks; given up after `patience` without progress. Where there is a
    /// proxy, the channel goes through it or is not made.
    fn dial(&self, at: HostPort, pin: Pin, proxy: Option<Proxy>, patience: Duration) -> Dialling;

    /// The tag of a name in the ledger of a server (`spec/ledger.md § Leaf`): a tenth of a second, which a simulator does not
    /// have.
    fn name_tag(&self, server_id: &ServerId, name: &Name) -> NameTag {
        NameTag(crypto::name_tag(&server_id.0, name.as_str()))
    }

    /// The vault has committed a transaction: where tests of sudden death put the death.
    fn committed(&self) {}

    /// An envelope is about to be opened: where tests of poisoned ones put the death.
    fn opening(&self, _envelope: &Envelope) {}
}

/// A channel that is being made.
pub type Dialling = Pinned<Box<dyn Future<Output = Result<Dialled, ClientError>> + Send>>;

/// An authenticated channel to a server.
pub struct Dialled {
    /// Its bytes.
    pub stream: Box<dyn Stream>,
    /// Whose it is.
    pub server_id: ServerId,
    /// The value that both ends of this channel, and nobody else, can export (RFC 9266; DESIGN § 4).
    pub exported: [u8; 32],
}

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The system's clock and randomness, and TCP with TLS.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealWorld;

impl World for RealWorld {
    /// Seconds since 1970; a clock before that reads 0.
    fn now(&self) -> UnixSeconds {
        UnixSeconds(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// A system without randomness ends the program: nothing can be done then.
    fn fill_random(&self, bytes: &mut [u8]) {
        UnwrapErr(SysRng).fill_bytes(bytes);
    }

    fn dial(&self, at: HostPort, pin: Pin, proxy: Option<Proxy>, patience: Duration) -> Dialling {
        let proxy = proxy.map(|proxy| {
            let credentials = proxy.credentials(self);
            (proxy, credentials)
        });
        Box::pin(dial(at, pin, proxy, patience))
    }
}

/// The world of one client, shared by its parts.
#[derive(Clone)]
pub struct SharedWorld(Arc<dyn World>);

impl SharedWorld {
    /// Another world than the real one.
    pub fn new(world: impl World + 'static) -> Self {
        Self(Arc::new(world))
    }
}

impl Default for SharedWorld {
    fn default() -> Self {
        Self::new(RealWorld)
    }
}

impl fmt::Debug for SharedWorld {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SharedWorld(..)")
    }
}

impl std::ops::Deref for SharedWorld {
    type Target = dyn World;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// A world's randomness, as the pure crates take it.
pub(crate) struct Dice<'a>(pub(crate) &'a dyn World);

impl TryRng for Dice<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_random(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Dice<'_> {}

impl Dice<'_> {
    /// Fresh bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_random(&mut bytes);
        bytes
    }
}
