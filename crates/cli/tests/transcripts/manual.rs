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
    let send = std::fs::read_to_string(folder.join("oub-send.1")).unwrap();
    assert!(send.contains("idempotency") && send.contains("exit code 6"), "{send}");
    for variable in ["OUB_REQUIRE_VERIFIED", "OUB_TIMEOUT", "OUB_PROFILE"] {
        assert!(send.contains(variable), "{variable}: {send}");
    }
    assert!(!folder.join("oub-man.1").exists(), "what is hidden has no page");
}
