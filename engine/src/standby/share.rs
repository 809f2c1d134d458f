//! Which tasks a worker would be given if other processes were gone.
//!
//! Kafka's range assignor makes the assignment a function of the members, so nobody has to agree on who keeps a copy of what. librdkafka sorts
//! members that have a static id by the id's bytes; each topic's partitions are given out in that order, as evenly as can be, the first
//! members one more. (It heeds racks where members name theirs, which Tidegate's do not.)

use std::collections::{BTreeMap, BTreeSet};
use tidegate_model::{PartitionId, SubtopologyId, TaskId};

/// Sets of processes that are thought gone, at most. What goes beyond is not prepared for.
const SETS_MAX: usize = 256;

/// The process of a member that is named `<process>-<number>`.
fn process_of(member: &str) -> Option<&str> {
    let (process, number) = member.rsplit_once('-')?;
    number.parse::<u32>().ok().map(|_| process)
}

/// The place of the member, in their order, that gets partition `partition` of a topic with `partitions` of them.
fn place(partition: u32, partitions: u32, members: u32) -> usize {
    let each = partitions / members;
    let more = partitions % members;
    let of_the_first = more * (each + 1);
    let place = match partition < of_the_first {
        true => partition / (each + 1),
        false => more + (partition - of_the_first) / each,
    };
    place as usize
}

/// The tasks that the worker `own` keeps copies of: those that it would be given if any 1 to `copies` of the other processes were gone, and that no
/// worker of its process has now. `tasks`: how many each sub-topology has. Empty where somebody else's member is in the group.
pub fn standbys(
    own: &str,
    members: &BTreeSet<String>,
    tasks: &[(SubtopologyId, u32)],
    copies: u32,
) -> BTreeSet<TaskId> {
    let Some(process) = process_of(own).filter(|_| members.contains(own)) else { return BTreeSet::new() };
    let Some(processes) = members.iter().map(|member| process_of(member)).collect::<Option<BTreeSet<&str>>>()
    else {
        return BTreeSet::new();
    };
    let others: Vec<&str> = processes.into_iter().filter(|other| *other != process).collect();
    let all: Vec<&str> = members.iter().map(String::as_str).collect();
    let ours_now = given(process, &all, tasks);
    // Two sets may give a task to two workers of this process: the first of them has it.
    let mut wanted: BTreeMap<TaskId, &str> = BTreeMap::new();
    for gone in sets(&others, copies as usize) {
        let left: Vec<&str> = all
            .iter()
            .copied()
            .filter(|member| !process_of(member).is_some_and(|process| gone.contains(&process)))
            .collect();
        for (task, worker) in given(process, &left, tasks) {
            if !ours_now.contains_key(&task) {
                wanted.entry(task).or_insert(worker);
            }
        }
    }
    wanted.into_iter().filter(|(_, worker)| *worker == own).map(|(task, _)| task).collect()
}

/// The tasks of a process's workers.
fn given<'a>(
    process: &str,
    members: &[&'a str],
    tasks: &[(SubtopologyId, u32)],
) -> BTreeMap<TaskId, &'a str> {
    let mut given = BTreeMap::new();
    for &(subtopology, partitions) in tasks {
        for partition in 0..partitions {
            let member = members[place(partition, partitions, members.len() as u32)];
            if process_of(member) == Some(process) {
                given.insert(TaskId { subtopology, partition: PartitionId(partition as i32) }, member);
            }
        }
    }
    given
}

/// The sets of 1 to `most` of them, the smaller first.
fn sets<'a>(of: &[&'a str], most: usize) -> Vec<Vec<&'a str>> {
    let mut sets: Vec<Vec<&str>> = Vec::new();
    // Each of the last round, with where it may go on.
    let mut last: Vec<(Vec<&str>, usize)> = vec![(Vec::new(), 0)];
    for _ in 0..most.min(of.len()) {
        let mut round = Vec::new();
        for (set, from) in &last {
            for (next, name) in of.iter().enumerate().skip(*from) {
                if sets.len() + round.len() == SETS_MAX {
                    break;
                }
                let mut set = set.clone();
                set.push(*name);
                round.push((set, next + 1));
            }
        }
        sets.extend(round.iter().map(|(set, _)| set.clone()));
        last = round;
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As librdkafka's `rd_kafka_range_assignor_assign_cb` gives one topic out, loop by loop: for each partition the member's place.
    fn by_librdkafka(partitions: usize, members: usize) -> Vec<usize> {
        let each = (partitions / members) as i64;
        let mut with_one_more = (partitions % members) as i64;
        let mut places = vec![None; partitions];
        for member in 0..members {
            let mut may_take = each + i64::from(with_one_more > 0);
            let mut has = 0;
            for place in places.iter_mut().filter(|place| place.is_none()) {
                if may_take <= 0 {
                    break;
                }
                *place = Some(member);
                may_take -= 1;
                has += 1;
                if has > each {
                    with_one_more -= 1;
                }
            }
        }
        places.into_iter().map(|place| place.expect("all are given out")).collect()
    }

    /// Processes with so many workers each. More than ten workers: `p-10` is before `p-2`.
    fn members(workers: &[usize]) -> BTreeSet<String> {
        let of = |(process, workers): (usize, &usize)| {
            (0..*workers).map(move |worker| format!("{process:02x}-{worker}")).collect::<Vec<_>>()
        };
        workers.iter().enumerate().flat_map(of).collect()
    }

    fn task(subtopology: u32, partition: usize) -> TaskId {
        TaskId { subtopology: SubtopologyId(subtopology), partition: PartitionId(partition as i32) }
    }

    /// What the workers of a process have.
    fn of_process(process: &str, members: &[&String], tasks: &[(SubtopologyId, u32)]) -> BTreeSet<TaskId> {
        let mut all = BTreeSet::new();
        for (subtopology, partitions) in tasks {
            for (partition, place) in by_librdkafka(*partitions as usize, members.len()).iter().enumerate() {
                if members[*place].split('-').next() == Some(process) {
                    all.insert(task(subtopology.0, partition));
                }
            }
        }
        all
    }

    proptest! {
        #[test]
        fn partitions_go_where_the_assignor_gives_them(partitions in 1usize..100, members in 1usize..40) {
            for (partition, right) in by_librdkafka(partitions, members).into_iter().enumerate() {
                prop_assert_eq!(place(partition as u32, partitions as u32, members as u32), right);
            }
        }

        #[test]
        fn whichever_process_goes_what_the_others_get_of_it_is_there(
            workers in prop::collection::vec(1usize..13, 2..5),
            partitions in prop::collection::vec(1u32..40, 1..4),
        ) {
            let members = members(&workers);
            let tasks: Vec<(SubtopologyId, u32)> =
                partitions.iter().enumerate().map(|(n, count)| (SubtopologyId(n as u32), *count)).collect();
            let all: Vec<&String> = members.iter().collect();
            for process in 0..workers.len() {
                let name = format!("{process:02x}");
                let mut copies = BTreeSet::new();
                for worker in 0..workers[process] {
                    let of_worker = standbys(&format!("{name}-{worker}"), &members, &tasks, 1);
                    let alone = of_worker.iter().all(|task| copies.insert(*task));
                    prop_assert!(alone, "a store has one copy in a process");
                }
                let has = of_process(&name, &all, &tasks);
                prop_assert!(copies.is_disjoint(&has));
                let mut right = BTreeSet::new();
                for gone in (0..workers.len()).filter(|gone| *gone != process) {
                    let gone = format!("{gone:02x}-");
                    let left: Vec<&String> = all.iter().copied().filter(|m| !m.starts_with(&gone)).collect();
                    right.extend(of_process(&name, &left, &tasks));
                }
                prop_assert_eq!(copies, right.difference(&has).copied().collect::<BTreeSet<_>>());
            }
        }
    }

    #[test]
    fn two_processes_keep_each_other_s_tasks() {
        let tasks = [(SubtopologyId(0), 4)];
        let members = members(&[2, 2]);
        let of = |own: &str, copies: u32| standbys(own, &members, &tasks, copies);
        // 00-0 to 01-1 have a partition each. Alone, 00-0 would have 0 and 1, and 00-1 the others.
        assert_eq!(of("00-0", 1), BTreeSet::new());
        assert_eq!(of("00-1", 1), BTreeSet::from([task(0, 2), task(0, 3)]));
        assert_eq!(of("01-0", 1), BTreeSet::from([task(0, 0), task(0, 1)]));
        assert_eq!(of("01-0", 0), BTreeSet::new());
        assert_eq!(of("02-0", 1), BTreeSet::new(), "who is no member yet");
    }

    #[test]
    fn two_copies_are_there_when_two_processes_go() {
        let tasks = [(SubtopologyId(0), 3)];
        let members = members(&[1, 1, 1]);
        assert_eq!(standbys("00-0", &members, &tasks, 2), BTreeSet::from([task(0, 1), task(0, 2)]));
        assert_eq!(standbys("00-0", &members, &tasks, 1), BTreeSet::from([task(0, 1)]));
    }

    #[test]
    fn a_member_of_another_kind_ends_all_foresight() {
        let mut members = members(&[1, 1]);
        members.insert("rdkafka".to_owned());
        assert_eq!(standbys("00-0", &members, &[(SubtopologyId(0), 3)], 1), BTreeSet::new());
    }

    #[test]
    fn sets_are_bounded() {
        let names: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(sets(&names[..4], 2).len(), 4 + 6);
        assert_eq!(sets(&names[..2], 5).len(), 3);
        assert_eq!(sets(&names, 2).len(), SETS_MAX);
    }
}
