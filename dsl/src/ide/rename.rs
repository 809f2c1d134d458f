//! Another name for what is declared: all of its places, or why not.

use super::mention::Kind;
use super::{Analysis, Named};
use crate::Options;
use crate::check::aggregate::AGGREGATES;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// Text in place of a range of the topology's own file.
#[derive(Clone, PartialEq, Debug)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

impl Analysis {
    /// The place of the name at a byte, if it can be given another.
    pub fn renamed_at(&self, at: u32) -> Result<Span, String> {
        let named = self.named_at(at).ok_or("there is no name here")?;
        self.renamable(&named)?;
        Ok(named.span)
    }

    fn renamable(&self, named: &Named) -> Result<(), String> {
        let name = &named.path[0];
        match named.kind {
            Kind::Value => return Err("fields are named by the data: they cannot be renamed here".to_owned()),
            Kind::Topology => {
                return Err(format!(
                    "all state of `{name}` is kept under its name: another name begins anew, so write it by hand"
                ));
            }
            Kind::Flow | Kind::Type | Kind::Function | Kind::Param => {}
        }
        let own = self.compiled.sources.own();
        let Some(declared) = self.declaration(named) else {
            return Err(format!("`{name}` is not declared in this file"));
        };
        let (number, file) = self.compiled.sources.file_of(declared);
        if number != 0 {
            return Err(format!("`{name}` is declared in {}: rename it there", file.name));
        }
        if own.is_yaml() && self.references_of(named.kind, name).is_empty() {
            return Err(format!("`{name}` stands in text with escapes: rename it by hand"));
        }
        Ok(())
    }

    /// The edits that give what stands at a byte the name `new`. The renamed file is checked before it is handed out: every place must
    /// still mean the same, and nothing new may be wrong. Err: why it cannot have this name.
    pub fn rename(&self, at: u32, new: &str, options: &Options<'_>) -> Result<Vec<Edit>, String> {
        let named = self.named_at(at).ok_or("there is no name here")?;
        self.renamable(&named)?;
        let mut letters = new.chars();
        let first = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if !first || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            return Err(format!("`{new}` is no name: letters, digits and underscores"));
        }
        let old = &named.path[0];
        if old == new {
            return Ok(Vec::new());
        }
        let taken = self
            .mentions
            .iter()
            .any(|mention| mention.declares && mention.kind == named.kind && mention.name() == new);
        if taken {
            return Err(format!("there is a `{new}` already"));
        }
        let is_library = tidegate_functions::find(new).is_some() || AGGREGATES.contains(&new);
        if named.kind == Kind::Function && is_library {
            return Err(format!("`{new}` is a function of the language"));
        }
        let own = self.compiled.sources.own();
        let mut edits: Vec<Edit> = Vec::new();
        for span in self.references_of(named.kind, old) {
            if self.compiled.sources.file_of(span).0 != 0 {
                return Err(format!("`{old}` is used in another file: rename it by hand"));
            }
            let is_alias = self.mentions.iter().any(|mention| mention.span == span && mention.is_alias);
            // The rows of a join are named after its table: that name stays.
            let text = if is_alias && !own.is_yaml() { format!("{new} as {old}") } else { new.to_owned() };
            edits.push(Edit { span, text });
        }
        edits.sort_by_key(|edit| edit.span);
        self.means_the_same(&named, new, &edits, options)?;
        Ok(edits)
    }

    fn means_the_same(
        &self,
        named: &Named,
        new: &str,
        edits: &[Edit],
        options: &Options<'_>,
    ) -> Result<(), String> {
        let own = self.compiled.sources.own();
        let mut text = String::new();
        let mut expected = Vec::new();
        let mut last = 0;
        for edit in edits {
            let range = own.range(edit.span);
            text.push_str(&own.text[last..range.start]);
            expected.push(Span::new(text.len(), text.len() + new.len()));
            text.push_str(&edit.text);
            last = range.end;
        }
        text.push_str(&own.text[last..]);
        let renamed = Analysis::new(&SourceFile::new(own.name.clone(), text), options);
        let mut found = renamed.references_of(named.kind, new);
        found.sort();
        let wrong = |analysis: &Analysis| {
            analysis.compiled.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count()
        };
        let told = |analysis: &Analysis| analysis.compiled.diagnostics.clone();
        if wrong(&renamed) > wrong(self) {
            let known: Vec<String> = told(self).into_iter().map(|diagnostic| diagnostic.message).collect();
            let new_error = told(&renamed)
                .into_iter()
                .filter(Diagnostic::is_error)
                .find(|diagnostic| !known.contains(&diagnostic.message));
            let why = new_error.map_or_else(String::new, |diagnostic| format!(": {}", diagnostic.message));
            return Err(format!("with the name `{new}` the file would be wrong{why}"));
        }
        if found != expected {
            return Err(format!("`{new}` means something else in a place where it is used"));
        }
        Ok(())
    }
}
