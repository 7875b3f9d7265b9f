//! Reads `spec/wire.grammar`, cuts bytes by it, and makes bytes by it: a second codec, written from the spec.

mod cut;
mod make;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use cut::Cutter;
use make::Maker;

/// One line of a frame or struct.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: String,
}

/// What a name in the grammar stands for.
#[derive(Clone, Debug)]
enum Definition {
    Alias(String),
    Struct(Vec<Field>),
    Choice(BTreeMap<u8, Vec<Field>>),
}

/// One `frame` of the grammar.
#[derive(Clone, Debug)]
pub struct FrameRule {
    pub kind: u8,
    pub name: String,
    pub speaker: String,
    pub fields: Vec<Field>,
}

/// The whole file.
#[derive(Default)]
pub struct Grammar {
    definitions: BTreeMap<String, Definition>,
    pub frames: Vec<FrameRule>,
}

/// A value's path and bytes. Paths end in `#` for lengths and counts, `?` for the flag of an option.
pub type Leaf = (String, Vec<u8>);

impl Grammar {
    /// The file of this repository.
    pub fn of_the_spec() -> Grammar {
        Grammar::parse(include_str!("../../../../../spec/wire.grammar"))
    }

    fn parse(text: &str) -> Grammar {
        let mut grammar = Grammar::default();
        let lines: Vec<&str> =
            text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        let mut at = 0;
        while at < lines.len() {
            let next = (at + 1..lines.len()).find(|i| !lines[*i].starts_with(' ')).unwrap_or(lines.len());
            grammar.define(lines[at], &lines[at + 1..next]);
            at = next;
        }
        grammar
    }

    fn define(&mut self, head: &str, body: &[&str]) {
        let words: Vec<&str> = head.split_whitespace().collect();
        match words.as_slice() {
            ["type", name, "=", kind @ ..] => self.name(name, Definition::Alias(kind.join(" "))),
            ["struct", name] => self.name(name, Definition::Struct(fields(body))),
            ["choice", name] => self.name(name, Definition::Choice(choices(body))),
            ["frame", kind, name, speaker] => self.frames.push(FrameRule {
                kind: u8::from_str_radix(kind.trim_start_matches("0x"), 16).unwrap(),
                name: name.to_string(),
                speaker: speaker.to_string(),
                fields: fields(body),
            }),
            _ => panic!("not a line of the grammar: {head}"),
        }
    }

    fn name(&mut self, name: &str, definition: Definition) {
        assert!(self.definitions.insert(name.to_owned(), definition).is_none(), "{name} is defined twice");
    }

    /// The rule of a kind byte.
    pub fn frame(&self, kind: u8) -> &FrameRule {
        self.frames.iter().find(|rule| rule.kind == kind).expect("the grammar knows the kind")
    }

    /// Every struct with its fields.
    pub fn structs(&self) -> Vec<(&str, &[Field])> {
        let each = self.definitions.iter().filter_map(|(name, definition)| match definition {
            Definition::Struct(fields) => Some((name.as_str(), fields.as_slice())),
            _ => None,
        });
        each.collect()
    }

    /// The tags of a choice, rising.
    pub fn tags(&self, name: &str) -> Vec<u8> {
        match &self.definitions[name] {
            Definition::Choice(options) => options.keys().copied().collect(),
            _ => panic!("{name} is no choice"),
        }
    }

    /// Cuts a frame's body into its leaves, or says where it does not fit.
    pub fn cut(&self, rule: &FrameRule, body: &[u8]) -> Result<Vec<Leaf>, String> {
        let mut cutter = Cutter { grammar: self, left: body, leaves: Vec::new() };
        cutter.fields("", &rule.fields)?;
        if cutter.left.is_empty() { Ok(cutter.leaves) } else { Err("trailing bytes".into()) }
    }

    /// Makes a body; `below(n)` draws a number under n.
    pub fn make(&self, rule: &FrameRule, below: &mut dyn FnMut(u64) -> u64) -> Vec<u8> {
        let mut maker = Maker { grammar: self, below, out: Vec::new() };
        maker.fields(&rule.fields);
        maker.out
    }
}
fn fields(lines: &[&str]) -> Vec<Field> {
    lines.iter().map(|line| field(line)).collect()
}

fn field(line: &str) -> Field {
    let (name, kind) = line.trim().split_once(": ").unwrap_or_else(|| panic!("not a field: {line}"));
    Field { name: name.to_owned(), kind: kind.to_owned() }
}

fn choices(lines: &[&str]) -> BTreeMap<u8, Vec<Field>> {
    let mut options: BTreeMap<u8, Vec<Field>> = BTreeMap::new();
    let mut tag = 0;
    for line in lines {
        if line.starts_with("    ") {
            options.get_mut(&tag).unwrap().push(field(line));
        } else {
            tag = line.split_whitespace().next().unwrap().parse().unwrap();
            assert!(options.insert(tag, Vec::new()).is_none(), "option {tag} stands twice");
        }
    }
    options
}

/// `u8 in min..255` names an earlier field of the same struct.
fn resolve_bounds(kind: &str, earlier: &BTreeMap<String, u64>) -> String {
    match kind.split_once(" in ").and_then(|(width, bounds)| Some((width, bounds.split_once("..")?))) {
        Some((width, (low, high))) => {
            let low = earlier.get(low).map_or(low.to_owned(), u64::to_string);
            format!("{width} in {low}..{high}")
        }
        None => kind.to_owned(),
    }
}

fn range(text: &str) -> RangeInclusive<u64> {
    let (low, high) = text.split_once("..").unwrap_or_else(|| panic!("not a range: {text}"));
    low.parse().unwrap()..=high.parse().unwrap()
}

fn is_width(word: &str) -> bool {
    matches!(word, "u8" | "u16" | "u32" | "u64")
}

fn width_of(word: &str) -> usize {
    assert!(is_width(word), "not a number type: {word}");
    word[1..].parse::<usize>().unwrap() / 8
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}
