//! Whether to colour: `--color` and what stands for it, then `NO_COLOR` and `CLICOLOR_FORCE`, then the terminal.

use std::env::var_os;
use std::io::IsTerminal;

use clap::builder::StyledStr;

use crate::args::Colour;
use crate::messages::help::with_its_signs;

/// Whether what goes to `stream` shall be coloured.
pub fn is_wanted(colour: Colour, stream: &impl IsTerminal) -> bool {
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        // Anything but nothing, as no-color.org has it: `0` as well.
        Colour::Auto if var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
        Colour::Auto if var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") => {
            true
        }
        Colour::Auto => var_os("TERM").is_none_or(|term| term != "dumb") && stream.is_terminal(),
    }
}

/// A text of the grammar, as the language of this run writes it, with its colours where they are wanted.
pub fn painted(text: &StyledStr, is_wanted: bool) -> String {
    let plain = text.to_string();
    let shown = if is_wanted { text.ansi().to_string() } else { plain.clone() };
    with_its_signs(&plain, &shown)
}
