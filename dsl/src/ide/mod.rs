//! What an editor asks of a file: what stands here, where it is declared and used, what could stand here, another name for it.
//!
//! Places are those of [`Span`]; the protocol of editors is not known here (see `tidegate-lsp`).

mod complete;
mod hover;
mod keyword;
mod mention;
mod origin;
mod rename;
mod symbols;
mod used;

pub use complete::{Completion, CompletionKind, complete};
pub use hover::Hover;
pub use keyword::WORDS;
pub(crate) use keyword::meaning;
pub use mention::Kind;
pub use rename::{DeclaredName, Edit};
pub use symbols::{Symbol, SymbolKind};

use crate::ast::{Topology, TypeKind, UseDecl};
use crate::compile::{analyse, parse_file};
use crate::facts::{Fact, Facts, Means};
use crate::source::Span;
use crate::{Compiled, Options, SourceFile};
use mention::{Mention, mentions};
use origin::Origins;

/// A file as an editor knows it. It may be wrong in some places: the rest is known all the same.
pub struct Analysis {
    pub compiled: Compiled,
    topology: Topology,
    facts: Vec<Fact>,
    mentions: Vec<Mention>,
    /// The `use` declarations of the file, which linking takes out of the topology.
    uses: Vec<UseDecl>,
}

/// What stands at a place.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Named {
    /// Of the name alone, not of the whole path.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    /// The path up to this name; for all but fields one name.
    pub(crate) path: Vec<String>,
    mention: usize,
}

impl Analysis {
    pub fn new(file: &SourceFile, options: &Options<'_>) -> Analysis {
        let (compiled, topology, facts) = analyse(file, options, Facts::collecting());
        let uses: Vec<UseDecl> = parse_file(compiled.sources.own()).0.uses;
        let mentions = mentions(&topology, &uses);
        Analysis { compiled, topology, facts, mentions, uses }
    }

    fn text(&self, span: Span) -> &str {
        let (_, file) = self.compiled.sources.file_of(span);
        file.text.get(file.range(span)).unwrap_or_default()
    }

    /// What is mentioned at a byte of the topology's own file.
    pub(crate) fn named_at(&self, at: u32) -> Option<Named> {
        let touches = |span: Span| span.start <= at && at <= span.end;
        let found = self.mentions.iter().enumerate().filter(|(_, mention)| touches(mention.span));
        let (index, mention) = found.min_by_key(|(_, mention)| mention.span.end - mention.span.start)?;
        let mut start = mention.span.start;
        // A scalar of YAML with escapes is one place: there is no telling which of its names is meant.
        if self.text(mention.span) != mention.path.join(".") {
            return None;
        }
        for (number, name) in mention.path.iter().enumerate() {
            let span = Span { start, end: start + name.len() as u32 };
            if touches(span) {
                let kind = if number == 0 { self.kind_of(mention) } else { mention.kind };
                return Some(Named { span, kind, path: mention.path[..=number].to_vec(), mention: index });
            }
            start = span.end + 1;
        }
        None
    }

    /// The first name of a path is a param where the check says so, or where it could say nothing and no argument has this name.
    fn kind_of(&self, mention: &Mention) -> Kind {
        let is_enum = || {
            let named = self.topology.types.iter().find(|decl| decl.name.node == *mention.name());
            named.is_some_and(|decl| matches!(decl.body.node, TypeKind::Enum(_)))
        };
        if mention.kind == Kind::Function && is_enum() {
            // `Status("placed")` reads a value of the enum.
            return Kind::Type;
        }
        if mention.kind != Kind::Value {
            return mention.kind;
        }
        let checked = self.facts.iter().find_map(|fact| match fact {
            Fact::Path { span, means, .. } if *span == mention.span => Some(*means),
            _ => None,
        });
        if checked.is_none() && mention.path.len() > 1 && is_enum() {
            return Kind::Type;
        }
        let is_param = match checked {
            Some(means) => means == Means::Param,
            None => {
                let declared = self.topology.params.iter().any(|decl| decl.name.node == *mention.name());
                let argument = match mention.context {
                    mention::Context::Function(index) => self.topology.functions[index]
                        .arguments
                        .iter()
                        .any(|argument| argument.name.node == *mention.name()),
                    _ => false,
                };
                declared && !argument
            }
        };
        if is_param { Kind::Param } else { Kind::Value }
    }

    /// The place that declares what stands at a byte; of a used file's name its beginning.
    pub fn definition(&self, at: u32) -> Option<Span> {
        if let Some((_, file)) = self.used_file_at(at) {
            return Some(file.place(Span::new(0, 0)));
        }
        let named = self.named_at(at)?;
        self.declaration(&named)
    }

    fn declaration(&self, named: &Named) -> Option<Span> {
        if named.kind == Kind::Value {
            let mention = &self.mentions[named.mention];
            return match (&named.path[..], mention.local) {
                ([_], Some(local)) => Some(local),
                // The types of such values have no places.
                (_, Some(_)) => None,
                (path, None) => self
                    .variant_at(path, mention.span)
                    .or_else(|| Origins { topology: &self.topology }.of(path, mention.context)),
            };
        }
        self.declaration_of(named.kind, &named.path[0])
    }

    /// The value of an enum that a path names: `Status.paid`, or `paid` in a pattern, which no field and no param is.
    fn variant_at(&self, path: &[String], span: Span) -> Option<Span> {
        let (of, name) = match path {
            [of, name] => (&of[..], name),
            [name] => {
                let is_path = |fact: &Fact| matches!(fact, Fact::Path { span: known, .. } if *known == span);
                if self.facts.iter().any(is_path) {
                    return None;
                }
                let of = self.facts.iter().find_map(|fact| match fact {
                    Fact::Value { span: known, ty } if *known == span => Some(ty),
                    _ => None,
                })?;
                (&of[..], name)
            }
            _ => return None,
        };
        let decl = self.topology.types.iter().find(|decl| decl.name.node == of)?;
        let TypeKind::Enum(variants) = &decl.body.node else { return None };
        variants.iter().find(|variant| variant.node == *name).map(|variant| variant.span)
    }

    /// Every place where what stands at a byte is named, its declaration first. Empty: it is nothing that has a declaration.
    pub fn references(&self, at: u32) -> Vec<Span> {
        let Some(named) = self.named_at(at) else { return Vec::new() };
        if named.kind == Kind::Value { Vec::new() } else { self.places_of(named.kind, &named.path[0]) }
    }

    /// Every place in the files of the topology where something of this kind and name is named, its declaration first.
    pub fn places_of(&self, kind: Kind, name: &str) -> Vec<Span> {
        let mut found: Vec<&Mention> = self
            .mentions
            .iter()
            .filter(|mention| mention.name() == name && self.kind_of(mention) == kind)
            .collect();
        found.sort_by_key(|mention| (!mention.declares, mention.span));
        let first = |mention: &Mention| Span { end: mention.span.start + name.len() as u32, ..mention.span };
        found.dedup_by_key(|mention| mention.span);
        // A whole scalar of YAML has no place for a name inside of it.
        found.into_iter().map(first).filter(|span| self.text(*span) == name).collect()
    }
}
