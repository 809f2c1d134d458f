//! `--only`: the tests whose name contains a text.

use tidegate_dsl::diagnostic::did_you_mean;

const SHOWN: usize = 10;

/// What is said when no test has the text in its name.
pub fn none_chosen(text: &str, names: &[String]) -> String {
    let mut told = format!("error: --only {text:?}: no test has this in its name");
    if names.is_empty() {
        return told + "; there are no tests\n";
    }
    let near: Vec<&String> = names.iter().filter(|name| is_near(text, name)).collect();
    let (head, listed) = match near.is_empty() {
        true => ("there is", names.iter().collect()),
        false => ("did you mean", near),
    };
    told.push_str(&format!("; {head}\n"));
    for name in listed.iter().take(SHOWN) {
        told.push_str(&format!("  {name}\n"));
    }
    if listed.len() > SHOWN {
        told.push_str(&format!("  and {} more\n", listed.len() - SHOWN));
    }
    told
}

/// It is in the name but for capitals, or one of its words is nearly one of the name's.
fn is_near(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let words: Vec<&str> = name.split(|letter: char| !letter.is_alphanumeric()).collect();
    let is_word_near = |word: &str| {
        word.chars().count() > 2 && did_you_mean(word, words.iter().copied().chain([name.as_str()])).is_some()
    };
    name.contains(&text) || text.split_whitespace().any(is_word_near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_told_before_all_others() {
        let names = ["two countries: one travel alert", "a blocklisted card"].map(str::to_owned);
        let told = |text| none_chosen(text, &names);
        assert!(told("travle").ends_with("did you mean\n  two countries: one travel alert\n"));
        assert!(told("Blocklisted").ends_with("did you mean\n  a blocklisted card\n"));
        assert!(
            told("nosuch").ends_with("there is\n  two countries: one travel alert\n  a blocklisted card\n")
        );
        assert!(none_chosen("x", &[]).ends_with("there are no tests\n"));
    }
}
