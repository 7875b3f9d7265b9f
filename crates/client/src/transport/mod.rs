//! The way to a server: TCP, TLS 1.3 pinned to the server's root key, and one machine per connection.

mod dial;
mod line;
mod tls;

pub(crate) use dial::{dial, unreachable};
pub(crate) use line::{Line, Pushed};
pub use tls::Pin;
