//! Looks whether brokers and topics keep what the topology promises.

mod facts;
mod rules;

use crate::admin::AdminError;
use crate::settings::Settings;
use tidegate_model::plan::Plan;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// It works, and something that one may count on is not so.
    Warning,
    /// The topology does not run so, or loses what it must keep.
    Error,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub level: Level,
    /// A topic, or `the brokers`.
    pub about: String,
    pub what: String,
    /// What to do.
    pub mend: String,
}

/// What was looked at, and what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub brokers: usize,
    /// The topology's topics that are there, internal ones included.
    pub topics: usize,
    /// What could not be looked at, for example for want of rights.
    pub unseen: Vec<String>,
    pub findings: Vec<Finding>,
}

/// Changes nothing.
pub fn examine(plan: &Plan, settings: &Settings) -> Result<Report, AdminError> {
    let facts = facts::gather(plan, settings)?;
    let mut findings = rules::findings(plan, settings, &facts);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Ok(Report {
        brokers: facts.brokers,
        topics: facts.topics.keys().filter(|name| !facts::is_kafkas_own(name)).count(),
        unseen: facts.unseen,
        findings,
    })
}
