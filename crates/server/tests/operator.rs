//! What an operator meets: verbs, error screens, exit codes, logs, and a folder that tells nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::BufRead;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use support::peer::Peer;
use support::person::Person;
use support::{Data, Server, contains, heap, invitation_in, oublietted};
use wire::request::MailboxPolicy;
use wire::{Invitation, Request, Response};

#[test]
fn an_invitation_is_one_screen_with_one_line_to_copy() {
    let data = Data::new();
    let server = data.serve(&["--public-host", "relay.example"]);
    let output = data.run(&["invite", "alice"]);
    let screen = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    assert!(screen.starts_with(
        "Invitation for “alice” — single use, valid 7 days. Send it over a channel you trust.\n"
    ));
    let invitation = invitation_in(&screen);
    assert_eq!(invitation.at.to_string(), "relay.example");
    assert_eq!(invitation.name.unwrap().as_str(), "alice");
    let line = data.run(&["invite", "bob", "--json", "--expires", "1h"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert_eq!((json["v"].as_u64(), json["t"].as_str()), (Some(1), Some("invitation")));
    assert!(Invitation::parse(json["link"].as_str().unwrap()).is_ok());
    drop(server);
}

#[test]
fn status_and_health_answer_while_a_server_runs_and_say_so_when_none_does() {
    let data = Data::new();
    let none = data.run(&["health"]);
    assert_eq!(none.status.code(), Some(4));
    let said = String::from_utf8(none.stderr).unwrap();
    assert!(said.starts_with("error: no server is running on this data folder\n  why   "), "{said}");
    assert!(said.contains("\n  do    start it with   oublietted serve"), "{said}");
    assert_eq!(data.run(&["invite", "alice"]).status.code(), Some(4));
    let server = data.serve(&[]);
    assert_eq!(data.run(&["health"]).status.code(), Some(0));
    assert!(String::from_utf8(data.run(&["status"]).stdout).unwrap().contains("0 envelopes waiting"));
    let status: serde_json::Value = serde_json::from_slice(&data.run(&["status", "--json"]).stdout).unwrap();
    assert!(matches!(status["leaf_days_left"].as_u64(), Some(29 | 30)));
    server.kill_9();
    assert_eq!(data.run(&["health"]).status.code(), Some(4));
}

#[test]
fn a_registered_name_is_not_invited_again() {
    let data = Data::new();
    let server = data.serve(&[]);
    Person::registered(server.port, "alice", data.invite("alice", &[]).code);
    let refused = data.run(&["invite", "alice"]);
    assert_eq!(refused.status.code(), Some(5));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("registered already"));
}

#[test]
fn a_second_server_on_one_folder_is_refused() {
    let data = Data::new();
    let mut server = data.serve(&[]);
    let second = data.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(7));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(
        said.starts_with("error: the data folder is in use\n  why   another oublietted is running"),
        "{said}"
    );
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait().0.code(), Some(0));
}

#[test]
fn a_folder_that_others_may_enter_is_refused() {
    let data = Data::new();
    data.serve(&[]).kill_9();
    std::fs::set_permissions(data.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let refused = data.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(7));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("chmod 700"));
    assert_eq!(data.run(&["check"]).status.code(), Some(7));
}

#[test]
fn nothing_in_the_data_folder_is_for_others() {
    fn check(path: &std::path::Path) {
        let found = std::fs::metadata(path).unwrap();
        assert_eq!(found.permissions().mode() & 0o077, 0, "{}", path.display());
        if found.is_dir() {
            std::fs::read_dir(path).unwrap().flatten().for_each(|entry| check(&entry.path()));
        }
    }
    let data = Data::new();
    let server = data.serve(&[]);
    Person::registered(server.port, "alice", data.invite("alice", &[]).code);
    check(&data.path());
}

#[test]
fn the_process_leaves_no_core_dump() {
    let data = Data::new();
    let server = data.serve(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}

#[test]
fn a_flood_of_connections_leaves_descriptors_for_the_operator_and_for_later() {
    let data = Data::new();
    let mut command = std::process::Command::new("sh");
    let script = "ulimit -n 160; exec \"$0\" serve --listen 127.0.0.1:0 --data \"$1\"";
    command.args(["-c", script, support::PROGRAM]).arg(data.path());
    let server = Server::start(command);
    let flood: Vec<_> =
        (0..300).flat_map(|_| std::net::TcpStream::connect(("127.0.0.1", server.port))).collect();
    assert_eq!(data.run(&["health"]).status.code(), Some(0));
    drop(flood);
    let until = std::time::Instant::now() + support::PATIENCE;
    while support::peer::handshake(server.port, &[b"oub/1"]).is_err() {
        assert!(std::time::Instant::now() < until, "the server does not come back");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refused = Data::new().run(&["serve", "--listen", &address.to_string()]);
    assert_eq!(refused.status.code(), Some(4));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains(&format!("error: port {} is in use", address.port())), "{said}");
}

/// The admin socket has to fit behind the folder's path: the longest that does is served, and one byte more is said at once.
#[test]
fn a_path_too_long_for_the_admin_socket_is_said_before_anything_is_made() {
    const LONGEST: usize = 96;
    let base = tempfile::tempdir().unwrap();
    let of_length = |length: usize| {
        let rest = length - base.path().as_os_str().len() - 1;
        base.path().join("d".repeat(rest)).to_str().unwrap().to_owned()
    };
    let (longest, longer) = (of_length(LONGEST), of_length(LONGEST + 1));
    let server = Server::start(oublietted(&["serve", "--listen", "127.0.0.1:0", "--data", &longest]));
    assert!(oublietted(&["health", "--data", &longest]).status().unwrap().success());
    drop(server);
    for verb in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"]] {
        let refused = oublietted(verb).args(["--data", &longer]).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(7) && said.contains("OUB-S087"), "{verb:?}: {said}");
    }
    assert!(!std::path::Path::new(&longer).exists());
}

/// The least and the most of every count: with either somebody is served, and the operator is answered.
#[test]
fn the_least_and_the_most_of_every_setting_serve_somebody() {
    let counts =
        ["connections-max", "connections-per-source-max", "handshakes-max", "handshakes-per-minute-max"];
    for (count, proxies) in [(1, "[]"), (1_000_000, "[]"), (1, "[\"0.0.0.0/0\", \"::/0\"]")] {
        let data = Data::new();
        let lines: String = counts.iter().map(|setting| format!("{setting} = {count}\n")).collect();
        let server = data.serve_configured(&format!(
            "{lines}handshakes-per-second-max = {count}\nproxies = {proxies}\nproxy-header = []"
        ));
        let mut peer = Peer::connect(server.port);
        assert_eq!(peer.ask(Request::Ping), Response::Pong, "{count}");
        assert_eq!(data.run(&["health"]).status.code(), Some(0), "{count}");
        let another = Peer::try_connect(server.port);
        assert_eq!(another.is_some(), count > 1, "one place, {proxies}");
        assert_eq!(data.counters()["turned_away"].as_u64(), Some(u64::from(count == 1)), "{proxies}");
        assert_eq!(server.terminate().0.code(), Some(0));
    }
}

#[test]
fn check_finds_nothing_wrong_before_during_and_after_a_server() {
    let data = Data::new();
    assert_eq!(data.run(&["check"]).status.code(), Some(0));
    let server = data.serve(&[]);
    assert!(String::from_utf8(data.run(&["check"]).stdout).unwrap().contains("running"));
    server.terminate();
    let after = data.run(&["check"]);
    assert!(String::from_utf8(after.stdout).unwrap().contains("0 envelopes waiting"));
}

#[test]
fn the_example_configuration_is_accepted_and_a_typo_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/oublietted.toml");
    let data = folder.path().join("none");
    let check = |config: &str| {
        oublietted(&["check", "--config", config, "--data", data.to_str().unwrap()]).output().unwrap()
    };
    assert_eq!(check(example).status.code(), Some(0));
    let wrong = folder.path().join("wrong.toml");
    std::fs::write(&wrong, "opne = true").unwrap();
    let refused = check(wrong.to_str().unwrap());
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("opne"));
}

#[test]
fn a_store_without_its_identity_is_not_served_under_a_new_one() {
    let data = Data::new();
    data.serve(&[]).terminate();
    std::fs::remove_dir_all(data.path().join("identity")).unwrap();
    let refused = data.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(6));
}

#[test]
fn an_identity_without_its_store_is_not_served_with_an_empty_one() {
    let data = Data::new();
    data.serve(&[]).terminate();
    let (store, aside) = (data.path().join("store"), data.path().join("aside"));
    std::fs::rename(&store, &aside).unwrap();
    let refused = |folder: &str| {
        let serve =
            ["serve", "--listen", "127.0.0.1:0", "--data", data.path().to_str().unwrap()].map(str::to_owned);
        let serve = oublietted(&serve.each_ref().map(String::as_str));
        let (status, screen) = Server::try_start(serve).map(|_| ()).unwrap_err();
        assert!(status.code() == Some(7) && screen.contains("OUB-S089"), "{folder}: {screen}");
        let check = data.run(&["check"]);
        let said = String::from_utf8_lossy(&check.stderr).into_owned();
        assert!(check.status.code() == Some(7) && said.contains("OUB-S089"), "{folder}: {said}");
    };
    refused("no store");
    assert!(!store.exists() && !data.path().join("store.new").exists());
    std::fs::create_dir(&store).unwrap();
    refused("a disk that did not come");
    std::fs::remove_dir(&store).unwrap();
    std::fs::rename(&aside, &store).unwrap();
    assert_eq!(data.run(&["check"]).status.code(), Some(0));

    // A store of before the marker gets it with the next start.
    let marker = data.path().join("has-store");
    std::fs::remove_file(&marker).unwrap();
    data.serve(&[]).terminate();
    assert_eq!(std::fs::metadata(marker).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_ephemeral_server_prints_two_invitations_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let named = ["serve", "--ephemeral", "--data", "/nowhere"];
    assert_eq!(oublietted(&named).output().unwrap().status.code(), Some(2));
    let mut command = oublietted(&["serve", "--ephemeral"]);
    // A variable says where a server lives that stays, as in the container.
    command.env("TMPDIR", folder.path()).env("OUBLIETTED_DATA", "/nowhere");
    let mut server = Server::start(command);
    let mut screen = String::new();
    while screen.matches("nothing else needs checking").count() < 2 {
        assert!(server.stdout.as_mut().unwrap().read_line(&mut screen).unwrap() > 0, "{screen}");
    }
    let alice = invitation_in(&screen);
    assert_eq!(alice.at.port(), server.port);
    assert!(screen.contains("“alice”") && screen.contains("“bob”"));
    Person::registered(server.port, "alice", alice.code);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait().0.code(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn neither_log_nor_status_holds_a_name_an_id_or_an_address() {
    let data = Data::new();
    let server = data.serve(&[]);
    let person = Person::registered(server.port, "canary-7f4q", data.invite("canary-7f4q", &[]).code);
    let doorstep = person.create(server.port, MailboxPolicy::Doorstep, 0);
    let mut sender = Peer::connect(server.port);
    assert!(matches!(sender.ask(doorstep.knock(1)), Response::Stored));
    let sender_port = sender.tls.sock.local_addr().unwrap().port().to_string();
    doorstep.open(&mut Peer::connect(server.port));
    let status = data.run(&["status", "--json"]).stdout;
    let (_, log) = server.terminate();
    let said = [log.into_bytes(), status].concat();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let canaries = ["canary-7f4q".to_owned(), hex(doorstep.sid.as_bytes()), hex(doorstep.rid.as_bytes())];
    for canary in canaries.iter().chain([&format!("127.0.0.1:{sender_port}")]) {
        assert!(!contains(&said, canary.as_bytes()), "{canary} in {}", String::from_utf8_lossy(&said));
    }
    assert!(!contains(&said, doorstep.sid.as_bytes()));
    // The store knows the record, which is public, and no name beside a mailbox.
    assert!(!contains(&heap(&data.path().join("identity")), b"canary-7f4q"));
}

/// The operator's page says `sudo oublietted`: root looks into the folder of another user, and leaves it to him.
#[test]
fn what_root_looks_into_stays_with_the_servers_user() {
    use std::os::unix::fs::{MetadataExt, chown};
    use std::os::unix::process::CommandExt;
    const SOMEBODY: u32 = 65_432;
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: this user is not root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // Nobody but root passes here, as below /var/lib/private.
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    let open = std::path::Path::new("/tmp").join(format!("oublietted-root-{}", std::process::id()));
    std::fs::create_dir(&open).unwrap();
    chown(&open, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
    let serve = |data: &std::path::Path| {
        let mut command = oublietted(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data).uid(SOMEBODY).gid(SOMEBODY);
        Server::start(command)
    };
    let server = serve(&open.join("data"));
    let run = |verb: &[&str], data: &std::path::Path| {
        let output = oublietted(verb).arg("--data").arg(data).output().unwrap();
        assert!(output.status.success(), "{verb:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["check"], &open.join("data")).contains("server         running"));
    server.terminate();
    std::fs::rename(&open, closed.join("somebody")).unwrap();
    let data = closed.join("somebody/data");
    assert!(run(&["check"], &data).contains("store          opens"));
    let (key, backup) = (folder.path().join("key"), folder.path().join("backup"));
    assert!(oublietted(&["backup-key"]).arg(&key).output().unwrap().status.success());
    let (key, name) = (key.to_str().unwrap(), backup.to_str().unwrap());
    run(&["backup", name, "--key-file", key], &data);
    assert_eq!(std::fs::metadata(&backup).unwrap().uid(), 0);
    let mut folders = vec![closed.join("somebody")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let found = entry.metadata().unwrap();
            assert_eq!(found.uid(), SOMEBODY, "{}", entry.path().display());
            folders.extend(found.is_dir().then(|| entry.path()));
        }
    }
    std::fs::rename(closed.join("somebody"), &open).unwrap();
    assert_eq!(serve(&open.join("data")).terminate().0.code(), Some(0), "its user serves it as before");
    std::fs::remove_dir_all(&open).unwrap();
}

#[test]
fn an_authority_that_ends_soon_is_warned_of_while_root_key_is_away() {
    let data = Data::new();
    data.serve(&[]).terminate();
    let (root, away) = (data.path().join("identity/root.key"), data.path().join("root.key"));
    let status =
        || -> serde_json::Value { serde_json::from_slice(&data.run(&["status", "--json"]).stdout).unwrap() };
    let server = data.serve(&[]);
    assert_eq!(status()["root_key_is_here"], true);
    std::fs::rename(&root, &away).unwrap();
    assert_eq!(status()["root_key_is_here"], false, "it left while the server ran");
    assert!(!server.terminate().1.contains("root.key"), "a year is left");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let soon = format!("not_after = {}\n", now + 30 * 86_400);
    std::fs::write(data.path().join("identity/tls-ca.toml"), soon).unwrap();
    let server = data.serve(&[]);
    assert!(matches!(status()["tls_ca_days_left"].as_u64(), Some(29 | 30)));
    assert!(server.terminate().1.contains("bring root.key back"));
}

/// A line of JSON that this verb said, and how it ended.
fn said(data: &Data, verb: &[&str]) -> (serde_json::Value, Option<i32>) {
    let output = data.run(&[verb, &["--json"]].concat());
    (serde_json::from_slice(&output.stdout).unwrap_or_default(), output.status.code())
}

#[test]
fn the_root_key_leaves_on_a_medium_and_comes_back_to_a_server_that_runs() {
    let (data, medium) = (Data::new(), tempfile::tempdir().unwrap());
    assert_eq!(said(&data, &["identity", "show"]).0["code"], "OUB-S067", "there is none yet");
    let server = data.serve(&[]);
    let (file, other) = (medium.path().join("root.key"), medium.path().join("other"));
    let (file, other) = (file.to_str().unwrap(), other.to_str().unwrap());
    let root = data.path().join("identity/root.key");
    let key = std::fs::read(&root).unwrap();

    let (exported, _) = said(&data, &["identity", "export-root", file]);
    assert_eq!((&exported["t"], &exported["removed"]), (&"root-exported".into(), &false.into()));
    assert!(root.exists() && std::fs::read(file).unwrap() == key);
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(other, "something else").unwrap();
    let (refused, exit) = said(&data, &["identity", "export-root", other, "--remove"]);
    assert_eq!((&refused["code"], exit, root.exists()), (&"OUB-S065".into(), Some(2), true));
    let within = data.path().join("store/root.key");
    assert_eq!(said(&data, &["identity", "export-root", within.to_str().unwrap()]).0["code"], "OUB-S065");
    let link = medium.path().join("link");
    std::os::unix::fs::symlink(&root, &link).unwrap();
    let (refused, _) = said(&data, &["identity", "export-root", link.to_str().unwrap(), "--remove"]);
    assert_eq!((&refused["code"], root.exists()), (&"OUB-S065".into(), true), "a link is no copy");
    assert_eq!(said(&data, &["identity", "export-root", "/nowhere/at/all"]).0["code"], "OUB-S066");
    let (exported, _) = said(&data, &["identity", "export-root", file, "--remove"]);
    assert_eq!((&exported["removed"], root.exists()), (&true.into(), false), "the copy of before will do");
    assert_eq!(said(&data, &["identity", "export-root", file]).0["code"], "OUB-S063");
    let shown = said(&data, &["identity", "show"]).0;
    assert_eq!(shown["root_key_here"], false);
    let invitation = data.invite("alice", &[]);
    assert!(invitation.to_string().ends_with(shown["server"].as_str().unwrap()), "{shown}");

    // The key of another server, and what is none.
    let another = Data::new();
    another.serve(&[]).terminate();
    let foreign = another.path().join("identity/root.key");
    for wrong in [foreign.to_str().unwrap(), other] {
        let (refused, exit) = said(&data, &["identity", "import-root", wrong]);
        assert_eq!((&refused["code"], exit, root.exists()), (&"OUB-S064".into(), Some(6), false), "{wrong}");
    }

    // The right one, before it is time.
    let (imported, _) = said(&data, &["identity", "import-root", file]);
    assert_eq!((&imported["renewed"], root.exists()), (&false.into(), true), "{imported}");
    said(&data, &["identity", "export-root", file, "--remove"]);

    // A year later, while it runs.
    server.terminate();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    std::fs::write(data.path().join("identity/tls-ca.toml"), format!("not_after = {}\n", now + 86_400))
        .unwrap();
    let server = data.serve(&[]);
    let (imported, _) = said(&data, &["identity", "import-root", file]);
    assert_eq!((&imported["t"], &imported["renewed"]), (&"root-imported".into(), &true.into()), "{imported}");
    assert!(imported["tls_ca_not_after"].as_u64().unwrap() > now + 360 * 86_400);
    assert_eq!(said(&data, &["status"]).0["tls_ca_days_left"], 365, "the running one knows");
    assert!(server.terminate().1.contains("authority was renewed"));

    // And where none runs, since its authority has ended.
    said(&data, &["identity", "export-root", file, "--remove"]);
    std::fs::write(data.path().join("identity/tls-ca.toml"), format!("not_after = {}\n", now - 86_400))
        .unwrap();
    let (refused, _) = said(&data, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused["code"], "OUB-S061");
    assert_eq!(said(&data, &["identity", "import-root", file]).0["renewed"], true);
    data.serve(&[]).terminate();
}
