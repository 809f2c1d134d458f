//! Calls: of the built-in functions, and of the file's own, which are put in place.

use super::fit::cast;
use super::{Checker, FunctionDef};
use crate::ast;
use crate::check::function::{AGGREGATES, FUNCTIONS, SPECIAL};
use crate::check::typed::{Located, RecordValue, Type, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::Span;
use tidegate_model::ScalarType;
use tidegate_model::expr::{Expr, ExprKind};

impl Checker<'_> {
    pub(super) fn call(&mut self, name: &ast::Name, arguments: &[ast::Expr], span: Span) -> Typed {
        if self.globals.functions.contains_key(&name.node) {
            return self.inline(name, arguments);
        }
        if AGGREGATES.contains(&name.node.as_str()) {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::AGGREGATE_PLACE,
                    name.span,
                    format!("`{}` looks at many events, and this place has one", name.node),
                )
                .note(
                    "it stands in `aggregate { … }` or `rolling … { … }`, alone on the right side of a field",
                ),
            );
            return Typed::Wrong;
        }
        let located: Vec<Located> = arguments.iter().map(|argument| self.located(argument)).collect();
        if located.iter().any(|argument| argument.value == Typed::Wrong) {
            return Typed::Wrong;
        }
        if SPECIAL.contains(&name.node.as_str()) {
            return self.special(name, located, span);
        }
        let Some(signature) = FUNCTIONS.iter().find(|signature| signature.name == name.node) else {
            let names = FUNCTIONS.iter().map(|signature| signature.name).chain(SPECIAL);
            let names = names.chain(self.globals.functions.keys().map(String::as_str));
            let mut diagnostic = Diagnostic::error(
                codes::UNKNOWN_NAME,
                name.span,
                format!("there is no function `{}`", name.node),
            );
            if let Some(meant) = did_you_mean(&name.node, names) {
                diagnostic = diagnostic.meant(&meant);
            }
            self.diagnostics.push(diagnostic);
            return Typed::Wrong;
        };
        let takes: Vec<&str> = signature.takes.iter().map(|takes| takes.name()).collect();
        let usage = format!("`{}` takes ({})", signature.name, takes.join(", "));
        if located.len() != signature.takes.len() {
            let message = format!("{usage}, and is given {}", located.len());
            return self.error(codes::BAD_ARGUMENTS, span, message);
        }
        let mut exprs = Vec::new();
        for (argument, takes) in located.into_iter().zip(signature.takes) {
            match argument.value {
                Typed::Scalar(expr) if takes.accepts(expr.ty) => exprs.push(expr),
                other => {
                    let message = format!("{usage}, and this is {}", other.describe());
                    return self.error(codes::BAD_ARGUMENTS, argument.span, message);
                }
            }
        }
        let ty = signature.gives.ty(exprs.first().map(|expr| expr.ty));
        let nullable = exprs.iter().any(|expr| expr.nullable);
        Typed::Scalar(Expr { ty, nullable, kind: ExprKind::Call(signature.function, exprs) })
    }

    pub(super) fn special(&mut self, name: &ast::Name, arguments: Vec<Located>, span: Span) -> Typed {
        if name.node == "coalesce" {
            let mut arguments = arguments.into_iter();
            let Some(mut first) = arguments.next() else {
                return self.error(codes::BAD_ARGUMENTS, span, "`coalesce` takes at least one value");
            };
            for next in arguments {
                let span = first.span.to(next.span);
                first = Located { value: self.coalesce(first, next), span };
            }
            return first.value;
        }
        let to = match name.node.as_str() {
            "int" => ScalarType::Int,
            "float" => ScalarType::Float,
            "string" => ScalarType::String,
            _ => ScalarType::Timestamp,
        };
        match &arguments[..] {
            [Located { value: Typed::Scalar(expr), .. }] if tidegate_model::expr::can_cast(expr.ty, to) => {
                Typed::Scalar(cast(expr.clone(), to))
            }
            [only] => {
                let message = format!("{} cannot become {to}", only.value.describe());
                self.error(codes::BAD_ARGUMENTS, only.span, message)
            }
            _ => self.error(codes::BAD_ARGUMENTS, span, format!("`{}` takes one value", name.node)),
        }
    }

    /// Puts a function of the file in place of its call.
    pub(super) fn inline(&mut self, name: &ast::Name, arguments: &[ast::Expr]) -> Typed {
        let globals = self.globals;
        let function = &globals.functions[&name.node];
        if self.inside.contains(&name.node) {
            self.diagnostics.push(
                Diagnostic::error(codes::CYCLE, name.span, format!("`{}` calls itself", name.node))
                    .because(function.decl.name.span, "declared here"),
            );
            return Typed::Wrong;
        }
        if arguments.len() != function.arguments.len() {
            let message = format!(
                "`{}` takes {} arguments, and is given {}",
                name.node,
                function.arguments.len(),
                arguments.len()
            );
            self.diagnostics.push(
                Diagnostic::error(codes::BAD_ARGUMENTS, name.span, message)
                    .because(function.decl.name.span, "declared here"),
            );
            return Typed::Wrong;
        }
        let mut locals = Vec::new();
        for (argument, (local, ty)) in arguments.iter().zip(&function.arguments) {
            let mut value = self.located(argument);
            if let (Typed::Record(record), Type::Record { fields, .. }) = (&mut value.value, ty) {
                // An event may have more fields than the function asks for.
                record.fields.retain(|(name, _)| fields.iter().any(|(field, _)| field == name));
            }
            let declared = function.decl.arguments.iter().find(|decl| decl.name.node == *local);
            let place = declared.map_or(name.span, |decl| decl.ty.span);
            match self.fit(value, ty, Some(place)) {
                Some(value) => locals.push((local.clone(), value)),
                None => return Typed::Wrong,
            }
        }
        let outer = std::mem::replace(&mut self.locals, locals);
        self.inside.push(name.node.clone());
        let told = self.diagnostics.len();
        let value = self.located(&function.decl.body);
        let value = self.fit(value, &function.result, Some(function.decl.result.span));
        // What is wrong with the body is told where it is declared; only a cycle shows first from here.
        let cycles =
            self.diagnostics.split_off(told).into_iter().filter(|diagnostic| diagnostic.code == codes::CYCLE);
        self.diagnostics.extend(cycles);
        self.inside.pop();
        self.locals = outer;
        value.unwrap_or(Typed::Wrong)
    }

    /// Checks a function's body by itself, with arguments of its declared types.
    pub(crate) fn body(&mut self, function: &FunctionDef) {
        let mut next = 0;
        self.locals =
            function.arguments.iter().map(|(name, ty)| (name.clone(), sample(ty, &mut next))).collect();
        self.inside.push(function.decl.name.node.clone());
        let value = self.located(&function.decl.body);
        self.fit(value, &function.result, Some(function.decl.result.span));
        self.inside.pop();
        self.locals.clear();
    }
}

/// A value of a type about which nothing else is known.
pub(super) fn sample(ty: &Type, next: &mut usize) -> Typed {
    let mut column = |ty, nullable| {
        *next += 1;
        Expr::column(*next - 1, ty, nullable)
    };
    match ty {
        Type::Scalar { ty, nullable } => Typed::Scalar(column(*ty, *nullable)),
        Type::Record { fields, nullable } => {
            let presence = nullable.then(|| column(ScalarType::Bool, false));
            let fields = fields.iter().map(|(name, ty)| (name.clone(), sample(ty, next))).collect();
            Typed::Record(RecordValue { fields, presence })
        }
        Type::Wrong => Typed::Wrong,
    }
}
