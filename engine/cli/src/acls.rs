//! The rights that a topology needs, as lines for Kafka's own tool.

use std::fmt::Write;
use tidegate_engine::rights::{Resource, Right};

/// One line for each resource; `principal` as in `User:fraud`.
pub fn commands(rights: &[Right], principal: &str) -> String {
    let mut text = String::new();
    for right in rights {
        let resource = match right.resource {
            Resource::Topic => "--topic",
            Resource::Group => "--group",
            Resource::TransactionalId => "--transactional-id",
        };
        let operations: String =
            right.operations.iter().map(|operation| format!(" --operation {operation:?}")).collect();
        let pattern = if right.prefixed { " --resource-pattern-type prefixed" } else { "" };
        let _ = writeln!(
            text,
            "kafka-acls.sh --bootstrap-server \"$BROKERS\" --add --allow-principal {}{operations} {resource} {}{pattern}",
            quoted(principal),
            quoted(&right.name)
        );
    }
    text
}

/// For a shell.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:=,".contains(&byte);
    if text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
