//! Another name for what is declared: what may be renamed, to what, and the places in the files of one topology. Whoever asks puts the
//! places of all topologies together, and tries the renamed files before they are handed out.

use super::mention::Kind;
use super::{Analysis, Named};
use crate::check::aggregate::AGGREGATES;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Text in place of a range of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// A declared name, as it stands somewhere.
#[derive(Clone, PartialEq, Debug)]
pub struct DeclaredName {
    /// Where it stands.
    pub span: Span,
    pub kind: Kind,
    pub name: String,
    /// Where it is declared, which may be in another file.
    pub declared: Span,
}

impl Analysis {
    /// The declared name at a byte. None: there is none, or it is that of a field.
    pub fn declared_name_at(&self, at: u32) -> Option<DeclaredName> {
        let named = self.named_at(at)?;
        if named.kind == Kind::Value {
            return None;
        }
        let declared = self.declaration(&named)?;
        let Named { span, kind, path, .. } = named;
        Some(DeclaredName { span, kind, name: path[0].clone(), declared })
    }

    /// The name at a byte, if it can be given another; else why not.
    pub fn renamable_at(&self, at: u32) -> Result<DeclaredName, String> {
        let named = self.named_at(at).ok_or("there is no name here")?;
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
        let found = self.declared_name_at(at).ok_or(format!("`{name}` is not declared in this file"))?;
        if self.compiled.sources.own().is_yaml() && self.places_of(found.kind, name).is_empty() {
            return Err(format!("`{name}` stands in text with escapes: rename it by hand"));
        }
        Ok(found)
    }

    /// Where a name of this kind is declared in the topology.
    pub fn declaration_of(&self, kind: Kind, name: &str) -> Option<Span> {
        let declares =
            |mention: &&super::Mention| mention.declares && mention.kind == kind && *mention.name() == *name;
        self.mentions.iter().find(declares).map(|mention| mention.span)
    }

    /// Why nothing of this kind can have the name `new` in this topology.
    pub fn may_be_named(&self, kind: Kind, new: &str) -> Result<(), String> {
        let mut letters = new.chars();
        let first = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if !first || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            return Err(format!("`{new}` is no name: letters, digits and underscores"));
        }
        if self.declaration_of(kind, new).is_some() {
            return Err(format!("there is a `{new}` already"));
        }
        let is_library = tidegate_functions::find(new).is_some() || AGGREGATES.contains(&new);
        if kind == Kind::Function && is_library {
            return Err(format!("`{new}` is a function of the language"));
        }
        Ok(())
    }

    /// The edits that give what is named `old` the name `new`, in all files of the topology.
    pub fn renamed(&self, kind: Kind, old: &str, new: &str) -> Vec<Edit> {
        let edit = |span: Span| {
            let is_alias = self.mentions.iter().any(|mention| mention.span == span && mention.is_alias);
            let is_yaml = self.compiled.sources.file_of(span).1.is_yaml();
            // The rows of a join are named after its table: that name stays.
            let text = if is_alias && !is_yaml { format!("{new} as {old}") } else { new.to_owned() };
            Edit { span, text }
        };
        self.places_of(kind, old).into_iter().map(edit).collect()
    }

    /// What is wrong here and was not wrong in `before`.
    pub fn new_error(&self, before: &Analysis) -> Option<&Diagnostic> {
        let errors = |analysis: &'_ Analysis| {
            analysis.compiled.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count()
        };
        if errors(self) <= errors(before) {
            return None;
        }
        let known = |message: &str| {
            before.compiled.diagnostics.iter().any(|diagnostic| diagnostic.message == message)
        };
        let mut wrong = self.compiled.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        wrong.clone().find(|diagnostic| !known(&diagnostic.message)).or_else(|| wrong.next())
    }
}
