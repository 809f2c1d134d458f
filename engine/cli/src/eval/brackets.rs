//! Does a line go on in the next one?

/// True while a bracket, or a text that began inside of one, is open.
pub(super) fn is_open(text: &str) -> bool {
    let mut depth = 0i32;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            '"' => {
                while let Some(inside) = chars.next() {
                    match inside {
                        '\\' => drop(chars.next()),
                        // A text ends in its line: one that does not is told, not waited for.
                        '"' | '\n' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use super::is_open;

    #[test]
    fn brackets_in_texts_do_not_count() {
        assert!(is_open("event {"));
        assert!(is_open("match x {\n 1 => [2,"));
        assert!(!is_open("upper(\"{(\")"));
        assert!(!is_open("\"never closed ("));
        assert!(!is_open("\"a\\\"{\""));
        assert!(!is_open("1 + 2 }"));
    }
}
