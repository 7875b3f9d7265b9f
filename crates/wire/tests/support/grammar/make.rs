//! Makes bytes by the grammar.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{Definition, Field, Grammar, is_width, number, range, resolve_bounds, width_of};

pub(super) struct Maker<'a> {
    pub(super) grammar: &'a Grammar,
    pub(super) below: &'a mut dyn FnMut(u64) -> u64,
    pub(super) out: Vec<u8>,
}

impl Maker<'_> {
    pub(super) fn fields(&mut self, fields: &[Field]) {
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
            ["list", width, bounds, inner @ ..] => {
                let (bounds, inner) = (range(bounds), inner.join(" "));
                let count = bounds.start() + (self.below)(bounds.end().min(&8) - bounds.start() + 1);
                self.put(count, width_of(width));
                (0..count).for_each(|_| self.value(&inner));
            }
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
