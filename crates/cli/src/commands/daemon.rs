//! `oub daemon`: runs it, installs it, asks how it is, ends it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use client::{Profile, Protection};
use serde_json::Value;

use crate::args::{Daemon, DaemonRun, DaemonVerb};
use crate::context::Context;
use crate::daemon::beside::{Beside, Unused};
use crate::daemon::{self, is_running, socket, socket_of, unit};
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{daemon as messages, reason, reasons};
use crate::problem::Problem;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;
use crate::when;

/// How long `stop` waits for the end.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// Does what was asked.
pub fn run(context: &Context, args: Daemon) -> Result<Exit, Stop> {
    match args.verb {
        None => daemon::run(context, &args.run),
        Some(DaemonVerb::Run(run)) => daemon::run(context, &run),
        Some(DaemonVerb::Install { run, now, print }) => install(context, &run, now, print),
        Some(DaemonVerb::Uninstall) => uninstall(context),
        Some(DaemonVerb::Status) => status(context),
        Some(DaemonVerb::Stop) => stop(context),
    }
}

fn install(context: &Context, run: &DaemonRun, now: bool, print: bool) -> Result<Exit, Stop> {
    let text = unit_text(context, run)?;
    if print {
        context.screen.print(text.trim_end())?;
        return Ok(Exit::Done);
    }
    let (path, name) = (unit_path(context)?, unit::name(&context.global().profile));
    if path.exists() && !is_ours(&path) {
        let words = messages::unit_not_ours(path.display());
        return Err(Problem::of(Exit::Local, "OUB-E115", words).into());
    }
    write(&path, &text).map_err(|error| not_written(&path, &error))?;
    context.screen.print(&path.display().to_string())?;
    if now {
        systemctl(&["daemon-reload"])?;
        systemctl(&["enable", "--now", &name])?;
        context.screen.say(&messages::runs_from_now_on(name));
        return Ok(Exit::Done);
    }
    context.screen.say(&messages::how_to_start(name));
    Ok(Exit::Done)
}

fn unit_text(context: &Context, run: &DaemonRun) -> Result<String, Stop> {
    let global = context.global();
    let profile = context.profile()?;
    let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    // An open descriptor is nobody's but this process's.
    let is_lasting = global.passphrase_file.is_some() && global.passphrase_fd.is_none();
    if profile.protection()? == Protection::Passphrase && !is_lasting {
        return Err(Problem::of(Exit::Usage, "OUB-E116", messages::cannot_ask()).into());
    }
    // What a unit's command line holds, everybody may read, and what it lacks would go straight to the server.
    if context.layers().is_said_now("proxy") {
        return Err(Problem::of(Exit::Usage, "OUB-E123", messages::proxy_for_unit()).into());
    }
    let program = std::env::current_exe().map_err(|error| not_written(Path::new("oub"), &error))?;
    let home = global.home.as_deref().map(absolute);
    let elsewhere = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute() && home.is_none())
    };
    let (data_home, config_home) = (elsewhere("XDG_DATA_HOME"), elsewhere("XDG_CONFIG_HOME"));
    let passphrase_file = global.passphrase_file.as_deref().filter(|_| is_lasting).map(absolute);
    let unit = unit::Unit {
        program: &program,
        profile: &global.profile,
        home: home.as_deref(),
        data_home: data_home.as_deref(),
        config_home: config_home.as_deref(),
        passphrase_file: passphrase_file.as_deref(),
        folder: &absolute(profile.dir()),
        run,
    };
    Ok(unit.text())
}

fn uninstall(context: &Context) -> Result<Exit, Stop> {
    let (path, name) = (unit_path(context)?, unit::name(&context.global().profile));
    if !path.exists() {
        context.screen.say(messages::no_unit());
        return Ok(Exit::Done);
    }
    if !is_ours(&path) {
        let words = messages::not_ours_to_remove(path.display());
        return Err(Problem::of(Exit::Local, "OUB-E120", words).into());
    }
    // Where systemd does not answer there is nothing to stop.
    if let Err(problem) = systemctl(&["disable", "--now", &name]) {
        context.screen.warn(problem.what());
    }
    fs::remove_file(&path).map_err(|error| not_written(&path, &error))?;
    context.screen.say(&messages::removed(path.display()));
    Ok(Exit::Done)
}

fn status(context: &Context) -> Result<Exit, Stop> {
    let profile = context.profile()?;
    let found = Beside::look(&profile).or_else(|unused| match unused {
        Unused::Full => Err(unused.into_problem()),
        Unused::Unsafe(_) => {
            unused.warn(context);
            Ok(None)
        }
    })?;
    let patience = context.options().timeout;
    let status = found.and_then(|beside| beside.ask(r#"{"v":1,"do":"status"}"#, "status", patience));
    let Some(status) = status else {
        context.screen.say(messages::nobody_answers());
        return Ok(Exit::Nothing);
    };
    let (text, number) = (field(&status, "link"), |name: &str| status.get(name).and_then(Value::as_u64));
    let since = field(&status, "since").unwrap_or_default();
    let why = field(&status, "why");
    let line = Line::new("status")
        .number("pid", number("pid").unwrap_or(0))
        .text("version", field(&status, "version").unwrap_or_default())
        .text("socket", field(&status, "socket").unwrap_or_default())
        .text("since", since)
        .text("link", text.unwrap_or_default())
        .maybe_text("why", why)
        .number("connections", number("connections").unwrap_or(0))
        .number("subscribers", number("subscribers").unwrap_or(0))
        .number("outbox", number("outbox").unwrap_or(0));
    let link = shown_on_one_line(&messages::link(text.unwrap_or_default()));
    let since = shown_on_one_line(&when::of_programs(since));
    let mut shown = messages::running(number("pid").unwrap_or(0), since, link, number("outbox").unwrap_or(0));
    if let Some(why) = why {
        shown.push_str(&format!("\n         {}", shown_on_one_line(&reasons(why))));
    }
    context.screen.answer(line, &shown)?;
    Ok(Exit::Done)
}

fn field<'a>(status: &'a Value, name: &str) -> Option<&'a str> {
    status.get(name).and_then(Value::as_str)
}

fn stop(context: &Context) -> Result<Exit, Stop> {
    let profile = context.profile()?;
    match Beside::look(&profile) {
        Ok(Some(beside)) => drop(beside.ask(r#"{"v":1,"do":"stop"}"#, "done", STOP_PATIENCE)),
        _ if !is_running(&profile) => {
            context.screen.say(messages::none_runs());
            return Ok(Exit::Done);
        }
        Ok(None) => {}
        Err(Unused::Full) => stop_full(&profile)?,
        Err(unused) => unused.warn(context),
    }
    let end = Instant::now() + STOP_PATIENCE;
    while is_running(&profile) {
        if Instant::now() >= end {
            return Err(Problem::of(Exit::Temporary, "OUB-E117", messages::does_not_end()).into());
        }
        thread::sleep(LOOK);
    }
    context.screen.say(messages::has_ended());
    Ok(Exit::Done)
}

/// Ends one that has no seat left in which it could be asked to.
fn stop_full(profile: &Profile) -> Result<(), Stop> {
    let is_told = socket_of(profile).is_some_and(|path| socket::terminate(&path));
    if is_told || !is_running(profile) {
        return Ok(());
    }
    Err(Unused::Full.into_problem().with_remedy(messages::does_not_end().remedy).into())
}

fn unit_path(context: &Context) -> Result<PathBuf, Stop> {
    unit::path(&context.global().profile)
        .ok_or_else(|| Problem::of(Exit::Local, "OUB-E118", messages::no_place_for_unit()).into())
}

fn is_ours(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.starts_with(unit::MARK))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("new");
    fs::write(&fresh, text)?;
    fs::rename(&fresh, path)
}

fn not_written(path: &Path, error: &io::Error) -> Problem {
    Problem::of(Exit::Local, "OUB-E121", messages::not_written(path.display(), reason(error)))
}

fn systemctl(args: &[&str]) -> Result<(), Box<Problem>> {
    let failed = |why: String| {
        let words = messages::systemctl_failed(args.join(" "), why);
        Box::new(Problem::of(Exit::Unexpected, "OUB-E119", words))
    };
    let output = Command::new("systemctl").arg("--user").args(args).output();
    let output = output.map_err(|error| failed(reason(error)))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(shown_on_one_line(String::from_utf8_lossy(&output.stderr).trim()))),
    }
}
