//! Params, and other values that are known before anything runs: plain ones, and `env("NAME", default)`.

use super::declared::{Environment, Types, twice};
use super::expr::{Checker, Globals};
use super::from_outside::{how_to_write, parse};
use super::typed::{Located, Type, Typed, null_of};
use crate::ast::{self, Topology};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::facts::Facts;
use crate::placeholder::placeholders;
use crate::source::{Sources, Span};
use std::collections::BTreeMap;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{EnumType, ScalarType, Value};

/// What is given from outside.
pub(crate) struct Given<'a> {
    pub(crate) environment: Environment<'a>,
    pub(crate) params: &'a [GivenParam],
    pub(crate) facts: Facts,
}

/// A param's value from the command line. It stands in no file of the topology, and is shown as what was written there.
pub(crate) struct GivenParam {
    name: ast::Name,
    value: ast::Name,
}

impl GivenParam {
    /// None: there is no room for its place.
    pub(crate) fn new(name: &str, value: &str, sources: &mut Sources) -> Option<GivenParam> {
        let file = sources.add("--param".to_owned(), format!("{name}={value}"))?;
        let equals = name.len();
        let place = |start, end| file.place(Span::new(start, end));
        Some(GivenParam {
            name: ast::Spanned::new(name.to_owned(), place(0, equals)),
            value: ast::Spanned::new(value.to_owned(), place(equals + 1, file.text.len())),
        })
    }
}

pub(super) fn params<'a>(
    topology: &'a Topology,
    types: &mut Types<'a>,
    globals: &mut Globals,
    given: &Given<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut places: BTreeMap<&str, Span> = BTreeMap::new();
    for param in &topology.params {
        if let Some(before) = places.insert(&param.name.node, param.name.span) {
            diagnostics.push(twice("param", &param.name, before));
            continue;
        }
        let ty = types.resolve(&param.ty, diagnostics);
        let value = param_value(param, &ty, &globals.enums, given, diagnostics).unwrap_or(Typed::Wrong);
        globals.params.insert(param.name.node.clone(), value);
    }
    let names: Vec<&str> = globals.params.keys().map(String::as_str).collect();
    for name in
        given.params.iter().map(|param| &param.name).filter(|name| !names.contains(&name.node.as_str()))
    {
        let message = format!("the topology has no param `{}`", name.node);
        let diagnostic = Diagnostic::error(codes::PARAM, name.span, message);
        diagnostics.push(match did_you_mean(&name.node, names.iter().copied()) {
            Some(meant) => diagnostic.here(format!("did you mean `{meant}`?")),
            None if names.is_empty() => diagnostic.note("it declares none: `param NAME: TYPE = VALUE`"),
            None => diagnostic.note(format!("it has {}", super::expr::list(&names))),
        });
    }
}

fn param_value(
    param: &ast::ParamDecl,
    ty: &Type,
    enums: &BTreeMap<String, &'static EnumType>,
    given: &Given<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Typed> {
    let Type::Scalar { ty: scalar, nullable } = ty else {
        if *ty != Type::Wrong {
            diagnostics.push(Diagnostic::error(codes::PARAM, param.ty.span, "a param is a single value"));
        }
        return None;
    };
    let typed = |value: Value| match value {
        Value::Null => Typed::Scalar(null_of(*scalar)),
        value => Typed::Scalar(Expr::constant(value, *scalar)),
    };
    if let Some(GivenParam { value, .. }) =
        given.params.iter().find(|given| given.name.node == param.name.node)
    {
        let parsed = parse(&value.node, *scalar);
        if parsed.is_none() {
            let message =
                format!("the param `{}` is given as {:?}, which is no {scalar}", param.name.node, value.node);
            let diagnostic =
                Diagnostic::error(codes::PARAM, value.span, message).because(param.ty.span, "its type");
            diagnostics.push(noted(diagnostic, how_to_write(*scalar)));
        }
        return parsed.map(typed);
    }
    let wanted = Wanted { ty: *scalar, nullable: *nullable, place: Some(param.ty.span), what: "a param" };
    let known = Globals { enums: enums.clone(), ..Globals::default() };
    constant_of(&param.value, &wanted, &known, given.environment, diagnostics).map(typed)
}

/// A value that is known before anything runs: a plain one, a param, or `env("NAME", default)`.
pub(crate) fn constant(
    expr: &ast::Expr,
    ty: ScalarType,
    place: Option<Span>,
    globals: &Globals,
    environment: Environment<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let wanted = Wanted { ty, nullable: false, place, what: "this" };
    constant_of(expr, &wanted, globals, environment, diagnostics)
}

struct Wanted {
    ty: ScalarType,
    nullable: bool,
    /// Where the type was declared.
    place: Option<Span>,
    what: &'static str,
}

fn constant_of(
    expr: &ast::Expr,
    wanted: &Wanted,
    globals: &Globals,
    environment: Environment<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let mut given = expr;
    if let ast::ExprKind::Call(name, arguments) = &expr.node
        && name.node == "env"
    {
        let (variable, default) = match &arguments[..] {
            [ast::Spanned { node: ast::ExprKind::String(variable), .. }] => (variable, None),
            [ast::Spanned { node: ast::ExprKind::String(variable), .. }, default] => {
                (variable, Some(default))
            }
            _ => {
                diagnostics.push(
                    Diagnostic::error(
                        codes::BAD_ARGUMENTS,
                        expr.span,
                        "`env` takes the name of a variable, and a default",
                    )
                    .note("for example `env(\"MAX_PER_5M\", 5)`"),
                );
                return None;
            }
        };
        match (environment(variable), default) {
            (Some(text), _) => {
                let value = parse(&text, wanted.ty);
                if value.is_none() {
                    let message =
                        format!("the environment variable {variable} is {text:?}, which is no {}", wanted.ty);
                    let diagnostic = Diagnostic::error(codes::PARAM, expr.span, message);
                    diagnostics.push(noted(diagnostic, how_to_write(wanted.ty)));
                }
                return value;
            }
            (None, Some(default)) => given = default,
            (None, None) => {
                let message =
                    format!("the environment variable {variable} is not set, and there is no default");
                let note = format!("set it, or give a default: `env(\"{variable}\", …)`");
                diagnostics.push(Diagnostic::error(codes::PARAM, expr.span, message).note(note));
                return None;
            }
        }
    }
    if let Some(diagnostic) = shell_variable(given, wanted.ty) {
        diagnostics.push(diagnostic);
        return None;
    }
    let mut checker = Checker::new(globals, diagnostics, None);
    let value = Located { value: checker.check(given), span: given.span };
    let ty = Type::Scalar { ty: wanted.ty, nullable: wanted.nullable };
    match checker.fit(value, &ty, wanted.place)? {
        Typed::Scalar(Expr { kind: ExprKind::Const(value), .. }) => Some(value),
        _ => {
            let message = format!("{} is a plain value, or `env(…)`", wanted.what);
            diagnostics.push(Diagnostic::error(codes::PARAM, given.span, message));
            None
        }
    }
}

/// `"${NAME:-5}"`, as shells and Compose write a value of the environment.
fn shell_variable(given: &ast::Expr, ty: ScalarType) -> Option<Diagnostic> {
    let ast::ExprKind::String(text) = &given.node else { return None };
    let places = placeholders(text);
    let place = places.iter().find(|place| place.variable().is_some())?;
    let (name, default) = place.variable()?;
    let call = match default {
        None => format!("env(\"{name}\")"),
        Some(default) if ty == ScalarType::String => format!("env(\"{name}\", {default:?})"),
        Some(default) => format!("env(\"{name}\", {default})"),
    };
    let message = format!("`{}` is not read from the environment", place.whole);
    let diagnostic = Diagnostic::error(codes::PARAM, given.span, message)
        .note(format!("a value of the environment is `{call}`, with no quotes around it"));
    Some(if place.whole == text { diagnostic.mended_by(given.span, call) } else { diagnostic })
}

fn noted(diagnostic: Diagnostic, note: Option<&str>) -> Diagnostic {
    match note {
        Some(note) => diagnostic.note(note),
        None => diagnostic,
    }
}
