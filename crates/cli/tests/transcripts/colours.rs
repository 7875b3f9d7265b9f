//! Where there is colour, and where there is none: by flag, variable and file, in help, in errors and in the bar.

use crate::person::{Person, Ran, friends};
use crate::relay::Relay;
use crate::terminal::Terminal;

const ESC: char = '\u{1b}';

/// What is set, which flags are given, and whether there is colour then.
type Case = (&'static [(&'static str, &'static str)], &'static [&'static str], bool);

/// Nothing here is a terminal.
const CASES: [Case; 13] = [
    (&[], &[], false),
    (&[("CLICOLOR_FORCE", "1")], &[], true),
    (&[("CLICOLOR_FORCE", "0")], &[], false),
    (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[], false),
    // Any value but none, as no-color.org has it.
    (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "0")], &[], false),
    (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], &[], true),
    (&[("CLICOLOR_FORCE", "1")], &["--color", "never"], false),
    (&[("CLICOLOR_FORCE", "1")], &["--color=never"], false),
    (&[("CLICOLOR_FORCE", "1"), ("OUB_COLOR", "never")], &[], false),
    (&[], &["--color", "always"], true),
    (&[("NO_COLOR", "1")], &["--color", "always"], true),
    (&[("OUB_COLOR", "always")], &[], true),
    (&[("OUB_COLOR", "always")], &["--color", "auto"], false),
];

#[test]
fn help_and_every_kind_of_error_heed_flags_and_variables() {
    let nobody = Person::new("nobody");
    let commands: [&[&str]; 12] = [
        &[],
        &["--help"],
        &["send", "-h"],
        &["help"],
        &["help", "contact", "show"],
        &["sned"],
        &["send"],
        &["log", "bob"],
        &["--lang", "fr", "--help"],
        &["--lang", "fr", "sned"],
        &["--lang", "fr", "send"],
        &["--lang", "fr", "help", "send"],
    ];
    for args in commands {
        for (variables, flags, is_coloured) in CASES {
            let args = [args, flags].concat();
            let ran = Ran::of(nobody.command(&args).envs(variables.iter().copied()));
            let said = format!("{}{}", ran.out, ran.err);
            assert_eq!(said.contains(ESC), is_coloured, "{variables:?} {args:?}: {said:?}");
        }
    }
    std::fs::write(nobody.home.path().join("config.toml"), "color = \"always\"\n").unwrap();
    for args in [&[][..], &["sned"], &["help", "send"], &["--lang", "fr", "sned"]] {
        let said = |flags: &[&str]| {
            let ran = nobody.run(&[args, flags].concat());
            ran.out + &ran.err
        };
        assert!(said(&[]).contains(ESC), "the file counts too: {args:?}");
        assert!(args.is_empty() || !said(&["--color", "never"]).contains(ESC), "{args:?}");
    }
    let topic = nobody.ok(&["help", "exit-codes", "--color", "always"]);
    assert!(!topic.out.contains(ESC), "there is nothing to colour in a topic");
}

#[test]
fn on_a_terminal_help_and_errors_heed_them_too() {
    let nobody = Person::new("nobody");
    for (args, end) in
        [(&["send", "--help"][..], "--name db.sql"), (&["sned"], "--help"), (&["log", "bob"], "(exit 7")]
    {
        for (variable, is_coloured) in [(("NOTHING", "1"), true), (("NO_COLOR", "0"), false)] {
            let mut command = nobody.command(args);
            let mut screen = Terminal::run(command.env(variable.0, variable.1), 120, 60);
            screen.sees(end);
            screen.ends();
            let said = String::from_utf8_lossy(&screen.bytes);
            assert_eq!(said.contains(ESC), is_coloured, "{args:?} {variable:?}: {said:?}");
        }
        let mut screen = Terminal::run(&nobody.command(&[args, &["--color", "never"]].concat()), 120, 60);
        screen.sees(end);
        screen.ends();
        assert!(!screen.bytes.contains(&0x1b), "{args:?}: {:?}", String::from_utf8_lossy(&screen.bytes));
    }
}

/// A bar moves the cursor; who wants no colour reads lines instead.
#[test]
fn the_bar_of_a_file_heeds_them_too() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let path = alice.home.path().join("long.bin");
    std::fs::write(&path, vec![7; 600_000]).unwrap();
    let file = path.to_str().unwrap();
    for (variable, flags, has_bar) in [
        (("NOTHING", "1"), &[][..], true),
        (("NO_COLOR", "1"), &[], false),
        (("NOTHING", "1"), &["--color", "never"], false),
    ] {
        let mut command = alice.command(&[&["send", "bob", "-f", file], flags].concat());
        let mut screen = Terminal::run(command.env(variable.0, variable.1), 100, 40);
        screen.sees("stored for bob");
        assert!(screen.ends().success());
        let said = String::from_utf8_lossy(&screen.bytes);
        assert_eq!(
            (said.contains('█'), said.contains(ESC)),
            (has_bar, has_bar),
            "{variable:?} {flags:?}: {said:?}"
        );
        assert_eq!(said.contains("100 %"), !has_bar, "{variable:?} {flags:?}: {said:?}");
    }
}

/// What somebody pasted is shown in an error and not obeyed, also where there is colour.
#[test]
fn a_pasted_escape_is_no_colour() {
    let nobody = Person::new("nobody");
    let ran = nobody.run(&["--color", "always", "id", "a\u{1b}[2Jb"]);
    assert!(ran.err.contains("a\\u{1b}[2Jb") && !ran.err.contains("\u{1b}[2J"), "{:?}", ran.err);
}
