//! Rights that are missing, named as the tools name them that give them.

/// What was to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    Create,
    DescribeConfigs,
    Read,
    Write,
    Delete,
    Join,
    Transact,
}

/// `about`: the topic, group or transactional id.
pub fn missing(want: Want, about: &str) -> String {
    format!(
        "{} is missing; `tidegate explain FILE --acls PRINCIPAL` says what the topology needs",
        right(want, about)
    )
}

/// The same for who sends back what was set aside.
pub fn missing_to_replay(want: Want, about: &str) -> String {
    format!(
        "{} is missing; `tidegate explain FILE --dlq-acls PRINCIPAL` says what `dlq` needs",
        right(want, about)
    )
}

fn right(want: Want, about: &str) -> String {
    let (right, kind) = match want {
        Want::Create => ("Create", "topic"),
        Want::DescribeConfigs => ("DescribeConfigs", "topic"),
        Want::Read => ("Read", "topic"),
        Want::Write => ("Write", "topic"),
        Want::Delete => ("Delete", "topic"),
        Want::Join => ("Read", "group"),
        Want::Transact => ("Write", "transactional id"),
    };
    format!("the right {right} on the {kind} {about}")
}
