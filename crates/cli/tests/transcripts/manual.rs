//! The manual is there for every verb, and says what its help says.

use crate::person::Person;

#[test]
fn every_verb_has_a_page_of_the_manual() {
    let nobody = Person::new("nobody");
    let folder = nobody.home.path().join("man");
    nobody.run(&["man", folder.to_str().unwrap()]).assert_problem(7, "OUB-E154");
    std::fs::create_dir(&folder).unwrap();
    nobody.ok(&["man", folder.to_str().unwrap()]);
    for verb in ["join", "send", "pull", "ask", "contact-timer", "daemon-install", "identity-backup"] {
        let page = std::fs::read_to_string(folder.join(format!("oub-{verb}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains("SYNOPSIS"), "{verb}");
    }
    let page = |verb: &str| std::fs::read_to_string(folder.join(format!("oub-{verb}.1"))).unwrap();
    let send = page("send");
    assert!(send.contains("idempotency") && send.contains("exit code 6"), "{send}");
    for variable in ["OUB_REQUIRE_VERIFIED", "OUB_TIMEOUT", "OUB_PROFILE"] {
        assert!(send.contains(variable), "{variable}: {send}");
    }
    assert!(!folder.join("oub-man.1").exists(), "what is hidden has no page");
    assert!(send.contains(".SH EXAMPLES\n.nf\n  oub send bob \\(aqlunch at noon?\\(aq\n"), "{send}");
    assert!(page("chat").contains(".SH KEYS OF THE FULL SCREEN\n.nf\n"), "{}", page("chat"));
    for verb in ["send", "pull", "chat", "contact"] {
        assert!(!page(verb).contains("EXTRA") && page(verb).contains(".fi\n"), "{verb}");
    }
}

/// The sections that a manual has, out of what `oub help` says; an example stays on its line on 80 columns.
#[test]
fn the_page_of_oub_has_the_sections_of_a_manual() {
    let nobody = Person::new("nobody");
    let folder = nobody.home.path();
    nobody.ok(&["man", folder.to_str().unwrap()]);
    let page = std::fs::read_to_string(folder.join("oub.1")).unwrap();
    let section = |name: &str| {
        let (_, rest) = page.split_once(&format!(".SH {name}\n")).unwrap_or_else(|| panic!("{name}: {page}"));
        rest.split("\n.SH ").next().unwrap().to_owned()
    };
    let examples = section("EXAMPLES");
    assert!(examples.starts_with(".nf\n") && examples.ends_with(".fi"), "{examples}");
    assert!(examples.contains("\n  pg_dump db | oub send bob \\-f \\- \\-\\-name db.sql"), "{examples}");
    assert!(examples.lines().all(|line| line.replace('\\', "").chars().count() <= 80), "{examples}");
    let codes = section("EXIT STATUS");
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "130"] {
        assert!(codes.contains(&format!(".TP\n\\fB{code}\\fR\n")), "{code}: {codes}");
    }
    let files = section("FILES");
    for file in ["vault.db", "vault.key", "$XDG_CONFIG_HOME/oubliette/config.toml"] {
        assert!(files.contains(&format!(".TP\n\\fB{file}\\fR\n")), "{file}: {files}");
    }
    let environment = section("ENVIRONMENT");
    for name in ["OUB_HOME", "OUB_TIMEOUT", "OUB_PASSPHRASE_FILE", "OUB_PLAIN", "OUB_BACKUP_PASSPHRASE_FILE"]
    {
        assert_eq!(environment.matches(&format!("\\fB{name}\\fR\n")).count(), 1, "{name}: {environment}");
    }
    assert!(environment.contains("NO_COLOR"), "{environment}");
    // As a person reads it, where there is `man`.
    let man = std::process::Command::new("man")
        .env("MANWIDTH", "80")
        .args(["-l", "-P", "cat"])
        .arg(folder.join("oub.1"))
        .output();
    if let Ok(shown) = man.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        && shown.contains("NAME")
    {
        assert!(shown.contains("       pg_dump db | oub send bob -f - --name db.sql"), "{shown}");
    }
    nobody.ok(&["man", "--lang", "fr", folder.to_str().unwrap()]);
    let page = std::fs::read_to_string(folder.join("oub.1")).unwrap();
    for name in ["EXEMPLES", "CODE DE SORTIE", "FICHIERS", "ENVIRONNEMENT"] {
        assert!(page.contains(&format!(".SH {name}\n")), "{name}: {page}");
    }
}
