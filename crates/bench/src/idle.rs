//! Memory of the server per idle TLS connection.

use crate::Failure;
use crate::link::{Link, invitation};
use crate::relay::Relay;
use proto::ServerPin;
use wire::ConnectionKind;

/// Opens connections that have read `WELCOME` and say nothing, and compares the server's resident memory.
pub fn run(connections: usize) -> Result<(), Failure> {
    let relay = Relay::start()?;
    let pin = ServerPin::Short(invitation(&relay, "idler")?.server);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The first connections pay for what is made once.
        let mut links = Vec::new();
        for _ in 0..50 {
            links.push(Link::open(&relay, pin, ConnectionKind::Anonymous).await?);
        }
        let before = relay.resident_bytes()?;
        let cpu = relay.cpu_seconds()?;
        for _ in 0..connections {
            links.push(Link::open(&relay, pin, ConnectionKind::Anonymous).await?);
        }
        let after = relay.resident_bytes()?;
        let spent = relay.cpu_seconds()? - cpu;
        let each = after.saturating_sub(before) as f64 / connections as f64;
        let handshake = spent * 1e3 / connections as f64;
        println!("idle: {each:.0} bytes of server memory per connection at {connections}, {handshake:.2} ms of server CPU per connect");
        Ok(())
    })
}
