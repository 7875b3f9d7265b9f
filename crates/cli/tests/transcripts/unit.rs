//! The systemd user unit of the daemon: shown, written, removed, and judged by systemd itself.

use std::process::{Command, Stdio};

use crate::person::{Person, Ran};
use crate::relay::Relay;

#[test]
fn the_unit_is_shown_written_and_removed() {
    let relay = Relay::start();
    let bob = Person::joined("bob", &relay);
    let config = bob.home.path().join("config");
    let run = |args: &[&str]| Ran::of(bob.command(args).env("XDG_CONFIG_HOME", &config));
    let shown = run(&["daemon", "install", "--print", "--exec", "echo $OUB_FROM"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(
        shown.out.contains("NoNewPrivileges=yes") && shown.out.contains("echo $$OUB_FROM"),
        "{}",
        shown.out
    );
    assert!(!config.exists(), "--print only shows");
    let installed = run(&["daemon", "install"]);
    assert_eq!(installed.code, Some(0), "{installed:?}");
    let unit = config.join("systemd/user/oubliette-default.service");
    assert_eq!(installed.out.trim(), unit.display().to_string());
    assert!(installed.err.contains("systemctl --user"), "{installed:?}");
    let text = std::fs::read_to_string(&unit).unwrap();
    assert!(text.contains(&format!("ReadWritePaths=\"{}\"", bob.dir().display())), "{text}");
    verify(&unit);
    assert_eq!(run(&["daemon", "uninstall"]).code, Some(0));
    assert!(!unit.exists());
    std::fs::write(&unit, "[Unit]\n").unwrap();
    run(&["daemon", "install"]).assert_problem(7, "OUB-E115");
    run(&["daemon", "uninstall"]).assert_problem(7, "OUB-E120");
}

/// By systemd itself, where it is there.
fn verify(unit: &std::path::Path) {
    let Ok(output) = Command::new("systemd-analyze")
        .args(["verify", "--user", "--man=no"])
        .arg(unit)
        .env("XDG_RUNTIME_DIR", unit.parent().unwrap())
        .stdin(Stdio::null())
        .output()
    else {
        println!("systemd-analyze is not there: the unit was not verified");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    println!("systemd-analyze verify: {} {said}", output.status);
    let complaints = said.lines().filter(|line| line.contains("oubliette-default.service:"));
    assert_eq!(complaints.count(), 0, "{said}");
}
