//! What a test asks for by a name that is no stream's: a topic, or a name in quotes.

use crate::ast::Name;
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::Lowerer;

impl Lowerer<'_> {
    /// None: it is none of the topology's streams, and that was told.
    pub(super) fn is_no_topic(&mut self, asked: &Name) -> Option<()> {
        let name = &asked.node;
        let (_, file) = self.sources.file_of(asked.span);
        let in_quotes = !file.is_yaml() && file.text[file.range(asked.span)].starts_with('"');
        if self.declared().iter().any(|(_, declared)| declared.node == *name) {
            if !in_quotes {
                return Some(());
            }
            self.diagnostics.push(
                Diagnostic::error(codes::TEST, asked.span, "a stream is named without quotes")
                    .note(format!("write `{name}`"))
                    .mended_by(asked.span, name),
            );
            return None;
        }
        if let Some((sink, stream)) = self.written_to(name) {
            let message = format!("`{name}` is a topic, and a test asks for the rows of a stream");
            self.diagnostics.push(
                Diagnostic::error(codes::TEST, asked.span, message)
                    .because(sink, format!("`{stream}` is written to it"))
                    .note(format!("write `{stream}`"))
                    .mended_by(asked.span, stream),
            );
            return None;
        }
        if in_quotes || name.contains('.') {
            let names: Vec<&str> = self.declared().iter().map(|(_, name)| name.node.as_str()).collect();
            let note = format!("there is {}", crate::check::expr::list(&names));
            let message = format!("there is no stream `{name}`");
            self.diagnostics.push(Diagnostic::error(codes::UNKNOWN_NAME, asked.span, message).note(note));
            return None;
        }
        Some(())
    }

    /// The stream whose rows a sink writes to this topic, and where that is said.
    fn written_to(&self, topic: &str) -> Option<(crate::source::Span, String)> {
        let sink =
            self.topology.sinks.iter().find(
                |sink| matches!(&sink.to, crate::ast::Connector::Kafka(to) if to.topic.node == topic),
            )?;
        Some((sink.stream.span, sink.stream.node.clone()))
    }
}
