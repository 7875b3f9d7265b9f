//! One line of `--json`: version and type first, then the promised fields in a fixed order.

use std::fmt;

use serde_json::Value;

use crate::shown::escaped_in_json;

/// A JSON object on one line. Within version 1 fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Line(String);

impl Line {
    /// Begins a line of the type `kind`, the field `t`.
    pub fn new(kind: &str) -> Self {
        Self("{\"v\":1".to_owned()).text("t", kind)
    }

    /// Adds a string.
    pub fn text(self, name: &str, value: &str) -> Self {
        self.value(name, Value::from(value))
    }

    /// Adds a string, or null.
    pub fn maybe_text(self, name: &str, value: Option<&str>) -> Self {
        self.value(name, Value::from(value))
    }

    /// Adds which request of the socket this line answers, where it answers one.
    pub fn answering(self, request: Option<&str>) -> Self {
        match request {
            Some(request) => self.text("re", request),
            None => self,
        }
    }

    /// Adds a number.
    pub fn number(self, name: &str, value: u64) -> Self {
        self.value(name, Value::from(value))
    }

    /// Adds a number, or null.
    pub fn maybe_number(self, name: &str, value: Option<u64>) -> Self {
        self.value(name, Value::from(value))
    }

    /// Adds true or false.
    pub fn truth(self, name: &str, value: bool) -> Self {
        self.value(name, Value::from(value))
    }

    /// Adds `true` or `false`, or `null` where it is not known.
    pub fn maybe_truth(self, name: &str, value: Option<bool>) -> Self {
        self.json(name, value.into())
    }

    /// Adds a list of strings.
    pub fn texts(self, name: &str, values: &[String]) -> Self {
        self.value(name, Value::from(values.to_vec()))
    }

    /// Adds a value that was made elsewhere.
    pub fn json(self, name: &str, value: Value) -> Self {
        self.value(name, value)
    }

    fn value(mut self, name: &str, value: Value) -> Self {
        self.0.push(',');
        self.0.push_str(&Value::from(name).to_string());
        self.0.push(':');
        self.0.push_str(&escaped_in_json(&value.to_string()));
        self
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}}}", self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\n\"b\"\\\u{1b}[2J\u{9b}2J\u{7f}\u{202e}é🔑\u{e0041}";

    #[test]
    fn a_line_is_one_json_object_whatever_the_text_holds() {
        let line = Line::new("message")
            .text("text", HOSTILE)
            .texts("texts", &[HOSTILE.to_owned()])
            .truth("verified", false)
            .to_string();
        let plain = |each: char| !each.is_control() && !"\u{9b}\u{7f}\u{202e}\u{e0041}".contains(each);
        assert!(line.chars().all(plain), "{line:?}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read.get("v"), Some(&Value::from(1)));
        assert_eq!(read.get("text").unwrap(), HOSTILE);
        assert_eq!(read.get("texts").unwrap(), &Value::from([HOSTILE]));
    }
}
