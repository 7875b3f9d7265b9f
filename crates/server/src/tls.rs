//! TLS as this server speaks it: version 1.3 only, hybrid key exchange only, nothing to resume.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
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
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(config)
}

/// A classical exchange would show whoever records today, some day, which names and mailboxes were asked for: envelopes
/// are sealed once more inside, requests are not.
fn provider() -> CryptoProvider {
    CryptoProvider { kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768], ..aws_lc_rs::default_provider() }
}

/// What proofs on this connection cover of its channel.
pub fn binding(connection: &rustls::ServerConnection) -> Result<Binding, rustls::Error> {
    connection.export_keying_material([0_u8; 32], EXPORTER, None).map(Binding::TlsExporter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_key_exchange_and_it_is_hybrid() {
        let groups: Vec<_> = provider().kx_groups.iter().map(|group| group.name()).collect();
        assert_eq!(groups, [rustls::NamedGroup::X25519MLKEM768]);
    }
}
