//! Settings with their origin, a thorough look, the disk, lines for machines, and what the grammar makes besides help.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use support::{Data, PROGRAM, oublietted};

fn json(bytes: &[u8]) -> Vec<serde_json::Value> {
    String::from_utf8_lossy(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_setting_says_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("oublietted.toml");
    std::fs::write(&file, "open = true\nconnections-max = 9\n").unwrap();
    let mut command = oublietted(&["config", "--origin", "--listen", "127.0.0.1:7", "--config"]);
    let output = command.arg(&file).env("OUBLIETTED_PUBLIC_HOST", "relay.example").output().unwrap();
    let screen = String::from_utf8(output.stdout).unwrap();
    let line = |key: &str| screen.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(line("listen").contains("[\"127.0.0.1:7\"]") && line("listen").ends_with("# flag --listen"));
    assert!(line("public-host").ends_with("# variable OUBLIETTED_PUBLIC_HOST"), "{screen}");
    assert!(line("open").starts_with("open = true") && line("open").contains("# file "), "{screen}");
    assert!(line("connections-max").starts_with("connections-max = 9 "), "{screen}");
    assert!(line("connections-per-source-max").ends_with("# built in"), "{screen}");
    assert!(line("# metrics-listen").contains("is not set"), "{screen}");
    // Without the origins it is a file that does the same.
    let plain = oublietted(&["config", "--config"]).arg(&file).output().unwrap().stdout;
    let copy = folder.path().join("copy.toml");
    std::fs::write(&copy, &plain).unwrap();
    assert_eq!(oublietted(&["config", "--config"]).arg(&copy).output().unwrap().stdout, plain);
    let lines = json(&oublietted(&["config", "--json", "--config"]).arg(&file).output().unwrap().stdout);
    assert!(lines.iter().any(|line| line["key"] == "open" && line["origin"] == "file"));
}

#[test]
fn check_looks_at_folder_disk_sync_identity_and_store() {
    let data = Data::new();
    data.serve(&[]).terminate();
    let output = data.run(&["check", "--json"]);
    assert!(output.status.success());
    let lines = json(&output.stdout);
    let looked: Vec<_> = lines.iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(looked, ["configuration", "data folder", "disk", "sync", "identity", "store"]);
    assert!(!data.path().join("bench.tmp").exists());
}

fn run_alone(args: &[&str]) -> Option<i32> {
    oublietted(args).output().unwrap().status.code()
}

#[test]
fn check_judges_the_settings_that_serve_would_take() {
    let data = Data::new();
    let run = |verb: &str, variable: &str, value: &str| {
        let mut command = oublietted(&[verb]);
        command.arg("--data").arg(data.path()).env(variable, value);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (variable, value) in [
        ("OUBLIETTED_CONNECTIONS_MAX", "0"),
        ("OUBLIETTED_LISTEN", "nowhere"),
        ("OUBLIETTED_PUBLIC_HOST", "not a host"),
    ] {
        let (served, checked) = (run("serve", variable, value), run("check", variable, value));
        assert_eq!(served.0, Some(2), "{variable}: {}", served.1);
        assert_eq!(checked.0, Some(2), "{variable}: {}", checked.1);
    }
    let says = |wrong: (Option<i32>, String), whose: &str| {
        assert!(wrong.0 == Some(2) && wrong.1.contains(&format!("' for '{whose}'")), "{}", wrong.1);
    };
    for variable in ["OUBLIETTED_LISTEN", "OUBLIETTED_METRICS_LISTEN", "OUBLIETTED_LOG_FORMAT"] {
        says(run("check", variable, "no where"), variable);
    }
    says(run("check", "OUBLIETTED_LISTEN", "127.0.0.1:1,nowhere"), "OUBLIETTED_LISTEN");
    let mut command = oublietted(&["check", "--listen", "nowhere"]);
    let output = command.env("OUBLIETTED_LISTEN", "127.0.0.1:1").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    says((output.status.code(), said), "--listen <ADDR>");
    assert!(data.run(&["check", "--connections-max", "9"]).status.success());
    // Which is no setting.
    assert_eq!(run_alone(&["check", "--ephemeral"]), Some(2));
    assert_eq!(run_alone(&["config", "--ephemeral"]), Some(2));
    assert_eq!(data.run(&["check", "--connections-max", "0"]).status.code(), Some(2));
}

#[test]
fn bench_tells_how_fast_the_disk_syncs_in_words_and_figures() {
    let data = Data::new();
    data.serve(&[]).terminate();
    let output = data.run(&["bench", "--json"]);
    assert!(output.status.success());
    let measured = &json(&output.stdout)[0];
    let batches: Vec<_> = measured["batches"].as_array().unwrap().iter().collect();
    assert_eq!(batches.iter().map(|one| one["batch"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 16, 256]);
    for one in &batches {
        assert!(one["syncs_per_s"].as_u64().unwrap() > 0);
        assert!(one["p50_us"].as_u64().unwrap() <= one["p99_us"].as_u64().unwrap());
    }
    println!("bench: {measured}");
    assert!(matches!(measured["verdict"].as_str(), Some("sound" | "too-fast" | "slow")));
    assert!(!data.path().join("bench.tmp").exists());
    let nowhere = Data::new().run(&["bench"]);
    assert_eq!(nowhere.status.code(), Some(7));
}

#[test]
fn a_configuration_that_is_not_there_is_not_told_to_be_corrected() {
    let output = oublietted(&["check", "--config", "/nonexistent/oublietted.toml"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("OUB-S020") && said.contains("name a file that is there"), "{said}");
}

#[test]
fn the_counters_of_status_stand_in_columns_of_their_own() {
    let data = Data::new();
    let _server = data.serve(&[]);
    let screen = String::from_utf8(data.run(&["status"]).stdout).unwrap();
    let (_, counters) = screen.split_once("since the start\n").unwrap();
    let columns: Vec<_> = counters.lines().map(|line| line.rfind("  ").unwrap()).collect();
    assert!(columns.len() > 10 && columns.iter().all(|column| *column == columns[0]), "{screen}");
}

#[test]
fn a_failure_is_a_line_for_machines_too() {
    let data = Data::new();
    let output = data.run(&["status", "--json"]);
    assert_eq!(output.status.code(), Some(4));
    let line = &json(&output.stdout)[0];
    assert_eq!((line["t"].as_str(), line["code"].as_str()), (Some("error"), Some("OUB-S041")));
    assert_eq!(line["exit"].as_u64(), Some(4));
    let server = data.serve(&[]);
    let health = data.run(&["health", "--json"]);
    assert_eq!(json(&health.stdout)[0]["serving"], true);
    drop(server);
}

#[test]
fn the_log_can_be_one_object_a_line() {
    let data = Data::new();
    let (_, log) = data.serve(&["--log-format", "json"]).terminate();
    let objects: Vec<serde_json::Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let messages: Vec<_> = objects.iter().filter_map(|object| object["message"].as_str()).collect();
    assert!(messages.contains(&"serving") && messages.contains(&"stopped"), "{log}");
    assert!(objects.iter().all(|object| object["level"].is_string() && object["timestamp"].is_string()));
}

#[test]
fn strangers_cannot_fill_the_log() {
    let data = Data::new();
    let server = data.serve(&[]);
    for number in 0..200_u32 {
        let mut socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        // Cut by the other side meanwhile: all the same.
        let _cut = socket.write_all(&number.to_be_bytes().repeat(100));
    }
    for _ in 0..20 {
        let mut peer = support::peer::Peer::connect(server.port);
        let _cut = peer.tls.write_all(&[0xff; 2_000]);
        let _cut = peer.tls.flush();
    }
    let (_, log) = server.terminate();
    println!("R13: 220 malformed connections, {} bytes of log", log.len());
    assert!(log.len() < 4_096, "{log}");
}

#[test]
fn every_verb_has_a_page_of_the_manual() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("man");
    let write = || oublietted(&["man"]).arg(&folder).output().unwrap();
    let nowhere = write();
    assert_eq!(nowhere.status.code(), Some(7));
    assert!(String::from_utf8(nowhere.stderr).unwrap().contains("(exit 7, OUB-S091)"));
    std::fs::create_dir(&folder).unwrap();
    let written = write();
    assert!(written.status.success() && written.stdout.is_empty(), "{written:?}");
    let page = |verb: &str| std::fs::read_to_string(folder.join(format!("oublietted{verb}.8"))).unwrap();
    for verb in ["", "-serve", "-invite", "-invite-revoke", "-name-suspend", "-backup", "-backup-key"] {
        let page = page(verb);
        assert!(page.contains(&format!(".TH oublietted{verb} 8")) && page.contains("SYNOPSIS"), "{page}");
    }
    assert!(page("").contains("oublietted\\-serve(8)") && page("").contains("Exit codes"), "{}", page(""));
    for variable in ["OUBLIETTED_DATA", "OUBLIETTED_LISTEN", "OUBLIETTED_METRICS_LISTEN"] {
        assert!(page("-serve").contains(variable), "{variable}");
    }
    for hidden in ["man", "help", "name-help"] {
        assert!(!folder.join(format!("oublietted-{hidden}.8")).exists(), "{hidden}");
    }
}

/// What bash offers behind these words once it has read the script, and what was said on standard error.
fn offered(words: &[&str]) -> (Vec<String>, String) {
    let (script, index) = ("source <(oublietted completions bash)", words.len() - 1);
    let ask = "_clap_complete_oublietted oublietted \"${COMP_WORDS[COMP_CWORD]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-c"]);
    bash.arg(format!("{script}; COMP_WORDS=(\"$@\") COMP_CWORD={index}; {ask}")).arg("bash").args(words);
    let folders = [Path::new(PROGRAM).parent().unwrap(), Path::new("/usr/bin"), Path::new("/bin")];
    let output = bash.env("PATH", std::env::join_paths(folders).unwrap()).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    (lines, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn shells_complete_verbs_flags_and_values() {
    let offers = |words: &[&str]| {
        let (offered, said) = offered(words);
        assert!(said.is_empty(), "{words:?}: {said}");
        offered
    };
    let all = offers(&["oublietted", ""]);
    assert!(all.contains(&"serve".to_owned()) && !all.contains(&"man".to_owned()), "{all:?}");
    assert_eq!(offers(&["oublietted", "backup-"]), ["backup-key"]);
    assert_eq!(offers(&["oublietted", "name", "su"]), ["suspend"]);
    assert_eq!(offers(&["oublietted", "serve", "--metr"]), ["--metrics-listen"]);
    assert_eq!(offers(&["oublietted", "--log-format", ""]), ["text", "json"]);
    for (shell, begins) in
        [("bash", "\n_clap_complete_oublietted"), ("zsh", "#compdef oublietted\n"), ("fish", "complete ")]
    {
        let script = oublietted(&["completions", shell]).output().unwrap();
        let text = String::from_utf8(script.stdout).unwrap();
        assert!(script.status.success() && text.starts_with(begins), "{shell}: {text}");
        assert!(text.contains("OUBLIETTED_COMPLETE"), "{shell}: {text}");
    }
    assert_eq!(oublietted(&["completions", "nosh"]).output().unwrap().status.code(), Some(2));
    let asked = oublietted(&["--", "oublietted", "x"]).env("OUBLIETTED_COMPLETE", "nosh").output().unwrap();
    assert_eq!(asked.status.code(), Some(2));
}

#[test]
fn help_is_there_without_arguments_also_where_a_variable_is_set() {
    for variable in ["OUBLIETTED_DATA", "NOTHING"] {
        let output = oublietted(&[]).env(variable, "/nowhere").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{said}");
        assert!(said.contains("Usage: oublietted") && said.contains("Examples"), "{said}");
    }
}

/// A full disk loses what was printed, and is told; a closed pipe had enough, and is not.
#[test]
fn what_a_full_disk_did_not_take_is_said() {
    let data = Data::new();
    data.serve(&[]).terminate();
    let folder = data.path().to_str().unwrap().to_owned();
    for args in [
        &["config", "--data", &folder][..],
        &["config", "--json", "--data", &folder],
        &["check", "--data", &folder],
        &["identity", "show", "--data", &folder],
        &["completions", "bash"],
        &["--help"],
        &["help", "serve"],
        &["--version"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = oublietted(args).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(7), "{args:?}: {said}");
        assert!(
            said.contains("error: standard output took no more\n  why   No space left"),
            "{args:?}: {said}"
        );
        assert!(said.contains("  do    ") && said.ends_with("(exit 7, OUB-S092)\n"), "{args:?}: {said}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = oublietted(args).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{args:?}: {output:?}");
    }
}

#[test]
fn a_command_line_that_cannot_be_understood_is_an_object_for_programs() {
    for (args, what) in
        [(&["--json", "servee"][..], "unrecognized subcommand 'servee'"), (&["name", "--json"], "subcommand")]
    {
        let output = oublietted(args).output().unwrap();
        let lines = json(&output.stdout);
        assert_eq!((output.status.code(), lines.len()), (Some(2), 1), "{lines:?}");
        assert_eq!((lines[0]["t"].as_str(), lines[0]["code"].as_str()), (Some("error"), Some("OUB-S027")));
        assert!(lines[0]["what"].as_str().unwrap().contains(what), "{lines:?}");
        assert!(!output.stderr.is_empty(), "a person is told too");
    }
    assert!(oublietted(&["servee", "--", "--json"]).output().unwrap().stdout.is_empty());
}
