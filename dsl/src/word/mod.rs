//! The pages of the language's words: what one is, its parts in their order, and an example. `tidegate explain rolling` shows them.

mod declarations;
mod steps;

use crate::diagnostic::did_you_mean;
use crate::ide::meaning;
use crate::parse::habit::elsewhere;
use crate::parse::{DECLARATIONS, STEPS};
use std::fmt::Write;

struct Page {
    word: &'static str,
    /// Each part with what it says, in the order in which they stand.
    parts: &'static [(&'static str, &'static str)],
    /// What stands in its braces, in any order.
    inside: &'static [(&'static str, &'static str)],
    /// Declarations, or steps that stand behind `|>`.
    example: &'static str,
}

fn pages() -> impl Iterator<Item = &'static Page> {
    declarations::PAGES.iter().chain(steps::PAGES)
}

/// The page of a declaration, a step, a step of a test, or of all steps; or where a word is a part of one.
pub fn word_page(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    match lower.as_str() {
        "steps" => return Some(overview(&STEPS)),
        "declarations" => return Some(overview(&DECLARATIONS)),
        _ => {}
    }
    // `flat map` and `group by` are known by their first words.
    let first = lower.split([' ', '_']).next().unwrap_or(&lower);
    let expression = EXPRESSIONS.iter().find(|(word, ..)| *word == lower);
    let expression = expression.map(|(_, form, meaning)| format!("{form}\n\n{meaning}"));
    pages().find(|page| page.word == first).map(shown).or(expression).or_else(|| part(&lower))
}

/// What is written here for a word of another language.
pub fn word_elsewhere(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    if let Some(here) = elsewhere::type_of(&lower) {
        return Some(format!("the type `{name}` is called `{here}` here"));
    }
    let note = elsewhere::step(&lower)
        .or_else(|| elsewhere::declaration(&lower))
        .or_else(|| elsewhere::function(&lower))
        .or_else(|| elsewhere::type_note(&lower))?;
    Some(format!("`{name}` is no word of this language: {note}"))
}

/// The word that was probably meant.
pub fn word_meant(name: &str) -> Option<String> {
    let parts =
        pages().flat_map(|page| page.parts.iter().chain(page.inside)).flat_map(|(part, _)| words(part));
    did_you_mean(&name.to_lowercase(), pages().map(|page| page.word).chain(parts))
}

/// One line each: the form and the meaning.
fn overview(words: &[&str]) -> String {
    let mut out = String::new();
    for word in words {
        let word = word.split(' ').next().unwrap_or(word);
        if let Some((form, meaning)) = meaning(word) {
            let _ = writeln!(out, "{form}\n    {meaning}");
        }
    }
    let _ = write!(out, "\n`tidegate explain {}` tells the rest of one", words[0]);
    out
}

fn shown(page: &Page) -> String {
    let (form, meaning) = meaning(page.word).expect("every page has its form");
    let mut out = format!("{form}\n\n{meaning}\n");
    for (heading, parts) in [("In this order", page.parts), ("In its braces, in any order", page.inside)] {
        if !parts.is_empty() {
            let _ = writeln!(out, "\n{heading}");
        }
        let width = parts.iter().map(|(part, _)| part.chars().count()).max().unwrap_or(0);
        for (part, says) in parts {
            let _ = writeln!(out, "  {part:<width$}  {says}");
        }
    }
    out.push_str("\nExample\n");
    for line in page.example.lines() {
        let _ = writeln!(out, "  {line}");
    }
    out.truncate(out.trim_end().len());
    out
}

/// Words of expressions: the form and the meaning.
const EXPRESSIONS: [(&str, &str, &str); 9] = [
    ("it", "it", "The event as a whole; its fields stand by their names."),
    (
        "if",
        "if CONDITION { A } else { B }",
        "A choice; both branches have one type. In a `branch` and a `match by` it stands before a condition.",
    ),
    (
        "else",
        "if CONDITION { A } else { B }",
        "The other branch; none is left out. In a `branch` it takes all the rest.",
    ),
    (
        "in",
        "VALUE in [A, B]",
        "Is it one of these? `not in` is the contrary. `for c in [ … ]` gives a test its rows.",
    ),
    ("between", "VALUE between LOW and HIGH", "Both ends included."),
    (
        "is",
        "VALUE is null, VALUE is not null",
        "Asks for null alone; other values are compared with `==` and `!=`.",
    ),
    ("not", "not CONDITION", "The contrary; null stays null."),
    ("and", "A and B", "Both; it binds tighter than `or`."),
    ("or", "A or B", "One of them, or both."),
];

/// The words of a part: `hopping` and `every` of `hopping 10m every 5m`.
fn words(part: &'static str) -> impl Iterator<Item = &'static str> {
    let outside_of_texts = part.split('"').step_by(2);
    let words = outside_of_texts.flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_')));
    words.filter(|word| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}

/// `within`, `grace`: each word of which it is a part.
fn part(name: &str) -> Option<String> {
    let mut found: Vec<String> = Vec::new();
    for page in pages() {
        let Some((part, says)) =
            page.parts.iter().chain(page.inside).find(|(part, _)| words(part).any(|word| word == name))
        else {
            continue;
        };
        let (form, _) = meaning(page.word).expect("every page has its form");
        found.push(format!(
            "{part}\n  {says}\n  in `{form}`; `tidegate explain {}` shows all of it",
            page.word
        ));
    }
    (!found.is_empty()).then(|| found.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostic, render};
    use crate::{Files, Options, SourceFile, compile_with};
    use std::collections::{BTreeMap, BTreeSet};

    const PRELUDE: &str = "topology examples
type Payment { id: string, card: string, currency: string, amount: decimal(18,2), note: string?, tags: [string], items: [Item], due: timestamp, at: timestamp }
type Item { sku: string, price: decimal(18,2) }
source payments: Payment = kafka(\"payments\") key card time at
source refunds: Payment = kafka(\"refunds\") key card time at
table cards: { card: string, owner: string } = kafka(\"cards\") key card
stream large = payments |> filter amount > 100.00
sink large -> kafka(\"large\")
";

    struct Shared;

    impl Files for Shared {
        fn read(&self, path: &str) -> Result<String, String> {
            match path {
                "shared.tide" => {
                    Ok("type Shop { id: string }\nsource shops: Shop = kafka(\"shops\") key id\n".to_owned())
                }
                _ => Err("there is no such file".to_owned()),
            }
        }
    }

    fn examples_with_errors(page: &Page) -> Option<String> {
        let example = match page.example.starts_with("|>") {
            true => {
                format!("stream example = payments\n{}\nsink example -> kafka(\"example\")\n", page.example)
            }
            false => format!("{}\n", page.example),
        };
        // An example of `topology` names it.
        let prelude = match page.word {
            "topology" => PRELUDE.split_once('\n').expect("it has lines").1,
            _ => PRELUDE,
        };
        let file = SourceFile::new("example.tide", format!("{prelude}{example}"));
        let options = Options { environment: &|_| None, params: &BTreeMap::new(), files: &Shared };
        let compiled = compile_with(&file, &options);
        let errors: Vec<Diagnostic> = compiled.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
        (!errors.is_empty()).then(|| render(&compiled.sources, &errors))
    }

    #[test]
    fn every_word_has_a_page_with_a_right_example() {
        let words: BTreeSet<&str> =
            DECLARATIONS.iter().chain(&STEPS).map(|word| word.split(' ').next().expect("a word")).collect();
        let paged: BTreeSet<&str> = pages().map(|page| page.word).collect();
        assert_eq!(words, paged);
        for page in pages() {
            if let Some(told) = examples_with_errors(page) {
                panic!("{}: {told}", page.word);
            }
            assert!(page.example.contains(page.word), "{} is not in its example", page.word);
        }
    }

    #[test]
    fn parts_and_words_of_others_are_found() {
        for word in [
            "rolling", "Rolling", "window", "sink", "dedupe", "flat map", "group by", "expect", "advance",
            "it", "between",
        ] {
            assert!(word_page(word).is_some(), "{word}");
        }
        let within = word_page("within").expect("a part of several");
        assert!(within.contains("`dedupe by") && within.contains("`match by"), "{within}");
        assert!(word_page("excluding").is_some_and(|page| page.contains("explain rolling")));
        assert!(word_page("malformed").is_some_and(|page| page.contains("explain source")));
        assert!(word_page("rows").is_some_and(|page| page.contains("explain rolling")));
        assert!(word_elsewhere("cast").is_some_and(|page| page.contains("`int(x)`")));
        assert!(word_elsewhere("union").is_some_and(|page| page.contains("merge a, b")));
        assert_eq!(word_elsewhere("varchar").as_deref(), Some("the type `varchar` is called `string` here"));
        assert!(word_page("steps").is_some_and(|page| STEPS.iter().all(|step| page.contains(step))));
        assert_eq!(word_page("frobnicate"), None);
        assert_eq!(word_meant("roling").as_deref(), Some("rolling"));
    }

    #[test]
    fn a_page_is_shown_as_a_whole() {
        assert_eq!(
            word_page("dedupe").expect("a step"),
            "dedupe by KEY within 10m\n\nKeeps the first event of each key within a time.\n\nIn this order\n  \
             by FIELD, by (A, B)         what makes two events the same\n  \
             within 10m                  how long a key is remembered, in event time, from the event that was kept on\n  \
             as NAME                     a name for its store, where a stream has two of them\n  \
             , errors -> kafka(\"TOPIC\")  where events go that the step fails for; without it the topology stops\n\n\
             Example\n  |> dedupe by id within 1h"
        );
    }
}
