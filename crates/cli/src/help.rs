//! `oub help`: of a command, or about what scripts rely on.

use clap::CommandFactory as _;

use crate::args::Oub;
use crate::context::Context;
use crate::exit::Exit;
use crate::messages::problems;
use crate::problem::Problem;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// What `--json` promises, as a JSON Schema.
const JSON: &str = include_str!("topics/json.schema.json");
const EXIT_CODES: &str = include_str!("topics/exit-codes.txt");
const FILES: &str = include_str!("topics/files.txt");
/// What programs say at the daemon's socket.
const API: &str = include_str!("topics/api.txt");

/// What there is help about besides commands.
pub const TOPICS: &[&str] = &["json", "exit-codes", "files", "api"];

/// Prints help about the topic; without one, about everything.
pub fn run(context: &Context, topic: &[String]) -> Result<Exit, Stop> {
    let words: Vec<&str> = topic.iter().map(String::as_str).collect();
    let text = match words.as_slice() {
        ["json"] => JSON.to_owned(),
        ["exit-codes"] => EXIT_CODES.to_owned(),
        ["files"] => FILES.to_owned(),
        ["api"] => API.to_owned(),
        path => of_command(path)?,
    };
    context.screen.print(text.trim_end())?;
    Ok(Exit::Done)
}

fn of_command(path: &[&str]) -> Result<String, Stop> {
    let mut root = Oub::command();
    root.build();
    let mut command = &mut root;
    for word in path {
        command = command.find_subcommand_mut(word).ok_or_else(|| {
            Problem::of(Exit::Usage, "OUB-E037", problems::no_help(shown_on_one_line(word)))
        })?;
    }
    Ok(command.render_help().to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_help_and_nonsense_has_a_problem() {
        for command in Oub::command().get_subcommands() {
            assert!(of_command(&[command.get_name()]).unwrap().contains("Usage"), "{}", command.get_name());
        }
        assert!(of_command(&[]).unwrap().contains("Exit codes"));
        assert!(of_command(&["nonsense"]).is_err());
    }

    #[test]
    fn the_schema_is_json() {
        let schema: serde_json::Value = serde_json::from_str(JSON).unwrap();
        assert!(schema.get("oneOf").unwrap().as_array().unwrap().len() > 8);
    }
}
