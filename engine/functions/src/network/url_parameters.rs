use crate::define::*;
use super::url::Url;

pub(crate) static FUNCTION: Function = Function {
    name: "url_parameters",
    meaning: "All parameters of a URL's query, decoded (a `+` is a space); of a name that is there twice the last counts.",
    parameters: &[string("url")],
    gives: Gives::Computed {
        shown: "{string: string}",
        of: |_| Ok(ScalarType::map(ScalarType::String, ScalarType::String, false)),
    },
    errors: &[TooLong],
    examples: &[
        gives(r#"url_parameters("https://example.com/?q=tide+gate&page=2")"#, r#"{ "page": "2", "q": "tide gate" }"#),
        gives(r#"url_parameters("https://example.com/")"#, "{}").note("no query"),
    ],
    body: Body::Direct(|arguments| {
        let parameters = Url::new(arguments.string(0)).parameters();
        let entries: Vec<(Value, Value)> = parameters
            .map(|(name, value)| (Value::String(name.into()), Value::String(value.into())))
            .take(ELEMENTS_MAX + 1)
            .collect();
        if entries.len() > ELEMENTS_MAX {
            return Err(FunctionError::TooManyElements);
        }
        Ok(Value::map(entries))
    }),
    ..DEFAULTS
};
