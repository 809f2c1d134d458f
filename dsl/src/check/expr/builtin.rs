//! Calls of the library's functions: arguments are brought to the types that the function takes, and constants are tried out.

use super::Checker;
use super::fit::{cast, constant, widens};
use super::instead::instead;
use super::operator::common_with_literals;
use crate::check::typed::{Located, Typed, null_of};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use tidegate_functions::{BadArgument, Body, Call, CallSite, Form, Function, Gives, Nulls, Parameter, Takes};
use tidegate_model::ScalarType;
use tidegate_model::expr::{Expr, ExprKind, can_cast};

impl Checker<'_> {
    pub(super) fn builtin(
        &mut self,
        function: &'static Function,
        arguments: Vec<Located>,
        span: Span,
    ) -> Typed {
        if !self.has_right_number(function, arguments.len(), span) {
            return Typed::Wrong;
        }
        if let Body::Form(Form::Coalesce) = function.body {
            return self.first_not_null(arguments);
        }
        let spans: Vec<Span> = arguments.iter().map(|argument| argument.span).collect();
        let Some(generic) = self.generic_type(function, &arguments) else { return Typed::Wrong };
        let of_date = self.takes_date(function, &arguments);
        if of_date && !self.has_no_zone(function, &spans) {
            return Typed::Wrong;
        }
        let mut exprs = Vec::new();
        for (place, argument) in arguments.into_iter().enumerate() {
            let parameter = function.parameter(place).expect("their number is right");
            match self.argument(function, parameter, argument, generic) {
                Some(expr) => exprs.push(expr),
                None => return Typed::Wrong,
            }
        }
        let ty = match function.result_type(&CallSite::new(&exprs), generic) {
            Ok(ty) => ty,
            Err(bad) => return self.bad_constant(function, bad, &spans),
        };
        if let Body::Form(Form::Cast) = function.body {
            return self.cast_form(exprs.swap_remove(0), ty, spans[0]);
        }
        // The engine prepares the call again where it runs; here it is tried out, so that what is wrong is told with its place.
        if let Err(bad) = Call::new(function, &exprs, ty) {
            return self.bad_constant(function, bad, &spans);
        }
        let nullable = match function.nulls {
            Nulls::Contagious => exprs.iter().any(|expr| expr.nullable),
            Nulls::MayGiveNull => true,
            Nulls::Handled { gives } => gives,
        };
        let call = Expr { ty, nullable, kind: ExprKind::Call(function.name, exprs) };
        let gives_date = of_date && matches!(function.gives, Gives::SameDay);
        Typed::Scalar(if gives_date { cast(call, ScalarType::Date) } else { call })
    }

    /// Is a date given where a timestamp could be?
    fn takes_date(&self, function: &Function, arguments: &[Located]) -> bool {
        arguments.iter().enumerate().any(|(place, argument)| {
            let day = function.parameter(place).is_some_and(|parameter| parameter.takes == Takes::Day);
            day && matches!(&argument.value, Typed::Scalar(expr) if expr.ty == ScalarType::Date)
        })
    }

    /// A date is the same everywhere: a zone would move it to the day before.
    fn has_no_zone(&mut self, function: &Function, spans: &[Span]) -> bool {
        let zone = function.parameters.iter().position(|parameter| parameter.name == "zone");
        let Some(span) = zone.and_then(|zone| spans.get(zone)) else { return true };
        self.diagnostics.push(
            Diagnostic::error(codes::BAD_ARGUMENTS, *span, "a date has no time zone").note(
                "leave the zone away; or take the timestamp that the date was made of, which has a day in each zone",
            ),
        );
        false
    }

    fn has_right_number(&mut self, function: &Function, given: usize, span: Span) -> bool {
        let most = (!function.parameters.last().is_some_and(|last| last.repeated))
            .then_some(function.parameters.len());
        let least = function.required();
        if given >= least && most.is_none_or(|most| given <= most) {
            return true;
        }
        let takes = match most {
            None => format!("at least {least}"),
            Some(most) if most == least => most.to_string(),
            Some(most) => format!("{least} to {most}"),
        };
        let plural = if takes == "1" { "" } else { "s" };
        let message = format!("`{}` takes {takes} argument{plural}, and is given {given}", function.name);
        let mut diagnostic = Diagnostic::error(codes::BAD_ARGUMENTS, span, message);
        if function.name == "decimal" && given == 3 {
            diagnostic = diagnostic.note(
                "it always has 38 digits: say only how many stand behind the point, as in `decimal(x, 4)`",
            );
        }
        self.diagnostics.push(diagnostic.note(usage(function)));
        false
    }

    fn first_not_null(&mut self, arguments: Vec<Located>) -> Typed {
        let mut arguments = arguments.into_iter();
        let mut first = arguments.next().expect("there is at least one");
        for next in arguments {
            let span = first.span.to(next.span);
            first = Located { value: self.coalesce(first, next), span };
        }
        first.value
    }

    /// The one type of all generic arguments; the inner None: the function has no generic parameter. The outer: it was told why not.
    fn generic_type(&mut self, function: &Function, arguments: &[Located]) -> Option<Option<ScalarType>> {
        let mut common: Option<(ScalarType, bool, Span)> = None;
        let mut generic: Option<&Located> = None;
        for (place, argument) in arguments.iter().enumerate() {
            let parameter = function.parameter(place).expect("their number is right");
            if !parameter.takes.is_generic() {
                continue;
            }
            generic = generic.or(Some(argument));
            let expr = match &argument.value {
                Typed::Null => continue,
                Typed::Scalar(expr) if parameter.takes.accepts(expr.ty) => expr,
                _ => {
                    self.mistyped(function, parameter, argument);
                    return None;
                }
            };
            let literal = matches!(expr.kind, ExprKind::Const(_));
            common = Some(match common {
                None => (expr.ty, literal, argument.span),
                Some((before, before_literal, before_span)) => {
                    let Some(both) = common_with_literals((before, before_literal), (expr.ty, literal))
                    else {
                        let message = format!("{before} and {} do not go together", expr.ty);
                        self.diagnostics.push(
                            Diagnostic::error(codes::BAD_ARGUMENTS, argument.span, message)
                                .here(format!("this is {}", expr.ty))
                                .because(before_span, format!("this is {before}"))
                                .note(usage(function)),
                        );
                        return None;
                    };
                    (both, before_literal && literal, before_span)
                }
            });
        }
        match (common, generic) {
            (Some((ty, _, _)), _) => Some(Some(ty)),
            (None, None) => Some(None),
            (None, Some(null)) => {
                let message = format!("`{}` cannot tell of which type this null is", function.name);
                self.diagnostics
                    .push(Diagnostic::error(codes::BAD_ARGUMENTS, null.span, message).note(usage(function)));
                None
            }
        }
    }

    /// One argument as the type that its parameter takes.
    fn argument(
        &mut self,
        function: &Function,
        parameter: &Parameter,
        argument: Located,
        generic: Option<ScalarType>,
    ) -> Option<Expr> {
        let target = parameter.takes.concrete().or(generic)?;
        let expr = match &argument.value {
            Typed::Null => null_of(target),
            Typed::Scalar(expr) => match constant(expr, target) {
                Some(value) => Expr::constant(value, target),
                None if expr.ty == target || widens(expr.ty, target) => cast(expr.clone(), target),
                None if parameter.takes == Takes::Day && expr.ty == ScalarType::Date => {
                    cast(expr.clone(), target)
                }
                None => {
                    self.mistyped(function, parameter, &argument);
                    return None;
                }
            },
            _ => {
                self.mistyped(function, parameter, &argument);
                return None;
            }
        };
        let is_constant = matches!(&expr.kind, ExprKind::Const(value) if !value.is_null());
        if parameter.constant && !is_constant {
            let message = format!(
                "`{}` of `{}` must be a constant: a literal or a param",
                parameter.name, function.name
            );
            self.diagnostics.push(
                Diagnostic::error(codes::BAD_ARGUMENTS, argument.span, message)
                    .here("this may differ from event to event")
                    .note(usage(function)),
            );
            return None;
        }
        Some(expr)
    }

    fn mistyped(&mut self, function: &Function, parameter: &Parameter, argument: &Located) {
        let given = argument.value.describe();
        let needed = parameter.takes.described();
        let message = format!("`{}` of `{}` must be {needed}, not {given}", parameter.name, function.name);
        let mut diagnostic =
            Diagnostic::error(codes::BAD_ARGUMENTS, argument.span, message).here(format!("this is {given}"));
        if let (Typed::Scalar(expr), Some(target)) = (&argument.value, parameter.takes.concrete()) {
            diagnostic = diagnostic.instead(argument.span, instead(target, expr));
        }
        self.diagnostics.push(diagnostic.note(usage(function)));
    }

    fn cast_form(&mut self, value: Expr, ty: ScalarType, span: Span) -> Typed {
        if can_cast(value.ty, ty) {
            return Typed::Scalar(cast(value, ty));
        }
        let mut diagnostic =
            Diagnostic::error(codes::BAD_ARGUMENTS, span, format!("{} cannot become {ty}", value.ty));
        if let (ScalarType::Int, ScalarType::Float | ScalarType::Decimal { .. }) = (ty, value.ty) {
            diagnostic = diagnostic.note("say how it is rounded: `floor(…)`, `ceil(…)` or `round(…)`");
        }
        self.diagnostics.push(diagnostic);
        Typed::Wrong
    }

    fn bad_constant(&mut self, function: &Function, bad: BadArgument, spans: &[Span]) -> Typed {
        let mut diagnostic = Diagnostic::error(codes::BAD_CONSTANT, spans[bad.argument], bad.message);
        diagnostic = diagnostic.note(bad.note.unwrap_or_else(|| usage(function)));
        self.diagnostics.push(diagnostic);
        Typed::Wrong
    }
}

fn usage(function: &Function) -> String {
    format!("it is used as `{}`; `tidegate explain {}` shows examples", function.signature(), function.name)
}
