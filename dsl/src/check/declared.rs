//! What a file declares besides streams: types, functions, and (see `param.rs`) params.

use super::expr::{Checker, FunctionDef, Globals};
use super::param::{Given, params};
use super::typed::Type;
use crate::ast::{self, Topology, TypeExpr, TypeKind};
use crate::diagnostic::{Code, Diagnostic, codes, did_you_mean};
use crate::parse::habit::elsewhere;
use crate::source::Span;
use std::collections::BTreeMap;
use tidegate_model::nested::{self, TYPE_DEPTH_MAX};
use tidegate_model::{EnumType, ScalarType};

/// Looks up an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

const BUILT_IN: [(&str, ScalarType); 9] = [
    ("bool", ScalarType::Bool),
    ("int", ScalarType::Int),
    ("float", ScalarType::Float),
    ("string", ScalarType::String),
    ("timestamp", ScalarType::Timestamp),
    ("duration", ScalarType::Duration),
    ("bytes", ScalarType::Bytes),
    ("date", ScalarType::Date),
    ("uuid", ScalarType::Uuid),
];

/// The names of types that need no declaration.
pub(crate) fn type_names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).chain(["decimal"])
}

/// The declared types, resolved as they are asked for.
pub(crate) struct Types<'a> {
    declared: BTreeMap<&'a str, &'a ast::TypeDecl>,
    /// Those that are being resolved just now: one that is met again is made of itself.
    inside: Vec<&'a str>,
    /// Fields that the type which is being resolved has so far, those of the types inside of it included.
    fields: usize,
    /// That a type is too deep or too large was told.
    told: bool,
}

/// Types inside of types.
const DECLARED_DEPTH_MAX: usize = 32;
const FIELDS_MAX: usize = 2_000;

impl<'a> Types<'a> {
    pub(crate) fn new(topology: &'a Topology, diagnostics: &mut Vec<Diagnostic>) -> Types<'a> {
        let mut declared: BTreeMap<&str, &ast::TypeDecl> = BTreeMap::new();
        for decl in &topology.types {
            if let Some(before) = declared.insert(&decl.name.node, decl) {
                diagnostics.push(twice("type", &decl.name, before.name.span));
            }
        }
        Types { declared, inside: Vec::new(), fields: 0, told: false }
    }

    /// Resolves every declared type once, so that each mistake is told though nothing uses the type.
    pub(crate) fn check_all(&mut self, topology: &'a Topology, diagnostics: &mut Vec<Diagnostic>) {
        for decl in &topology.types {
            let name = decl.name.node.as_str();
            if BUILT_IN.iter().any(|(known, _)| *known == name) || name == "decimal" {
                let message = format!("`{name}` is a type of the language");
                diagnostics.push(Diagnostic::error(codes::DUPLICATE_NAME, decl.name.span, message));
            }
            if let TypeKind::Enum(variants) = &decl.body.node {
                check_variants(variants, diagnostics);
                continue;
            }
            self.inside.push(name);
            self.fields = 0;
            self.resolve(&decl.body, diagnostics);
            self.inside.pop();
        }
    }

    pub(crate) fn resolve(&mut self, expr: &'a TypeExpr, diagnostics: &mut Vec<Diagnostic>) -> Type {
        if self.inside.is_empty() {
            self.fields = 0;
        }
        match &expr.node {
            TypeKind::Decimal { precision, scale } => Type::Scalar {
                ty: ScalarType::Decimal { precision: *precision, scale: *scale },
                nullable: false,
            },
            TypeKind::Nullable(inner) => self.resolve(inner, diagnostics).nullable(),
            TypeKind::List(element) => {
                let element = self.resolve(element, diagnostics);
                self.nested(&element, expr.span, ScalarType::list, diagnostics)
            }
            TypeKind::Braced(field) => match self.map_key(&field.name.node) {
                Some(key) => {
                    let value = self.resolve(&field.ty, diagnostics);
                    let map = |ty, nullable| ScalarType::map(key, ty, nullable);
                    self.nested(&value, expr.span, map, diagnostics)
                }
                None => {
                    let ty = self.resolve(&field.ty, diagnostics);
                    Type::Record { fields: vec![(field.name.node.clone(), ty)], nullable: false }
                }
            },
            TypeKind::Enum(_) => panic!("an enum is resolved by its name"),
            TypeKind::Record(fields) => {
                let mut resolved: Vec<(String, Type)> = Vec::new();
                let mut places: BTreeMap<&str, Span> = BTreeMap::new();
                for field in fields {
                    if let Some(before) = places.insert(&field.name.node, field.name.span) {
                        diagnostics.push(twice("field", &field.name, before));
                        continue;
                    }
                    self.fields += 1;
                    if self.fields > FIELDS_MAX {
                        let message = format!(
                            "with the types inside of it this type has more than {FIELDS_MAX} fields"
                        );
                        return self.too_much(codes::TOO_LARGE, expr.span, message, diagnostics);
                    }
                    resolved.push((field.name.node.clone(), self.resolve(&field.ty, diagnostics)));
                }
                Type::Record { fields: resolved, nullable: false }
            }
            TypeKind::Named(name) => self.named(name, expr.span, diagnostics),
        }
    }

    /// A list or map of `inner`.
    fn nested(
        &mut self,
        inner: &Type,
        span: Span,
        make: impl Fn(ScalarType, bool) -> ScalarType,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Type {
        let Some(element) = inner.element() else { return Type::Wrong };
        let ty = make(element.ty, element.nullable);
        if ty.depth() > TYPE_DEPTH_MAX {
            diagnostics.push(
                Diagnostic::error(
                    codes::TOO_DEEP,
                    span,
                    format!("this type has more than {TYPE_DEPTH_MAX} levels of lists, maps and records"),
                )
                .note("read the inner part as its own source, or leave it away: fields that are not declared are passed over"),
            );
            return Type::Wrong;
        }
        Type::Scalar { ty, nullable: false }
    }

    /// The type of a map's keys, if the name in its braces is one that can be.
    fn map_key(&self, name: &str) -> Option<ScalarType> {
        match name {
            "string" => Some(ScalarType::String),
            "int" => Some(ScalarType::Int),
            "date" => Some(ScalarType::Date),
            "uuid" => Some(ScalarType::Uuid),
            _ => self.enumeration(name).map(ScalarType::Enum),
        }
    }

    /// A declared enum.
    fn enumeration(&self, name: &str) -> Option<&'static EnumType> {
        let decl = self.declared.get(name)?;
        let TypeKind::Enum(variants) = &decl.body.node else { return None };
        let variants = variants.iter().map(|variant| variant.node.clone()).collect();
        Some(nested::enumeration(EnumType { name: name.to_owned(), variants }))
    }

    /// Every declared enum by its name.
    pub(crate) fn enums(&self) -> BTreeMap<String, &'static EnumType> {
        let enums = self.declared.keys();
        enums.filter_map(|name| Some(((*name).to_owned(), self.enumeration(name)?))).collect()
    }

    fn named(&mut self, name: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Type {
        if let Some((_, ty)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Type::Scalar { ty: *ty, nullable: false };
        }
        if let Some(variants) = self.enumeration(name) {
            return Type::Scalar { ty: ScalarType::Enum(variants), nullable: false };
        }
        if let Some((declared, decl)) = self.declared.get_key_value(name).map(|(name, decl)| (*name, *decl)) {
            if self.inside.contains(&declared) {
                diagnostics.push(
                    Diagnostic::error(codes::CYCLE, span, format!("the type `{name}` contains itself"))
                        .because(decl.name.span, "declared here"),
                );
                return Type::Wrong;
            }
            if self.inside.len() >= DECLARED_DEPTH_MAX {
                let message = format!("more than {DECLARED_DEPTH_MAX} types inside of one another");
                return self.too_much(codes::TOO_DEEP, span, message, diagnostics);
            }
            self.inside.push(declared);
            // Its own mistakes were told where it is declared; how deep and large it becomes shows from here.
            let mut told = Vec::new();
            let ty = self.resolve(&decl.body, &mut told);
            self.inside.pop();
            let from_here =
                told.into_iter().filter(|told| matches!(told.code, codes::TOO_DEEP | codes::TOO_LARGE));
            diagnostics.extend(from_here);
            return ty;
        }
        let mut names: Vec<&str> = self.declared.keys().copied().collect();
        type_names().for_each(|built_in| names.push(built_in));
        let meant = match elsewhere::type_of(name) {
            Some(here) => Some(here.to_owned()),
            None => did_you_mean(name, names),
        };
        diagnostics.push(unknown(name, span, meant.as_deref()));
        match meant.as_deref() {
            // Whoever reads such a field is told nothing that follows from the type's name alone.
            Some(meant) if meant != name && meant != "decimal" => self.named(meant, span, &mut Vec::new()),
            _ if name == "decimal" || elsewhere::is_decimal(name) || meant.is_some() => MONEY,
            _ => Type::Wrong,
        }
    }
}

/// What a decimal is taken for that says no digits.
const MONEY: Type = Type::Scalar { ty: ScalarType::Decimal { precision: 18, scale: 2 }, nullable: false };

/// `meant`: the type that it was probably meant to be.
fn unknown(name: &str, span: Span, meant: Option<&str>) -> Diagnostic {
    if name == "decimal" {
        let message = "a decimal says how many digits it has, and how many of them stand behind the point";
        return Diagnostic::error(codes::UNKNOWN_TYPE, span, message).here("for money `decimal(18,2)`");
    }
    let diagnostic = Diagnostic::error(codes::UNKNOWN_TYPE, span, format!("there is no type `{name}`"));
    match (elsewhere::type_of(name), meant, elsewhere::type_note(name)) {
        (Some(here), ..) => diagnostic.here(format!("here it is called `{here}`")).instead_of(name, here),
        (None, Some(meant), _) => diagnostic.meant(meant),
        (None, None, Some(note)) => diagnostic.note(note),
        (None, None, None) => diagnostic.note(
            "built in are bool, int, float, decimal(p,s), string, timestamp, duration, date, uuid and bytes",
        ),
    }
}

impl Types<'_> {
    /// Told once: what is too much in one type is so in all that have it.
    fn too_much(
        &mut self,
        code: Code,
        span: Span,
        message: String,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Type {
        if !std::mem::replace(&mut self.told, true) {
            diagnostics.push(Diagnostic::error(code, span, message));
        }
        Type::Wrong
    }
}

/// An enum has at least one name, and each once.
fn check_variants(variants: &[ast::Name], diagnostics: &mut Vec<Diagnostic>) {
    let mut places: BTreeMap<&str, Span> = BTreeMap::new();
    for variant in variants {
        if let Some(before) = places.insert(&variant.node, variant.span) {
            diagnostics.push(twice("name", variant, before));
        }
    }
}

pub(crate) fn twice(what: &str, name: &ast::Name, before: Span) -> Diagnostic {
    Diagnostic::error(
        codes::DUPLICATE_NAME,
        name.span,
        format!("the {what} `{}` is declared twice", name.node),
    )
    .because(before, "first here")
}

/// Params and functions, checked.
pub(crate) fn globals<'a>(
    topology: &'a Topology,
    types: &mut Types<'a>,
    given: &Given<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Globals {
    let mut globals = Globals { enums: types.enums(), facts: given.facts.clone(), ..Globals::default() };
    params(topology, types, &mut globals, given, diagnostics);
    let mut places: BTreeMap<&str, Span> = BTreeMap::new();
    for decl in &topology.functions {
        if let Some(before) = places.insert(&decl.name.node, decl.name.span) {
            diagnostics.push(twice("function", &decl.name, before));
            continue;
        }
        let arguments = decl
            .arguments
            .iter()
            .map(|field| (field.name.node.clone(), types.resolve(&field.ty, diagnostics)));
        let arguments = arguments.collect();
        let result = types.resolve(&decl.result, diagnostics);
        globals
            .functions
            .insert(decl.name.node.clone(), FunctionDef { decl: decl.clone(), arguments, result });
    }
    check_functions(&globals, diagnostics);
    globals
}

/// Each function is tried once with arguments of its declared types, so that a mistake in it is told once, and where it is.
fn check_functions(globals: &Globals, diagnostics: &mut Vec<Diagnostic>) {
    for function in globals.functions.values() {
        let mut found = Vec::new();
        Checker::new(globals, &mut found, None).body(function);
        diagnostics.extend(found);
    }
}
