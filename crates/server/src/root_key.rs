//! `identity`: who this server is, and its root key on the way off this machine and back.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use wire::address::ShortFingerprint;
use zeroize::Zeroizing;

use crate::admin::{Question, Reply};
use crate::args::IdentityVerb;
use crate::ask::{AskError, ask, told};
use crate::backup::verbs::moment;
use crate::clock::wall;
use crate::data_folder::{DataFolder, io_error, write_new};
use crate::failure::{EXIT_LOCAL, EXIT_USAGE, Failure};
use crate::identity::{Identity, IdentityError};
use crate::owner::ActingAs;
use crate::verbs::print;

/// A private key of Ed25519 takes 119 bytes as PEM; nothing longer is one.
const KEY_BYTES_MAX: u64 = 4_096;

/// Does what the verb says with the data folder of a server, whether that runs or not.
pub fn identity(data: &Path, verb: &IdentityVerb, as_json: bool) -> Result<(), Failure> {
    match verb {
        IdentityVerb::Show => show(data, as_json),
        IdentityVerb::ExportRoot { file, remove } => export(data, file, *remove, as_json),
        IdentityVerb::ImportRoot { file } => import(data, file, as_json),
    }
}

fn show(data: &Path, as_json: bool) -> Result<(), Failure> {
    let identity = {
        let _acting = acting(data)?;
        inspect(data)?
    };
    let server = fingerprint(&identity);
    let (end, here) = (identity.ca_not_after().0, identity.root_key_is_here());
    if as_json {
        let line = json!({
            "v": 1, "t": "identity", "server": server, "tls_ca_not_after": end, "root_key_here": here
        });
        return print(&format!("{line}\n"));
    }
    let root = match here {
        true => "on this machine: whoever steals it can pose as this server for ever\n              \
             oublietted identity export-root FILE --remove     takes it to FILE"
            .to_owned(),
        false => format!("kept elsewhere; wanted here before {}", moment(end)),
    };
    print(&format!(
        "server        {server}, in each of its addresses behind the first #\n\
         authority     until {}\n\
         root key      {root}\n",
        moment(end)
    ))
}

fn export(data: &Path, file: &Path, remove: bool, as_json: bool) -> Result<(), Failure> {
    let (identity, key) = {
        let _acting = acting(data)?;
        let identity = inspect(data)?;
        let key = identity.root_key()?;
        (identity, key)
    };
    if is_within(file, data) {
        return Err(not_there(file, "it lies in the server's own folder"));
    }
    // A copy that was made before will do: it is the same key.
    match write_new(file, key.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        written => written.map_err(|error| unusable(file, &error))?,
    }
    let copy = read(file).map_err(|error| unusable(file, &error))?;
    if *copy != *key {
        return Err(not_there(file, "something else is in it"));
    }
    if remove {
        let _acting = acting(data)?;
        identity.remove_root_key()?;
    }
    let shown = file.display().to_string();
    if as_json {
        let line = json!({"v": 1, "t": "root-exported", "file": shown, "removed": remove});
        return print(&format!("{line}\n"));
    }
    let next = match remove {
        true => {
            "It is not on this machine any more. Keep two copies where no network reaches them: without it every address\n\
             of this server is void within a year. Backups made before hold it too. When   oublietted check   asks for it:\n\n  \
             oublietted identity import-root FILE\n"
                .to_owned()
        }
        false => format!(
            "It is still on this machine too. When the copy is safe:\n\n  \
             oublietted identity export-root {shown} --remove\n"
        ),
    };
    print(&format!("Root key in {shown} — read back, and the right one.\n\n{next}"))
}

fn import(data: &Path, file: &Path, as_json: bool) -> Result<(), Failure> {
    let key = read(file).map_err(|error| unusable(file, &error))?;
    let folder = data.join("identity");
    let before = {
        let _acting = acting(data)?;
        Identity::put_root_key(&folder, &key, file)?;
        Identity::inspect(&folder)?.map(|identity| identity.ca_not_after().0)
    };
    renew(data)?;
    let end = {
        let _acting = acting(data)?;
        inspect(data)?.ca_not_after().0
    };
    if as_json {
        let renewed = before != Some(end);
        let line = json!({"v": 1, "t": "root-imported", "tls_ca_not_after": end, "renewed": renewed});
        return print(&format!("{line}\n"));
    }
    print(&format!(
        "Root key back in its place. The certificate authority stands until {}.\n\n  \
         oublietted identity export-root FILE --remove     takes it away again\n",
        moment(end)
    ))
}

/// Has the certificate authority renewed if that is due: by the server that runs, or else here.
fn renew(data: &Path) -> Result<(), Failure> {
    match ask(data, &Question::Renew) {
        Ok(Reply::Status(_)) => Ok(()),
        Ok(reply) => Err(told(reply)),
        Err(AskError::NotRunning(_)) => {
            let _acting = acting(data)?;
            let folder = DataFolder::hold(data)?;
            Identity::load_or_make(&folder.identity(), &folder.store(), wall())?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

fn acting(data: &Path) -> Result<ActingAs, Failure> {
    ActingAs::owner_of(data).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => no_server(data),
        _ => io_error(data, error).into(),
    })
}

fn inspect(data: &Path) -> Result<Identity, Failure> {
    let folder = data.join("identity");
    if !folder.exists() && !data.join("store").exists() {
        return Err(no_server(data));
    }
    Identity::inspect(&folder)?.ok_or_else(|| IdentityError::Lost(data.to_path_buf()).into())
}

/// As it stands in addresses.
fn fingerprint(identity: &Identity) -> String {
    ShortFingerprint::from_full(identity.server_id().as_bytes()).to_string()
}

/// Whether the file lies, or would lie, in this folder, whatever links lead there: a link to the key is no copy of it.
fn is_within(file: &Path, folder: &Path) -> bool {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| PathBuf::from(path));
    let folder = real(folder);
    real(file).starts_with(&folder) || real(parent).starts_with(&folder)
}

fn read(file: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let mut from = io::Read::take(File::open(file)?, KEY_BYTES_MAX);
    io::Read::read_to_string(&mut from, &mut text)?;
    Ok(text)
}

fn no_server(data: &Path) -> Failure {
    Failure::new(
        "there is no server here yet",
        format!("{} holds no identity", data.display()),
        "start it once with   oublietted serve   — or name its folder with   --data DIR",
        EXIT_LOCAL,
        "OUB-S067",
    )
}

fn not_there(file: &Path, why: &str) -> Failure {
    Failure::new(
        "the root key does not go there",
        format!("{}: {why}", file.display()),
        "name a new file, best on a medium that leaves this machine; nothing was removed",
        EXIT_USAGE,
        "OUB-S065",
    )
}

fn unusable(file: &Path, error: &io::Error) -> Failure {
    Failure::new(
        "the file for the root key cannot be used",
        format!("{}: {error}", file.display()),
        "name a file that this user may read and write; nothing was removed",
        EXIT_LOCAL,
        "OUB-S066",
    )
}
