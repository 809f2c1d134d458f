//! Faults of the network between processes and brokers.

use crate::Case;
use crate::bed::{Bed, How};
use crate::support::pause;
use std::time::Duration;
use tidegate_sim::{Act, Api, Weather, end_txn_error};

pub const CASES: &[Case] = &[
    Case::new("lost_answer_of_a_commit", "F9", lost_answer).in_short_form(),
    Case::new("held_end_of_a_transaction", "F10", held_end).in_short_form(),
    Case::new("held_end_without_the_rule", "F10", held_end_without),
    Case::new("held_offsets_of_a_transaction", "F10", held_offsets),
    Case::new("lost_answers_of_every_kind", "F9", lost_answers),
    Case::new("lost_requests_of_every_kind", "F9", lost_requests),
    Case::new("connections_cut", "F9", connections_cut).in_short_form(),
    Case::new("producers_cut", "F9", producers_cut),
    Case::new("half_open_connections", "F9", half_open),
    Case::new("requests_held_for_long", "F9", requests_held),
    Case::new("slow_network", "F9", slow_network),
    Case::new("narrow_network", "F9", narrow_network),
    Case::new("isolated_process", "F9, I8", isolated),
];

/// What a process asks of a broker again and again, or when it is cut off.
const KINDS: [(Api, &str); 9] = [
    (Api::PRODUCE, "Produce"),
    (Api::ADD_PARTITIONS_TO_TXN, "AddPartitionsToTxn"),
    (Api::ADD_OFFSETS_TO_TXN, "AddOffsetsToTxn"),
    (Api::TXN_OFFSET_COMMIT, "TxnOffsetCommit"),
    (Api::END_TXN, "EndTxn"),
    (Api::INIT_PRODUCER_ID, "InitProducerId"),
    (Api::FIND_COORDINATOR, "FindCoordinator"),
    (Api::FETCH, "Fetch"),
    (Api::HEARTBEAT, "Heartbeat"),
];

/// The broker commits, and the process does not hear of it.
fn lost_answer(bed: &mut Bed) {
    bed.begin(2);
    bed.link(0).wait("a commit", |seen| seen.answered(Api::END_TXN, None) > 3);
    for _ in 0..3 {
        let before = bed.link(0).seen().taken.len();
        bed.link(0).arm(Api::END_TXN, None, Act::LoseAnswer);
        bed.link(0).wait("an answer to lose", |seen| seen.taken.len() > before);
        bed.more_payments(500);
    }
    bed.bitten("3 answers to EndTxn were lost, each with its connection");
}

/// Kafka's error for a request that comes while the transaction is being registered or ended: as if it had not come.
const CONCURRENT_TRANSACTIONS: i16 = 51;

/// A commit is held in the network, and its client cut off, which asks again and is answered. When the next transaction of the same
/// producer is at work, the held request arrives: it must end nothing. Returns the broker's answer to it.
fn hold_an_end(bed: &mut Bed) -> i16 {
    for _ in 0..10 {
        bed.link(0).reset();
        let (producer, error) = hold_one_end(bed);
        if error != CONCURRENT_TRANSACTIONS {
            bed.bitten(format!(
                "an EndTxn of {producer} came in its next transaction, and was answered with error {error}"
            ));
            bed.more_payments(4_000);
            return error;
        }
    }
    panic!("no EndTxn came at the right moment");
}

/// Returns the producer, and the broker's answer.
fn hold_one_end(bed: &Bed) -> (String, i16) {
    let link = bed.link(0);
    link.wait("two commits", |seen| seen.answered(Api::END_TXN, None) > 2);
    link.arm(Api::END_TXN, None, Act::HoldRequest);
    let seen = link.wait("a commit to hold", |seen| !seen.taken.is_empty());
    let producer = seen.taken[0].1.clone();
    let ends = seen.answered(Api::END_TXN, Some(&producer));
    link.wait("the same commit again", |seen| seen.answered(Api::END_TXN, Some(&producer)) > ends);
    // A record of its next transaction is in the log, and the transaction cannot end before the process knows that.
    link.arm(Api::PRODUCE, Some(&producer), Act::HoldAnswer);
    link.wait("its next transaction", |seen| seen.held_answers > 0);
    assert_eq!(link.release_requests(Api::END_TXN), 1);
    let seen = link.wait("the late answer", |seen| !seen.late_answers.is_empty());
    link.release_answers(Api::PRODUCE);
    (producer, end_txn_error(&seen.late_answers[0].1))
}

fn held_end(bed: &mut Bed) {
    bed.begin(1);
    let error = hold_an_end(bed);
    assert_ne!(error, 0, "the late EndTxn was refused");
    assert!(bed.told(0).contains("the producers are made anew"), "{}", bed.tail(0));
}

/// Shows that the case above shows something: with the rule turned off, rows are doubled.
fn held_end_without(bed: &mut Bed) {
    let without = How { failpoints: "producer.kept=error@always".to_owned(), ..How::default() };
    bed.begin_with(&[without]);
    let error = hold_an_end(bed);
    assert_eq!(error, 0, "the late EndTxn ended a transaction that is not its own");
    match bed.verdict() {
        Ok(()) => panic!("without the rule the results are wrong, and nobody has noticed"),
        Err(why) => bed.bitten(format!("without the rule: {why}")),
    }
}

/// The same with the offsets of a transaction: the old ones must not be committed with the next transaction.
fn held_offsets(bed: &mut Bed) {
    bed.begin(1);
    let link = bed.link(0);
    link.wait("two commits", |seen| seen.answered(Api::END_TXN, None) > 2);
    link.arm(Api::TXN_OFFSET_COMMIT, None, Act::HoldRequest);
    let seen = link.wait("offsets to hold", |seen| !seen.taken.is_empty());
    let producer = seen.taken[0].1.clone();
    let ends = seen.answered(Api::END_TXN, Some(&producer));
    link.wait("the same commit again", |seen| seen.answered(Api::END_TXN, Some(&producer)) > ends);
    // The next transaction has its offsets, and does not know it yet.
    link.arm(Api::TXN_OFFSET_COMMIT, Some(&producer), Act::HoldAnswer);
    link.wait("its next offsets", |seen| seen.held_answers > 0);
    assert_eq!(link.release_requests(Api::TXN_OFFSET_COMMIT), 1);
    let seen = link.wait("the late answer", |seen| !seen.late_answers.is_empty());
    link.release_answers(Api::TXN_OFFSET_COMMIT);
    let ends = seen.answered(Api::END_TXN, None);
    link.wait("the next commit", |seen| seen.answered(Api::END_TXN, None) > ends);
    // Whoever comes next begins where the offsets say.
    bed.kill(0);
    bed.start(0, &How::default());
    bed.bitten(format!("offsets of {producer} came in its next transaction, which was committed"));
    bed.more_payments(2_000);
}

/// Loses one of each kind, in turn; a cut brings those that are asked at a start only.
fn lose(bed: &mut Bed, act: Act) {
    bed.begin(2);
    bed.more_payments(1_500);
    for (api, name) in KINDS {
        let before = bed.link(0).seen().taken.len();
        bed.link(0).arm(api, None, act);
        if matches!(api, Api::INIT_PRODUCER_ID | Api::FIND_COORDINATOR) {
            bed.kill(0);
            bed.start(0, &How::default());
        }
        bed.link(0).wait(name, |seen| seen.taken.len() > before);
        bed.more_payments(500);
        bed.all_alive();
    }
    // Those of a rebalance.
    for (turn, (api, name)) in
        [(Api::JOIN_GROUP, "JoinGroup"), (Api::SYNC_GROUP, "SyncGroup")].into_iter().enumerate()
    {
        let before = bed.link(0).seen().taken.len();
        bed.link(0).arm(api, None, act);
        bed.start(2 + turn, &How::default());
        bed.link(0).wait(name, |seen| seen.taken.len() > before);
        bed.more_payments(1_500);
        bed.all_alive();
    }
    let names: Vec<&str> = KINDS.iter().map(|(_, name)| *name).chain(["JoinGroup", "SyncGroup"]).collect();
    bed.bitten(format!("{act:?} for {}", names.join(", ")));
}

fn lost_answers(bed: &mut Bed) {
    lose(bed, Act::LoseAnswer);
}

fn lost_requests(bed: &mut Bed) {
    lose(bed, Act::LoseRequest);
}

fn connections_cut(bed: &mut Bed) {
    bed.begin(2);
    let mut cut = 0;
    for turn in 0..12 {
        bed.more_payments(400);
        cut += bed.link(turn % 2).cut(None);
    }
    assert!(cut > 5, "{cut} connections were cut");
    bed.all_alive();
    bed.bitten(format!("{cut} connections were cut in 12 moments"));
}

fn producers_cut(bed: &mut Bed) {
    bed.begin(2);
    let mut cut = 0;
    for turn in 0..20 {
        bed.more_payments(300);
        cut += bed.link(turn % 2).cut(Some(Api::PRODUCE));
    }
    assert!(cut > 5, "{cut} connections of producers were cut");
    bed.all_alive();
    bed.bitten(format!("{cut} connections of producers were cut in 20 moments"));
}

/// Has the weather be so for a while, on the first process's network.
fn for_a_while(bed: &mut Bed, weather: Weather, seconds: u64) {
    bed.begin(2);
    bed.more_payments(2_000);
    bed.link(0).set(Some(weather));
    pause(Duration::from_secs(seconds));
    bed.all_alive();
    bed.link(0).set(None);
    bed.more_payments(2_000);
    bed.all_alive();
}

/// Requests arrive, answers do not, and no connection ends: longer than sessions and transactions last.
fn half_open(bed: &mut Bed) {
    for_a_while(bed, Weather { holds_answers: true, ..Weather::default() }, 20);
    let waited = bed.link(0).seen().waited;
    assert!(waited > 0, "answers have waited");
    bed.bitten(format!("the answers of {waited} connections were held for 20 s"));
}

fn requests_held(bed: &mut Bed) {
    for_a_while(bed, Weather { holds_requests: true, ..Weather::default() }, 20);
    let waited = bed.link(0).seen().waited;
    assert!(waited > 0, "requests have waited");
    bed.bitten(format!("the requests of {waited} connections were held for 20 s, and arrived then"));
}

fn slow_network(bed: &mut Bed) {
    for_a_while(bed, Weather { delay: Duration::from_millis(500), ..Weather::default() }, 20);
    bed.bitten("each frame took 500 ms longer, in each direction, for 20 s");
}

fn narrow_network(bed: &mut Bed) {
    for_a_while(bed, Weather { bytes_per_second: Some(10_000), ..Weather::default() }, 20);
    bed.bitten("10 KB/s on each connection for 20 s");
}

/// One process cannot reach the broker any more: the other one goes on without it, and it comes back when it can.
fn isolated(bed: &mut Bed) {
    bed.begin(2);
    bed.more_payments(2_000);
    bed.link(0).set(Some(Weather { refuses: true, ..Weather::default() }));
    bed.link(0).cut(None);
    pause(Duration::from_secs(9));
    // Every partition has rows of what comes from now on.
    let topic = bed.name("w4.enriched");
    let ends = |bed: &Bed| bed.topics.ends(&topic).iter().map(|(stable, _)| *stable).collect::<Vec<_>>();
    let before = ends(bed);
    bed.more_payments(3_000);
    crate::support::until("progress of every partition", || {
        ends(bed).iter().zip(&before).all(|(now, before)| now > before).then_some(())
    });
    let refused = bed.link(0).seen().refused;
    assert!(refused > 0, "the process has tried to connect");
    bed.link(0).set(None);
    bed.more_payments(2_000);
    bed.all_alive();
    bed.bitten(format!("a process was cut off for more than 9 s, and refused {refused} times"));
}
