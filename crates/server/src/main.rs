//! `oublietted`: arguments in, outcome out.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use server::admin::{Question, Reply};
use server::args::{Cli, Command, Common, Serve};
use server::ask::{ask, told};
use server::config::Settings;
use server::failure::Failure;
use server::{backup, check, ephemeral, serve};

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(cli.common.verbose);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit)
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { command, common } = cli;
    match command {
        Command::Serve(flags) => {
            let settings = Settings::gather(&common, &flags)?;
            if flags.ephemeral {
                return ephemeral::serve(settings, &flags.listen, common.json);
            }
            serve::serve(&settings, false, common.json)
        }
        Command::Invite(invite) => {
            let question =
                Question::Invite { name: invite.name.as_str().to_owned(), valid_s: invite.expires };
            match put(&common, &question)? {
                Reply::Invitation(issued) if common.json => print(&(issued.json() + "\n")),
                Reply::Invitation(issued) => print(&issued.screen(invite.qr)),
                other => return Err(told(other)),
            }
            Ok(())
        }
        Command::Status => {
            match put(&common, &Question::Status)? {
                Reply::Status(status) if common.json => print(&(status.json() + "\n")),
                Reply::Status(status) => print(&status.screen()),
                other => return Err(told(other)),
            }
            Ok(())
        }
        Command::Health => match put(&common, &Question::Health)? {
            Reply::Serving => Ok(()),
            other => Err(told(other)),
        },
        Command::Backup(flags) => {
            let data = Settings::data_folder(&common)?;
            Ok(backup::verbs::backup(data, &flags, common.json)?)
        }
        Command::Restore(flags) => {
            let data = Settings::data_folder(&common)?;
            Ok(backup::verbs::restore(&data, &flags, common.json)?)
        }
        Command::BackupKey { file } => Ok(backup::verbs::backup_key(&file, common.json)?),
        Command::Forget => {
            match put(&common, &Question::Forget)? {
                Reply::Forgotten { bytes_before, bytes_after } if common.json => print(&format!(
                    "{{\"v\":1,\"t\":\"forgotten\",\"bytes_before\":{bytes_before},\"bytes_after\":{bytes_after}}}\n"
                )),
                Reply::Forgotten { bytes_before, bytes_after } => print(&format!(
                    "Forgotten. The store takes {} KiB on the disk, {} KiB before.\n",
                    bytes_after / 1024,
                    bytes_before / 1024
                )),
                other => return Err(told(other)),
            }
            Ok(())
        }
        Command::Check => {
            let settings = Settings::gather(&common, &Serve::default())?;
            check::check(&settings, &mut std::io::stdout())
        }
    }
}

fn put(common: &Common, question: &Question) -> Result<Reply, Failure> {
    Ok(ask(&Settings::data_folder(common)?, question)?)
}

fn print(text: &str) {
    // A closed pipe is a normal end.
    let _closed = std::io::stdout().write_all(text.as_bytes());
}

/// Our own lines only: what libraries have to say may hold addresses.
fn log_to_stderr(verbose: bool) {
    let filter = if verbose { "off,server=debug" } else { "off,server=info" };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_target(false)
        .init();
}
