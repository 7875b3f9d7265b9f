//! Reads `spec/wire.grammar`, cuts bytes by it, and makes bytes by it: a second codec, written from the spec.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

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
        Grammar::parse(include_str!("../../../../spec/wire.grammar"))
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

struct Cutter<'a> {
    grammar: &'a Grammar,
    left: &'a [u8],
    leaves: Vec<Leaf>,
}

impl Cutter<'_> {
    fn fields(&mut self, path: &str, fields: &[Field]) -> Result<(), String> {
        let mut earlier = BTreeMap::new();
        for field in fields {
            let inner = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
            let from = self.leaves.len();
            self.value(&inner, &resolve_bounds(&field.kind, &earlier))?;
            if let Some((_, bytes)) = self.leaves.get(from).filter(|(_, bytes)| bytes.len() <= 8) {
                earlier.insert(field.name.clone(), number(bytes));
            }
        }
        Ok(())
    }

    fn value(&mut self, path: &str, kind: &str) -> Result<(), String> {
        let words: Vec<&str> = kind.split_whitespace().collect();
        match words.as_slice() {
            ["bool"] => self.number(path, 1, &(0..=1)).map(drop),
            ["bytes", len] => self.leaf(path, len.parse().unwrap()).map(drop),
            ["option", inner @ ..] => match self.number(&format!("{path}?"), 1, &(0..=1))? {
                0 => Ok(()),
                _ => self.value(path, &inner.join(" ")),
            },
            ["times", count, inner @ ..] => {
                let count: usize = count.parse().unwrap();
                (0..count).try_for_each(|i| self.value(&format!("{path}[{i}]"), &inner.join(" ")))
            }
            ["text", bounds, _class] => {
                let len = self.number(&format!("{path}#"), 1, &range(bounds))?;
                self.leaf(path, len as usize).map(drop)
            }
            ["rising", width, bounds, inner @ ..] => {
                let count = self.number(&format!("{path}#"), width_of(width), &range(bounds))?;
                self.rising(path, count, &inner.join(" "))
            }
            ["sized", sizes @ ..] => {
                let len = self.number(&format!("{path}#"), 4, &(0..=u64::MAX))?;
                if !sizes.iter().any(|size| size.parse() == Ok(len)) {
                    return Err(format!("{path}: {len} is not one of the sizes"));
                }
                self.leaf(path, len as usize).map(drop)
            }
            [width, "in", bounds] => self.number(path, width_of(width), &range(bounds)).map(drop),
            [single] if is_width(single) => self.number(path, width_of(single), &(0..=u64::MAX)).map(drop),
            [name] => self.named(path, name),
            _ => panic!("not a type of the grammar: {kind}"),
        }
    }

    fn named(&mut self, path: &str, name: &str) -> Result<(), String> {
        let grammar = self.grammar;
        match grammar.definitions.get(name).unwrap_or_else(|| panic!("{name} is not defined")) {
            Definition::Alias(kind) => self.value(path, kind),
            Definition::Struct(fields) => self.fields(path, fields),
            Definition::Choice(options) => {
                let tag = self.number(path, 1, &(0..=255))?;
                let fields = options.get(&(tag as u8)).ok_or(format!("{path}: no option {tag}"))?;
                self.fields(path, fields)
            }
        }
    }

    fn rising(&mut self, path: &str, count: u64, inner: &str) -> Result<(), String> {
        let from = self.leaves.len();
        for i in 0..count {
            self.value(&format!("{path}[{i}]"), inner)?;
        }
        let numbers: Vec<u64> = self.leaves[from..].iter().map(|(_, bytes)| number(bytes)).collect();
        if numbers.windows(2).all(|pair| pair[0] < pair[1]) {
            Ok(())
        } else {
            Err(format!("{path} does not rise"))
        }
    }

    fn number(&mut self, path: &str, width: usize, bounds: &RangeInclusive<u64>) -> Result<u64, String> {
        let value = number(&self.leaf(path, width)?);
        if bounds.contains(&value) { Ok(value) } else { Err(format!("{path}: {value} is out of range")) }
    }

    fn leaf(&mut self, path: &str, len: usize) -> Result<Vec<u8>, String> {
        let (taken, left) = self.left.split_at_checked(len).ok_or(format!("{path}: truncated"))?;
        self.left = left;
        self.leaves.push((path.to_owned(), taken.to_vec()));
        Ok(taken.to_vec())
    }
}

struct Maker<'a> {
    grammar: &'a Grammar,
    below: &'a mut dyn FnMut(u64) -> u64,
    out: Vec<u8>,
}

impl Maker<'_> {
    fn fields(&mut self, fields: &[Field]) {
        let mut earlier = BTreeMap::new();
        for field in fields {
            let from = self.out.len();
            self.value(&resolve_bounds(&field.kind, &earlier));
            if self.out.len() - from <= 8 {
                earlier.insert(field.name.clone(), number(&self.out[from..]));
            }
        }
    }

    fn value(&mut self, kind: &str) {
        let words: Vec<&str> = kind.split_whitespace().collect();
        match words.as_slice() {
            ["bool"] => self.number(1, &(0..=1)),
            ["bytes", len] => self.noise(len.parse().unwrap()),
            ["option", inner @ ..] => {
                let some = (self.below)(2) as u8;
                self.out.push(some);
                if some == 1 {
                    self.value(&inner.join(" "));
                }
            }
            ["times", count, inner @ ..] => {
                (0..count.parse::<u32>().unwrap()).for_each(|_| self.value(&inner.join(" ")));
            }
            ["text", bounds, "name"] => self.name(&range(bounds)),
            ["rising", width, bounds, inner] => self.rising(width, &range(bounds), inner),
            ["sized", sizes @ ..] => {
                let size = sizes[(self.below)(sizes.len() as u64) as usize].parse::<u32>().unwrap();
                self.out.extend(size.to_be_bytes());
                self.noise(size as usize);
            }
            [width, "in", bounds] => self.number(width_of(width), &range(bounds)),
            [single] if is_width(single) => self.noise(width_of(single)),
            [name] => self.named(name),
            _ => panic!("not a type of the grammar: {kind}"),
        }
    }

    fn named(&mut self, name: &str) {
        let grammar = self.grammar;
        match &grammar.definitions[name] {
            Definition::Alias(kind) => self.value(kind),
            Definition::Struct(fields) => self.fields(fields),
            Definition::Choice(options) => {
                let place = (self.below)(options.len() as u64) as usize;
                let (tag, fields) = options.iter().nth(place).unwrap();
                self.out.push(*tag);
                self.fields(fields);
            }
        }
    }

    fn name(&mut self, bounds: &RangeInclusive<u64>) {
        let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789._-";
        let len = bounds.start() + (self.below)(bounds.end() - bounds.start() + 1);
        self.out.push(len as u8);
        for i in 0..len {
            let allowed = if i == 0 { 36 } else { alphabet.len() };
            self.out.push(alphabet[(self.below)(allowed as u64) as usize]);
        }
    }

    /// A rising run is a set: as many steps as wanted, each at least 1, inside the element's numbers.
    fn rising(&mut self, width: &str, bounds: &RangeInclusive<u64>, inner: &str) {
        let element = self.element_width(inner);
        let most = (*bounds.end()).min(64);
        let count = bounds.start() + (self.below)(most - bounds.start() + 1);
        let step = (1_u64 << (8 * element)) / (count + 1);
        self.put(count, width_of(width));
        for i in 0..count {
            let value = i * step + (self.below)(step);
            self.put(value, element);
        }
    }

    fn element_width(&self, inner: &str) -> usize {
        match self.grammar.definitions.get(inner) {
            Some(Definition::Alias(kind)) => width_of(kind),
            _ => width_of(inner),
        }
    }

    fn number(&mut self, width: usize, bounds: &RangeInclusive<u64>) {
        let value = bounds.start() + (self.below)(bounds.end() - bounds.start() + 1);
        self.put(value, width);
    }

    fn put(&mut self, value: u64, width: usize) {
        self.out.extend(&value.to_be_bytes()[8 - width..]);
    }

    fn noise(&mut self, len: usize) {
        for _ in 0..len.div_ceil(8) {
            let word = (self.below)(u64::MAX).to_be_bytes();
            self.out.extend(word);
        }
        let extra = len.div_ceil(8) * 8 - len;
        self.out.truncate(self.out.len() - extra);
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
