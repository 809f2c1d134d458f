//! What stands here: types, keys, meanings.

use super::mention::Kind;
use super::{Analysis, Named, keyword};
use crate::ast::{FieldDecl, TypeExpr, TypeKind};
use crate::check::aggregate::AGGREGATES;
use crate::facts::Fact;
use crate::source::Span;
use std::fmt::Write;

/// Markdown, and the place that it speaks of.
#[derive(Clone, PartialEq, Debug)]
pub struct Hover {
    pub span: Span,
    pub markdown: String,
}

/// Fields are shown one a line up to so many, and the rest is counted.
const FIELDS_MAX: usize = 40;

impl Analysis {
    /// What is known of the name, word or expression at a byte.
    pub fn hover(&self, at: u32) -> Option<Hover> {
        if let Some((span, file)) = self.used_file_at(at) {
            return Some(Hover { span, markdown: super::used::about(file) });
        }
        if let Some(named) = self.named_at(at)
            && let Some(markdown) = self.about(&named)
        {
            return Some(Hover { span: named.span, markdown });
        }
        if let Some((span, word)) = self.word_at(at)
            && let Some((form, meaning)) = keyword::meaning(word)
            && !self.inside_expression(span)
        {
            return Some(Hover { span, markdown: format!("{}{meaning}", code(form)) });
        }
        self.value_at(at)
    }

    fn about(&self, named: &Named) -> Option<String> {
        let name = &named.path[0];
        match named.kind {
            Kind::Flow => self.flow(name),
            Kind::Type => self.declared_type(name),
            Kind::Function => self.function(name),
            Kind::Param => {
                let decl = self.topology.params.iter().find(|decl| decl.name.node == *name)?;
                let (ty, value) = (self.ty(&decl.ty), self.text(decl.value.span));
                Some(code(&format!("param {name}: {ty} = {value}")))
            }
            Kind::Topology => Some(format!(
                "The topology `{name}`: its stores, internal topics and consumer group are named after it."
            )),
            Kind::Value => self.field(named),
        }
    }

    /// A path's name, with the type that the check found.
    fn field(&self, named: &Named) -> Option<String> {
        let whole = self.mentions[named.mention].span;
        let types = self.facts.iter().find_map(|fact| match fact {
            Fact::Path { span, types, .. } if *span == whole => Some(types),
            _ => None,
        })?;
        let ty = types.get(named.path.len() - 1)?;
        Some(code(&format!("{}: {ty}", named.path.join("."))))
    }

    fn flow(&self, name: &str) -> Option<String> {
        let word = self.flow_word(name);
        let found = self.facts.iter().find_map(|fact| match fact {
            Fact::Flow { name: known, fields, key, partitioned } if known == name => {
                Some((fields, key, partitioned))
            }
            _ => None,
        });
        let Some((fields, key, partitioned)) = found else {
            // Something is wrong with it, and is told as a diagnostic.
            return word.map(|word| code(&format!("{word} {name}")));
        };
        let mut text = format!("{} {name} {{\n", word.unwrap_or("stream"));
        for (field, ty) in fields.iter().take(FIELDS_MAX) {
            let _ = writeln!(text, "  {field}: {ty}");
        }
        if fields.len() > FIELDS_MAX {
            let _ = writeln!(text, "  … and {} more", fields.len() - FIELDS_MAX);
        }
        let mut markdown = code(&format!("{text}}}"));
        if let Some(key) = key {
            let _ = writeln!(markdown, "Its key is `{key}`.");
        }
        match partitioned {
            Some(columns) if key.as_ref() != Some(columns) => {
                let _ = writeln!(markdown, "It is partitioned by `{columns}`.");
            }
            Some(_) => {}
            None => markdown.push_str("By what it is partitioned is not known.\n"),
        }
        Some(markdown)
    }

    fn flow_word(&self, name: &str) -> Option<&'static str> {
        let topology = &self.topology;
        if topology.sources.iter().any(|decl| decl.name.node == name) {
            return Some("source");
        }
        if topology.tables.iter().any(|decl| decl.name.node == name) {
            return Some("table");
        }
        let stream = topology.streams.iter().find(|decl| decl.name.node == name);
        match stream {
            Some(stream) if stream.is_table => Some("table"),
            Some(_) => Some("stream"),
            None => topology
                .streams
                .iter()
                .flat_map(crate::walk::branches)
                .any(|arm| arm.node == name)
                .then_some("stream"),
        }
    }

    fn declared_type(&self, name: &str) -> Option<String> {
        let decl = self.topology.types.iter().find(|decl| decl.name.node == name)?;
        if let TypeKind::Enum(variants) = &decl.body.node {
            let variants: Vec<&str> = variants.iter().map(|variant| self.text(variant.span)).collect();
            return Some(code(&format!("enum {name} {{ {} }}", variants.join(", "))));
        }
        Some(code(&format!("type {name} {}", self.ty(&decl.body))))
    }

    fn function(&self, name: &str) -> Option<String> {
        if let Some(decl) = self.topology.functions.iter().find(|decl| decl.name.node == name) {
            let arguments = self.fields(&decl.arguments);
            return Some(code(&format!("fn {name}({arguments}) -> {}", self.ty(&decl.result))));
        }
        if let Some(function) = tidegate_functions::find(name) {
            let page = tidegate_functions::page(function);
            let (signature, rest) = page.split_once("\n\n").unwrap_or((&page, ""));
            let (meaning, rest) = rest.split_once('\n').unwrap_or((rest, ""));
            return Some(format!("{}{meaning}\n\n```text\n{}\n```\n", code(signature), rest.trim()));
        }
        AGGREGATES.contains(&name).then(|| {
            format!(
                "`{name}` looks at many events: it stands in `aggregate {{ … }}` and `rolling … {{ … }}`."
            )
        })
    }

    /// A type as the text form writes it, whichever spelling the file is in.
    fn ty(&self, ty: &TypeExpr) -> String {
        match &ty.node {
            TypeKind::Record(fields) => format!("{{ {} }}", self.fields(fields)),
            TypeKind::Nullable(inner) => format!("{}?", self.ty(inner)),
            _ => self.text(ty.span).to_owned(),
        }
    }

    fn fields(&self, fields: &[FieldDecl]) -> String {
        let fields: Vec<String> =
            fields.iter().map(|field| format!("{}: {}", field.name.node, self.ty(&field.ty))).collect();
        fields.join(", ")
    }

    /// The smallest expression around a byte, with its type.
    fn value_at(&self, at: u32) -> Option<Hover> {
        let values = self.facts.iter().filter_map(|fact| match fact {
            Fact::Value { span, ty } if span.start <= at && at < span.end => Some((*span, ty)),
            _ => None,
        });
        let (span, ty) = values.min_by_key(|(span, _)| span.end - span.start)?;
        (ty != "unknown").then(|| Hover { span, markdown: code(ty) })
    }

    fn inside_expression(&self, span: Span) -> bool {
        self.facts.iter().any(|fact| match fact {
            Fact::Value { span: value, .. } => value.start <= span.start && span.end <= value.end,
            _ => false,
        })
    }

    fn word_at(&self, at: u32) -> Option<(Span, &str)> {
        let text = &self.compiled.sources.own().text;
        let at = at as usize;
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let start = text
            .get(..at)?
            .rfind(|c| !part(c))
            .map_or(0, |before| before + text[before..].chars().next().map_or(1, char::len_utf8));
        let end = text[at..].find(|c| !part(c)).map_or(text.len(), |length| at + length);
        (start < end).then(|| (Span::new(start, end), &text[start..end]))
    }
}

fn code(text: &str) -> String {
    format!("```tide\n{text}\n```\n")
}
