//! Texts of the help as a page of the manual has them: examples stand as they are, lists are lists, and the rest is filled
//! to whatever width the reader's terminal has.

/// What fits beside the margin of a manual on 80 columns.
const COLUMNS: usize = 70;
/// From here on a line goes on with what the list said before.
const CONTINUES_FROM: usize = 7;

/// A heading.
pub fn section(title: &str) -> String {
    format!(".SH {}\n", escaped(&title.to_uppercase()))
}

/// Lines as they stand; what is said beside commands moves below them where both do not fit.
pub fn as_it_stands<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<&str> = lines.map(str::trim_end).collect();
    let fits = lines.iter().all(|line| line.chars().count() <= COLUMNS);
    let mut out = ".nf\n".to_owned();
    for line in lines {
        match line.trim_start().split_once("  ").filter(|_| !fits) {
            Some((command, beside)) => {
                out.push_str(&format!("  {}\n      {}\n", escaped(command), escaped(beside.trim_start())));
            }
            None => out.push_str(&format!("{}\n", escaped(line))),
        }
    }
    out + ".fi\n"
}

/// A list's next entry.
pub fn entry(term: &str, words: &str) -> String {
    format!(".TP\n\\fB{}\\fR\n{}\n", escaped(term), escaped(words))
}

/// A topic of the help: at the margin stands text; what is indented is a list, or stands as it is.
pub fn topic(text: &str) -> String {
    let next = text.lines().skip(1).chain([""]);
    text.lines().zip(next).map(|(line, next)| line_of_topic(line, next)).collect()
}

fn line_of_topic(line: &str, next: &str) -> String {
    let indent = |line: &str| line.chars().take_while(|sign| *sign == ' ').count();
    let words = line.trim();
    match (indent(line), words.split_once("  ")) {
        _ if words.is_empty() => ".PP\n".to_owned(),
        (0 | CONTINUES_FROM.., _) => format!("{}\n", escaped(words)),
        (_, Some((term, words))) => entry(term, words.trim_start()),
        (_, None) if indent(next) >= CONTINUES_FROM => format!(".TP\n\\fB{}\\fR\n", escaped(words)),
        (_, None) => format!(".br\n\\ \\ {}\n.br\n", escaped(words)),
    }
}

/// Nothing in it is a request or a dash that somebody could not copy.
fn escaped(text: &str) -> String {
    let plain = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    if plain.starts_with('.') { format!("\\&{plain}") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_becomes_lists_and_text() {
        let text = "Title\n\n  0    done\n  7    keys: missing,\n       or locked\n\n.dot at the margin\ngoes on\n  a = \"b\"\n  $X/y.sock\n                  the socket\n";
        let roff = "Title\n.PP\n.TP\n\\fB0\\fR\ndone\n.TP\n\\fB7\\fR\nkeys: missing,\nor locked\n.PP\n\\&.dot at the margin\ngoes on\n\
                    .br\n\\ \\ a = \"b\"\n.br\n.TP\n\\fB$X/y.sock\\fR\nthe socket\n";
        assert_eq!(topic(text), roff);
    }

    #[test]
    fn an_example_keeps_its_line_and_can_be_copied() {
        let long = format!("  oub send bob -f - --name 'x'    {}", "said beside it ".repeat(4));
        let lines = ["  .hidden \\ file", &long];
        let roff = as_it_stands(lines.into_iter());
        assert!(
            roff.starts_with(
                ".nf\n  .hidden \\e file\n  oub send bob \\-f \\- \\-\\-name \\(aqx\\(aq\n      said"
            ),
            "{roff}"
        );
        assert!(roff.ends_with("\n.fi\n"), "{roff}");
    }
}
