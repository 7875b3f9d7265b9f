//! The way to a server: TCP, through a proxy if there is one, TLS 1.3 pinned to the server's root key, and one machine per connection.

mod dial;
mod line;
mod socks;
mod tls;
mod tunnel;

pub(crate) use dial::{LATE, dial, unreachable};
pub(crate) use line::{Line, Pushed};
pub use tls::Pin;
pub(crate) use tunnel::{Acquainted, try_proxy};
