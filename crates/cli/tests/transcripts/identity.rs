//! Changing one's own key.

use crate::person::friends;
use crate::relay::Relay;

#[test]
fn a_rotated_key_is_followed_and_said_in_words() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let before = alice.address();
    let words = bob.json(&["verify", "alice"]).remove(0)["digits"].as_str().unwrap().to_owned();
    bob.ok(&["verify", "alice", "--words", &words]);

    let rotated = alice.ok(&["identity", "rotate"]);
    assert_eq!(rotated.out.trim(), alice.address());
    assert_ne!(alice.address(), before);
    assert!(rotated.err.contains("recovery words stay the same"), "{}", rotated.err);

    alice.ok(&["send", "bob", "new key, same me"]);
    assert_eq!(bob.pull(), ["new key, same me"]);
    bob.run(&["verify", "alice", "--words", &words]).assert_problem(6, "OUB-E065");
    assert!(bob.ok(&["contact", "show", "alice"]).out.contains("verified before this key"));
    let log = bob.ok(&["log", "alice"]).out;
    assert!(
        log.contains("(has a new key from here on, signed by the one before); compare once more"),
        "{log}"
    );
    bob.ok(&["send", "alice", "I see it"]);
    assert_eq!(alice.pull(), ["I see it"]);

    let words = alice.json(&["verify", "bob"]).remove(0)["digits"].as_str().unwrap().to_owned();
    bob.ok(&["verify", "alice", "--words", &words]);
    assert!(bob.ok(&["contact", "show", "alice"]).out.contains("(verified)"));
    // The address that was handed out before still finds her.
    let carol = crate::person::Person::joined("carol", &relay);
    carol.ok(&["add", &before]);
    carol.ok(&["send", "alice", "found you"]);
    assert!(alice.ok(&["requests"]).out.contains("found you"));
}
