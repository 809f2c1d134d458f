//! Seeded events of the shape that the public Nexmark definition gives them: of 50 events one is a person, three are auctions and 46 are bids.
//!
//! The numbers are those of github.com/nexmark/nexmark (Apache-2.0), `NexmarkConfiguration` and `generator/model`; README.md says what differs.

use crate::kit::text::time;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use tidegate_sim::payments::mix;

/// 2023-11-14T22:13:20Z
const FIRST_AT_MS: i64 = 1_700_000_000_000;
/// How much older an event may be than its place says; the queries allow for four seconds.
const DISORDER_MS: u64 = 1_000;

const ROUND: u64 = 50;
const AUCTIONS_OF_ROUND: u64 = 3;
pub const FIRST_ID: u64 = 1_000;
const FIRST_CATEGORY: u64 = 10;
const CATEGORIES: u64 = 5;
/// So many of the last people and auctions take part, and so many that do not exist yet.
const ACTIVE_PEOPLE: u64 = 1_000;
const AUCTIONS_IN_FLIGHT: u64 = 100;
const LEAD: u64 = 10;
/// Of each so many people and auctions one is hot.
const HOT_EVERY: u64 = 100;
/// One seller, bidder or auction of so many is not hot.
const COLD_SELLERS: u64 = 4;
const COLD_BIDDERS: u64 = 4;
const COLD_AUCTIONS: u64 = 2;
const CHANNELS: u64 = 10_000;

const HOT_CHANNELS: [&str; 4] = ["Google", "Facebook", "Baidu", "Apple"];
const STATES: [&str; 6] = ["AZ", "CA", "ID", "OR", "WA", "WY"];
const CITIES: [&str; 10] = [
    "Phoenix",
    "Los Angeles",
    "San Francisco",
    "Boise",
    "Portland",
    "Bend",
    "Redmond",
    "Seattle",
    "Kent",
    "Cheyenne",
];
const FIRST_NAMES: [&str; 11] =
    ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"];
const LAST_NAMES: [&str; 9] =
    ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];

/// The list of q13 has an entry for every third remainder.
const SIDE_ENTRIES: u64 = 10_000;
const SIDE_EVERY: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    Persons,
    Auctions,
    Bids,
    Side,
}

impl Topic {
    pub const ALL: [Topic; 4] = [Topic::Persons, Topic::Auctions, Topic::Bids, Topic::Side];

    pub fn name(self) -> &'static str {
        match self {
            Topic::Persons => "persons",
            Topic::Auctions => "auctions",
            Topic::Bids => "bids",
            Topic::Side => "side",
        }
    }
}

pub struct Person {
    pub id: u64,
    pub name: String,
    pub email: String,
    pub credit_card: String,
    pub city: &'static str,
    pub state: &'static str,
    pub at: i64,
    pub extra: String,
}

pub struct Auction {
    pub id: u64,
    pub item: String,
    pub description: String,
    pub initial_bid: i64,
    pub reserve: i64,
    pub at: i64,
    pub expires: i64,
    pub seller: u64,
    pub category: u64,
    pub extra: String,
}

pub struct Bid {
    pub auction: u64,
    pub bidder: u64,
    pub price: i64,
    pub channel: String,
    pub url: String,
    pub at: i64,
    pub extra: String,
}

/// The events of a run, each topic in its order.
pub struct Events {
    pub persons: Vec<Person>,
    pub auctions: Vec<Auction>,
    pub bids: Vec<Bid>,
}

impl Person {
    /// The fields, without braces around them.
    pub fn fields(&self, at: impl std::fmt::Display) -> String {
        format!(
            r#""id":{},"name":"{}","email":"{}","credit_card":"{}","city":"{}","state":"{}","at":{at},"extra":"{}""#,
            self.id, self.name, self.email, self.credit_card, self.city, self.state, self.extra
        )
    }

    pub fn row(&self) -> String {
        self.fields(quoted(self.at))
    }
}

impl Auction {
    pub fn fields(&self, at: impl std::fmt::Display, expires: impl std::fmt::Display) -> String {
        format!(
            r#""id":{},"item":"{}","description":"{}","initial_bid":{},"reserve":{},"at":{at},"expires":{expires},"seller":{},"category":{},"extra":"{}""#,
            self.id,
            self.item,
            self.description,
            self.initial_bid,
            self.reserve,
            self.seller,
            self.category,
            self.extra
        )
    }

    pub fn row(&self) -> String {
        self.fields(quoted(self.at), quoted(self.expires))
    }
}

impl Bid {
    pub fn fields(&self, at: impl std::fmt::Display) -> String {
        format!(
            r#""auction":{},"bidder":{},"price":{},"channel":"{}","url":"{}","at":{at},"extra":"{}""#,
            self.auction, self.bidder, self.price, self.channel, self.url, self.extra
        )
    }

    pub fn row(&self) -> String {
        self.fields(quoted(self.at))
    }
}

/// As rows have times; events have them in milliseconds.
pub fn quoted(ms: i64) -> String {
    format!("\"{}\"", time(ms))
}

impl Events {
    /// `step_us`: so long after one event comes the next, in event time.
    pub fn generate(seed: u64, count: u64, step_us: u64) -> Events {
        let mut events = Events { persons: Vec::new(), auctions: Vec::new(), bids: Vec::new() };
        let mut expiries = BTreeSet::new();
        let flight_ms = AUCTIONS_IN_FLIGHT * ROUND / AUCTIONS_OF_ROUND * step_us / 1_000;
        for n in 0..count {
            let mut draw = Draw::new(seed, n);
            let at = FIRST_AT_MS + (n * step_us / 1_000) as i64 - draw.below(DISORDER_MS) as i64;
            match n % ROUND {
                0 => events.persons.push(person(&mut draw, n, at)),
                1..=AUCTIONS_OF_ROUND => {
                    let mut auction = auction(&mut draw, n, at, flight_ms);
                    // No two end in one millisecond, so that the order of their ends is that of time.
                    while !expiries.insert(auction.expires) {
                        auction.expires += 1;
                    }
                    events.auctions.push(auction);
                }
                _ => events.bids.push(bid(&mut draw, seed, n, at)),
            }
        }
        events
    }

    /// Lines of JSON.
    pub fn lines(&self, topic: Topic) -> String {
        let mut text = String::new();
        let mut put = |fields: String| {
            let _ = writeln!(text, "{{{fields}}}");
        };
        match topic {
            Topic::Persons => self.persons.iter().for_each(|person| put(person.fields(person.at))),
            Topic::Auctions => {
                self.auctions.iter().for_each(|auction| put(auction.fields(auction.at, auction.expires)));
            }
            Topic::Bids => self.bids.iter().for_each(|bid| put(bid.fields(bid.at))),
            Topic::Side => (0..SIDE_ENTRIES)
                .step_by(SIDE_EVERY)
                .for_each(|key| put(format!(r#""key":{key},"value":"{}""#, side_value(key)))),
        }
        text
    }
}

/// What the list of q13 has for a remainder.
pub fn side(key: u64) -> Option<String> {
    (key.is_multiple_of(SIDE_EVERY as u64)).then(|| side_value(key))
}

fn side_value(key: u64) -> String {
    format!("entry {key}")
}

/// The last person that there is when the `n`-th event comes, counted from 0.
fn last_person(n: u64) -> u64 {
    n / ROUND
}

/// The last auction; before the first round has one it is the first, which comes soon.
fn last_auction(n: u64) -> u64 {
    let (round, place) = (n / ROUND, n % ROUND);
    (round * AUCTIONS_OF_ROUND + place.min(AUCTIONS_OF_ROUND)).saturating_sub(1)
}

fn any_person(draw: &mut Draw, n: u64) -> u64 {
    let people = last_person(n) + 1;
    let active = people.min(ACTIVE_PEOPLE);
    people - active + draw.below(active + LEAD)
}

fn person(draw: &mut Draw, n: u64, at: i64) -> Person {
    let name = format!("{} {}", draw.of(&FIRST_NAMES), draw.of(&LAST_NAMES));
    let email = format!("{}@{}.com", draw.word(7), draw.word(5));
    let credit_card: Vec<String> = (0..4).map(|_| format!("{:04}", draw.below(10_000))).collect();
    Person {
        id: FIRST_ID + last_person(n),
        name,
        email,
        credit_card: credit_card.join(" "),
        city: draw.of(&CITIES),
        state: draw.of(&STATES),
        at,
        extra: draw.filler(100),
    }
}

fn auction(draw: &mut Draw, n: u64, at: i64, flight_ms: u64) -> Auction {
    let seller = if draw.below(COLD_SELLERS) > 0 {
        last_person(n) / HOT_EVERY * HOT_EVERY
    } else {
        any_person(draw, n)
    };
    let initial_bid = draw.price();
    Auction {
        id: FIRST_ID + last_auction(n),
        item: draw.word(20),
        description: draw.word(100),
        initial_bid,
        reserve: initial_bid + draw.price(),
        at,
        expires: at + 1 + draw.below((2 * flight_ms).max(1)) as i64,
        seller: FIRST_ID + seller,
        category: FIRST_CATEGORY + draw.below(CATEGORIES),
        extra: draw.filler(300),
    }
}

fn bid(draw: &mut Draw, seed: u64, n: u64, at: i64) -> Bid {
    let last = last_auction(n);
    let auction = if draw.below(COLD_AUCTIONS) > 0 {
        last / HOT_EVERY * HOT_EVERY
    } else {
        let least = last.saturating_sub(AUCTIONS_IN_FLIGHT);
        least + draw.below(last - least + 1 + LEAD)
    };
    let bidder = if draw.below(COLD_BIDDERS) > 0 {
        last_person(n) / HOT_EVERY * HOT_EVERY + 1
    } else {
        any_person(draw, n)
    };
    let channel = if draw.below(2) > 0 { draw.below(4) } else { 4 + draw.below(CHANNELS) };
    let (channel, url) = channel_and_url(seed, channel);
    Bid {
        auction: FIRST_ID + auction,
        bidder: FIRST_ID + bidder,
        price: draw.price(),
        channel,
        url,
        at,
        extra: draw.filler(68),
    }
}

/// A channel always has the same URL; of the others than the hot ones nine of ten have a `channel_id` in it.
fn channel_and_url(seed: u64, channel: u64) -> (String, String) {
    let mut draw = Draw::new(!seed, channel);
    let url = format!(
        "https://www.nexmark.com/{}/{}/{}/item.htm?query=1",
        draw.word(5),
        draw.word(5),
        draw.word(5)
    );
    match HOT_CHANNELS.get(channel as usize) {
        Some(name) => ((*name).to_owned(), url),
        None if draw.below(10) > 0 => {
            (format!("channel-{}", channel - 4), format!("{url}&channel_id={}", draw.below(1 << 31)))
        }
        None => (format!("channel-{}", channel - 4), url),
    }
}

/// Begun anew for each event: an event does not depend on those before it.
struct Draw {
    state: u64,
}

impl Draw {
    fn new(seed: u64, n: u64) -> Draw {
        Draw { state: mix(seed ^ mix(n)) }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.state = mix(self.state);
        self.state % limit
    }

    fn of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len() as u64) as usize]
    }

    /// Cents, from a hundred to a hundred millions; each power of ten is as frequent as the others.
    fn price(&mut self) -> i64 {
        let power = self.below(1 << 53) as f64 / (1u64 << 53) as f64 * 6.0;
        (10f64.powf(power) * 100.0).round() as i64
    }

    /// From three letters on, and fewer than `limit`; one of thirteen is a `_`.
    fn word(&mut self, limit: u64) -> String {
        let length = 3 + self.below(limit - 3);
        (0..length)
            .map(|_| if self.below(13) == 0 { '_' } else { char::from(b'a' + self.below(26) as u8) })
            .collect()
    }

    /// About so many letters, give or take a fifth.
    fn filler(&mut self, about: u64) -> String {
        let length = about - about / 5 + self.below(2 * (about / 5));
        let mut text = String::with_capacity(length as usize);
        while text.len() < length as usize {
            let mut bits = self.below(26u64.pow(8));
            for _ in 0..8 {
                text.push(char::from(b'a' + (bits % 26) as u8));
                bits /= 26;
            }
        }
        text.truncate(length as usize);
        text
    }
}
