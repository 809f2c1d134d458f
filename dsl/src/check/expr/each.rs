//! Functions that take `x => …`: what they take and give, and how their parameters are checked.

use super::Checker;
use super::fit::cast;
use super::operator::common_type;
use crate::ast::{self, ExprKind as Ast};
use crate::check::typed::{Located, Typed, typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use tidegate_model::expr::{Each, EachFunction, Expr, ExprKind, Parameter};
use tidegate_model::{Element, ScalarType};

/// Each with how it is called.
const EACH: [(EachFunction, &str); 9] = [
    (EachFunction::Map, "map(list, x => …)"),
    (EachFunction::Filter, "filter(list, x => condition)"),
    (EachFunction::Any, "any(list, x => condition)"),
    (EachFunction::All, "all(list, x => condition)"),
    (EachFunction::Find, "find(list, x => condition)"),
    (EachFunction::CountIf, "count_if(list, x => condition)"),
    (EachFunction::Reduce, "reduce(list, start, (so_far, x) => …)"),
    (EachFunction::SortBy, "sort_by(list, x => …)"),
    (EachFunction::MapValues, "map_values(map, v => …)"),
];

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    EACH.iter().map(|(function, _)| function.name())
}

impl Checker<'_> {
    pub(super) fn stray_lambda(&mut self, span: Span) -> Typed {
        let names: Vec<&str> = names().collect();
        self.diagnostics.push(
            Diagnostic::error(codes::LAMBDA, span, "`x => …` is no value")
                .note(format!("it is the last argument of {}", super::list(&names))),
        );
        Typed::Wrong
    }

    /// None: it is no call of these functions.
    pub(super) fn each_call(
        &mut self,
        name: &ast::Name,
        arguments: &[ast::Expr],
        span: Span,
    ) -> Option<Typed> {
        let (function, usage) = *EACH.iter().find(|(known, _)| known.name() == name.node)?;
        let value = self.each(function, usage, arguments, span);
        Some(value.map_or(Typed::Wrong, typed))
    }

    fn each(
        &mut self,
        function: EachFunction,
        usage: &str,
        arguments: &[ast::Expr],
        span: Span,
    ) -> Option<Expr> {
        let (list, start, names, body) = match (function, arguments) {
            (EachFunction::Reduce, [list, start, ast::Spanned { node: Ast::Lambda(names, body), .. }])
                if names.len() == 2 =>
            {
                (list, Some(start), names, body)
            }
            (EachFunction::Reduce, _) => return self.usage(usage, span),
            (_, [list, ast::Spanned { node: Ast::Lambda(names, body), .. }]) if names.len() == 1 => {
                (list, None, names, body)
            }
            _ => return self.usage(usage, span),
        };
        let over = self.scalar(list)?;
        let element = match (over.ty, function) {
            (ScalarType::Map(map), EachFunction::MapValues) => map.value,
            (ScalarType::List(element), function) if function != EachFunction::MapValues => *element,
            (ty, _) => {
                let mut diagnostic = Diagnostic::error(
                    codes::BAD_ARGUMENTS,
                    list.span,
                    format!("`{usage}` is given {ty} here"),
                );
                if let ScalarType::Map(_) = ty {
                    diagnostic = diagnostic.note(
                        "a map goes as a list: `entries(…)` has records of `key` and `value`; there are `keys(…)` and `values(…)`",
                    );
                }
                self.diagnostics.push(diagnostic);
                return None;
            }
        };
        let nullable = over.nullable;
        let parameters: Vec<Parameter> = names.iter().map(|name| self.parameter(&name.node)).collect();
        if let ([so_far, parameter], Some(start)) = (&parameters[..], start) {
            let start = self.located(start);
            return self.reduce(over, (parameter.clone(), element), (so_far.clone(), start), body);
        }
        let parameter = parameters.into_iter().next()?;
        let (body_span, body) = (body.span, self.body_of(&[(&parameter, element)], body)?);
        let is_condition =
            !matches!(function, EachFunction::Map | EachFunction::SortBy | EachFunction::MapValues);
        if is_condition && body.ty != ScalarType::Bool {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::TYPE_MISMATCH,
                    body_span,
                    format!("a condition is needed here, not {}", body.ty),
                )
                .here("this must be a bool, such as `x.amount > 10`"),
            );
            return None;
        }
        if function == EachFunction::SortBy && !body.ty.has_order() {
            self.error(codes::TYPE_MISMATCH, body_span, format!("{} has no order to sort by", body.ty));
            return None;
        }
        let (ty, nullable) = match (function, over.ty) {
            (EachFunction::Map, _) => (ScalarType::list(body.ty, body.nullable), nullable),
            (EachFunction::Any | EachFunction::All, _) => (ScalarType::Bool, nullable),
            (EachFunction::Find, _) => (element.ty, true),
            (EachFunction::CountIf, _) => (ScalarType::Int, nullable),
            (EachFunction::MapValues, ScalarType::Map(map)) => {
                (ScalarType::map(map.key, body.ty, body.nullable), nullable)
            }
            (_, ty) => (ty, nullable),
        };
        let call = Each { function, over, element: parameter, so_far: None, body };
        Some(Expr { ty, nullable, kind: ExprKind::Each(Box::new(call)) })
    }

    fn usage<T>(&mut self, usage: &str, span: Span) -> Option<T> {
        self.error(codes::BAD_ARGUMENTS, span, format!("this function is called `{usage}`"));
        None
    }

    fn parameter(&mut self, name: &str) -> Parameter {
        self.parameters += 1;
        Parameter { number: self.parameters, name: name.into() }
    }

    /// The body, with parameters of these types.
    fn body_of(&mut self, parameters: &[(&Parameter, Element)], body: &ast::Expr) -> Option<Expr> {
        for (parameter, element) in parameters {
            let kind = ExprKind::Local((*parameter).clone());
            let value = Expr { ty: element.ty, nullable: element.nullable, kind };
            self.locals.push((parameter.name.to_string(), typed(value)));
        }
        let value = self.located(body);
        self.locals.truncate(self.locals.len() - parameters.len());
        self.infer(value)
    }

    /// What it has so far may become wider by the body (an int that decimals are added to): its type is where this comes to rest.
    fn reduce(
        &mut self,
        over: Expr,
        (parameter, element): (Parameter, Element),
        (so_far_parameter, start): (Parameter, Located),
        body: &ast::Expr,
    ) -> Option<Expr> {
        const ROUNDS_MAX: usize = 4;
        let (start_span, name) = (start.span, so_far_parameter.name.clone());
        let start = self.infer(start)?;
        let mut so_far = Element { ty: start.ty, nullable: start.nullable };
        for _ in 0..ROUNDS_MAX {
            let told = self.diagnostics.len();
            let parameters = [(&so_far_parameter, so_far), (&parameter, element)];
            let made = self.body_of(&parameters, body)?;
            let Some(ty) = common_type(so_far.ty, made.ty) else {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::TYPE_MISMATCH,
                        body.span,
                        format!("this gives {}, and `{name}` is {}", made.ty, so_far.ty),
                    )
                    .because(start_span, "it begins with this"),
                );
                return None;
            };
            let wider = Element { ty, nullable: so_far.nullable || made.nullable };
            if wider == so_far {
                let nullable = over.nullable || so_far.nullable;
                let call = Each {
                    function: EachFunction::Reduce,
                    over,
                    element: parameter,
                    so_far: Some((so_far_parameter, cast(start, ty))),
                    body: cast(made, ty),
                };
                return Some(Expr { ty, nullable, kind: ExprKind::Each(Box::new(call)) });
            }
            self.diagnostics.truncate(told);
            so_far = wider;
        }
        self.diagnostics.push(
            Diagnostic::error(
                codes::TYPE_MISMATCH,
                body.span,
                format!("`{name}` would have more digits behind the point at each step"),
            )
            .because(start_span, "it begins with this")
            .note("bring the result to one type: `float(…)`, or `round` it to an int"),
        );
        None
    }
}
