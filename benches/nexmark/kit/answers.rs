//! What each query must answer, as the rows that its sink gives; of a table the last row of each key.

use crate::kit::events::{Auction, Bid, Events, Person, quoted, side};
use crate::kit::text::{converted, day, hour, minute};
use std::collections::{BTreeMap, BTreeSet};

pub type Rows = Vec<String>;

const WINDOW_MS: i64 = 10_000;
const HOP_MS: i64 = 2_000;

fn of_bids(events: &Events, row: impl Fn(&Bid) -> Option<String>) -> Rows {
    events.bids.iter().filter_map(row).collect()
}

fn braces(fields: &str) -> String {
    format!("{{{fields}}}")
}

/// The auction of each number, since a bid may come before it.
fn auctions(events: &Events) -> BTreeMap<u64, &Auction> {
    events.auctions.iter().map(|auction| (auction.id, auction)).collect()
}

fn persons(events: &Events) -> BTreeMap<u64, &Person> {
    events.persons.iter().map(|person| (person.id, person)).collect()
}

/// Bids of each auction, in the order read.
fn bids_by_auction(events: &Events) -> BTreeMap<u64, Vec<&Bid>> {
    let mut by: BTreeMap<u64, Vec<&Bid>> = BTreeMap::new();
    for bid in &events.bids {
        by.entry(bid.auction).or_default().push(bid);
    }
    by
}

/// Each auction with those of its bids that came while it was open; `at_its_end`: also in its very last moment.
fn valid(events: &Events, at_its_end: bool) -> Vec<(&Auction, Vec<&Bid>)> {
    let bids = bids_by_auction(events);
    let with_bids = |auction| {
        let of_it: &Auction = auction;
        let bids = bids.get(&of_it.id)?.iter().copied();
        let is_valid = |bid: &&Bid| {
            of_it.at <= bid.at && (bid.at < of_it.expires || (at_its_end && bid.at == of_it.expires))
        };
        let bids: Vec<&Bid> = bids.filter(is_valid).collect();
        (!bids.is_empty()).then_some((of_it, bids))
    };
    events.auctions.iter().filter_map(with_bids).collect()
}

pub fn q0(events: &Events) -> Rows {
    of_bids(events, |bid| {
        let Bid { auction, bidder, price, extra, .. } = bid;
        let at = quoted(bid.at);
        Some(format!(
            r#"{{"auction":{auction},"bidder":{bidder},"price":{price},"at":{at},"extra":"{extra}"}}"#
        ))
    })
}

pub fn q1(events: &Events) -> Rows {
    of_bids(events, |bid| {
        let Bid { auction, bidder, extra, .. } = bid;
        let (price, at) = (converted(bid.price), quoted(bid.at));
        Some(format!(
            r#"{{"auction":{auction},"bidder":{bidder},"price":"{price}","at":{at},"extra":"{extra}"}}"#
        ))
    })
}

pub fn q2(events: &Events) -> Rows {
    of_bids(events, |bid| {
        (bid.auction % 123 == 0).then(|| format!(r#"{{"auction":{},"price":{}}}"#, bid.auction, bid.price))
    })
}

pub fn q3(events: &Events) -> Rows {
    let persons = persons(events);
    let sold = |auction: &Auction| {
        let person = persons.get(&auction.seller)?;
        let is_near = ["OR", "ID", "CA"].contains(&person.state);
        (auction.category == 10 && is_near)
            .then(|| format!(r#"{{{},"p":{{{}}}}}"#, auction.row(), person.row()))
    };
    events.auctions.iter().filter_map(sold).collect()
}

fn highest(bids: &[&Bid]) -> i64 {
    bids.iter().map(|bid| bid.price).max().expect("there are bids")
}

pub fn q4(events: &Events) -> Rows {
    let mut categories: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    for (auction, bids) in valid(events, true) {
        categories.entry(auction.category).or_default().push(highest(&bids));
    }
    let row = |(category, prices): (u64, Vec<i64>)| {
        format!(r#"{{"category":{category},"price":{}}}"#, prices.iter().sum::<i64>() / prices.len() as i64)
    };
    categories.into_iter().map(row).collect()
}

pub fn q5(events: &Events) -> Rows {
    let mut windows: BTreeMap<i64, BTreeMap<u64, u64>> = BTreeMap::new();
    for bid in &events.bids {
        let last_start = bid.at - bid.at.rem_euclid(HOP_MS);
        for hop in 0..WINDOW_MS / HOP_MS {
            *windows.entry(last_start - hop * HOP_MS).or_default().entry(bid.auction).or_default() += 1;
        }
    }
    let mut rows = Rows::new();
    for counts in windows.values() {
        let most = counts.values().max().expect("a window has bids");
        let hot = counts.iter().filter(|(_, bids)| *bids == most);
        rows.extend(hot.map(|(auction, bids)| format!(r#"{{"auction":{auction},"bids":{bids}}}"#)));
    }
    rows
}

pub fn q6(events: &Events) -> Rows {
    let mut closed = valid(events, false);
    closed.sort_by_key(|(auction, _)| auction.expires);
    let mut sellers: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    let mut rows = Rows::new();
    for (auction, bids) in closed {
        let prices = sellers.entry(auction.seller).or_default();
        prices.push(highest(&bids));
        let last = &prices[prices.len().saturating_sub(10)..];
        let mean = last.iter().sum::<i64>() as f64 / last.len() as f64;
        rows.push(format!(r#"{{"seller":{},"auction":{},"mean":{mean:?}}}"#, auction.seller, auction.id));
    }
    rows
}

pub fn q7(events: &Events) -> Rows {
    let mut windows: BTreeMap<i64, Vec<&Bid>> = BTreeMap::new();
    for bid in &events.bids {
        windows.entry(bid.at.div_euclid(WINDOW_MS)).or_default().push(bid);
    }
    let mut rows = Rows::new();
    for bids in windows.values() {
        let most = highest(bids);
        for bid in bids.iter().filter(|bid| bid.price == most) {
            let Bid { auction, bidder, price, extra, .. } = bid;
            let at = quoted(bid.at);
            rows.push(format!(
                r#"{{"auction":{auction},"price":{price},"bidder":{bidder},"at":{at},"extra":"{extra}"}}"#
            ));
        }
    }
    rows
}

pub fn q8(events: &Events) -> Rows {
    let sold: BTreeSet<(u64, i64)> =
        events.auctions.iter().map(|auction| (auction.seller, auction.at.div_euclid(WINDOW_MS))).collect();
    let row = |person: &Person| {
        let window = person.at.div_euclid(WINDOW_MS);
        let start = quoted(window * WINDOW_MS);
        sold.contains(&(person.id, window))
            .then(|| format!(r#"{{"id":{},"name":"{}","start":{start}}}"#, person.id, person.name))
    };
    events.persons.iter().filter_map(row).collect()
}

pub fn q9(events: &Events) -> Rows {
    let best = |(auction, bids): (&Auction, Vec<&Bid>)| {
        // Of equal ones the first that was read.
        let mut best = bids[0];
        for bid in bids {
            if (bid.price, -bid.at) > (best.price, -best.at) {
                best = bid;
            }
        }
        format!(r#"{{{},"a":{{{}}},"rank":1}}"#, best.row(), auction.row())
    };
    valid(events, true).into_iter().map(best).collect()
}

pub fn q11(events: &Events) -> Rows {
    let mut bidders: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    for bid in &events.bids {
        bidders.entry(bid.bidder).or_default().push(bid.at);
    }
    let mut rows = Rows::new();
    for (bidder, mut times) in bidders {
        times.sort_unstable();
        for session in times.chunk_by(|before, next| next - before <= WINDOW_MS) {
            let (start, end) = (quoted(session[0]), quoted(session[session.len() - 1]));
            rows.push(format!(
                r#"{{"bidder":{bidder},"window":{{"start":{start},"end":{end}}},"bids":{}}}"#,
                session.len()
            ));
        }
    }
    rows
}

pub fn q13(events: &Events) -> Rows {
    of_bids(events, |bid| {
        let Bid { auction, bidder, price, .. } = bid;
        let (at, value) = (quoted(bid.at), side(bid.auction % 10_000)?);
        Some(format!(
            r#"{{"auction":{auction},"bidder":{bidder},"price":{price},"at":{at},"value":"{value}"}}"#
        ))
    })
}

pub fn q14(events: &Events) -> Rows {
    of_bids(events, |bid| {
        let Bid { auction, bidder, extra, .. } = bid;
        let thousandths = bid.price * 908;
        if thousandths <= 1_000_000_000 || thousandths >= 50_000_000_000 {
            return None;
        }
        let part = match hour(bid.at) {
            8..=18 => "dayTime",
            0..=6 | 20..=23 => "nightTime",
            _ => "otherTime",
        };
        let (price, at, cs) = (converted(bid.price), quoted(bid.at), extra.matches('c').count());
        Some(format!(
            r#"{{"auction":{auction},"bidder":{bidder},"price":"{price}","part":"{part}","at":{at},"extra":"{extra}","cs":{cs}}}"#
        ))
    })
}

const RANKS: [(&str, i64, i64); 4] = [
    ("", i64::MIN, i64::MAX),
    ("low_", i64::MIN, 10_000),
    ("middle_", 10_000, 1_000_000),
    ("high_", 1_000_000, i64::MAX),
];

/// `what` of the bids of each rank of price, as fields of that name.
fn ranks(bids: &[&Bid], name: &str, what: impl Fn(&[&Bid]) -> usize) -> String {
    let field = |(rank, least, limit): (&str, i64, i64)| {
        let of_rank: Vec<&Bid> =
            bids.iter().copied().filter(|bid| least <= bid.price && bid.price < limit).collect();
        format!(r#""{rank}{name}":{}"#, what(&of_rank))
    };
    RANKS.map(field).join(",")
}

fn statistics(bids: &[&Bid]) -> String {
    let different = |of: fn(&Bid) -> u64| {
        move |bids: &[&Bid]| bids.iter().map(|bid| of(bid)).collect::<BTreeSet<u64>>().len()
    };
    [
        ranks(bids, "bids", |bids| bids.len()),
        ranks(bids, "bidders", different(|bid| bid.bidder)),
        ranks(bids, "auctions", different(|bid| bid.auction)),
    ]
    .join(",")
}

fn grouped<'a, K: Ord>(events: &'a Events, key: impl Fn(&'a Bid) -> K) -> BTreeMap<K, Vec<&'a Bid>> {
    let mut groups: BTreeMap<K, Vec<&'a Bid>> = BTreeMap::new();
    for bid in &events.bids {
        groups.entry(key(bid)).or_default().push(bid);
    }
    groups
}

pub fn q15(events: &Events) -> Rows {
    let days = grouped(events, |bid| day(bid.at));
    days.iter().map(|(day, bids)| braces(&format!(r#""day":"{day}",{}"#, statistics(bids)))).collect()
}

pub fn q16(events: &Events) -> Rows {
    let channels = grouped(events, |bid| (bid.channel.as_str(), day(bid.at)));
    let row = |((channel, day), bids): (&(&str, String), &Vec<&Bid>)| {
        let minute = bids.iter().map(|bid| minute(bid.at)).max().expect("there are bids");
        let statistics = statistics(bids);
        format!(r#"{{"channel":"{channel}","day":"{day}","minute":"{minute}",{statistics}}}"#)
    };
    channels.iter().map(row).collect()
}

pub fn q17(events: &Events) -> Rows {
    let auctions = grouped(events, |bid| (bid.auction, day(bid.at)));
    let row = |((auction, day), bids): (&(u64, String), &Vec<&Bid>)| {
        let prices = || bids.iter().map(|bid| bid.price);
        let (least, most) = (prices().min().expect("there are bids"), highest(bids));
        let total: i64 = prices().sum();
        let mean = total as f64 / bids.len() as f64;
        let counts = ranks(bids, "bids", |bids| bids.len());
        format!(
            r#"{{"auction":{auction},"day":"{day}",{counts},"least":{least},"most":{most},"mean":{mean:?},"total":{total}}}"#
        )
    };
    auctions.iter().map(row).collect()
}

pub fn q18(events: &Events) -> Rows {
    let groups = grouped(events, |bid| (bid.bidder, bid.auction));
    let last = |bids: &Vec<&Bid>| bids.iter().max_by_key(|bid| bid.at).map(|bid| braces(&bid.row()));
    groups.values().filter_map(last).collect()
}

pub fn q19(events: &Events) -> Rows {
    let mut rows = Rows::new();
    for mut bids in bids_by_auction(events).into_values() {
        bids.sort_by_key(|bid| -bid.price);
        for (index, bid) in bids.iter().take(10).enumerate() {
            rows.push(format!(r#"{{{},"rank":{}}}"#, bid.row(), index + 1));
        }
    }
    rows
}

pub fn q20(events: &Events) -> Rows {
    let auctions = auctions(events);
    of_bids(events, |bid| {
        let auction = auctions.get(&bid.auction)?;
        (auction.category == 10).then(|| format!(r#"{{{},"a":{{{}}}}}"#, bid.row(), auction.row()))
    })
}

pub fn q21(events: &Events) -> Rows {
    of_bids(events, |bid| {
        let Bid { auction, bidder, price, channel, url, .. } = bid;
        let id = match channel.to_lowercase().as_str() {
            "apple" => "0",
            "google" => "1",
            "facebook" => "2",
            "baidu" => "3",
            _ => url.split_once("&channel_id=")?.1,
        };
        Some(format!(
            r#"{{"auction":{auction},"bidder":{bidder},"price":{price},"channel":"{channel}","channel_id":"{id}"}}"#
        ))
    })
}

pub fn q22(events: &Events) -> Rows {
    of_bids(events, |bid| {
        let Bid { auction, bidder, price, channel, url, .. } = bid;
        let parts: Vec<&str> = url.split('/').collect();
        let dirs = format!(r#""dir1":"{}","dir2":"{}","dir3":"{}""#, parts[3], parts[4], parts[5]);
        Some(format!(
            r#"{{"auction":{auction},"bidder":{bidder},"price":{price},"channel":"{channel}",{dirs}}}"#
        ))
    })
}
