//! Holds the encoder against `spec/wire.grammar`: kinds, order, sizes and ranges of every field.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use support::grammar::Grammar;
use support::{framed, golden, read_one};
use wire::{Body, Frame, RequestId, kind};

#[test]
fn the_grammar_names_exactly_the_kinds_of_the_code() {
    let grammar = Grammar::of_the_spec();
    let spec: Vec<(u8, &str)> = grammar.frames.iter().map(|rule| (rule.kind, rule.name.as_str())).collect();
    assert_eq!(spec, kind::ALL);
}

#[test]
fn every_kind_has_a_golden_frame() {
    let golden: BTreeSet<u8> = golden::all().iter().map(|case| case.frame.kind()).collect();
    let known: BTreeSet<u8> = kind::ALL.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(golden, known);
}

#[test]
fn the_grammar_cuts_every_golden_frame_into_its_fields() {
    let grammar = Grammar::of_the_spec();
    for case in golden::all() {
        let bytes = case.frame.encode();
        let leaves = grammar
            .cut(grammar.frame(bytes[3]), &bytes[8..])
            .unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let values: Vec<_> = leaves.into_iter().filter(|(path, _)| !path.ends_with(['#', '?'])).collect();
        assert_eq!(values, case.fields, "{}", case.name);
    }
}

#[test]
fn the_speaker_of_every_frame_is_that_of_the_grammar() {
    let grammar = Grammar::of_the_spec();
    for case in golden::all() {
        let speaker = match case.frame.body {
            Body::Request(_) => "request",
            Body::Response(_) => "response",
            Body::Notice(_) => "notice",
        };
        assert_eq!(grammar.frame(case.frame.kind()).speaker, speaker, "{}", case.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Whatever the grammar can say, the codec understands and says again in the same bytes.
    #[test]
    fn bytes_made_by_the_grammar_decode_and_encode_to_themselves(seed: u64, which: prop::sample::Index, id in 1_u32..) {
        let grammar = Grammar::of_the_spec();
        let rule = which.get(&grammar.frames);
        let body = grammar.make(rule, &mut noise(seed));
        let id = if rule.speaker == "notice" { 0 } else { id };
        let bytes = framed(rule.kind, id, &body);
        let frame = read_one(&bytes).unwrap();
        prop_assert_eq!(frame.request_id, RequestId(id));
        prop_assert_eq!(frame.kind(), rule.kind);
        let again = frame.encode();
        prop_assert_eq!(&again[..], &bytes[..]);
        prop_assert_eq!(read_one(&again).unwrap(), frame);
    }

    /// Where one byte of a valid frame changes, codec and grammar agree on whether it is still one. Only the
    /// letters of names are beyond the grammar's walker, so those frames may be refused by the codec alone.
    #[test]
    fn codec_and_grammar_refuse_the_same_mutations(seed: u64, which: prop::sample::Index, at: prop::sample::Index, byte: u8) {
        let grammar = Grammar::of_the_spec();
        let rule = which.get(&grammar.frames);
        let mut body = grammar.make(rule, &mut noise(seed));
        prop_assume!(!body.is_empty());
        let place = at.index(body.len().min(128));
        body[place] = byte;
        let id = if rule.speaker == "notice" { 0 } else { 1 };
        let by_codec: Result<Frame, String> = read_one(&framed(rule.kind, id, &body));
        let by_grammar = grammar.cut(rule, &body);
        let beyond = matches!(&by_codec, Err(error) if error.starts_with("Name("));
        prop_assert!(by_codec.is_ok() == by_grammar.is_ok() || beyond, "{:?} {:?}", by_codec.err(), by_grammar.err());
    }
}

/// Splitmix64: numbers under n from a seed that proptest prints and shrinks.
fn noise(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |n| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// The page for people: for every frame a row in the table of kinds, and its fields, types and order as in the
/// grammar.
#[test]
fn the_page_of_the_spec_repeats_the_grammar_field_by_field() {
    let page = include_str!("../../../spec/wire.md");
    for rule in &Grammar::of_the_spec().frames {
        let row = format!("| `{:#04x}` | {} | {} |", rule.kind, rule.name, rule.speaker);
        assert!(page.contains(&row), "no row {row}");
        let fields: Vec<(String, String)> =
            rule.fields.iter().map(|field| (field.name.clone(), field.kind.clone())).collect();
        assert_eq!(
            section(page, &format!("### `{:#04x}` {}\n", rule.kind, rule.name)),
            fields,
            "{}",
            rule.name
        );
    }
    for (name, fields) in Grammar::of_the_spec().structs() {
        let fields: Vec<(String, String)> =
            fields.iter().map(|field| (field.name.clone(), field.kind.clone())).collect();
        assert_eq!(section(page, &format!("### `{name}`\n")), fields, "{name}");
    }
}

/// Field and type of each row of the table under a heading.
fn section(page: &str, heading: &str) -> Vec<(String, String)> {
    let (_, rest) = page.split_once(heading).unwrap_or_else(|| panic!("no heading {heading}"));
    let rest = rest.split("\n#").next().unwrap();
    let rows = rest.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect());
    cells.map(|cells: Vec<String>| (cells[1].clone(), cells[2].clone())).collect()
}

/// Every number of a refusal in the grammar is one in the code, and the other way round.
#[test]
fn the_numbers_of_refusals_are_those_of_the_grammar() {
    let mut code: Vec<u8> = wire::RefusalKind::PLAIN.iter().map(wire::RefusalKind::number).collect();
    code.push(48);
    assert_eq!(Grammar::of_the_spec().tags("refusal_kind"), code);
}
