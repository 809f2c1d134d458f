//! `http(…)`: rows that are sent to an address.

use super::{Flow, Lowerer};
use crate::ast::{ConnectorRef, Expr, ExprKind as Ast, Name, SinkDecl};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use tidegate_model::plan::{HttpMethod, HttpSink, JsonFormat, NodeKind, Retry, RetryBudget};
use tidegate_model::{ScalarType, Span, Value};

const ATTEMPTS_MAX: i64 = 1_000;
const TIMEOUT: Span = Span::from_secs(30);
/// A delivery waits for its answers before another process takes over; brokers wait for 60 s.
const TIMEOUT_MAX: Span = Span::from_secs(45);
const METHODS: [(&str, HttpMethod); 3] =
    [("post", HttpMethod::Post), ("put", HttpMethod::Put), ("patch", HttpMethod::Patch)];
/// Set by the engine for each request.
const OWN_HEADERS: [&str; 6] =
    ["content-length", "content-type", "host", "idempotency-key", "transfer-encoding", "connection"];

impl Lowerer<'_> {
    pub(super) fn http_sink(
        &mut self,
        decl: &SinkDecl,
        connector: &ConnectorRef,
        flow: &Flow,
    ) -> Option<NodeKind> {
        self.takes(connector)?;
        let url = self.url(connector)?;
        if flow.is_table {
            let stream = &decl.stream.node;
            let message = format!("`{stream}` is a table, and `http` sends events");
            self.diagnostics.push(
                Diagnostic::error(codes::SINK_TARGET, decl.stream.span, message)
                    .here("its rows are deleted, too, which a request would not tell")
                    .note(format!("send its changes: `stream … = {stream} |> changes`")),
            );
            return None;
        }
        let method = match self.option(connector, "method") {
            Some(method) => self.method(method)?,
            None => HttpMethod::Post,
        };
        let headers = match self.option(connector, "headers") {
            Some(headers) => self.headers(headers)?,
            None => Vec::new(),
        };
        let timeout = match self.option(connector, "timeout") {
            Some(timeout) => self.timeout(timeout)?,
            None => TIMEOUT,
        };
        let retry = match self.option(connector, "retry") {
            Some(retry) => self.retry(retry)?,
            None => Retry::default(),
        };
        let failed = connector.routes.iter().find(|(name, _)| name.node == "failed");
        let failed = self.route(failed.map(|(_, topic)| topic));
        let key = flow.key.clone().or_else(|| flow.partitioned.clone()).unwrap_or_default();
        let format = JsonFormat::default();
        Some(NodeKind::HttpSink(HttpSink { url, method, headers, timeout, key, retry, failed, format }))
    }

    fn method(&mut self, given: &Expr) -> Option<HttpMethod> {
        let word = match &given.node {
            Ast::Path(path) if path.len() == 1 => path[0].as_str(),
            Ast::String(text) => text.as_str(),
            _ => "",
        };
        let found = METHODS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        if found.is_none() {
            self.error(codes::CONNECTOR, given.span, "this is `post`, `put` or `patch`");
        }
        Some(found?.1)
    }

    fn timeout(&mut self, given: &Expr) -> Option<Span> {
        let Value::Duration(micros) = self.constant(given, ScalarType::Duration)? else { return None };
        let timeout = Span::from_micros(micros);
        if micros <= 0 || timeout > TIMEOUT_MAX {
            self.error(
                codes::CONNECTOR,
                given.span,
                format!("an answer is waited for between 1ms and {TIMEOUT_MAX}"),
            );
            return None;
        }
        Some(timeout)
    }

    /// `{ "Authorization": "Bearer ${env:CRM_TOKEN}" }`
    fn headers(&mut self, given: &Expr) -> Option<Vec<(String, String)>> {
        let example = "for example `{ \"Authorization\": \"Bearer ${env:CRM_TOKEN}\" }`";
        let Ast::Map(entries) = &given.node else {
            let message = "`headers` is a map of texts";
            self.diagnostics.push(Diagnostic::error(codes::CONNECTOR, given.span, message).note(example));
            return None;
        };
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in entries {
            let (Ast::String(header), Ast::String(text)) = (&name.node, &value.node) else {
                let message = "a header is a text for its name and a text for its value";
                self.diagnostics.push(Diagnostic::error(codes::CONNECTOR, name.span, message).note(example));
                return None;
            };
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte);
            let problem = if header.is_empty() || !header.bytes().all(is_token) {
                Some(format!("{header:?} cannot be the name of a header"))
            } else if OWN_HEADERS.contains(&header.to_ascii_lowercase().as_str()) {
                Some(format!("`{header}` is set for each request by the engine"))
            } else if headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(header)) {
                Some(format!("`{header}` is there twice"))
            } else if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
                Some(format!("the value of `{header}` is more than a line"))
            } else {
                None
            };
            if let Some(problem) = problem {
                self.error(codes::CONNECTOR, name.span, problem);
                return None;
            }
            headers.push((header.clone(), text.clone()));
        }
        Some(headers)
    }

    /// `exponential(1s, 5m, 10)`: the first pause, the longest one, how many attempts or for how long.
    fn retry(&mut self, expr: &Expr) -> Option<Retry> {
        let note = "`exponential(1s, 5m, 10)`: the first pause, which doubles up to the longest one, and how many attempts; or for how long: `exponential(1s, 5m, 1h)`; or neither: until it is taken";
        let wrong =
            Diagnostic::error(codes::CONNECTOR, expr.span, "`retry` says how attempts are spread").note(note);
        let Ast::Call(Name { node: word, .. }, arguments) = &expr.node else {
            self.diagnostics.push(wrong);
            return None;
        };
        let kinds: Vec<&Ast> = arguments.iter().map(|argument| &argument.node).collect();
        let (first, most, budget) = match &kinds[..] {
            [Ast::Duration(first), Ast::Duration(most)] => (*first, *most, RetryBudget::Unlimited),
            [Ast::Duration(first), Ast::Duration(most), Ast::Int(attempts)] => {
                if !(1..=ATTEMPTS_MAX).contains(attempts) {
                    let message = format!("from 1 to {ATTEMPTS_MAX} attempts are made");
                    self.error(codes::CONNECTOR, arguments[2].span, message);
                    return None;
                }
                (*first, *most, RetryBudget::Attempts(*attempts as u32))
            }
            [Ast::Duration(first), Ast::Duration(most), Ast::Duration(time)] if *time > 0 => {
                (*first, *most, RetryBudget::Time(Span::from_micros(*time)))
            }
            _ => {
                self.diagnostics.push(wrong);
                return None;
            }
        };
        if word != "exponential" {
            let diagnostic = match did_you_mean(word, ["exponential"]) {
                Some(meant) => wrong.here(format!("did you mean `{meant}`?")),
                None => wrong,
            };
            self.diagnostics.push(diagnostic);
            return None;
        }
        if first <= 0 || most < first {
            let message = "the first pause is more than zero, and no longer than the longest";
            self.error(codes::CONNECTOR, expr.span, message);
            return None;
        }
        Some(Retry { first: Span::from_micros(first), most: Span::from_micros(most), budget })
    }
}
