//! [`Request`]: one line of the socket, understood entirely or refused.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::problem::Problem;

/// The longest id that an asker may give a request.
const ID_BYTES_MAX: usize = 128;

/// What is asked, and by what name.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// Comes back with every line of the answer.
    pub id: Option<String>,
    /// What is asked.
    pub asked: Asked,
}

/// How something is sent.
#[derive(Debug, Default, PartialEq)]
pub struct How {
    /// The same key is the same message.
    pub idempotency: Option<String>,
    /// Refuse unless the contact is verified.
    pub require_verified: bool,
    /// Refuse rather than keep it in the outbox.
    pub no_queue: bool,
}

/// What can be asked.
#[derive(Debug, PartialEq)]
pub enum Asked {
    /// Who are you?
    Hello,
    /// Send a text.
    Send {
        /// The contact.
        to: String,
        /// The text.
        text: String,
        /// How.
        how: How,
    },
    /// Send a file of this machine.
    SendFile {
        /// The contact.
        to: String,
        /// Where it is: a whole path, since the daemon runs elsewhere.
        path: PathBuf,
        /// What it is called on the other side, if not as here.
        name: Option<String>,
        /// Words that come with it.
        text: String,
        /// How.
        how: How,
    },
    /// Ask a question; the answer comes as a message.
    Ask {
        /// The contact.
        to: String,
        /// The question.
        text: String,
        /// What to choose from.
        choices: Vec<String>,
        /// For how many seconds an answer is taken.
        seconds: Option<u32>,
        /// How.
        how: How,
    },
    /// Answer a question.
    Answer {
        /// The contact.
        to: String,
        /// Which, if not the newest that is open.
        question: Option<String>,
        /// The answer.
        text: String,
        /// How.
        how: How,
    },
    /// Replace the words of a message.
    Edit {
        /// The contact.
        to: String,
        /// The message.
        message: String,
        /// The new words.
        text: String,
        /// How.
        how: How,
    },
    /// Take a message back.
    TakeBack {
        /// The contact.
        to: String,
        /// The message.
        message: String,
        /// How.
        how: How,
    },
    /// Save a received file.
    Save {
        /// The message that brought it.
        message: String,
        /// Into this folder: a whole path.
        folder: PathBuf,
    },
    /// Every message that is not handled, and those that come.
    Subscribe,
    /// A message is handled.
    Handled {
        /// Its id.
        message: String,
    },
    /// Collect now.
    Collect,
    /// The contacts.
    Contacts,
    /// A contact's history.
    Log {
        /// The contact.
        contact: String,
        /// Only the newest so many.
        max: Option<u32>,
    },
    /// What the server has not confirmed.
    Outbox,
    /// First messages of strangers.
    Requests,
    /// How the daemon is.
    Status,
    /// End.
    Stop,
    /// For `oub` itself: the vault's key.
    Key,
    /// For `oub` itself: collect now, or say at once that you cannot.
    Drain,
    /// For `oub` itself: that something came, each time.
    Watch,
    /// For `oub` itself: let go of the connection until this conversation ends.
    Aside,
}

impl Asked {
    /// Whether `oub` asks it, for a command beside the daemon.
    pub fn is_of_oub(&self) -> bool {
        use Asked::*;
        matches!(self, Hello | Status | Stop | Key | Drain | Watch | Aside)
    }
}

/// A line that was not understood, with the id that it gave, if that could be read.
#[derive(Debug)]
pub struct Misunderstood {
    /// As in [`Request::id`].
    pub id: Option<String>,
    /// What to answer.
    pub problem: Box<Problem>,
}

impl Request {
    /// Reads one line.
    pub fn read(line: &str) -> Result<Self, Misunderstood> {
        let unnamed = |why: &str| Misunderstood { id: None, problem: not_understood(why) };
        let value: Value =
            serde_json::from_str(line).map_err(|error| unnamed(&format!("it is no JSON: {error}")))?;
        let Value::Object(object) = value else { return Err(unnamed("it is no JSON object")) };
        let mut fields = Fields(object);
        let id = fields.text("id").map_err(|why| unnamed(&why))?;
        if id.as_ref().is_some_and(|id| id.len() > ID_BYTES_MAX) {
            return Err(unnamed(&format!("id is longer than {ID_BYTES_MAX} bytes")));
        }
        match fields.version().and_then(|()| asked(&mut fields)).and_then(|asked| fields.end(asked)) {
            Ok(asked) => Ok(Self { id, asked }),
            Err(why) => Err(Misunderstood { id, problem: not_understood(&why) }),
        }
    }
}

fn asked(fields: &mut Fields) -> Result<Asked, String> {
    let verb = fields.needed("do")?;
    Ok(match verb.as_str() {
        "hello" => Asked::Hello,
        "send" => Asked::Send { to: fields.needed("to")?, text: fields.needed("text")?, how: fields.how()? },
        "send_file" => Asked::SendFile {
            to: fields.needed("to")?,
            path: fields.path("path")?,
            name: fields.text("name")?,
            text: fields.text("text")?.unwrap_or_default(),
            how: fields.how()?,
        },
        "ask" => Asked::Ask {
            to: fields.needed("to")?,
            text: fields.needed("text")?,
            choices: fields.texts("choices")?,
            seconds: fields.count("timeout_s")?,
            how: fields.how()?,
        },
        "answer" => Asked::Answer {
            to: fields.needed("to")?,
            question: fields.text("question")?,
            text: fields.needed("text")?,
            how: fields.how()?,
        },
        "edit" => Asked::Edit {
            to: fields.needed("to")?,
            message: fields.needed("message")?,
            text: fields.needed("text")?,
            how: fields.how()?,
        },
        "take_back" => Asked::TakeBack {
            to: fields.needed("to")?,
            message: fields.needed("message")?,
            how: fields.how()?,
        },
        "save" => Asked::Save { message: fields.needed("message")?, folder: fields.path("folder")? },
        "subscribe" => Asked::Subscribe,
        "handled" => Asked::Handled { message: fields.needed("message")? },
        "collect" => Asked::Collect,
        "contacts" => Asked::Contacts,
        "log" => Asked::Log { contact: fields.needed("contact")?, max: fields.count("max")? },
        "outbox" => Asked::Outbox,
        "requests" => Asked::Requests,
        "status" => Asked::Status,
        "stop" => Asked::Stop,
        "key" => Asked::Key,
        "drain" => Asked::Drain,
        "watch" => Asked::Watch,
        "aside" => Asked::Aside,
        _ => return Err("do is none of what this version can do".to_owned()),
    })
}

/// The fields of a request, each taken once; what is left over was meant for somebody else.
struct Fields(Map<String, Value>);

impl Fields {
    fn version(&mut self) -> Result<(), String> {
        match self.0.remove("v") {
            Some(version) if version == 1 => Ok(()),
            Some(_) => Err("this version speaks v 1".to_owned()),
            None => Err("v is missing: it is 1".to_owned()),
        }
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name} must be a string")),
        }
    }

    fn needed(&mut self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    fn how(&mut self) -> Result<How, String> {
        Ok(How {
            idempotency: self.text("idempotency")?,
            require_verified: self.truth("require_verified")?,
            no_queue: self.truth("no_queue")?,
        })
    }

    fn path(&mut self, name: &str) -> Result<PathBuf, String> {
        let path = PathBuf::from(self.needed(name)?);
        if path.is_absolute() { Ok(path) } else { Err(format!("{name} must be a whole path")) }
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        let wrong = || format!("{name} must be a list of strings");
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(values)) => {
                let texts = values.into_iter().map(|each| each.as_str().map(str::to_owned).ok_or_else(wrong));
                texts.collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    fn truth(&mut self, name: &str) -> Result<bool, String> {
        match self.0.remove(name) {
            None => Ok(false),
            Some(Value::Bool(truth)) => Ok(truth),
            Some(_) => Err(format!("{name} must be true or false")),
        }
    }

    fn count(&mut self, name: &str) -> Result<Option<u32>, String> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
                count.map(Some).ok_or_else(|| format!("{name} must be a whole number"))
            }
        }
    }

    /// A field that is misspelt must not go unnoticed: it may be `require_verified`.
    fn end(&self, asked: Asked) -> Result<Asked, String> {
        match self.0.keys().next() {
            None => Ok(asked),
            Some(_) => Err("it has a field that this request does not know".to_owned()),
        }
    }
}

fn not_understood(why: &str) -> Box<Problem> {
    let what = "this request cannot be understood";
    Box::new(Problem::new(Exit::Usage, "OUB-E100", what, why, "one JSON object a line; see   oub help api"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_entirely() {
        let line = r#"{"v":1,"id":"7","do":"send","to":"bob","text":"hi","require_verified":true}"#;
        let asked = Asked::Send {
            to: "bob".into(),
            text: "hi".into(),
            how: How { require_verified: true, ..How::default() },
        };
        assert_eq!(Request::read(line).unwrap(), Request { id: Some("7".into()), asked });
        let log = Request::read(r#"{"do":"log","contact":"bob","max":3,"v":1}"#).unwrap();
        assert_eq!(log, Request { id: None, asked: Asked::Log { contact: "bob".into(), max: Some(3) } });
    }

    #[test]
    fn what_is_not_understood_entirely_is_refused() {
        for line in [
            "",
            "hello",
            "[]",
            "{}",
            r#"{"v":2,"do":"hello"}"#,
            r#"{"v":"1","do":"hello"}"#,
            r#"{"do":"hello"}"#,
            r#"{"v":1,"do":"dance"}"#,
            r#"{"v":1,"do":"send","to":"bob"}"#,
            r#"{"v":1,"do":"send","to":"bob","text":1}"#,
            r#"{"v":1,"do":"send","to":"bob","text":"x","require_verifed":true}"#,
            r#"{"v":1,"do":"send_file","to":"bob","path":"here.txt"}"#,
            r#"{"v":1,"do":"save","message":"01ab","folder":"."}"#,
            r#"{"v":1,"do":"ask","to":"bob","text":"x","choices":"yes,no"}"#,
            r#"{"v":1,"do":"ask","to":"bob","text":"x","choices":[1]}"#,
            r#"{"v":1,"do":"edit","to":"bob","text":"x"}"#,
            r#"{"v":1,"do":"take_back","to":"bob","message":"last","text":"x"}"#,
            r#"{"v":1,"do":"log","contact":"bob","max":-1}"#,
            r#"{"v":1,"do":"log","contact":"bob","max":4294967296}"#,
        ] {
            assert!(Request::read(line).is_err(), "{line}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Request::read(&deep).is_err());
        let named = Request::read(r#"{"v":1,"id":"9","do":"dance"}"#).unwrap_err();
        assert_eq!(named.id.as_deref(), Some("9"), "whoever asked knows which one it was");
    }
}
