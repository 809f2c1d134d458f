//! Events that look into tables whose rows come through topics, on several partitions of the embedded log: what the tables have shown is there again when
//! another worker goes on.

#[path = "support/bed.rs"]
mod bed;

use bed::{Bed, Run};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tidegate_engine::limits::Limits;
use tidegate_model::partition::partition_for;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};

const PARTITIONS: u32 = 4;

const CUSTOMERS: &str = r#"topology NAME
table customers: { customer: string, city: string?, spent: int } = embedded("NAME.customers") key customer
table cities: { city: string, region: string } = embedded("NAME.cities") key city
source visits: { id: string, customer: string, city: string, at: timestamp } = embedded("NAME.visits")
  key customer
  time at
table placed = customers |> left join cities as c by city
table best = customers |> filter city is not null |> top 2 by spent per city
table totals = customers |> filter city is not null |> group by city |> aggregate { n: count(), spent: sum(spent) }
table champions = customers |> top 1 by spent
stream served = visits |> left join placed as who by customer |> map { id, found: who.c.region ?? "none" }
stream in_city = visits |> repartition by city
stream ranked = in_city |> left join best as b on city == b.city and b.rank == 2 |> map { id, found: b.customer ?? "none" }
stream summed = in_city |> left join totals as t by city |> map { id, found: f"{t.n ?? 0} {t.spent ?? 0}" }
stream beaten = visits |> left join champions as champion on champion.rank == 1 |> map { id, found: champion.customer ?? "none" }
sink served -> embedded("NAME.served")
sink ranked -> embedded("NAME.ranked")
sink summed -> embedded("NAME.summed")
sink beaten -> embedded("NAME.beaten")
"#;

fn append(run: &Run<'_>, topic: &str, key: &str, value: Option<Value>) {
    let partition = PartitionId(partition_for(key.as_bytes(), PARTITIONS).0);
    let value = value.map(|value| value.to_string().into_bytes());
    let record = (partition, EventTime::from_micros(1_000_000), Some(key.as_bytes().to_vec()), value);
    run.append(&format!("{}.{topic}", run.plan.topology), &[record]).expect("written");
}

fn customer(run: &Run<'_>, name: &str, city: Option<&str>, spent: i64) {
    let row = json!({ "customer": name, "city": city, "spent": spent });
    append(run, "customers", name, Some(row));
}

/// What each of these streams found for the visits whose ids begin so.
fn found(run: &Run<'_>, stream: &str, begin: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for partition in 0..PARTITIONS as i32 {
        let topic = format!("{}.{stream}", run.plan.topology);
        let partition = TopicPartition { topic, partition: PartitionId(partition) };
        for record in run.rows_from(&partition, Offset(0)).expect("read") {
            let row: Value = serde_json::from_slice(&record.value.expect("a row")).expect("JSON");
            let text = |field: &str| {
                row[field].as_str().map(str::to_owned).unwrap_or_else(|| row[field].to_string())
            };
            if text("id").starts_with(begin) {
                assert_eq!(found.insert(text("id"), text("found")), None, "each visit once");
            }
        }
    }
    found
}

/// A visit of each customer to each city, and what was found for it: (region, second, sums, first of all).
fn visits(run: &mut Run<'_>, begin: &str) -> BTreeMap<(String, String), [String; 4]> {
    let places: Vec<(String, String)> = (0..4)
        .flat_map(|customer| ["paris", "lyon", "rome"].map(|city| (format!("c{customer}"), city.to_owned())))
        .collect();
    for (number, (customer, city)) in places.iter().enumerate() {
        let id = format!("{begin}{number}");
        let visit = json!({ "id": id, "customer": customer, "city": city, "at": "2024-01-01T10:00:00Z" });
        append(run, "visits", customer, Some(visit));
    }
    run.settle().expect("it works");
    let streams = ["served", "ranked", "summed", "beaten"].map(|stream| found(run, stream, begin));
    let of = |(number, place): (usize, (String, String))| {
        (place, streams.each_ref().map(|stream| stream[&format!("{begin}{number}")].clone()))
    };
    places.into_iter().enumerate().map(of).collect()
}

#[track_caller]
fn same(
    found: &BTreeMap<(String, String), [String; 4]>,
    customers: [&str; 4],
    cities: [(&str, &str, &str); 3],
    first: &str,
) {
    for ((customer, city), given) in found {
        let number: usize = customer[1..].parse().expect("a number");
        let (_, second, sums) = cities.iter().find(|row| row.0 == city).expect("a city");
        assert_eq!(given, &[customers[number], second, sums, first], "{customer} in {city}");
    }
}

#[test]
fn what_a_table_has_shown_is_there_for_the_next_worker() {
    let mut bed = Bed::new();
    let name = bed.name();
    let plan = bed::plan(&name, &CUSTOMERS.replace("NAME", &name)).expect("it compiles");
    let drive = |mut run: Run<'_>| {
        for (city, region) in [("paris", "idf"), ("lyon", "ara")] {
            append(&run, "cities", city, Some(json!({ "city": city, "region": region })));
        }
        customer(&run, "c0", Some("paris"), 10);
        customer(&run, "c1", Some("paris"), 20);
        customer(&run, "c2", Some("lyon"), 30);
        customer(&run, "c3", None, 40);
        run.settle()?;
        let cities = [("paris", "c0", "2 30"), ("lyon", "none", "1 30"), ("rome", "none", "0 0")];
        let customers = ["idf", "idf", "ara", "none"];
        same(&visits(&mut run, "a"), customers, cities, "c3");
        run.restart()?;
        same(&visits(&mut run, "b"), customers, cities, "c3");

        // One moves, one is gone, and a city has another region; the worker is lost while that is on its way.
        customer(&run, "c1", Some("lyon"), 50);
        append(&run, "customers", "c0", None);
        append(&run, "cities", "lyon", Some(json!({ "city": "lyon", "region": "rhone" })));
        run.tick()?;
        run.crash()?;
        run.settle()?;
        let cities = [("paris", "none", "0 0"), ("lyon", "c2", "2 80"), ("rome", "none", "0 0")];
        let customers = ["none", "rhone", "rhone", "none"];
        same(&visits(&mut run, "c"), customers, cities, "c1");
        run.restart()?;
        same(&visits(&mut run, "d"), customers, cities, "c1");
        Ok(())
    };
    bed.run(plan, PARTITIONS, bed::limits(), drive).expect("it works");
}

/// A row of an aggregate refers to another row and back to the first one within one commit. Its commits tell nothing of that, but the join has seen it.
#[test]
fn a_reference_that_comes_back_within_a_commit_is_asked_for_again() {
    let text = r#"topology NAME
source moves: { customer: string, city: string, at: timestamp } = embedded("NAME.moves") key customer time at
source visits: { id: string, customer: string, at: timestamp } = embedded("NAME.visits") key customer time at
table cities: { city: string, region: string } = embedded("NAME.cities") key city
table homes = moves |> group by customer |> aggregate { city: last(city), moves: count() }
table placed = homes |> left join cities as c by city
stream served = visits
  |> left join placed as who by customer
  |> map { id, found: f"{who.moves ?? 0} {who.c.region ?? "none"}" }
sink served -> embedded("NAME.served")
"#;
    let mut bed = Bed::new();
    let name = bed.name();
    let plan = bed::plan(&name, &text.replace("NAME", &name)).expect("it compiles");
    let drive = |mut run: Run<'_>| {
        let at = "2024-01-01T10:00:00Z";
        let moves = |run: &Run<'_>, city: &str| {
            append(run, "moves", "ann", Some(json!({ "customer": "ann", "city": city, "at": at })));
        };
        let visit = |run: &mut Run<'_>, id: &str| {
            append(run, "visits", "ann", Some(json!({ "id": id, "customer": "ann", "at": at })));
            run.settle()?;
            Ok::<_, String>(found(run, "served", id)[id].clone())
        };
        for (city, region) in [("paris", "idf"), ("lyon", "ara")] {
            append(&run, "cities", city, Some(json!({ "city": city, "region": region })));
        }
        moves(&run, "paris");
        run.settle()?;
        assert_eq!(visit(&mut run, "v1")?, "1 idf");
        moves(&run, "lyon");
        moves(&run, "paris");
        run.settle()?;
        assert_eq!(visit(&mut run, "v2")?, "3 idf");
        Ok(())
    };
    // Both are read before anything is committed.
    let limits = Limits { commit_interval: Duration::from_secs(1), ..bed::limits() };
    bed.run(plan, PARTITIONS, limits, drive).expect("it works");
}
