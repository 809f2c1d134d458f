//! References to secrets in a text: `${env:NAME}` stands for a variable of the environment, `${file:/path}` for what a file holds.

/// What a reference names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reference<'a> {
    Environment(&'a str),
    File(&'a str),
}

/// The text with its references replaced. `resolve` is given each; `wrong`: what is told where `${` begins none.
pub fn fill<E>(
    text: &str,
    resolve: &mut dyn FnMut(Reference<'_>) -> Result<String, E>,
    wrong: &dyn Fn() -> E,
) -> Result<String, E> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        filled.push_str(before);
        let (inside, after) = behind.split_once('}').ok_or_else(wrong)?;
        let reference = match inside.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Reference::Environment(name),
            Some(("file", path)) if !path.is_empty() => Reference::File(path),
            _ => return Err(wrong()),
        };
        filled.push_str(&resolve(reference)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let mut resolve = |reference: Reference<'_>| match reference {
            Reference::Environment(name) => Ok(format!("<{name}>")),
            Reference::File(path) => Ok(format!("[{path}]")),
        };
        fill(text, &mut resolve, &|| "wrong".to_owned())
    }

    #[test]
    fn references_are_replaced_once_and_what_they_give_is_not_read_again() {
        assert_eq!(filled("a ${env:B} c ${file:/d/e}").as_deref(), Ok("a <B> c [/d/e]"));
        assert_eq!(filled("no $ {env:B}").as_deref(), Ok("no $ {env:B}"));
        let mut twice = |_: Reference<'_>| Ok::<_, ()>("${env:B}".to_owned());
        assert_eq!(fill("${env:A}", &mut twice, &|| ()), Ok("${env:B}".to_owned()));
    }

    #[test]
    fn what_only_looks_like_a_reference_is_refused() {
        for wrong in ["${", "${env:A", "${A}", "${env:}", "${file:}", "${vault:a}"] {
            assert_eq!(filled(wrong), Err("wrong".to_owned()), "{wrong}");
        }
    }
}
