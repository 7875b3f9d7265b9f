//! BIP39 words, in English or French: 24 that hold the recovery entropy, and those of safety numbers.

use crypto::Secret;

/// In which language words are shown; either is understood.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Français.
    French,
}

/// Why words are not recovery words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WordsError {
    /// Not 24 of them.
    #[error("recovery words are 24, these are {0}")]
    Count(usize),
    /// A word of neither list, by its place from 1.
    #[error("word {0} is not a recovery word")]
    Unknown(usize),
    /// All words are known, but they do not belong together.
    #[error("the words do not belong together: a word is wrong or two are swapped")]
    Checksum,
}

const RECOVERY_WORDS: usize = 24;

/// The 24 words that hold 32 bytes of entropy.
pub fn recovery_words(entropy: &[u8; 32], language: Language) -> [&'static str; RECOVERY_WORDS] {
    let mnemonic =
        bip39::Mnemonic::from_entropy_in(language.list(), entropy).expect("32 bytes make 24 words");
    let words: Vec<&'static str> = mnemonic.words().collect();
    words.try_into().expect("32 bytes make 24 words")
}

/// The entropy that 24 words hold, in whichever language; case and spaces do not matter.
pub fn recovery_entropy(words: &str) -> Result<Secret<32>, WordsError> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    if words.len() != RECOVERY_WORDS {
        return Err(WordsError::Count(words.len()));
    }
    let phrase = zeroize::Zeroizing::new(words.join(" "));
    let parsed = Language::ALL.map(|language| bip39::Mnemonic::parse_in(language.list(), phrase.as_str()));
    match parsed {
        [Ok(mnemonic), _] | [_, Ok(mnemonic)] => entropy_of(&mnemonic),
        [Err(english), Err(french)] => Err(worse(english, french)),
    }
}

impl Language {
    /// All there are.
    pub const ALL: [Language; 2] = [Language::English, Language::French];

    /// The word at a place below 2,048.
    pub(crate) fn word(self, index: u16) -> &'static str {
        self.list().word_list().get(usize::from(index)).expect("eleven bits are below 2,048")
    }

    /// All 2,048, in the order of the list.
    pub(crate) fn words(self) -> impl Iterator<Item = &'static str> {
        self.list().word_list().iter().copied()
    }

    /// Whether a folded word is one of the list.
    pub(crate) fn has(self, folded_word: &str) -> bool {
        self.words().any(|word| folded(word) == folded_word)
    }

    fn list(self) -> bip39::Language {
        match self {
            Language::English => bip39::Language::English,
            Language::French => bip39::Language::French,
        }
    }
}

/// Lower case without accents, which may be written as one character or as two: each word of the lists stays apart
/// from the others without them.
pub fn folded(text: &str) -> String {
    text.to_lowercase().chars().filter_map(plain).collect()
}

fn plain(each: char) -> Option<char> {
    match each {
        'à' | 'â' | 'ä' => Some('a'),
        'ç' => Some('c'),
        'é' | 'è' | 'ê' | 'ë' => Some('e'),
        'î' | 'ï' => Some('i'),
        'ô' | 'ö' => Some('o'),
        'ù' | 'û' | 'ü' => Some('u'),
        '\u{300}'..='\u{36f}' => None,
        other => Some(other),
    }
}

fn entropy_of(mnemonic: &bip39::Mnemonic) -> Result<Secret<32>, WordsError> {
    let entropy = zeroize::Zeroizing::new(mnemonic.to_entropy());
    let entropy: &[u8; 32] = entropy.as_slice().try_into().map_err(|_| WordsError::Count(0))?;
    Ok(Secret::new(*entropy))
}

/// The complaint of the language in which more words were understood.
fn worse(english: bip39::Error, french: bip39::Error) -> WordsError {
    match (english, french) {
        (bip39::Error::UnknownWord(one), bip39::Error::UnknownWord(other)) => {
            WordsError::Unknown(one.max(other).saturating_add(1))
        }
        _ => WordsError::Checksum,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn words_of_either_language_give_the_entropy_back() {
        for entropy in [[0; 32], [0xff; 32], core::array::from_fn(|at| at as u8 * 7)] {
            for language in Language::ALL {
                let words = recovery_words(&entropy, language).join("  ").to_uppercase();
                assert_eq!(recovery_entropy(&words).unwrap().expose(), &entropy);
            }
        }
    }

    #[test]
    fn an_accent_may_be_typed_as_one_character_or_two() {
        let words = Language::French.list().word_list();
        let accented = words.iter().position(|word| word.contains("e\u{301}")).unwrap() as u32;
        // Eleven bits at a time: the accented word three times, then zeros.
        let bits = (0..3).fold(0_u128, |bits, _| bits << 11 | u128::from(accented)) << (128 - 33);
        let mut entropy = [0; 32];
        entropy[..16].copy_from_slice(&bits.to_be_bytes());
        let two = recovery_words(&entropy, Language::French).join(" ");
        let one = two.replace("e\u{301}", "é");
        assert_ne!(one, two);
        assert_eq!(recovery_entropy(&one).unwrap().expose(), &entropy);
        assert_eq!(recovery_entropy(&two).unwrap().expose(), &entropy);
    }

    #[test]
    fn a_mistake_in_the_words_is_told() {
        let words = recovery_words(&[7; 32], Language::English);
        assert_eq!(recovery_entropy(&words[..23].join(" ")), Err(WordsError::Count(23)));
        let mut swapped = recovery_words(&core::array::from_fn(|at| at as u8), Language::English);
        swapped.swap(0, 1);
        assert_eq!(recovery_entropy(&swapped.join(" ")), Err(WordsError::Checksum));
        let mut unknown = words;
        unknown[4] = "oubliette";
        assert_eq!(recovery_entropy(&unknown.join(" ")), Err(WordsError::Unknown(5)));
    }
}
