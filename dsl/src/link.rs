//! `use "file" { … }`: what is named there, and what that is made of, becomes part of the topology.
//!
//! There is one set of names for the whole topology, since names are identity: a stream of another file keeps its store and its
//! topics whoever uses it. A name that comes from two files, or is also declared here, is told with both places. Sinks, served
//! tables and tests of a used file stay its own.

use crate::ast::{Name, Topology, UseDecl};
use crate::compile::parse_file;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::facts::{CURSOR, Fact, Facts};
use crate::files::{Files, beside};
use crate::source::{Sources, Span};
use crate::walk;
use std::collections::{BTreeMap, BTreeSet};

const FILES_MAX: usize = 64;

/// A kind of declaration with names of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Type,
    Param,
    Function,
    /// Sources, tables, streams and branches share one set of names.
    Flow,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Type => "type",
            Kind::Param => "param",
            Kind::Function => "function",
            Kind::Flow => "source, table or stream",
        }
    }
}

struct Linker<'a> {
    sources: &'a mut Sources,
    files: &'a dyn Files,
    facts: &'a Facts,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// Files that were read, each with all that it declares and uses. None: it is wrong, which was told.
    read: BTreeMap<String, Option<Topology>>,
    /// The files that are being read just now, with the place that names each.
    inside: Vec<(String, Span)>,
}

pub(crate) fn link(
    topology: &mut Topology,
    sources: &mut Sources,
    files: &dyn Files,
    facts: &Facts,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if topology.uses.is_empty() {
        return;
    }
    let own = sources.own().name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let start = topology.name.as_ref().map_or(Span::new(0, 0), |name| name.span);
    let (read, inside) = (BTreeMap::new(), vec![(own.clone(), start)]);
    let mut linker = Linker { sources, files, facts, diagnostics, read, inside };
    linker.resolve(&own, topology);
}

impl Linker<'_> {
    /// Brings in what the file `from` uses.
    fn resolve(&mut self, from: &str, topology: &mut Topology) {
        for decl in std::mem::take(&mut topology.uses) {
            let path = match beside(from, &decl.path.node) {
                Ok(path) => path,
                Err(why) => {
                    self.diagnostics.push(Diagnostic::error(codes::USE_FILE, decl.path.span, why));
                    continue;
                }
            };
            if let Some(used) = self.file(&path, &decl) {
                self.bring(topology, &used, &decl);
                self.read.insert(path, Some(used));
            }
        }
    }

    /// A used file with all that it itself uses. It is taken out, and is to be put back.
    fn file(&mut self, path: &str, decl: &UseDecl) -> Option<Topology> {
        if let Some(known) = self.read.get_mut(path) {
            return known.take();
        }
        let wrong = |message: String| Diagnostic::error(codes::USE_FILE, decl.path.span, message);
        if let Some(at) = self.inside.iter().position(|(file, _)| file == path) {
            let diagnostic = wrong(format!("`{path}` uses itself"));
            let way: Vec<&str> =
                self.inside[at..].iter().map(|(file, _)| file.as_str()).chain([path]).collect();
            let diagnostic = match self.inside.get(at + 1) {
                Some((next, place)) => diagnostic.because(*place, format!("`{path}` uses `{next}` here")),
                None => diagnostic,
            };
            self.diagnostics.push(
                diagnostic
                    .note(format!("the way round: {}", way.join(" -> ")))
                    .note("put what both need into a file of its own"),
            );
            return None;
        }
        if self.sources.files().len() > FILES_MAX {
            self.diagnostics.push(Diagnostic::error(
                codes::TOO_LARGE,
                decl.path.span,
                format!("more than {FILES_MAX} files are used"),
            ));
            return None;
        }
        let text = match self.files.read(path) {
            Ok(text) => text,
            Err(why) => {
                self.diagnostics.push(wrong(format!("`{path}` cannot be read: {why}")));
                return None;
            }
        };
        let folder = match self.sources.own().name.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => String::new(),
        };
        let Some(file) = self.sources.add(format!("{folder}{path}"), text) else {
            self.diagnostics.push(wrong("the files together are too large".to_owned()));
            return None;
        };
        let (mut used, told) = parse_file(&file);
        let broken = told.iter().any(Diagnostic::is_error);
        self.diagnostics.extend(told);
        self.inside.push((path.to_owned(), decl.path.span));
        self.resolve(path, &mut used);
        self.inside.pop();
        if broken {
            // Its mistakes were told; what it lacks because of them is not.
            self.read.insert(path.to_owned(), None);
            return None;
        }
        Some(used)
    }

    /// Copies the declarations that `decl` names, and those that they need.
    fn bring(&mut self, topology: &mut Topology, used: &Topology, decl: &UseDecl) {
        let mut wanted: BTreeSet<(Kind, String)> = BTreeSet::new();
        let mut waiting: Vec<(Kind, String, Span)> = Vec::new();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for name in &decl.names {
            if let Some(before) = seen.insert(&name.node, name.span) {
                self.diagnostics.push(
                    Diagnostic::error(codes::USE_NAME, name.span, format!("`{}` is named twice", name.node))
                        .because(before, "first here"),
                );
                continue;
            }
            let found: Vec<Kind> = names(used)
                .into_iter()
                .filter(|(_, declared)| declared.node == name.node)
                .map(|(kind, _)| kind)
                .collect();
            if found.is_empty() {
                self.unknown(used, decl, name);
            }
            waiting.extend(found.into_iter().map(|kind| (kind, name.node.clone(), name.span)));
        }
        while let Some((kind, name, because)) = waiting.pop() {
            if !wanted.insert((kind, name.clone())) {
                continue;
            }
            self.clash(topology, used, kind, &name, because);
            for (kind, needed) in needs(used, kind, &name) {
                waiting.push((kind, needed, because));
            }
        }
        let has = |kind: Kind, name: &Name| wanted.contains(&(kind, name.node.clone()));
        // A declaration that came by another way already is the same one.
        copy(&mut topology.types, &used.types, |decl| &decl.name, |decl| has(Kind::Type, &decl.name));
        copy(&mut topology.params, &used.params, |decl| &decl.name, |decl| has(Kind::Param, &decl.name));
        copy(
            &mut topology.functions,
            &used.functions,
            |decl| &decl.name,
            |decl| has(Kind::Function, &decl.name),
        );
        copy(&mut topology.sources, &used.sources, |decl| &decl.name, |decl| has(Kind::Flow, &decl.name));
        copy(&mut topology.tables, &used.tables, |decl| &decl.name, |decl| has(Kind::Flow, &decl.name));
        copy(
            &mut topology.streams,
            &used.streams,
            |decl| &decl.name,
            |decl| {
                has(Kind::Flow, &decl.name) || crate::walk::branches(decl).any(|name| has(Kind::Flow, name))
            },
        );
    }

    fn unknown(&mut self, used: &Topology, decl: &UseDecl, name: &Name) {
        if name.node == CURSOR {
            let free = |declared: &Name| decl.names.iter().all(|named| named.node != declared.node);
            let known = names(used).into_iter().filter(|(_, declared)| free(declared));
            self.facts.note(|| {
                Fact::Declared(known.map(|(kind, declared)| (kind, declared.node.clone())).collect())
            });
        }
        let message = format!("`{}` declares no `{}`", decl.path.node, name.node);
        let diagnostic = Diagnostic::error(codes::USE_NAME, name.span, message);
        let known = names(used);
        let known: Vec<&str> = known.iter().map(|(_, name)| name.node.as_str()).collect();
        self.diagnostics.push(match did_you_mean(&name.node, known.iter().copied()) {
            Some(meant) => diagnostic.meant(&meant),
            None if known.is_empty() => diagnostic.note("it declares nothing that can be used"),
            None => diagnostic.note(format!("it declares {}", crate::check::expr::list(&known))),
        });
    }

    /// A name that the topology has already, from somewhere else.
    fn clash(&mut self, topology: &Topology, used: &Topology, kind: Kind, name: &str, because: Span) {
        let place = |topology: &Topology| {
            let all = names(topology);
            let found = all.iter().find(|(other, declared)| *other == kind && declared.node == name);
            found.map(|(_, declared)| declared.span)
        };
        let (Some(here), Some(there)) = (place(topology), place(used)) else { return };
        if here == there {
            return;
        }
        let message = format!("the {} `{name}` is declared in two files", kind.word());
        self.diagnostics.push(
            Diagnostic::error(codes::USE_NAME, because, message)
                .here("brought in by this")
                .because(there, "declared here")
                .because(here, "and here")
                .note("a topology has one set of names: give one of them another name"),
        );
    }
}

fn copy<T: Clone>(to: &mut Vec<T>, from: &[T], name: impl Fn(&T) -> &Name, wanted: impl Fn(&T) -> bool) {
    for decl in from.iter().filter(|decl| wanted(decl)) {
        // One of the same place is the same declaration; one of another place was told.
        if to.iter().all(|known| name(known).node != name(decl).node) {
            to.push(decl.clone());
        }
    }
}

pub(crate) fn names(topology: &Topology) -> Vec<(Kind, &Name)> {
    let mut all: Vec<(Kind, &Name)> = Vec::new();
    all.extend(topology.types.iter().map(|decl| (Kind::Type, &decl.name)));
    all.extend(topology.params.iter().map(|decl| (Kind::Param, &decl.name)));
    all.extend(topology.functions.iter().map(|decl| (Kind::Function, &decl.name)));
    all.extend(topology.sources.iter().map(|decl| (Kind::Flow, &decl.name)));
    all.extend(topology.tables.iter().map(|decl| (Kind::Flow, &decl.name)));
    for decl in &topology.streams {
        all.push((Kind::Flow, &decl.name));
        all.extend(walk::branches(decl).map(|name| (Kind::Flow, name)));
    }
    all
}

/// What a declaration is made of, as far as its file declares it. An identifier that is a param's or a function's name counts
/// though it may be a field: too much is brought along then, never too little.
fn needs(topology: &Topology, kind: Kind, name: &str) -> Vec<(Kind, String)> {
    let mut words = walk::Words::default();
    match kind {
        Kind::Type => {
            topology.types.iter().filter(|decl| decl.name.node == name).for_each(|decl| words.ty(&decl.body));
        }
        Kind::Param => {
            for decl in topology.params.iter().filter(|decl| decl.name.node == name) {
                words.ty(&decl.ty);
                words.expr(&decl.value);
            }
        }
        Kind::Function => {
            for decl in topology.functions.iter().filter(|decl| decl.name.node == name) {
                decl.arguments.iter().for_each(|field| words.ty(&field.ty));
                words.ty(&decl.result);
                words.expr(&decl.body);
            }
        }
        Kind::Flow => {
            for decl in topology.sources.iter().filter(|decl| decl.name.node == name) {
                words.ty(&decl.ty);
                words.connector(&decl.from);
            }
            topology.tables.iter().filter(|decl| decl.name.node == name).for_each(|decl| words.ty(&decl.ty));
            let is = |decl: &&crate::ast::StreamDecl| {
                decl.name.node == name || walk::branches(decl).any(|branch| branch.node == name)
            };
            for decl in topology.streams.iter().filter(is) {
                words.stream(decl);
            }
        }
    }
    let declared: BTreeSet<(Kind, &str)> =
        names(topology).into_iter().map(|(kind, name)| (kind, name.node.as_str())).collect();
    let mut found = Vec::new();
    let lists = [
        (Kind::Type, &words.types),
        // An enum's value is written `Kind.name`.
        (Kind::Type, &words.names),
        (Kind::Param, &words.names),
        (Kind::Function, &words.calls),
        (Kind::Flow, &words.flows),
    ];
    for (kind, list) in lists {
        let known = list.iter().filter(|word| declared.contains(&(kind, word.as_str())));
        found.extend(known.map(|word| (kind, word.clone())));
    }
    found
}
