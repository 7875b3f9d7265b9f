//! English and French beside each other: the compiler refuses a sentence that lacks one of them, or a value in one.

/// The sentence in a language. Each value that is named must stand in both.
macro_rules! both {
    ($language:expr, $english:literal, $french:literal $(, $name:ident = $value:expr)* $(,)?) => {
        match $language {
            $crate::Language::English => format!($english $(, $name = $value)*),
            $crate::Language::French => format!($french $(, $name = $value)*),
        }
    };
}

pub(crate) use both;
