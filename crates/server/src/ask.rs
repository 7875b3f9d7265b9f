//! The other end of the admin socket: how `invite`, `status` and `health` reach the running server.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::admin::{LINE_BYTES_MAX, Question, Reply};
use crate::config::SYSTEM_FOLDER;
use crate::data_folder::admin_socket;
use crate::failure::{EXIT_LOCAL, EXIT_TEMPORARY, EXIT_UNEXPECTED, Failure};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Likewise to have everything forgotten.
const FORGETTING: Duration = Duration::from_secs(15 * 60);
/// How long a server may say nothing while it hands over a backup: its disk is busy with deposits too.
const LONG_PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(thiserror::Error, Debug)]
pub enum AskError {
    /// Nobody is at home.
    #[error("nobody answers at {0}")]
    NotRunning(PathBuf),
    /// This user may not ask.
    #[error("{0} belongs to another user")]
    NotAllowed(PathBuf),
    /// The connection broke.
    #[error("the server did not answer: {0}")]
    Broken(#[from] io::Error),
    /// The answer is none.
    #[error("the server's answer cannot be read: {0}")]
    Answer(#[from] serde_json::Error),
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let why = error.to_string();
        match error {
            AskError::NotRunning(socket) => Failure::new(
                "no server is running on this data folder",
                why,
                where_it_may_run(&socket, has_system_folder()),
                EXIT_TEMPORARY,
                "OUB-S041",
            ),
            AskError::NotAllowed(_) => Failure::new(
                "this user may not speak to the server",
                why,
                "run the command as the server's user or as root:   sudo oublietted …",
                EXIT_LOCAL,
                "OUB-S073",
            ),
            AskError::Broken(_) | AskError::Answer(_) => Failure::new(
                "the server did not answer",
                why,
                "try again; if it stays so, restart the server",
                EXIT_TEMPORARY,
                "OUB-S042",
            ),
        }
    }
}

/// Whoever forgot who the server's user is must not start a second server.
fn where_it_may_run(socket: &Path, has_system_folder: bool) -> &'static str {
    match has_system_folder && !socket.starts_with(SYSTEM_FOLDER) {
        true => {
            "the server of this machine has its own folder:   sudo oublietted …   — or name another with   --data DIR"
        }
        false => {
            "start it with   oublietted serve   (by systemd: systemctl start oublietted)   — or name its folder with   --data DIR"
        }
    }
}

/// Under systemd it is a link that leads where not everybody may look.
fn has_system_folder() -> bool {
    std::fs::symlink_metadata(SYSTEM_FOLDER).is_ok()
}

/// A failure that the server reports, or an answer to another question.
pub fn told(reply: Reply) -> Failure {
    match reply {
        Reply::Failed { what, why, remedy, exit, code } => Failure { what, why, remedy, exit, code },
        _ => Failure::new(
            "the server answered another question",
            "the command and the running server are of different versions",
            "restart the server with the program that is installed now",
            EXIT_UNEXPECTED,
            "OUB-S010",
        ),
    }
}

/// Asks the server that runs on `data`.
pub fn ask(data: &Path, question: &Question) -> Result<Reply, AskError> {
    let patience = if matches!(question, Question::Forget) { FORGETTING } else { PATIENCE };
    Ok(begin(data, question, patience)?.0)
}

/// Asks for something of which the reply is only the beginning.
pub fn ask_for_more(data: &Path, question: &Question) -> Result<(Reply, impl Read + use<>), AskError> {
    begin(data, question, LONG_PATIENCE)
}

fn begin(
    data: &Path,
    question: &Question,
    patience: Duration,
) -> Result<(Reply, BufReader<UnixStream>), AskError> {
    let path = admin_socket(data);
    let stream = UnixStream::connect(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => AskError::NotRunning(path),
        io::ErrorKind::PermissionDenied => AskError::NotAllowed(path),
        _ => AskError::Broken(error),
    })?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let mut line = serde_json::to_string(question)?;
    line.push('\n');
    (&stream).write_all(line.as_bytes())?;
    let mut from = BufReader::new(stream);
    let mut answer = String::new();
    (&mut from).take(LINE_BYTES_MAX).read_line(&mut answer)?;
    if answer.is_empty() {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok((serde_json::from_str(&answer)?, from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_forgot_sudo_is_not_told_to_start_a_second_server() {
        let told = |socket: &str, has_folder| where_it_may_run(Path::new(socket), has_folder);
        assert!(told("/home/me/.local/share/oublietted/admin.sock", true).contains("sudo oublietted"));
        assert!(told("/home/me/.local/share/oublietted/admin.sock", false).contains("oublietted serve"));
        assert!(told("/var/lib/oubliette/admin.sock", true).contains("systemctl start oublietted"));
    }
}
