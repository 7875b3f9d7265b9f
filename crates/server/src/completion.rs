//! What a shell offers when an operator presses TAB: verbs, flags and their values, out of the grammar.
//!
//! The script that `oublietted completions` prints runs `oublietted` with [`VARIABLE`] set for every TAB, and
//! [`is_answered`] answers. No server is asked then: whoever presses TAB need not be root, who may.

use std::io;

use clap::CommandFactory as _;
use clap_complete::CompleteEnv;
use clap_complete::env::Shells;

use crate::args::Cli;
use crate::failure::{EXIT_UNEXPECTED, Failure};

/// Set by the scripts; its value names the shell.
pub const VARIABLE: &str = "OUBLIETTED_COMPLETE";
const PROGRAM: &str = "oublietted";
/// An autoloaded function of zsh shall also complete when it is called for the first time.
const ZSH_FIRST_CALL: &str =
    "if [ \"$funcstack[1]\" = _oublietted ]; then _clap_dynamic_completer_oublietted \"$@\"; fi\n";

/// Answers a shell, if it is a shell that asks: that is the whole run then.
pub fn is_answered() -> Result<bool, clap::Error> {
    let shell = CompleteEnv::with_factory(Cli::command).var(VARIABLE).bin(PROGRAM).completer(PROGRAM);
    let folder = std::env::current_dir().ok();
    shell.try_complete(std::env::args_os(), folder.as_deref())
}

/// The script for a shell; shells say in their manuals where it belongs.
pub fn script(shell: &str) -> Result<String, Failure> {
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell) {
        completer.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script).map_err(no_script)?;
    }
    if shell == "zsh" {
        script.extend_from_slice(ZSH_FIRST_CALL.as_bytes());
    }
    String::from_utf8(script).map_err(|error| no_script(io::Error::other(error)))
}

fn no_script(error: io::Error) -> Failure {
    let why = error.to_string();
    Failure::new("the script cannot be written", why, "please report it", EXIT_UNEXPECTED, "OUB-S090")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_has_a_script() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let script = script(shell).unwrap();
            assert!(script.contains(VARIABLE) && script.contains(PROGRAM), "{shell}");
        }
    }
}
