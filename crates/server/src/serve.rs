//! The server's life: take the folder, load who we are, open the store, listen; and the same backwards.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use store::{EmbeddedStore, Former, OpenError, Upgraded};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use wire::limits::FORMER_DAYS;
use wire::{HostPort, Name};

use crate::admin::Office;
use crate::admission::{Admission, Budgets};
use crate::backup::verbs::moment;
use crate::clock::wall;
use crate::config::Settings;
use crate::connection::Door;
use crate::data_folder::{
    DataFolder, check_path, clear_finished, mark_store, refuse_half_restored, refuse_lost_store,
};
use crate::failure::{EXIT_LOCAL, EXIT_UNEXPECTED, EXIT_USAGE, Failure};
use crate::identity::Identity;
use crate::invite::{self, EXPIRES_S};
use crate::leaf::LeafResolver;
use crate::ledger::Ledger;
use crate::listener::Entrance;
use crate::relay::Relay;
use crate::status::Certificates;
use crate::sweep::Upkeep;
use crate::verbs::print;
use crate::writer::Writer;
use crate::{admin, forgetting, handed, ledger, listener, metrics, process, sweep, tls};

/// For so long nobody is served while the public log of keys is read.
const LEDGER_WAIT: Duration = Duration::from_secs(3);
/// Where the store refused what the log begins with, as on a full disk, it is tried again after so long.
const LEDGER_PAUSE: Duration = Duration::from_secs(10);
/// After a signal, connections have so long to end in order.
const DRAIN: Duration = Duration::from_secs(8);
/// Blocking questions to the store at once; more wait in line.
const BLOCKING_MAX: usize = 8;

/// Names that a throw-away server invites.
const EPHEMERAL_NAMES: [&str; 2] = ["alice", "bob"];

/// Runs until a signal; `invite_two` prints two invitations on stdout once listening (`--ephemeral`).
pub fn serve(settings: &Settings, invite_two: bool, json: bool) -> Result<(), Failure> {
    process::forbid_core_dumps();
    process::keep_files_private();
    let handed = if invite_two { Vec::new() } else { handed::take()? };
    check_path(&settings.data)?;
    let folder = DataFolder::hold(&settings.data)?;
    refuse_half_restored(folder.path())?;
    clear_finished(folder.path());
    refuse_lost_store(folder.path())?;
    let identity = Identity::load_or_make(&folder.identity(), &folder.store(), wall())?;
    let store = EmbeddedStore::open(&folder.store()).map_err(store_screen)?;
    if store.torn_at_start() > 0 {
        tracing::warn!(bytes = store.torn_at_start(), "{TORN}");
    }
    tell_of_upgrade(&store);
    // Without room for it the next start has another try.
    if let Err(error) = mark_store(folder.path()) {
        tracing::warn!(%error, "it could not be noted that there is a store");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_MAX)
        .build()
        .map_err(|error| unexpected("the event loop could not be started", &error))?;
    let ended = runtime.block_on(run(settings, handed, &folder, identity, store, invite_two.then_some(json)));
    runtime.shutdown_timeout(Duration::from_secs(2));
    ended
}

/// What an opening let go of.
const TORN: &str = "the journal ended in an unfinished write, which nobody was told of: normal after a kill or a power \
                    cut; after an orderly stop it means that the disk is damaged";

/// What opening the store of a stopped server did, which no later start can tell any more: each as one sentence.
pub(crate) fn told_at_opening(store: &EmbeddedStore) -> Vec<String> {
    let torn =
        Some(store.torn_at_start()).filter(|bytes| *bytes > 0).map(|bytes| format!("{TORN} ({bytes} bytes)"));
    let upgraded = store.upgraded().map(|upgraded| match upgraded {
        Upgraded::Kept(former) => {
            format!("upgraded from layout {}; as it was it stands beside it for {FORMER_DAYS} days", former.layout)
        }
        Upgraded::NotKept { layout, error } => format!(
            "upgraded from layout {layout}, and could not be kept as it was ({error}): an older oublietted needs a backup now"
        ),
    });
    torn.into_iter().chain(upgraded).collect()
}

/// That the layout changed, and whether there is a way back.
fn tell_of_upgrade(store: &EmbeddedStore) {
    match store.upgraded() {
        None => {}
        Some(Upgraded::Kept(former)) => tracing::info!(
            layout = former.layout,
            days = FORMER_DAYS,
            "the store was upgraded; as it was it stands beside it, for whoever wants to go back"
        ),
        Some(Upgraded::NotKept { layout, error }) => tracing::warn!(
            layout,
            %error,
            "the store was upgraded and could not be kept as it was: an older oublietted needs a backup now"
        ),
    }
}

async fn run(
    settings: &Settings,
    handed: Vec<std::net::TcpListener>,
    folder: &DataFolder,
    identity: Identity,
    store: EmbeddedStore,
    invite_two: Option<bool>,
) -> Result<(), Failure> {
    if !handed.is_empty() {
        eprintln!("oublietted: the sockets are systemd's; what the settings say of `listen` is not used");
    }
    let entrances = listen(handed, settings)?;
    let metrics = match settings.metrics_listen {
        Some(address) => Some(metrics::bind(address).await?),
        None => None,
    };
    let places = process::connections_that_fit(settings.budgets.connections_max);
    let admission = Admission::new(Budgets { connections_max: places, ..settings.budgets.clone() });
    let public_host = settings.public_host.clone().unwrap_or_else(|| guess_host(&entrances));
    let ledger = Ledger::new(identity.ledger_key())
        .map_err(|error| unexpected("the ledger could not be started", &error))?;
    let relay =
        Relay::new(Arc::new(store), admission, identity.server_id(), public_host, settings.open, ledger);
    let relay = Arc::new(relay);
    let leaf = LeafResolver::issue(&identity, wall())
        .map_err(|error| unexpected("the TLS certificate could not be made", &error))?;
    let leaf = Arc::new(leaf);
    let tls = tls::config(leaf.clone()).map_err(|error| unexpected("TLS could not be set up", &error))?;
    let certificates = Certificates::new(leaf, &identity);
    let admin = admin::bind(&folder.admin_socket())
        .map_err(|error| unexpected("the admin socket could not be made", &error))?;
    let stop = stop_signals().map_err(|error| unexpected("signals cannot be received", &error))?;
    let (writer, queue) = Writer::start(relay.clone())
        .map_err(|error| unexpected("the writer could not be started", &error))?;

    at_start(&relay).await;
    begin_ledger(&relay).await?;
    sweep::warn_of_the_end(&identity);
    let door = Door { relay: relay.clone(), acceptor: TlsAcceptor::from(Arc::new(tls)), writer: queue };
    let connections = TaskTracker::new();
    if let Some(listener) = metrics {
        if let Ok(address) = listener.local_addr() {
            eprintln!("oublietted: metrics on {address}");
        }
        tend(&relay, metrics::run(listener, relay.clone(), certificates.clone()));
    }
    for entrance in entrances {
        announce(&entrance.listener);
        tend(&relay, listener::run(entrance, door.clone(), connections.clone()));
    }
    if let Some(address) = relay.open_address() {
        eprintln!("oublietted: everybody may join:   oub join {address} --name NAME");
    }
    drop(door);
    let backup = Arc::new(Semaphore::new(1));
    let (renewing, asked_to_renew) = mpsc::channel(1);
    let office = Office {
        relay: relay.clone(),
        certificates: certificates.clone(),
        identity: folder.identity(),
        renewing,
        backup,
    };
    tend(&relay, admin::run(admin, office));
    let upkeep = Upkeep { relay: relay.clone(), store: folder.store(), certificates };
    tend(&relay, sweep::run(upkeep, identity, asked_to_renew));
    tend(&relay, forgetting::run(relay.clone()));
    tend(&relay, process::stroke_watchdog(relay.clone()));
    if let Some(json) = invite_two {
        print_invitations(relay.clone(), json).await?;
    }
    process::notify_ready();
    tracing::info!(connections_max = places, "serving");

    tokio::select! {
        () = stop => {}
        () = relay.stopping.cancelled() => {}
    }
    drain(&relay, connections, writer).await;
    let _gone_already = std::fs::remove_file(folder.admin_socket());
    if relay.is_broken() { Err(broken()) } else { Ok(()) }
}

/// Has something go on for as long as the relay, which does not outlive it.
fn tend(relay: &Arc<Relay>, part: impl Future<Output = ()> + Send + 'static) {
    let (relay, part) = (relay.clone(), tokio::spawn(part));
    tokio::spawn(async move { relay.survived(part.await) });
}

/// Stops accepting, lets connections end what is under way, then lets the writer empty its queue.
async fn drain(relay: &Relay, connections: TaskTracker, writer: Writer) {
    process::notify_stopping();
    tracing::info!("stopping");
    relay.stopping.cancel();
    connections.close();
    let _late_ones_are_cut = tokio::time::timeout(DRAIN, connections.wait()).await;
    // Every sender of the queue goes with its connection; a straggler must not hold the end up for ever.
    let finished = tokio::task::spawn_blocking(move || writer.finish());
    let _late = tokio::time::timeout(DRAIN, finished).await;
    tracing::info!(stored = relay.counters.stored.get(), commits = relay.counters.commits.get(), "stopped");
}

/// Beside everything else, since after an update it may take long. Whoever comes at once after an ordinary start is shown the
/// log, and not asked to come back. Until there is room for what it begins with, it is tried again.
async fn begin_ledger(relay: &Arc<Relay>) -> Result<(), Failure> {
    let (relay, (done, is_done)) = (relay.clone(), oneshot::channel());
    let runtime = Handle::current();
    let begin = move || {
        let mut is_due = ledger::begin(&relay);
        let _nobody_waits = done.send(());
        while is_due && !relay.stopping.is_cancelled() {
            let pause = async { tokio::time::timeout(LEDGER_PAUSE, relay.stopping.cancelled()).await };
            is_due = runtime.block_on(pause).is_err() && ledger::begin(&relay);
        }
    };
    let begun = std::thread::Builder::new().name("ledger".into()).spawn(begin);
    begun.map_err(|error| unexpected("the ledger could not be started", &error))?;
    let _goes_on_beside = tokio::time::timeout(LEDGER_WAIT, is_done).await;
    Ok(())
}

async fn at_start(relay: &Arc<Relay>) {
    let relay = relay.clone();
    // A panic inside is a broken store, which the first request will tell.
    let _ended = tokio::task::spawn_blocking(move || sweep::once(&relay)).await;
}

/// What was handed over, or else what the settings say.
fn listen(handed: Vec<std::net::TcpListener>, settings: &Settings) -> Result<Vec<Entrance>, Failure> {
    let of_proxies = &settings.proxy_header;
    if handed.is_empty() {
        let bind = |address: &SocketAddr| -> Result<Entrance, Failure> {
            Ok(Entrance { listener: listener::bind(*address)?, is_of_proxies: of_proxies.includes(*address) })
        };
        return settings.listen.iter().map(bind).collect();
    }
    let take = |handed: std::net::TcpListener| -> std::io::Result<(SocketAddr, Entrance)> {
        let address = handed.local_addr()?;
        let entrance = Entrance {
            listener: TcpListener::from_std(handed)?,
            is_of_proxies: of_proxies.includes(address),
        };
        Ok((address, entrance))
    };
    let taken = handed.into_iter().map(take).collect::<std::io::Result<Vec<_>>>();
    let (addresses, entrances): (Vec<_>, Vec<_>) = taken
        .map_err(|error| unexpected("a socket that was handed over could not be listened on", &error))?
        .into_iter()
        .unzip();
    match of_proxies.first_beyond(&addresses) {
        Some(address) => Err(not_handed_over(address)),
        None => Ok(entrances),
    }
}

fn not_handed_over(address: SocketAddr) -> Failure {
    Failure::new(
        "proxy-header names an address that systemd did not hand over",
        format!("no socket listens on {address}"),
        "write it as   ListenStream=   in oublietted.socket, letter for letter",
        EXIT_USAGE,
        "OUB-S026",
    )
}

fn announce(listener: &TcpListener) {
    if let Ok(address) = listener.local_addr() {
        eprintln!("oublietted: listening on {address}");
    }
}

fn stop_signals() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn print_invitations(relay: Arc<Relay>, json: bool) -> Result<(), Failure> {
    for text in EPHEMERAL_NAMES {
        let name = Name::parse(text).map_err(|error| unexpected("a name is not one", &error))?;
        let relay = relay.clone();
        let issued = tokio::task::spawn_blocking(move || invite::issue(&relay, name, EXPIRES_S))
            .await
            .map_err(|error| unexpected("the invitation could not be made", &error))??;
        let text = if json { issued.json() } else { issued.screen(false) };
        print(&(text + "\n"))?;
    }
    Ok(())
}

/// Where people are sent when nobody said: the listening address, or this machine's on its main network.
fn guess_host(entrances: &[Entrance]) -> HostPort {
    let bound = entrances.iter().find_map(|entrance| entrance.listener.local_addr().ok());
    let bound = bound.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, wire::limits::PORT)));
    let ip = if bound.ip().is_unspecified() { main_address() } else { bound.ip().to_canonical() };
    let host = match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    HostPort::new(&host, bound.port()).unwrap_or_else(|_| {
        HostPort::new("localhost", wire::limits::PORT).expect("localhost is a host and the port is not 0")
    })
}

/// The address that this machine would use towards the network. Choosing a route sends nothing.
fn main_address() -> IpAddr {
    let route = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    };
    route().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address: SocketAddr| address.ip())
}

/// The screen of a store that does not open.
pub fn store_screen(error: OpenError) -> Failure {
    let why = error.to_string();
    if let OpenError::Newer { former: Some(former), .. } = &error {
        return Failure::new("the store cannot be opened", why, way_back(former), EXIT_LOCAL, "OUB-S074");
    }
    let (remedy, code) = match error {
        OpenError::Locked(_) => ("stop the other server, or give this one its own   --data DIR", "OUB-S071"),
        OpenError::Newer { .. } => {
            ("run the version of oublietted that wrote it, or a newer one", "OUB-S074")
        }
        OpenError::Io { source, .. } if source.kind() == ErrorKind::StorageFull => {
            ("make room on the disk, then start again: nothing is lost", "OUB-S072")
        }
        OpenError::Io { .. } => {
            ("check the disk and the folder's permissions:   oublietted check", "OUB-S072")
        }
        _ => (
            "keep the folder as it is, and save what it still holds into another:   oublietted repair NEWDIR",
            "OUB-S075",
        ),
    };
    Failure::new("the store cannot be opened", why, remedy, EXIT_LOCAL, code)
}

/// How a store of a newer layout gives way to the one of before the upgrade.
fn way_back(former: &Former) -> String {
    let (path, day) = (former.path.display(), moment(former.made.0));
    let store = former.path.with_file_name("store");
    let store = store.display();
    format!(
        "run the newer version of oublietted; or go back to {day}, without what came since:   \
         mv {store} {store}.newer && mv {path} {store}"
    )
}

fn broken() -> Failure {
    Failure::new(
        "the store stopped after a failed write",
        "the disk refused to write or to sync; nothing that was confirmed is lost",
        "check the disk, then start again:   oublietted check",
        EXIT_LOCAL,
        "OUB-S076",
    )
}

fn unexpected(what: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(what, error.to_string(), "try again; if it stays so, report it", EXIT_UNEXPECTED, "OUB-S010")
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use store::MemoryStore;

    use super::*;
    use crate::relay::tests::over;

    #[tokio::test]
    async fn a_part_that_panics_takes_the_relay_along_and_one_that_ends_does_not() {
        let relay = over(MemoryStore::new());
        tend(&relay, async {});
        tokio::task::yield_now().await;
        assert!(!relay.is_broken());
        tend(&relay, async { panic!("on purpose") });
        let stopped = tokio::time::timeout(DRAIN, relay.stopping.cancelled()).await;
        assert!(stopped.is_ok() && relay.is_broken());
        // What a stop cuts off says nothing of the store.
        let stopping = over(MemoryStore::new());
        stopping.stopping.cancel();
        let ended = tokio::spawn(async { panic!("on purpose") }).await;
        assert!(stopping.survived::<()>(ended).is_none() && !stopping.is_broken());
    }

    #[test]
    fn a_refused_downgrade_says_what_to_type() {
        let former = Former { path: "/d/store.layout-3".into(), layout: 3, made: wire::UnixSeconds(86_400) };
        let error = OpenError::Newer { found: 4, known: 3, former: Some(former) };
        let screen = store_screen(error).to_string();
        let typed = "mv /d/store /d/store.newer && mv /d/store.layout-3 /d/store";
        assert!(
            screen.contains(typed) && screen.contains("1970-01-02") && screen.contains("OUB-S074"),
            "{screen}"
        );
        let none = OpenError::Newer { found: 4, known: 3, former: None };
        assert!(!store_screen(none).to_string().contains("mv "));
    }
}
