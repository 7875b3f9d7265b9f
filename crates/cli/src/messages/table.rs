//! The macros of the table: a function for each message, with a branch for each language.

/// The three texts of a problem, as [`crate::problem::Problem::of`] takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What happened.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

/// Makes a function of each message: `name(value, …): en "…{value}…", fr "…{value}…";`. A value that one of the texts
/// does not use is an error; so is one that was not named.
macro_rules! messages {
    ($($name:ident $(($($value:ident),+ $(,)?))? : en $english:literal, fr $french:literal;)*) => {
        $($crate::messages::table::messages!(@one $name [$($($value)+)?] $english $french);)*
    };
    (@one $name:ident [] $english:literal $french:literal) => {
        #[doc = $english]
        #[allow(rustdoc::broken_intra_doc_links, reason = "brackets in a sentence are no links")]
        pub fn $name() -> &'static str {
            match $crate::messages::language() {
                $crate::messages::Language::English => $english,
                $crate::messages::Language::French => $french,
            }
        }
    };
    (@one $name:ident [$($value:ident)+] $english:literal $french:literal) => {
        #[doc = $english]
        #[allow(rustdoc::broken_intra_doc_links, reason = "brackets in a sentence are no links")]
        pub fn $name($($value: impl std::fmt::Display),+) -> String {
            match $crate::messages::language() {
                $crate::messages::Language::English => format!($english, $($value = $value),+),
                $crate::messages::Language::French => format!($french, $($value = $value),+),
            }
        }
    };
}

/// Makes a function of each problem, which gives its three texts. A value must stand somewhere in each language.
macro_rules! problems {
    ($($name:ident $(($($value:ident),+ $(,)?))? :
        en { what $what_en:literal, why $why_en:literal, do $do_en:literal $(,)? }
        fr { what $what_fr:literal, why $why_fr:literal, do $do_fr:literal $(,)? }
    )*) => {
        $(
            #[doc = $what_en]
            #[allow(rustdoc::broken_intra_doc_links, reason = "brackets in a sentence are no links")]
            pub fn $name($($($value: impl std::fmt::Display),+)?) -> $crate::messages::Words {
                if false {
                    // Never runs; refuses to compile with a value that no text of a language uses.
                    drop(format!(concat!($what_en, $why_en, $do_en), $($($value = $value),+)?));
                    drop(format!(concat!($what_fr, $why_fr, $do_fr), $($($value = $value),+)?));
                }
                let (what, why, remedy) = match $crate::messages::language() {
                    $crate::messages::Language::English => (format!($what_en), format!($why_en), format!($do_en)),
                    $crate::messages::Language::French => (format!($what_fr), format!($why_fr), format!($do_fr)),
                };
                $crate::messages::Words { what, why, remedy }
            }
        )*
    };
}

/// Makes a list of texts that stand in English elsewhere too, each with its French.
macro_rules! pairs {
    ($(#[$doc:meta])* $name:ident: $(en $english:expr, fr $french:expr;)*) => {
        $(#[$doc])*
        pub const $name: &[(&str, &str)] = &[$(($english, $french)),*];
    };
}

pub(crate) use {messages, pairs, problems};
