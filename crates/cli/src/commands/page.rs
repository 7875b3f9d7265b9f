//! A conversation as one page of HTML that needs nothing else and runs nothing.

use client::{Direction, LogEntry};

use crate::commands::{log, message};
use crate::messages::{counts, screens, states};
use crate::shown::{shown, shown_on_one_line};
use crate::when;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;\
color:#1c1c1e;background:#fbfaf8}h1{font-size:1.3rem}ol{list-style:none;padding:0}li{margin:.4rem 0;padding:.4rem .7rem;\
border-left:3px solid #cfcac2;white-space:pre-wrap;overflow-wrap:anywhere}li.mine{border-color:#3b6ea5}li.gap{border-style:dotted}\
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
        if entry.missing_before > 0 {
            let missing = counts::messages_missing_here(entry.missing_before);
            let missing = screens::missing_here(shown_on_one_line(contact), missing);
            page.push_str(&format!("<li class=\"gap\">{}</li>\n", escaped(&missing)));
        }
        let class = if entry.direction == Direction::Sent { "mine" } else { "theirs" };
        let who = escaped(&log::who(&shown_on_one_line(contact), entry));
        let words = escaped(&message::words(&entry.body, 0));
        let quoted = entry.marks.quotes.as_ref().and_then(|quote| quote.text.as_deref());
        let quoted = quoted.map(|text| format!("<q>{}</q>\n", escaped(&shown(text, 0)))).unwrap_or_default();
        let after = message::after(&entry.marks);
        page.push_str(&format!(
            "<li class=\"{class}\"><time datetime=\"{time}\">{time}</time><b>{who}</b>{quoted}{words}{after}</li>\n",
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
    use client::{Marks, OutboxState, Place, ReceivedBody};
    use wire::UnixSeconds;

    use super::*;
    use crate::messages::{Language, in_language};

    fn entry(direction: Direction, outgoing: Option<OutboxState>) -> LogEntry {
        LogEntry {
            id: "00ff".to_owned(),
            direction,
            number: 7,
            sent_at: UnixSeconds(1_795_433_640),
            at: UnixSeconds(1_795_433_641),
            body: ReceivedBody::Text("hi".to_owned()),
            marks: Marks::default(),
            outgoing,
            read_at: None,
            answered: false,
            handled: true,
            missing_before: 0,
            place: Place::default(),
        }
    }

    #[test]
    fn gaps_and_where_a_message_is_are_said_in_words_in_both_languages() {
        let entries = [
            LogEntry { missing_before: 2, ..entry(Direction::Received, None) },
            entry(Direction::Sent, Some(OutboxState::Stored)),
            entry(Direction::Sent, Some(OutboxState::Waiting)),
            entry(Direction::Sent, Some(OutboxState::Refused)),
            LogEntry {
                read_at: Some(UnixSeconds(1_795_433_700)),
                ..entry(Direction::Sent, Some(OutboxState::Stored))
            },
        ];
        for (language, words) in [
            (
                Language::English,
                [
                    "<li class=\"gap\">&lt;b&gt;  (2 messages missing here)</li>",
                    "me",
                    "me (waiting)",
                    "me (refused)",
                    "me (read)",
                ],
            ),
            (
                Language::French,
                [
                    "<li class=\"gap\">&lt;b&gt;  (2 messages manquants ici)</li>",
                    "moi",
                    "moi (en attente)",
                    "moi (refusé)",
                    "moi (lu)",
                ],
            ),
        ] {
            let page = in_language(language, || of("<b>", &entries));
            let [gap, states @ ..] = words;
            assert!(page.contains(gap), "{page}");
            for state in states {
                assert_eq!(page.matches(&format!("<b>{state}</b>hi")).count(), 1, "{state}: {page}");
            }
            assert_eq!(page.matches("<b>&lt;b&gt;</b>hi").count(), 1, "{page}");
        }
    }

    #[test]
    fn nothing_in_a_name_or_a_text_is_markup() {
        let page = of("<script>alert(1)</script>\u{202e}", &[]);
        assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
        assert!(page.contains("&lt;script&gt;"));
    }
}
