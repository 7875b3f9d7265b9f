//! `oub config`: every setting, where its value comes from, and how it is changed.

use std::path::Path;

use crate::args::{Config, ConfigVerb};
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::settings as messages;
use crate::problem::Problem;
use crate::settings::edit::{self, Key};
use crate::settings::layers::{Origin, Row};
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// Columns before an origin.
const VALUE_COLUMNS: usize = 40;

/// Does what was asked.
pub fn run(context: &Context, args: &Config) -> Result<Exit, Stop> {
    match &args.verb {
        None => list(context, args.origin),
        Some(ConfigVerb::Get { key }) => get(context, key),
        Some(ConfigVerb::Set { key, value }) => set(context, key, value),
        Some(ConfigVerb::Unset { key }) => unset(context, key),
    }
}

fn list(context: &Context, with_origin: bool) -> Result<Exit, Stop> {
    for row in context.layers().rows() {
        context.screen.answer(to_json(&row), &to_text(&row, with_origin))?;
    }
    if let Some(place) = context.layers().place() {
        let state = if place.exists() { messages::the_file() } else { messages::no_file_yet() };
        context.screen.detail(&messages::file_is(state, place.display()));
    }
    Ok(Exit::Done)
}

fn get(context: &Context, key: &str) -> Result<Exit, Stop> {
    let key = Key::parse(key)?;
    let row = context.layers().clone().for_profile(key.profile.as_deref()).row(key.setting);
    let text = row.value.as_ref().map(|value| value.as_argument(row.setting.kind)).unwrap_or_default();
    context.screen.answer(to_json(&row), &shown_on_one_line(&text))?;
    Ok(Exit::Done)
}

fn set(context: &Context, key: &str, value: &str) -> Result<Exit, Stop> {
    let (place, parsed) = (place(context)?, Key::parse(key)?);
    let value = parsed.setting.kind.parse(value).map_err(|wish| unfit(key, &wish))?;
    edit::set(place, &parsed, &value)?;
    let shown = shown_on_one_line(&value.without_secret(parsed.setting.kind).to_string());
    context.screen.say(&messages::set(key, shown, place.display()));
    show_change(context, key)
}

fn unset(context: &Context, key: &str) -> Result<Exit, Stop> {
    let place = place(context)?;
    let said = match edit::unset(place, key)? {
        true => messages::unset(shown_on_one_line(key), place.display()),
        false => messages::was_not_set(shown_on_one_line(key), place.display()),
    };
    context.screen.say(&said);
    show_change(context, key)
}

/// What holds now, for a program. A flag, a variable or a section may win over what was changed.
fn show_change(context: &Context, key: &str) -> Result<Exit, Stop> {
    // What was taken out may have been no setting at all.
    if context.screen.is_json()
        && let Ok(key) = Key::parse(key)
        // Another line of the file may be wrong; this one was changed all the same.
        && let Ok(layers) = context.layers().clone().with_file()
    {
        let row = layers.for_profile(key.profile.as_deref()).row(key.setting);
        context.screen.print(&to_json(&row).to_string())?;
    }
    Ok(Exit::Done)
}

fn place(context: &Context) -> Result<&Path, Box<Problem>> {
    context
        .layers()
        .place()
        .ok_or_else(|| Box::new(Problem::of(Exit::Local, "OUB-E178", messages::no_place())))
}

fn unfit(key: &str, wish: &str) -> Problem {
    Problem::of(Exit::Usage, "OUB-E179", messages::unfit(shown_on_one_line(key), wish))
}

/// As the line would stand in the file, with its origin behind it.
fn to_text(row: &Row, with_origin: bool) -> String {
    let key = row.setting.key;
    let line = match &row.value {
        Some(value) => format!("{key} = {}", shown_on_one_line(&value.to_string())),
        None => messages::is_not_set(key),
    };
    let origin = match &row.origin {
        Origin::Flag(flag) => messages::from_flag(flag),
        Origin::Variable(name) => messages::from_variable(name),
        Origin::File(path, number) => messages::from_file(path.display(), number),
        Origin::BuiltIn => messages::built_in().to_owned(),
    };
    if with_origin { format!("{line:<VALUE_COLUMNS$} # {origin}") } else { line }
}

fn to_json(row: &Row) -> Line {
    let (mut name, mut file, mut line) = (None, None, None);
    let origin = match &row.origin {
        Origin::Flag(flag) => {
            name = Some(flag.as_str());
            "flag"
        }
        Origin::Variable(variable) => {
            name = Some(variable.as_str());
            "variable"
        }
        Origin::File(path, number) => {
            file = Some(path.display().to_string());
            line = u64::try_from(*number).ok();
            "file"
        }
        Origin::BuiltIn => "built-in",
    };
    Line::new("setting")
        .text("key", row.setting.key)
        .json(
            "value",
            row.value.as_ref().map_or(serde_json::Value::Null, crate::settings::setting::Value::to_json),
        )
        .text("origin", origin)
        .maybe_text("name", name)
        .maybe_text("file", file.as_deref())
        .maybe_number("line", line)
}
