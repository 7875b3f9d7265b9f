//! The few words that the demo understands.

use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Shows two people, two processes and a relay that is killed in between.

Usage: cargo run --release -- demo [--once] [--bin-dir DIR]

  --once         End after the story instead of keeping the relay up until Ctrl-C
  --bin-dir DIR  Use the programs oub and oublietted of this folder; build nothing";

/// How to play.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// End after the story.
    pub once: bool,
    /// Where the programs are, if they need not be built.
    pub bin_dir: Option<PathBuf>,
}

/// What the caller wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    /// The story.
    Play(Args),
    /// To know how to ask.
    Help,
}

impl Args {
    /// Reads what stands behind the program's name.
    pub fn read(words: impl IntoIterator<Item = String>) -> Result<Wish, String> {
        let mut args = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "demo" => {}
                "--once" => args.once = true,
                "--bin-dir" => {
                    args.bin_dir = Some(words.next().ok_or("--bin-dir needs a folder")?.into());
                }
                "-h" | "--help" | "help" => return Ok(Wish::Help),
                other => return Err(format!("“{other}” is not understood")),
            }
        }
        Ok(Wish::Play(args))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Wish, String> {
        Args::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_word_demo_may_be_left_out() {
        assert_eq!(read(""), Ok(Wish::Play(Args::default())));
        assert_eq!(read("demo"), Ok(Wish::Play(Args::default())));
        assert_eq!(read("demo --once"), Ok(Wish::Play(Args { once: true, bin_dir: None })));
    }

    #[test]
    fn an_unknown_word_is_refused() {
        assert!(read("demo --twice").is_err());
        assert!(read("--bin-dir").is_err());
    }
}
