//! Shows the main job with real processes: Alice writes, the relay is killed, Bob reads.
//!
//! `cargo run --release -- demo` builds `oub` and `oublietted`, starts a relay on 127.0.0.1 in a throw-away
//! folder, and plays the story of [`story`]. Whatever is printed has happened: lines under a command are what
//! that command printed, and each claim follows the check that it rests on.

mod args;
mod failure;
mod person;
mod programs;
mod relay;
mod say;
mod seizure;
mod stage;
mod story;

use std::process::ExitCode;

use args::{Args, Wish};
use failure::Failure;

fn main() -> ExitCode {
    let args = match Args::read(std::env::args().skip(1)) {
        Ok(Wish::Play(args)) => args,
        Ok(Wish::Help) => {
            say::say!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("demo: {why}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match play(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\ndemo failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn play(args: &Args) -> Result<(), Failure> {
    let programs = programs::Programs::find_or_build(args.bin_dir.as_deref())?;
    let stage = stage::Stage::set_up()?;
    let mut scene = story::tell(&programs, &stage)?;
    if args.once {
        return scene.relay.kill();
    }
    story::invite_to_go_on(&programs, &stage);
    scene.relay.wait_for_its_end()
}
