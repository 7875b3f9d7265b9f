//! `serve --ephemeral`: a server in a temporary folder, for a look around or a test, that leaves nothing.

use std::fs::Permissions;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;

use crate::config::Settings;
use crate::failure::{EXIT_LOCAL, Failure};
use crate::serve;

/// Serves from a fresh folder on a port that the system chooses, and removes the folder at the end.
pub fn serve(mut settings: Settings, chosen: &[SocketAddr], json: bool) -> Result<(), Failure> {
    let private = Permissions::from_mode(0o700);
    let folder =
        tempfile::Builder::new().prefix("oublietted-").permissions(private).tempdir().map_err(|error| {
            let remedy = "set TMPDIR to a folder that can be written";
            Failure::new(
                "no temporary folder could be made",
                error.to_string(),
                remedy,
                EXIT_LOCAL,
                "OUB-S072",
            )
        })?;
    settings.data = folder.path().to_path_buf();
    if chosen.is_empty() {
        settings.listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    }
    serve::serve(&settings, true, json)
}
