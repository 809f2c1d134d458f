//! A Kafka cluster of one seed's making: topics, the coordinators of transactions and of the group, and what happens later.

pub mod group;
pub mod log;
pub mod transactions;

use super::random::Random;
use group::{ClientId, Group, Notice};
use log::{Partition, Stored};
use std::collections::BTreeMap;
use tidegate_model::{Offset, TopicPartition};
use transactions::{Ending, Identity, Refused, Target, Transactions};

pub use group::GroupProof;

const BEAT: i64 = 500_000;
/// How long a client that cannot be reached is tried again later.
const AGAIN: i64 = 500_000;
const MARKER_WAIT_MAX: i64 = 4_000_000;
const MARKER_DELAY_MAX: i64 = 8_000;
const NOTICE_DELAY_MAX: i64 = 1_000_000;
const ANSWER_DELAY_MAX: i64 = 20_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Input,
    Output,
    Repartition,
    Changelog,
}

pub struct Topic {
    pub kind: Kind,
    pub partitions: Vec<Partition>,
}

enum Event {
    Marker {
        ending: Ending,
        target: Target,
    },
    /// A request that was held up on its way.
    End {
        producer: Identity,
        commit: bool,
    },
    Notice(Notice),
    Beat,
}

/// How a process stands to the cluster.
#[derive(Clone, Default)]
pub struct Link {
    pub dead: bool,
    pub paused_until: i64,
    pub cut_until: i64,
}

impl Link {
    pub fn is_open(&self, now: i64) -> bool {
        !self.dead && now >= self.paused_until && now >= self.cut_until
    }
}

pub struct Cluster {
    pub topics: BTreeMap<String, Topic>,
    pub transactions: Transactions,
    pub group: Group,
    pub links: Vec<Link>,
    /// Nobody reaches it until then.
    pub down_until: i64,
    pub transactions_move_until: i64,
    pub group_moves_until: i64,
    /// Until then a marker may wait for its partition's leader.
    pub markers_wait_until: i64,
    events: BTreeMap<(i64, u64), Event>,
    count: u64,
    random: Random,
    /// Ends of transactions that came too late, and what became of them.
    pub late_ends: u64,
}

impl Cluster {
    pub fn new(topics: BTreeMap<String, Topic>, group: Group, processes: usize, random: Random) -> Cluster {
        let mut cluster = Cluster {
            topics,
            transactions: Transactions::default(),
            group,
            links: vec![Link::default(); processes],
            down_until: 0,
            transactions_move_until: 0,
            group_moves_until: 0,
            markers_wait_until: 0,
            events: BTreeMap::new(),
            count: 0,
            random,
            late_ends: 0,
        };
        cluster.later(BEAT, Event::Beat);
        cluster
    }

    pub fn partition(&self, partition: &TopicPartition) -> &Partition {
        &self.topics[&partition.topic].partitions[partition.partition.0 as usize]
    }

    pub fn partition_mut(&mut self, partition: &TopicPartition) -> &mut Partition {
        let topic = self.topics.get_mut(&partition.topic).expect("only topics that exist are asked for");
        &mut topic.partitions[partition.partition.0 as usize]
    }

    /// Every partition of the topics of a kind.
    pub fn partitions_of(&self, kind: Kind) -> Vec<TopicPartition> {
        let topics = self.topics.iter().filter(|(_, topic)| topic.kind == kind);
        let all = topics.flat_map(|(name, topic)| {
            (0..topic.partitions.len()).map(|partition| TopicPartition {
                topic: name.clone(),
                partition: tidegate_model::PartitionId(partition as i32),
            })
        });
        all.collect()
    }

    fn later(&mut self, at: i64, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    /// Everything that is due by `now` happens, each thing at its own time.
    pub fn run(&mut self, now: i64) {
        loop {
            let Some(entry) = self.events.first_entry() else { return };
            let at = entry.key().0;
            if at > now {
                return;
            }
            let event = entry.remove();
            self.happen(event, at);
            self.send_notices(at);
        }
    }

    fn happen(&mut self, event: Event, now: i64) {
        match event {
            Event::Marker { ending, target } => {
                match &target {
                    Target::Records(partition) => {
                        self.partition_mut(partition).mark(ending.pid, ending.epoch, ending.commit);
                    }
                    Target::Offsets => self.group.mark(ending.pid, ending.epoch, ending.commit),
                }
                self.transactions.marked(&ending.id, &target);
            }
            Event::End { producer, commit } => {
                self.late_ends += 1;
                let _ = self.end(&producer, commit, now);
            }
            Event::Notice(notice) => {
                let (Notice::Join(client) | Notice::Rebalance(client) | Notice::Assigned(client, _)) = notice;
                let process = self.group.clients[client].process;
                if self.reaches_group(process, now) {
                    self.group.deliver(&notice, now);
                } else if !self.group.clients[client].gone {
                    self.later(now + AGAIN, Event::Notice(notice));
                }
            }
            Event::Beat => {
                for ending in self.transactions.expire(now) {
                    self.write_markers(ending, now);
                }
                // While the coordinator moves, nobody's session runs out.
                if now >= self.group_moves_until && now >= self.down_until {
                    let links = self.links.clone();
                    self.group.beat(&|process| links[process].is_open(now), now);
                }
                self.later(now + BEAT, Event::Beat);
            }
        }
    }

    fn send_notices(&mut self, now: i64) {
        for notice in std::mem::take(&mut self.group.notices) {
            let most = match notice {
                Notice::Rebalance(_) => NOTICE_DELAY_MAX,
                Notice::Join(_) | Notice::Assigned(..) => ANSWER_DELAY_MAX,
            };
            let at = now + self.random.between(0, most);
            self.later(at, Event::Notice(notice));
        }
    }

    fn reaches_group(&self, process: usize, now: i64) -> bool {
        now >= self.down_until && now >= self.group_moves_until && self.links[process].is_open(now)
    }

    /// Each marker is written at a time of its own.
    fn write_markers(&mut self, ending: Ending, now: i64) {
        let most = if now < self.markers_wait_until { MARKER_WAIT_MAX } else { MARKER_DELAY_MAX };
        for target in ending.targets.clone() {
            let at = now + self.random.between(0, most);
            self.later(at, Event::Marker { ending: ending.clone(), target });
        }
    }

    pub fn init(&mut self, id: &str, timeout: i64, now: i64) -> Result<Identity, Refused> {
        let (result, ending) = self.transactions.init(id, timeout);
        if let Some(ending) = ending {
            self.write_markers(ending, now);
        }
        result
    }

    pub fn end(&mut self, producer: &Identity, commit: bool, now: i64) -> Result<(), Refused> {
        if let Some(ending) = self.transactions.end(producer, commit)? {
            self.write_markers(ending, now);
        }
        Ok(())
    }

    /// The request comes only then.
    pub fn end_later(&mut self, producer: Identity, commit: bool, at: i64) {
        self.later(at, Event::End { producer, commit });
    }

    pub fn produce(
        &mut self,
        producer: &Identity,
        partition: &TopicPartition,
        record: Stored,
    ) -> Result<Offset, Refused> {
        let offset = self.partition_mut(partition).produce(producer.pid, producer.epoch, record);
        offset.map(Offset).ok_or(Refused::Fenced)
    }

    /// A consumer has given its partitions up, or begins without any.
    pub fn unassign(&mut self, client: ClientId, now: i64) {
        self.group.unassign(client);
        self.send_notices(now);
    }

    /// Faults are over.
    pub fn heal(&mut self, now: i64) {
        (self.down_until, self.transactions_move_until, self.group_moves_until) = (now, now, now);
        self.markers_wait_until = now;
        for link in &mut self.links {
            (link.paused_until, link.cut_until) = (now, now);
        }
    }

    /// Every transaction is decided, and its markers are written.
    pub fn is_settled(&self) -> bool {
        let closed = |partition: &Partition| partition.stable_end() == partition.end();
        self.transactions.are_settled()
            && self.topics.values().flat_map(|topic| &topic.partitions).all(closed)
    }
}
