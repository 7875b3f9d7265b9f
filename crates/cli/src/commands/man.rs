//! `oub man DIR`: the manual, one page a verb, out of the same grammar as the help, and the same topics.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use clap::{Arg, Command, CommandFactory as _};

use crate::args::{Man, Oub};
use crate::context::Context;
use crate::exit::Exit;
use crate::help;
use crate::messages::{help::in_its_language, in_language, mistakes, problems, reason, screens};
use crate::problem::Problem;
use crate::roff;
use crate::stop::Stop;

/// As the library writes it.
const NAME_SECTION: &str = ".SH NAME\n";

/// Writes `oub.1`, `oub-send.1` and so on into a folder. Others may read it than whose locale this is: it is English,
/// unless `--lang` stands on the command line.
pub fn run(context: &Context, args: &Man) -> Result<Exit, Stop> {
    let written = in_language(context.global().words_language(), || write(&args.folder));
    written.map_err(|error| {
        let words = problems::no_manual(args.folder.display(), reason(error));
        Problem::of(Exit::Local, "OUB-E154", words)
    })?;
    context.screen.say(screens::manual_written());
    Ok(Exit::Done)
}

fn write(folder: &Path) -> io::Result<()> {
    let mut grammar = in_its_language(Oub::command()).disable_help_subcommand(true);
    grammar.build();
    pages(&grammar, folder, true)
}

/// What is hidden has no page.
fn pages(command: &Command, folder: &Path, is_root: bool) -> io::Result<()> {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        pages(verb, folder, false)?;
    }
    let man = clap_mangen::Man::new(command.clone());
    fs::write(folder.join(man.get_filename()), page(command, &man, is_root)?)
}

fn page(command: &Command, man: &clap_mangen::Man, is_root: bool) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    let mut name = Vec::new();
    man.render_name_section(&mut name)?;
    page.extend(in_its_words(&name));
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().any(|arg| !arg.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if command.get_subcommands().any(|verb| !verb.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    page.extend(examples(&after, is_root).bytes());
    if is_root {
        page.extend(topics(command).bytes());
        man.render_version_section(&mut page)?;
    }
    Ok(page)
}

/// The one heading of the library's that is not French too.
fn in_its_words(name: &[u8]) -> Vec<u8> {
    let name = String::from_utf8_lossy(name);
    name.replacen(NAME_SECTION, &roff::section(mistakes::name()), 1).into_bytes()
}

/// The examples, and of a verb what its help has below them. Of the root that is said by the topics, in full.
fn examples(after: &str, is_root: bool) -> String {
    let (examples, rest) = after.split_once("\n\n").unwrap_or((after, ""));
    let mut out = String::new();
    for part in [examples, if is_root { "" } else { rest }].into_iter().filter(|part| !part.is_empty()) {
        let mut lines = part.trim_end().lines();
        out.push_str(&roff::section(lines.next().unwrap_or_default()));
        out.push_str(&roff::as_it_stands(lines.skip_while(|line| line.is_empty())));
    }
    out
}

/// Exit status, files and environment, as `oub help exit-codes` and `oub help files` have them.
fn topics(root: &Command) -> String {
    let (exit_codes, files) = (help::exit_codes(), help::files());
    let body = |text: &str| text.split_once("\n\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    let (files, environment) = files.trim_end().rsplit_once("\n\n").unwrap_or((&files, ""));
    let beside = environment.split_once("). ").map(|(_, beside)| beside).unwrap_or_default();
    [
        roff::section(mistakes::exit_status()),
        roff::topic(&body(&exit_codes)),
        roff::section(mistakes::files()),
        roff::topic(&body(files)),
        roff::section(mistakes::environment()),
        variables(root, &mut BTreeSet::new()),
        ".PP\n".to_owned(),
        roff::topic(beside),
    ]
    .concat()
}

/// Each variable of the grammar once, with what its flag is for.
fn variables(command: &Command, told: &mut BTreeSet<String>) -> String {
    let mut out = String::new();
    for arg in command.get_arguments() {
        let Some(name) = arg.get_env().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if told.insert(name.clone()) {
            out.push_str(&roff::entry(&name, &purpose(arg)));
        }
    }
    command.get_subcommands().fold(out, |out, verb| out + &variables(verb, told))
}

/// What a flag is for, and which flag that is.
fn purpose(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let flag = arg.get_long().map(|flag| format!(" (--{flag})")).unwrap_or_default();
    format!("{}{flag}", help.trim_end())
}
