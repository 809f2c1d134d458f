//! Every function there is, by group and by name.

use crate::function::Function;
use crate::{
    collections, conversion, durations, encodings, geography, hashes, json, network, numbers,
    regular_expressions, strings, time,
};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Functions about one thing, in the order in which the reference shows them.
pub struct Group {
    pub title: &'static str,
    pub functions: &'static [&'static Function],
}

pub fn groups() -> &'static [Group] {
    static GROUPS: OnceLock<Vec<Group>> = OnceLock::new();
    GROUPS.get_or_init(|| {
        let group = |title, functions| Group { title, functions };
        vec![
            group("Strings", strings::FUNCTIONS),
            group("Regular expressions", regular_expressions::FUNCTIONS),
            group("Numbers", numbers::FUNCTIONS),
            group("Time and calendars", time::FUNCTIONS),
            group("Lengths of time", durations::FUNCTIONS),
            group("Hashes and ids", hashes::FUNCTIONS),
            group("Encodings", encodings::FUNCTIONS),
            group("JSON in texts", json::FUNCTIONS),
            group("Lists and maps", collections::FUNCTIONS),
            group("Geography", geography::FUNCTIONS),
            group("Network addresses", network::FUNCTIONS),
            group("Null and conversion", conversion::FUNCTIONS),
        ]
    })
}

pub fn all() -> impl Iterator<Item = &'static Function> {
    groups().iter().flat_map(|group| group.functions.iter().copied())
}

/// By any of its names.
pub fn find(name: &str) -> Option<&'static Function> {
    static BY_NAME: OnceLock<BTreeMap<&'static str, &'static Function>> = OnceLock::new();
    let by_name = BY_NAME.get_or_init(|| {
        all().flat_map(|function| function.names().map(move |name| (name, function))).collect()
    });
    by_name.get(name).copied()
}

/// The function that other systems call by this name.
pub fn called_elsewhere(name: &str) -> Option<&'static Function> {
    let lower = name.to_ascii_lowercase();
    let own = find(&lower);
    own.or_else(|| all().find(|function| function.elsewhere.contains(&lower.as_str())))
}

/// All names, aliases too.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().flat_map(Function::names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Gives;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_plain() {
        let mut seen = BTreeSet::new();
        for name in names() {
            assert!(seen.insert(name), "{name} is there twice");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain), "{name}");
            assert_eq!(find(name).map(|function| function.names().any(|own| own == name)), Some(true));
        }
    }

    #[test]
    fn names_of_elsewhere_are_no_names_here_and_mean_one_function() {
        let mut seen = BTreeSet::new();
        for name in all().flat_map(|function| function.elsewhere) {
            assert!(seen.insert(name), "{name} means two functions");
            assert!(find(name).is_none(), "{name} is a name here");
        }
        assert_eq!(called_elsewhere("TO_CHAR").map(|function| function.name), Some("format_time"));
        assert_eq!(called_elsewhere("LOWER").map(|function| function.name), Some("lower"));
    }

    #[test]
    fn every_function_has_a_page_that_teaches() {
        for function in all() {
            let name = function.name;
            let whole = function.meaning.ends_with(['.', '?']) && function.meaning.len() > 15;
            assert!(whole, "{name} has no meaning");
            assert!(function.examples.len() >= 2, "{name} has not two examples");
            assert!(function.examples.iter().any(|example| example.note.is_some()), "{name} shows no edge");
            for error in function.errors {
                assert!(error.meaning().ends_with('.'), "{name}");
            }
            for example in function.examples {
                let calls_it = function.names().any(|own| example.call.contains(&format!("{own}(")));
                assert!(calls_it, "{name} is not in its example {}", example.call);
            }
        }
    }

    #[test]
    fn signatures_make_sense() {
        for function in all() {
            let name = function.name;
            let parameters = function.parameters;
            let generic = parameters.iter().any(|parameter| parameter.takes.is_generic());
            assert!(generic || !matches!(function.gives, Gives::Same), "{name} gives the type of nothing");
            let first_optional = parameters.iter().position(|parameter| parameter.default.is_some());
            let after = first_optional.map_or(&[][..], |at| &parameters[at..]);
            assert!(after.iter().all(|parameter| parameter.default.is_some()), "{name}: optional, then not");
            let last = parameters.len().saturating_sub(1);
            assert!(parameters.iter().take(last).all(|parameter| !parameter.repeated), "{name}");
        }
    }
}
