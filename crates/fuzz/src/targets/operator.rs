//! What an operator writes: the configuration file, and the line asked at the admin socket.

use crate::features::Features;
use server::admin::{Question, Reply};
use server::config::Settings;

/// A file longer than a configuration may be is refused before it is read.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Tries one text as a configuration: settings that make sense, or one sentence that names a line.
pub fn config(input: &[u8]) -> Features {
    let mut features = Features::default();
    let text = String::from_utf8_lossy(input);
    let settings = Settings::from_text(text.get(..TEXT_BYTES_MAX).unwrap_or(&text));
    features.outcome("config", &settings.as_ref().map(drop).map_err(|error| kind_of(&error.to_string())));
    match settings {
        Ok(settings) => {
            assert!(!settings.listen.is_empty(), "a server that listens nowhere");
            let budgets = &settings.budgets;
            assert!(
                budgets.connections_max > 0 && budgets.connections_per_source_max > 0,
                "nobody is let in"
            );
            assert!(
                budgets.handshakes_max > 0 && budgets.handshakes_per_minute_max > 0,
                "nobody shakes hands"
            );
            features.note("open", settings.open);
            features.note("host", settings.public_host.is_some());
            features.count("listen", settings.listen.len());
        }
        Err(error) => {
            let words = error.to_string();
            assert!(
                !words.chars().any(|char| char.is_control()),
                "an error that a terminal obeys: {words:?}"
            );
        }
    }
    features
}

/// What kind of fault an error speaks of: its words up to the first that the file itself holds.
fn kind_of(error: &str) -> String {
    error.split(['`', '"', '\'']).next().unwrap_or_default().to_owned()
}

/// Tries one line as a question and as an answer: what is understood is written and understood again.
pub fn question(input: &[u8]) -> Features {
    let mut features = Features::default();
    let question = serde_json::from_slice::<Question>(input);
    features.outcome("question", &question.as_ref().map_err(serde_json::Error::classify).map(drop));
    if let Ok(question) = question {
        features.note("verb", core::mem::discriminant(&question));
        let line = serde_json::to_string(&question).expect("a question can be written");
        assert!(!line.contains('\n'), "a question of two lines");
        let again = serde_json::from_str::<Question>(&line).expect("a question is understood again");
        assert_eq!(format!("{again:?}"), format!("{question:?}"), "another question");
    }
    let reply = serde_json::from_slice::<Reply>(input);
    features.outcome("reply", &reply.as_ref().map_err(serde_json::Error::classify).map(drop));
    if let Ok(reply) = reply {
        let line = serde_json::to_string(&reply).expect("an answer can be written");
        assert!(serde_json::from_str::<Reply>(&line).is_ok(), "an answer that is not understood again");
    }
    features
}
