//! What a change of a topology does to what it has made so far: store by store, topic by topic, by name and layout.

use crate::layout;
use crate::needed::Needed;
use std::collections::BTreeMap;
use std::fmt;
use tidegate_model::plan::Plan;

/// What a topology keeps under names. From a plan, or read from what a run has left.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    pub topology: String,
    /// Layout by store; None: not known.
    pub stores: BTreeMap<String, Option<String>>,
    /// Layout by internal topic that is no changelog. None where only stores are known.
    pub repartitions: Option<BTreeMap<String, String>>,
    /// The topics that are read, and those that are written for the user. None where only stores are known.
    pub topics: Option<(Vec<String>, Vec<String>)>,
}

impl Kept {
    pub fn of(plan: &Plan) -> Kept {
        let needed = Needed::of(plan);
        let mut kept = Kept { topology: plan.topology.clone(), ..Kept::default() };
        let mut repartitions = BTreeMap::new();
        for node in &plan.nodes {
            if node.has_store() {
                kept.stores.insert(node.name.clone(), Some(layout::of_store(plan, &needed, node)));
            }
            if let Some(topic) = node.kind.internal_topic() {
                repartitions.insert(topic.to_owned(), layout::of_records(plan, &needed, node));
            }
        }
        kept.repartitions = Some(repartitions);
        let user = crate::topics::user_topics(plan);
        let (read, written): (Vec<_>, Vec<_>) = user.into_iter().partition(|topic| topic.read);
        let names =
            |topics: Vec<crate::topics::UserTopic>| topics.into_iter().map(|topic| topic.name).collect();
        kept.topics = Some((names(read), names(written)));
        kept
    }
}

/// Which store of a topology a changelog topic belongs to.
pub fn changelog_store<'a>(topology: &str, topic: &'a str) -> Option<&'a str> {
    topic.strip_prefix(topology)?.strip_prefix('.')?.strip_suffix("-changelog")
}

/// What becomes of one thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// It cannot be used as it is: `run` stops with these words.
    Refused,
    /// A topic that must have been read to its end before: `run` stops at a record of the old form.
    DrainFirst,
    /// It is made, and begins empty or at its beginning.
    New,
    /// Nobody uses it any more; it stays until somebody deletes it.
    LeftBehind,
    Kept,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fate::Refused => "refused",
            Fate::DrainFirst => "drain first",
            Fate::New => "new",
            Fate::LeftBehind => "left behind",
            Fate::Kept => "kept",
        })
    }
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Change {
    pub fate: Fate,
    /// `store counts.aggregate`
    pub what: String,
    pub why: String,
}

/// Every store and topic of both, those that are refused first.
pub fn changes(old: &Kept, new: &Kept) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut push = |fate, what: String, why: String| changes.push(Change { fate, what, why });
    if old.topology != new.topology {
        let why = format!(
            "stores, internal topics and the consumer group are named after it: {} begins anew, and what {} has made stays",
            new.topology, old.topology
        );
        push(Fate::New, format!("topology {}", new.topology), why);
    }
    let same_name = old.topology == new.topology;
    for (store, layout) in &new.stores {
        let layout = layout.as_deref().unwrap_or_default();
        let what = format!("store {store}");
        match old.stores.get(store).filter(|_| same_name) {
            Some(Some(found)) if found == layout => push(Fate::Kept, what, layout.to_owned()),
            Some(found) => {
                let found = found.as_deref().unwrap_or(layout::UNKNOWN);
                push(Fate::Refused, what, refusal(found, layout));
            }
            None => push(Fate::New, what, format!("{layout}; begins empty, at the committed offsets")),
        }
    }
    for store in old.stores.keys().filter(|store| !same_name || !new.stores.contains_key(*store)) {
        let topic = format!("{}.{store}-changelog", old.topology);
        push(Fate::LeftBehind, format!("store {store}"), format!("its changelog {topic} may be deleted"));
    }
    if let (Some(old), Some(new)) = (&old.repartitions, &new.repartitions) {
        for (topic, layout) in new {
            let what = format!("topic {topic}");
            match old.get(topic) {
                Some(found) if found == layout => push(Fate::Kept, what, layout.clone()),
                Some(found) => push(Fate::DrainFirst, what, drain(found, layout)),
                None => push(Fate::New, what, layout.clone()),
            }
        }
        for topic in old.keys().filter(|topic| !new.contains_key(*topic)) {
            let why =
                "its records that are not read yet are lost to the topology; afterwards it may be deleted";
            push(Fate::LeftBehind, format!("topic {topic}"), why.to_owned());
        }
    }
    if let (Some((old_read, old_written)), Some((read, written))) = (&old.topics, &new.topics) {
        let goes_on = same_name && read.iter().any(|topic| old_read.contains(topic));
        if same_name && !goes_on && new.stores.keys().any(|store| old.stores.contains_key(store)) {
            let why = "none of them was read before, so there are no offsets that the state belongs to: `run` stops; give the topology another name to begin anew";
            push(Fate::Refused, format!("inputs {}", read.join(", ")), why.to_owned());
        }
        for topic in read {
            match old_read.contains(topic) && same_name {
                true => {
                    push(Fate::Kept, format!("input {topic}"), "goes on at its committed offset".to_owned())
                }
                false => push(Fate::New, format!("input {topic}"), "read from its beginning".to_owned()),
            }
        }
        for topic in old_read.iter().filter(|topic| !read.contains(topic)) {
            push(Fate::LeftBehind, format!("input {topic}"), "not read any more".to_owned());
        }
        for topic in written.iter().filter(|topic| !old_written.contains(topic)) {
            push(Fate::New, format!("output {topic}"), "must be there before the run".to_owned());
        }
        for topic in old_written.iter().filter(|topic| !written.contains(topic)) {
            push(Fate::LeftBehind, format!("output {topic}"), "not written any more".to_owned());
        }
    }
    changes.sort_by_key(|change| change.fate);
    changes
}

/// Both forms of state that does not fit, and what to do.
pub fn refusal(found: &str, layout: &str) -> String {
    format!(
        "it was made by another topology:\n  it holds   {found}\n  it would be {layout}\n  go on with the topology that made it, or name the step anew (`as NAME`) to begin with empty state"
    )
}

fn drain(found: &str, layout: &str) -> String {
    format!(
        "its records change their form:\n  they are      {found}\n  they would be {layout}\n  stop what feeds the topology, let it read this topic to its end, and then change it"
    )
}
