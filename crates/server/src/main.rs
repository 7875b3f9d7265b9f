//! `oublietted`: arguments in, outcome out.

use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use server::args::{Cli, Command, Common, SettingFlags};
use server::config::{CONFIG_FILE, Settings};
use server::failure::{EXIT_USAGE, Failure};
use server::verbs::print;
use server::{
    backup, bench, check, completion, ephemeral, log, manual, mistake, origin, repair, root_key, serve, verbs,
};

fn main() -> ExitCode {
    match completion::is_answered() {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => {}
        Err(error) => error.exit(),
    }
    if std::env::args_os().len() < 2 {
        // Clap would do so too, but not when a variable such as OUBLIETTED_DATA is set.
        eprint!("{}", Cli::command().render_help());
        return ExitCode::from(EXIT_USAGE);
    }
    let read = Cli::command().try_get_matches();
    let (cli, flags) = match read.and_then(|flags| Ok((Cli::from_arg_matches(&flags)?, flags))) {
        Ok(understood) => understood,
        Err(mut error) => {
            mistake::name_variable(&mut error, &std::env::args_os().collect::<Vec<_>>());
            let json = mistake::is_for_programs(std::env::args_os());
            return mistake::tell(&error, json).map_or_else(|failure| tell(&failure, false), ExitCode::from);
        }
    };
    log::begin(cli.common.verbose, cli.common.log_format);
    let json = cli.common.json;
    match run(cli, &flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => tell(&failure, json),
    }
}

/// To the operator, and to a program that asked for that.
fn tell(failure: &Failure, json: bool) -> ExitCode {
    if json {
        // Whatever standard output does, the operator is told, and the run ends with the right code.
        let _untaken = print(&(failure.json() + "\n"));
    }
    eprintln!("{failure}");
    ExitCode::from(failure.exit)
}

fn run(cli: Cli, flags: &ArgMatches) -> Result<(), Failure> {
    let Cli { command, common } = cli;
    let of_verb = flags.subcommand().map_or(flags, |(_, flags)| flags);
    match command {
        Command::Serve(given) => {
            let settings = Settings::gather(&common, &given.settings)?;
            if given.ephemeral {
                refuse_a_folder(of_verb, common.json);
                return ephemeral::serve(settings, &given.settings.listen, common.json);
            }
            serve::serve(&settings, false, common.json)
        }
        Command::Invite(invite) => verbs::invite(&common, &invite),
        Command::Name { verb } => verbs::name(&common, &verb),
        Command::Identity { verb } => {
            root_key::identity(&Settings::data_folder(&common)?, &verb, common.json)
        }
        Command::Status => verbs::status(&common),
        Command::Health => verbs::health(&common),
        Command::Backup(flags) => {
            let data = Settings::data_folder(&common)?;
            Ok(backup::verbs::backup(data, &flags, common.json)?)
        }
        Command::Restore(flags) => {
            let data = Settings::data_folder(&common)?;
            Ok(backup::verbs::restore(&data, &flags, common.json)?)
        }
        Command::Repair { into } => repair::repair(&Settings::data_folder(&common)?, &into, common.json),
        Command::BackupKey { file } => Ok(backup::verbs::backup_key(&file, common.json)?),
        Command::Forget => verbs::forget(&common),
        Command::Check { settings } => {
            let settings = Settings::gather(&common, &settings)?;
            let mut out = std::io::stdout();
            check::check(&settings, check::Report::new(&mut out, common.json))
        }
        Command::Config { origin, settings } => config(&common, &settings, of_verb, origin),
        Command::Bench => {
            let data = Settings::data_folder(&common)?;
            let measured = bench::measure(&data)?;
            print(&if common.json { measured.json() + "\n" } else { measured.screen(&data) })
        }
        Command::Completions { shell } => print(&completion::script(&shell.to_string())?),
        Command::Man { folder } => {
            manual::write(&folder)?;
            eprintln!("manual written");
            Ok(())
        }
    }
}

/// A throw-away server has a folder of its own. A variable that names another, as in the container, gives way; whoever
/// typed one meant it.
fn refuse_a_folder(flags: &ArgMatches, json: bool) {
    if flags.value_source("data") == Some(ValueSource::CommandLine) {
        let words = "the argument '--ephemeral' cannot be used with '--data <DIR>'";
        let error = Cli::command().error(ErrorKind::ArgumentConflict, words);
        let _said = mistake::tell(&error, json);
        std::process::exit(EXIT_USAGE.into());
    }
}

fn config(
    common: &Common,
    given: &SettingFlags,
    flags: &ArgMatches,
    with_origin: bool,
) -> Result<(), Failure> {
    let settings = Settings::gather(common, given)?;
    let file = common.config.as_deref().unwrap_or(Path::new(CONFIG_FILE));
    for row in origin::rows(&settings, flags) {
        print(&if common.json { row.json() } else { row.line(file, with_origin) })?;
    }
    Ok(())
}
