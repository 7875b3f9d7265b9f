//! A conversation as one page of HTML that needs nothing else and runs nothing.

use client::{Direction, LogEntry};

use crate::commands::message;
use crate::messages::{screens, states};
use crate::shown::{shown, shown_on_one_line};
use crate::when;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;\
color:#1c1c1e;background:#fbfaf8}h1{font-size:1.3rem}ol{list-style:none;padding:0}li{margin:.4rem 0;padding:.4rem .7rem;\
border-left:3px solid #cfcac2;white-space:pre-wrap;overflow-wrap:anywhere}li.mine{border-color:#3b6ea5}\
time{color:#6b6b70;font-size:.85rem;margin-right:.6rem}b{margin-right:.6rem}\
@media(prefers-color-scheme:dark){body{color:#e8e6e3;background:#17171a}time{color:#9a9aa0}}";

/// The whole page.
pub fn of(contact: &str, entries: &[LogEntry]) -> String {
    let name = escaped(&shown_on_one_line(contact));
    let lang = states::html_language();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{name}</title>\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\n<body><h1>{name}</h1>\n<ol>\n"
    );
    for entry in entries {
        let mine = entry.direction == Direction::Sent;
        let (class, who) = if mine { ("mine", screens::me()) } else { ("theirs", name.as_str()) };
        let words = escaped(&message::words(&entry.body, 0));
        let quoted = entry.marks.quotes.as_ref().and_then(|quote| quote.text.as_deref());
        let quoted = quoted.map(|text| format!("<q>{}</q>\n", escaped(&shown(text, 0)))).unwrap_or_default();
        let edited = if entry.marks.edited { screens::is_edited_after() } else { "" };
        page.push_str(&format!(
            "<li class=\"{class}\"><time datetime=\"{time}\">{time}</time><b>{who}</b>{quoted}{words}{edited}</li>\n",
            time = when::for_programs(entry.sent_at),
        ));
    }
    page.push_str("</ol></body></html>");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_or_a_text_is_markup() {
        let page = of("<script>alert(1)</script>\u{202e}", &[]);
        assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
        assert!(page.contains("&lt;script&gt;"));
    }
}
