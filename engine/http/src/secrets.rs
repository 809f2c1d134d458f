//! Headers with their secrets: `${env:NAME}` stands for a variable of the environment, which is read when a run starts, and is told nowhere.

use thiserror::Error;
use tidegate_engine::secret::{Reference, fill};

/// Shorter values would be found in any text.
const HIDDEN_BYTES_MIN: usize = 4;

#[derive(Clone, PartialEq, Eq, Error, Debug)]
pub enum SecretError {
    #[error("the header `{header}` needs the environment variable {name}, which is not set")]
    NotSet { header: String, name: String },
    #[error("the header `{header}`: `${{` begins a secret, which is written `${{env:NAME}}`")]
    Form { header: String },
    #[error("the header `{header}`: the environment variable {name} is more than a line")]
    Lines { header: String, name: String },
}

/// Headers as they are sent.
#[derive(Clone, Default)]
pub struct Headers {
    pub all: Vec<(String, String)>,
    secrets: Vec<String>,
}

impl Headers {
    pub fn new(
        headers: &[(String, String)],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Headers, SecretError> {
        let mut filled = Headers::default();
        for (header, text) in headers {
            let wrong = || SecretError::Form { header: header.clone() };
            let mut resolve = |reference: Reference<'_>| {
                // A topology must not name files of the machine that it runs on.
                let Reference::Environment(name) = reference else { return Err(wrong()) };
                let secret = environment(name)
                    .ok_or_else(|| SecretError::NotSet { header: header.clone(), name: name.to_owned() })?;
                if secret.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
                    return Err(SecretError::Lines { header: header.clone(), name: name.to_owned() });
                }
                filled.secrets.push(secret.clone());
                Ok(secret)
            };
            let value = fill(text, &mut resolve, &wrong)?;
            filled.all.push((header.clone(), value));
        }
        filled.secrets.retain(|secret| secret.len() >= HIDDEN_BYTES_MIN);
        // One that is a part of another must not take it apart.
        filled.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Ok(filled)
    }

    /// A text from outside, which may repeat what was sent, without the secrets.
    pub fn hide(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "[secret]"))
    }

    /// The beginning of such a text, which may have been cut off within a secret.
    pub fn hide_and_cut(&self, text: &str, bytes_max: usize) -> String {
        let mut hidden = self.hide(text);
        for secret in &self.secrets {
            let begins =
                |length: &usize| secret.is_char_boundary(*length) && hidden.ends_with(&secret[..*length]);
            if let Some(length) = (HIDDEN_BYTES_MIN..secret.len()).rev().find(begins) {
                hidden.truncate(hidden.len() - length);
                hidden.push_str("[secret]");
            }
        }
        let end = (0..=bytes_max.min(hidden.len())).rev().find(|end| hidden.is_char_boundary(*end));
        hidden.truncate(end.unwrap_or(0));
        hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> Result<Headers, SecretError> {
        let environment = |name: &str| match name {
            "TOKEN" => Some("s3cr3t-token".to_owned()),
            "BROKEN" => Some("a\nX-Other: b".to_owned()),
            _ => None,
        };
        Headers::new(&[("Authorization".to_owned(), text.to_owned())], &environment)
    }

    #[test]
    fn secrets_come_from_the_environment_and_are_hidden() {
        let filled = headers("Bearer ${env:TOKEN}!").expect("it is set");
        assert_eq!(filled.all[0].1, "Bearer s3cr3t-token!");
        assert_eq!(filled.hide("unknown token s3cr3t-token"), "unknown token [secret]");
        assert_eq!(headers("plain").expect("nothing is needed").all[0].1, "plain");
    }

    #[test]
    fn no_part_of_a_secret_is_left_over() {
        let environment =
            |name: &str| Some(if name == "LONG" { "s3cr3t-token" } else { "s3cr3t" }.to_owned());
        let both = [("A".to_owned(), "${env:SHORT}".to_owned()), ("B".to_owned(), "${env:LONG}".to_owned())];
        let filled = Headers::new(&both, &environment).expect("they are set");
        assert_eq!(filled.hide("s3cr3t-token, s3cr3t"), "[secret], [secret]");
        let text = format!("{}s3cr3t-token and more", "x".repeat(497));
        assert_eq!(filled.hide_and_cut(&text, 500), format!("{}[se", "x".repeat(497)));
        assert_eq!(filled.hide_and_cut("cut off: s3cr3t-to", 500), "cut off: [secret]-to");
        let long = headers("${env:TOKEN}").expect("it is set");
        assert_eq!(long.hide_and_cut("cut off: s3cr3t-to", 500), "cut off: [secret]");
        assert_eq!(long.hide_and_cut("no secret: s3", 500), "no secret: s3");
        assert_eq!(long.hide_and_cut("ääää", 3), "ä");
    }

    #[test]
    fn what_is_not_set_or_not_understood_is_refused() {
        let told = |text: &str| headers(text).err().expect("refused").to_string();
        assert_eq!(
            told("${env:OTHER}"),
            "the header `Authorization` needs the environment variable OTHER, which is not set"
        );
        for wrong in ["${TOKEN}", "${env:TOKEN", "${env:}", "${file:/etc/passwd}"] {
            assert!(told(wrong).contains("${env:NAME}"), "{wrong}");
        }
        assert!(told("${env:BROKEN}").contains("more than a line"));
    }
}
