//! What people read in French, and what programs read in whichever language.

use std::io::Write as _;

use crate::person::{Person, Ran, friends};
use crate::relay::Relay;
use crate::terminal::Terminal;

fn in_french(person: &Person, args: &[&str]) -> Ran {
    Ran::of(person.command(args).env("LC_ALL", "fr_FR.UTF-8"))
}

#[test]
fn a_first_day_in_french_reads_as_one() {
    let relay = Relay::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let joined = in_french(&alice, &["join", &relay.invite("alice"), "--protect", "file"]);
    assert_eq!(joined.code, Some(0), "{}", joined.err);
    assert!(joined.err.contains("✓ enregistré sous le nom alice\n"), "{}", joined.err);
    assert!(joined.err.contains("✓ clés scellées par\u{a0}: fichier de clé\n"), "{}", joined.err);
    in_french(&bob, &["join", &relay.invite("bob"), "--protect", "file"]);
    let added = in_french(&alice, &["add", &bob.address()]);
    assert!(added.out.starts_with("bob  (non vérifié, pas encore en contact)  oub://"), "{}", added.out);
    let sent = in_french(&alice, &["send", "bob", "la clé est sous le pot"]);
    assert!(sent.err.starts_with("✓ déposé pour bob  "), "{}", sent.err);
    let pulled = in_french(&bob, &["pull"]);
    assert!(pulled.err.starts_with("une personne que vous n'avez pas acceptée a écrit"), "{}", pulled.err);
    let wrong = in_french(&alice, &["send", "carol", "bonjour"]);
    assert_eq!(wrong.code, Some(2));
    let rows = [
        "erreur\u{a0}: aucun contact ne s'appelle carol\n",
        "\n  cause   aucun contact ne porte ce nom\n",
        "\n  faire   voyez  oub contacts",
        "\n  (code de sortie 2, OUB-E021)\n",
    ];
    assert!(rows.iter().all(|row| wrong.err.contains(row)), "{}", wrong.err);
}

#[test]
fn a_chat_in_french_reads_as_one() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut command = alice.command(&["chat", "bob"]);
    command.env("LC_ALL", "fr_FR.UTF-8");
    let mut screen = Terminal::run(&command, 80, 24);
    screen.sees("connecté   F1 aide");
    screen.sees("Est-ce bien bob\u{a0}? Comparez dix mots");
    screen.types("la clé est sous le pot\r");
    screen.sees("déposé");
    assert_eq!(bob.pull(), ["la clé est sous le pot"]);
    screen.types("\u{1b}OS");
    screen.sees("o  ce sont les mêmes");
    let seen = screen.screen.screen().contents();
    let words = alice.json(&["verify", "bob"])[0]["words"].clone();
    let same = |word: &serde_json::Value| seen.contains(word.as_str().unwrap());
    assert!(words.as_array().unwrap().iter().all(same), "both read the words of one language: {seen}");
    screen.types("y");
    screen.wait("another key closes", |screen| !screen.contents().contains("ce sont les mêmes"));
    screen.types("\u{1b}OS");
    screen.sees("o  ce sont les mêmes");
    screen.types("o");
    screen.sees("bob est vérifié");
    screen.types("\u{3}");
    assert!(screen.ends().success());
}

#[test]
fn a_line_chat_in_french_keeps_the_names_of_its_commands() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.ok(&["send", "alice", "salut"]);
    let mut command = alice.command(&["chat", "--plain", "bob", "--lang", "fr"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("bonjour\n/help\n/qiut\n/who\n/log 1\n".as_bytes()).unwrap();
    let ran = Ran::of_child(child);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let mut lines = ran.out.lines();
    assert!(lines.next().unwrap().starts_with("bob (non vérifié)\u{a0}: salut ("), "{}", ran.out);
    assert_eq!(lines.next(), Some("bob (non vérifié)"));
    let last = lines.next().unwrap();
    assert!(last.starts_with("moi\u{a0}: bonjour (") && last.ends_with(", déposé)"), "{}", ran.out);
    let said = [
        "déposé pour bob\n",
        "/take-back         reprendre mon dernier message\n",
        "/qiut\u{a0}: commande inconnue, rien n'est envoyé\u{a0}; peut-être   /quit\u{a0}? //… envoie un texte\n",
    ];
    assert!(said.iter().all(|words| ran.err.contains(words)), "{}", ran.err);
}

#[test]
fn help_and_what_is_wrong_with_a_line_are_in_french() {
    let nobody = Person::new("nobody");
    for args in [&["--help"][..], &["help"], &["send", "--help"], &["contact", "timer", "-h"]] {
        let help = in_french(&nobody, args);
        assert_eq!(help.code, Some(0), "{}", help.err);
        assert!(
            help.out.contains("Usage\u{a0}: oub") && help.out.contains("Afficher l'aide"),
            "{}",
            help.out
        );
        assert!(help.out.contains("Options générales\u{a0}:") && !help.out.contains("[env"), "{}", help.out);
    }
    let send = in_french(&nobody, &["send", "--help"]).out;
    assert!(send.contains("Envoyer un message ou un fichier à un contact"), "{send}");
    assert!(send.contains("[défaut\u{a0}: stored]") && send.contains("[variable\u{a0}: OUB_HOME]"), "{send}");
    assert!(send.contains("- seen\u{a0}: Jusqu'à ce que le client du contact l'ait"), "{send}");
    nobody.ok(&["config", "set", "timeout", "12s"]);
    let send = in_french(&nobody, &["send", "--help"]).out;
    assert!(!send.contains("[défaut\u{a0}: 12s]"), "as in English, the help is that of the program: {send}");
    for topic in ["exit-codes", "files", "api"] {
        let (french, english) = (in_french(&nobody, &["help", topic]), nobody.ok(&["help", topic]));
        assert!(french.code == Some(0) && french.out != english.out, "{topic}");
    }
    assert_eq!(in_french(&nobody, &["help", "json"]).out, nobody.ok(&["help", "json"]).out);
    let wrong = in_french(&nobody, &["sned", "bob"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""));
    assert!(wrong.err.starts_with("erreur\u{a0}: commande inconnue\u{a0}: sned\n"), "{}", wrong.err);
    let wrong = in_french(&nobody, &["--json", "sned", "bob"]);
    assert_eq!(wrong.err, nobody.run(&["--json", "sned", "bob"]).err, "for a program");
    assert!(in_french(&nobody, &[]).err.contains("Codes de sortie"), "without arguments");
}

/// Others read a manual than whose locale it was written in.
#[test]
fn the_manual_is_in_the_language_that_is_asked_for_and_else_in_english() {
    let nobody = Person::new("nobody");
    let page = |args: &[&str]| {
        let folder = nobody.home.path().join("man");
        std::fs::create_dir_all(&folder).unwrap();
        let written = in_french(&nobody, &[&["man", folder.to_str().unwrap()], args].concat());
        assert_eq!(written.code, Some(0), "{}", written.err);
        std::fs::read_to_string(folder.join("oub-send.1")).unwrap()
    };
    let english = page(&[]);
    assert!(english.contains("Send a message or a file") && !english.contains("Envoyer"), "{english}");
    let french = page(&["--lang", "fr"]);
    assert!(
        french.contains("Envoyer un message ou un fichier") && french.contains("OUB_TIMEOUT"),
        "{french}"
    );
}

#[test]
fn the_flag_wins_over_the_variable_the_file_and_the_locale() {
    let person = Person::new("alice");
    let said = |args: &[&str], variable: &str| {
        let mut command = person.command(args);
        command.env("LANG", "fr_FR.UTF-8");
        if !variable.is_empty() {
            command.env("OUB_LANG", variable);
        }
        Ran::of(&mut command).err.starts_with("erreur")
    };
    assert!(said(&["id"], ""), "the locale");
    person.ok(&["config", "set", "lang", "en"]);
    assert!(!said(&["id"], ""), "the file over the locale");
    assert!(said(&["id"], "fr"), "the variable over the file");
    assert!(!said(&["id", "--lang", "en"], "fr"), "the flag over all");
}

#[test]
fn programs_read_the_same_bytes_in_both_languages() {
    let relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    alice.ok(&["add", &bob.address()]);
    let verbs: [&[&str]; 5] =
        [&["contacts"], &["verify", "bob"], &["send", "carol", "x"], &["config"], &["outbox"]];
    for verb in verbs {
        let with_json = [&["--json"], verb].concat();
        let french = in_french(&alice, &with_json);
        let english = alice.run(&with_json);
        assert_eq!((french.out, french.code), (english.out, english.code), "{verb:?}");
    }
}
