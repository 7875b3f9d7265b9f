//! TLS as this server speaks it: version 1.3 only, hybrid key exchange preferred, nothing to resume.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use wire::request::Binding;

/// The protocol name in ALPN.
pub const ALPN: &[u8] = b"oub/1";
/// The exporter that ties proofs to their channel.
pub const EXPORTER: &[u8] = b"EXPORTER-oubliette";

/// The one configuration of every listener.
///
/// No tickets and no session storage: a resumed handshake would tie an anonymous connection to the owner
/// connection before it.
pub fn config(certificates: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(config)
}

/// What proofs on this connection cover of its channel.
pub fn binding(connection: &rustls::ServerConnection) -> Result<Binding, rustls::Error> {
    connection.export_keying_material([0_u8; 32], EXPORTER, None).map(Binding::TlsExporter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hybrid_key_exchange_comes_first() {
        let groups = aws_lc_rs::default_provider().kx_groups;
        assert_eq!(groups.first().map(|group| group.name()), Some(rustls::NamedGroup::X25519MLKEM768));
    }
}
