//! The daemon's life: seat, vault, socket, threads, and an orderly end.

use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use client::VaultKey;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::DaemonRun;
use crate::context::Context;
use crate::daemon::seat::Seat;
use crate::daemon::shared::Shared;
use crate::daemon::{conversation, hooks, notify, outbox, socket};
use crate::exit::Exit;
use crate::messages::{daemon as messages, reason};
use crate::problem::Problem;
use crate::process;
use crate::protector;
use crate::stop::Stop;

/// How long the end waits for a command of `--exec` that still runs.
const FAREWELL: Duration = Duration::from_secs(10);
/// And then for its being ended: asked first, after two seconds made to.
const CALLED_OFF: Duration = Duration::from_secs(4);
/// The same where nobody waits for the end: for as long it is asked, and then for so long made to.
const HURRIED: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
const LOOK: Duration = Duration::from_millis(20);

/// Runs until it is told to end, or until something happens that no retry cures.
pub fn run(context: &Context, options: &DaemonRun) -> Result<Exit, Stop> {
    let profile = context.profile()?;
    // Says what is wrong with the profile before anything is made in its folder.
    profile.protection()?;
    let path = socket::path(context, &profile);
    let mut seat = Seat::take(&profile)?;
    let unlock = protector::unlock(context, &profile, None)?;
    let key = VaultKey::of(&profile, &unlock)?;
    let shared = Arc::new(Shared::new(context.clone(), profile, path.clone(), key));
    let client = shared.open_alone()?;
    client.check_name()?;
    let (listener, socket) = socket::bind(&path)?;
    seat.announce(&path).map_err(|error| cannot_start(&reason(error)))?;
    end_by_signal(&shared)?;
    listen(&shared, listener)?;
    let hooks = start_workers(&shared, options)?;
    context.screen.say(&messages::receiving(path.display()));
    let _nobody_listens = sd_notify::notify(&[NotifyState::Ready]);
    let ended = client.stay(&shared.desk, &mut |staying| shared.note(staying));
    let _nobody_listens = sd_notify::notify(&[NotifyState::Stopping]);
    shared.stop();
    // From here on commands see to themselves.
    drop(socket);
    wait_until(|| hooks.is_finished(), FAREWELL);
    shared.call_hooks_off();
    wait_until(|| hooks.is_finished(), CALLED_OFF);
    ended?;
    context.screen.say(messages::ended());
    Ok(Exit::Done)
}

fn wait_until(is_so: impl Fn() -> bool, patience: Duration) {
    let end = Instant::now() + patience;
    while !is_so() && Instant::now() < end {
        thread::sleep(LOOK);
    }
}

/// Those who work beside the connected thread. The one that runs commands is worth waiting for at the end.
fn start_workers(shared: &Arc<Shared>, options: &DaemonRun) -> Result<JoinHandle<()>, Box<Problem>> {
    start(shared, "outbox", outbox::run)?;
    let wish = options.notify;
    start(shared, "notify", move |shared| notify::run(shared, wish))?;
    let options = options.clone();
    start(shared, "hooks", move |shared| hooks::run(shared, &options))
}

fn listen(shared: &Arc<Shared>, listener: UnixListener) -> Result<(), Box<Problem>> {
    start(shared, "socket", move |shared| {
        while !shared.is_stopping() {
            let Ok((stream, _)) = listener.accept() else {
                // Too many open files, for instance: others close some.
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            if !socket::peer_is_me(&stream) {
                shared.context.screen.warn(messages::turned_away());
                continue;
            }
            conversation::begin(shared, stream);
        }
    })?;
    Ok(())
}

/// SIGTERM and the like end it in order; a second one at once. From when this returns.
fn end_by_signal(shared: &Arc<Shared>) -> Result<(), Box<Problem>> {
    let (ready, is_ready) = sync_channel(1);
    start(shared, "signals", move |shared| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
            let [Ok(mut term), Ok(mut int), Ok(mut hup)] = kinds.map(signal) else { return };
            let _ = ready.send(());
            loop {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = int.recv() => {}
                    _ = hup.recv() => {}
                }
                if shared.is_stopping() {
                    end_hooks(shared);
                    // Everything that was said to be kept is committed.
                    process::end(Exit::Temporary);
                }
                shared.stop();
            }
        });
    })?;
    is_ready.recv().map_err(|_| cannot_start(messages::no_signals()))
}

/// Ends a command that still runs, which the next daemon would run beside this one's.
fn end_hooks(shared: &Shared) {
    let (asked, made) = HURRIED;
    let has_ended = || shared.hook.count() == 0;
    shared.call_hooks_off();
    wait_until(has_ended, asked);
    shared.hurry_hooks();
    wait_until(has_ended, made);
}

fn start(
    shared: &Arc<Shared>,
    name: &str,
    work: impl FnOnce(&Arc<Shared>) + Send + 'static,
) -> Result<JoinHandle<()>, Box<Problem>> {
    let held = Arc::clone(shared);
    let started = thread::Builder::new().name(name.to_owned()).spawn(move || work(&held));
    started.map_err(|error| cannot_start(&reason(error)))
}

fn cannot_start(why: &str) -> Box<Problem> {
    Box::new(Problem::of(Exit::Temporary, "OUB-E114", messages::cannot_start(why)))
}
