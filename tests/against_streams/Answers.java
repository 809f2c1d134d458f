import static org.apache.kafka.streams.kstream.Suppressed.BufferConfig.unbounded;
import static org.apache.kafka.streams.kstream.Suppressed.untilWindowCloses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindowedKStream;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.test.TestRecord;

/**
 * What Kafka Streams gives: reads cases as JSON lines, runs each in a TopologyTestDriver, and writes a line for each.
 *
 * A case is an operator with its parameters and "events": [topic, key, value, time], piped in one by one. The answer is "steps": for each
 * event the rows that came out after it, as [key, window start, window end, values or null, time]; or "error". README.md says more.
 */
public final class Answers {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Serde<String> TEXT = Serdes.String();
    private static final Serde<Long> NUMBER = Serdes.Long();
    private static final String OUT = "out";

    /** Longer than any case. By default a window's state in memory is dropped as it closes, before EmitStrategy.onWindowClose reads it. */
    private static final Duration RETENTION = Duration.ofDays(1);

    private final JsonNode asked;
    private final StreamsBuilder builder = new StreamsBuilder();

    private Answers(JsonNode asked) {
        this.asked = asked;
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.write(answer(line));
            out.newLine();
            out.flush();
        }
    }

    private static String answer(String line) throws IOException {
        ObjectNode answer = JSON.createObjectNode();
        try {
            answer.set("steps", new Answers(JSON.readTree(line)).steps());
        } catch (RuntimeException error) {
            answer.put("error", error.toString());
        }
        return JSON.writeValueAsString(answer);
    }

    private static Properties settings() {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "answers");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
        settings.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, InMemoryDslStoreSuppliers.class);
        // Every change is given out, not the last one of each commit.
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        // Final rows are given out as soon as time allows, not once a second by the wall clock, which stands still here.
        settings.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0L);
        settings.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, 0L);
        return settings;
    }

    private ArrayNode steps() {
        rows().to(OUT, Produced.with(TEXT, TEXT));
        Properties settings = settings();
        Topology topology = builder.build(settings);
        ArrayNode steps = JSON.createArrayNode();
        try (TopologyTestDriver driver = new TopologyTestDriver(topology, settings, Instant.EPOCH)) {
            Map<String, TestInputTopic<String, Long>> inputs = new HashMap<>();
            TestOutputTopic<String, String> out = driver.createOutputTopic(OUT, TEXT.deserializer(), TEXT.deserializer());
            for (JsonNode event : asked.get("events")) {
                String key = event.get(1).textValue();
                Long value = event.get(2).isNull() ? null : event.get(2).longValue();
                inputs.computeIfAbsent(
                    event.get(0).textValue(),
                    topic -> driver.createInputTopic(topic, TEXT.serializer(), NUMBER.serializer()))
                    .pipeInput(key, value, event.get(3).longValue());
                ArrayNode step = steps.addArray();
                for (TestRecord<String, String> record : out.readRecordsToList()) {
                    step.add(row(record));
                }
            }
        }
        return steps;
    }

    private static ArrayNode row(TestRecord<String, String> record) {
        ArrayNode row = JSON.createArrayNode();
        String[] parts = record.key() == null ? new String[] {null} : record.key().split("@");
        row.add(parts[0]);
        for (int bound = 1; bound <= 2; bound++) {
            row.add(bound < parts.length ? Long.valueOf(parts[bound]) : null);
        }
        if (record.value() == null) {
            row.addNull();
        } else {
            ArrayNode values = row.addArray();
            for (String value : record.value().split(",")) {
                values.add(value.equals("null") ? null : Long.valueOf(value));
            }
        }
        return row.add(record.timestamp());
    }

    private long number(String name) {
        return asked.get(name).longValue();
    }

    private Duration span(String name) {
        return Duration.ofMillis(number(name));
    }

    private String word(String name) {
        return asked.get(name).textValue();
    }

    private KStream<String, Long> stream(String topic) {
        return builder.stream(topic, Consumed.with(TEXT, NUMBER));
    }

    private KTable<String, Long> table(String topic) {
        if (asked.has("summed")) {
            return stream(topic).groupByKey(Grouped.with(TEXT, NUMBER)).reduce(Long::sum);
        }
        if (asked.get("derived").booleanValue()) {
            return stream(topic).groupByKey(Grouped.with(TEXT, NUMBER)).reduce((old, next) -> next);
        }
        return builder.table(topic, Consumed.with(TEXT, NUMBER), Materialized.with(TEXT, NUMBER));
    }

    private KStream<String, String> rows() {
        return switch (word("operator")) {
            case "totals" -> grouped().aggregate(() -> "", Answers::add, Materialized.with(TEXT, TEXT)).toStream();
            case "latest" -> grouped().reduce((old, next) -> next).toStream().mapValues(value -> value.toString());
            case "aggregate_table" -> groups().toStream();
            case "window" -> windowed();
            case "join_streams" -> joinStreams();
            case "join_table" -> joinTable();
            case "join_tables" -> joinTables();
            case "join_foreign" -> joinForeign().toStream();
            case "look_up_foreign" -> lookUp(stream("c"), joinForeign());
            case "look_up_groups" -> lookUp(stream("c").selectKey((key, value) -> "g" + value % 3), groups());
            default -> throw new IllegalArgumentException(asked.toString());
        };
    }

    private KGroupedStream<String, Long> grouped() {
        return stream("a").groupByKey(Grouped.with(TEXT, NUMBER));
    }

    /** count, sum, min and max, with commas between them. */
    private static String add(String key, Long value, String so_far) {
        return so_far.isEmpty() ? "1," + value + "," + value + "," + value : merge(key, so_far, "1," + value + "," + value + "," + value);
    }

    private static String merge(String key, String one, String other) {
        if (one.isEmpty() || other.isEmpty()) {
            return one + other;
        }
        String[] a = one.split(",");
        String[] b = other.split(",");
        return (Long.parseLong(a[0]) + Long.parseLong(b[0]))
            + "," + (Long.parseLong(a[1]) + Long.parseLong(b[1]))
            + "," + Math.min(Long.parseLong(a[2]), Long.parseLong(b[2]))
            + "," + Math.max(Long.parseLong(a[3]), Long.parseLong(b[3]));
    }

    /** How many rows a group has, and their sum. A group without a row is deleted. */
    private KTable<String, String> groups() {
        return builder.table("a", Consumed.with(TEXT, NUMBER), Materialized.with(TEXT, NUMBER))
            .groupBy((key, value) -> KeyValue.pair("g" + value % 3, value), Grouped.with(TEXT, NUMBER))
            .aggregate(
                () -> "0,0",
                (key, value, so_far) -> counted(so_far, 1, value),
                (key, value, so_far) -> so_far.startsWith("1,") ? null : counted(so_far, -1, -value),
                Materialized.with(TEXT, TEXT));
    }

    private static String counted(String so_far, long rows, long value) {
        String[] parts = so_far.split(",");
        return (Long.parseLong(parts[0]) + rows) + "," + (Long.parseLong(parts[1]) + value);
    }

    private KStream<String, String> windowed() {
        Duration size = span("size");
        Duration grace = span("grace");
        KTable<Windowed<String>, String> table = switch (word("window")) {
            case "hopping" -> timed(grouped().windowedBy(TimeWindows.ofSizeAndGrace(size, grace).advanceBy(span("advance"))));
            case "sliding" -> timed(grouped().windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(size, grace)));
            case "session" -> sessions(grouped().windowedBy(SessionWindows.ofInactivityGapAndGrace(size, grace)));
            default -> throw new IllegalArgumentException(asked.toString());
        };
        if (word("emit").equals("suppress")) {
            table = table.suppress(untilWindowCloses(unbounded()));
        }
        return table.toStream().map((key, value) ->
            KeyValue.pair(key.key() + "@" + key.window().start() + "@" + key.window().end(), value));
    }

    private EmitStrategy strategy() {
        return word("emit").equals("close") ? EmitStrategy.onWindowClose() : EmitStrategy.onWindowUpdate();
    }

    private KTable<Windowed<String>, String> timed(TimeWindowedKStream<String, Long> windows) {
        Materialized<String, String, WindowStore<Bytes, byte[]>> stored = Materialized.with(TEXT, TEXT);
        return windows.emitStrategy(strategy()).aggregate(() -> "", Answers::add, stored.withRetention(RETENTION));
    }

    private KTable<Windowed<String>, String> sessions(SessionWindowedKStream<String, Long> windows) {
        Materialized<String, String, SessionStore<Bytes, byte[]>> stored = Materialized.with(TEXT, TEXT);
        stored.withRetention(RETENTION);
        return windows.emitStrategy(strategy()).aggregate(() -> "", Answers::add, Answers::merge, stored);
    }

    private KStream<String, String> joinStreams() {
        KStream<String, Long> left = stream("a");
        KStream<String, Long> right = stream("b");
        JoinWindows windows = JoinWindows.ofTimeDifferenceAndGrace(Duration.ZERO, span("grace"))
            .before(span("before"))
            .after(span("after"));
        StreamJoined<String, Long, Long> joined = StreamJoined.with(TEXT, NUMBER, NUMBER)
            .withThisStoreSupplier(new Kept("left", windows))
            .withOtherStoreSupplier(new Kept("right", windows));
        ValueJoiner<Long, Long, String> pair = Answers::pair;
        return switch (word("kind")) {
            case "inner" -> left.join(right, pair, windows, joined);
            case "left" -> left.leftJoin(right, pair, windows, joined);
            default -> left.outerJoin(right, pair, windows, joined);
        };
    }

    private KStream<String, String> joinTable() {
        KTable<String, Long> table = table("b");
        ValueJoiner<Long, Long, String> pair = Answers::pair;
        Joined<String, Long, Long> joined = Joined.with(TEXT, NUMBER, NUMBER);
        return word("kind").equals("inner")
            ? stream("a").join(table, pair, joined)
            : stream("a").leftJoin(table, pair, joined);
    }

    private KStream<String, String> joinTables() {
        KTable<String, Long> left = table("a");
        KTable<String, Long> right = table("b");
        ValueJoiner<Long, Long, String> pair = Answers::pair;
        return switch (word("kind")) {
            case "inner" -> left.join(right, pair).toStream();
            case "left" -> left.leftJoin(right, pair).toStream();
            default -> left.outerJoin(right, pair).toStream();
        };
    }

    /** The rows of the table have two values. */
    private KStream<String, String> lookUp(KStream<String, Long> events, KTable<String, String> table) {
        ValueJoiner<Long, String, String> both = (event, row) -> event + "," + (row == null ? "null,null" : row);
        Joined<String, Long, String> joined = Joined.with(TEXT, NUMBER, TEXT);
        return word("looks").equals("inner") ? events.join(table, both, joined) : events.leftJoin(table, both, joined);
    }

    private KTable<String, String> joinForeign() {
        KTable<String, Long> left = table("a");
        KTable<String, Long> right = table("b");
        ValueJoiner<Long, Long, String> pair = Answers::pair;
        Materialized<String, String, KeyValueStore<Bytes, byte[]>> stored = Materialized.with(TEXT, TEXT);
        Function<Long, String> reference = value -> value < 0 ? null : "k" + value;
        return word("kind").equals("inner")
            ? left.join(right, reference, pair, stored)
            : left.leftJoin(right, reference, pair, stored);
    }

    private static String pair(Long left, Long right) {
        return left + "," + right;
    }

    /**
     * What a join keeps of one side, in memory, for a millisecond longer than Kafka Streams would: its stores hide an event of exactly the
     * age before + after + grace, whose last partner, at the very end of the window, may still come.
     */
    private record Kept(String name, JoinWindows windows) implements WindowBytesStoreSupplier {
        @Override
        public WindowStore<Bytes, byte[]> get() {
            Duration kept = Duration.ofMillis(retentionPeriod() + 1);
            return Stores.inMemoryWindowStore(name, kept, Duration.ofMillis(windowSize()), true).get();
        }

        @Override
        public long retentionPeriod() {
            return windows.size() + windows.gracePeriodMs();
        }

        @Override
        public long windowSize() {
            return windows.size();
        }

        @Override
        public boolean retainDuplicates() {
            return true;
        }

        @Override
        public long segmentIntervalMs() {
            return 1;
        }

        @Override
        public String metricsScope() {
            return "in-memory-window";
        }
    }
}
