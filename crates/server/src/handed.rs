//! Sockets that systemd opened and keeps while the relay starts anew, so that nobody is refused meanwhile
//! (`sd_listen_fds(3)`, `deploy/oublietted.socket`).

use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use rustix::net::sockopt;

use crate::failure::{EXIT_USAGE, Failure};
use crate::listener::UNREAD_INPUT_BYTES;

/// Takes those that were handed to this process; none most of the time. To be called before there is a second thread, since
/// it takes the variables that name them out of the environment.
pub fn take() -> Result<Vec<TcpListener>, Failure> {
    let mut handed = ListenFd::from_env();
    (0..handed.len())
        .map(|index| match handed.take_tcp_listener(index).and_then(|socket| socket.map(ready).transpose()) {
            Ok(Some(listener)) => Ok(listener),
            Ok(None) => Err(refused("it was taken before")),
            Err(error) => Err(refused(error)),
        })
        .collect()
}

/// As if it were our own (`listener::bind`).
fn ready(listener: TcpListener) -> io::Result<TcpListener> {
    if !sockopt::socket_acceptconn(&listener)? {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not listen"));
    }
    sockopt::set_socket_recv_buffer_size(&listener, UNREAD_INPUT_BYTES as usize)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn refused(why: impl ToString) -> Failure {
    Failure::new(
        "a socket that was handed over cannot be used",
        why.to_string(),
        "let oublietted.socket have   ListenStream=   with a port, and nothing of   Accept=   or   ListenDatagram=",
        EXIT_USAGE,
        "OUB-S026",
    )
}
