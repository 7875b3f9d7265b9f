//! Cuts bytes into leaves by the grammar.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{Definition, Field, Grammar, Leaf, is_width, number, range, resolve_bounds, width_of};

pub(super) struct Cutter<'a> {
    pub(super) grammar: &'a Grammar,
    pub(super) left: &'a [u8],
    pub(super) leaves: Vec<Leaf>,
}

impl Cutter<'_> {
    pub(super) fn fields(&mut self, path: &str, fields: &[Field]) -> Result<(), String> {
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
            ["list", width, bounds, inner @ ..] => {
                let count = self.number(&format!("{path}#"), width_of(width), &range(bounds))?;
                (0..count).try_for_each(|i| self.value(&format!("{path}[{i}]"), &inner.join(" ")))
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
