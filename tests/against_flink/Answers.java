import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;

/**
 * What Flink SQL gives: reads parts as a line of JSON, runs all of them in one job, and writes a line for each row.
 *
 * A part is {"sql", "delay", "events", "facts"}: a query over the stream `events`, whose rows are [k, v, id, time in ms, c], and maybe over the table
 * `facts`, whose changes are [k, c, g, v, time in ms], with a null as v where the row of k is deleted; and how far behind the newest of each the
 * watermark is. A line has the part's number, how the result's rows change ("+I", "-U", "+U", "-D"), and the row's values, with a tab before each.
 */
public final class Answers {
    private static final TypeInformation<Row> EVENT =
        Types.ROW_NAMED(
            new String[] {"k", "v", "id", "ms", "c"}, Types.STRING, Types.LONG, Types.LONG, Types.LONG, Types.STRING);
    private static final TypeInformation<Row> FACT =
        Types.ROW_NAMED(
            new String[] {"k", "c", "g", "v", "ms"}, Types.STRING, Types.STRING, Types.STRING, Types.LONG, Types.LONG);

    private static final Schema EVENTS = Schema.newBuilder()
        .column("k", "STRING")
        .column("v", "BIGINT")
        .column("id", "BIGINT")
        .column("ms", "BIGINT")
        .column("c", "STRING")
        .columnByMetadata("ts", DataTypes.TIMESTAMP_LTZ(3), "rowtime")
        .watermark("ts", "SOURCE_WATERMARK()")
        .build();
    private static final Schema FACTS = Schema.newBuilder()
        .column("k", "STRING NOT NULL")
        .column("c", "STRING")
        .column("g", "STRING")
        .column("v", "BIGINT")
        .column("ms", "BIGINT")
        .columnByMetadata("ts", DataTypes.TIMESTAMP_LTZ(3), "rowtime")
        .watermark("ts", "SOURCE_WATERMARK()")
        .primaryKey("k")
        .build();

    /** Ends with the answers: Flink's own threads would go on for a while, and where something failed for ever. */
    public static void main(String[] arguments) {
        try {
            answer();
        } catch (Exception error) {
            error.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }

    private static void answer() throws Exception {
        JsonNode parts = new ObjectMapper().readTree(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(1);
        StreamTableEnvironment tables = StreamTableEnvironment.create(env);
        tables.getConfig().setLocalTimeZone(ZoneOffset.UTC);
        DataStream<String> all = null;
        for (int part = 0; part < parts.size(); part++) {
            DataStream<String> rows = rows(env, tables, parts.get(part), part);
            all = all == null ? rows : all.union(rows);
        }
        StringBuilder told = new StringBuilder();
        try (CloseableIterator<String> rows = all.executeAndCollect()) {
            rows.forEachRemaining(row -> told.append(row).append('\n'));
        }
        System.out.print(told);
        System.out.flush();
    }

    private static DataStream<String> rows(StreamExecutionEnvironment env, StreamTableEnvironment tables, JsonNode part, int number)
            throws IOException {
        long delay = part.get("delay").longValue();
        String events = "events" + number;
        // Flink does not begin to read a stream in which there is nothing.
        if (!part.get("events").isEmpty()) {
            tables.createTemporaryView(events, timed(env.fromData(events(part), EVENT), delay), EVENTS);
        }
        String sql = part.get("sql").textValue().replace("TABLE events", "TABLE " + events).replace("FROM events", "FROM " + events);
        if (part.has("facts")) {
            String facts = "facts" + number;
            DataStream<Row> changes = timed(env.fromData(facts(part), FACT), delay);
            // What Flink completes to changes with the rows before has a deletion bear the time of the row that it deletes.
            boolean asOf = sql.contains("FOR SYSTEM_TIME AS OF");
            ChangelogMode mode = asOf ? ChangelogMode.all() : ChangelogMode.upsert();
            tables.createTemporaryView(facts, tables.fromChangelogStream(changes, FACTS, mode));
            sql = sql.replace("JOIN facts", "JOIN " + facts).replace("FROM facts", "FROM " + facts);
        }
        return tables.toChangelogStream(tables.sqlQuery(sql)).map(row -> told(number, row)).returns(Types.STRING);
    }

    private static List<Row> events(JsonNode part) {
        List<Row> events = new ArrayList<>();
        for (JsonNode event : part.get("events")) {
            long[] numbers = {event.get(1).longValue(), event.get(2).longValue(), event.get(3).longValue()};
            events.add(Row.of(event.get(0).textValue(), numbers[0], numbers[1], numbers[2], event.get(4).textValue()));
        }
        return events;
    }

    private static List<Row> facts(JsonNode part) {
        List<Row> facts = new ArrayList<>();
        for (JsonNode fact : part.get("facts")) {
            JsonNode v = fact.get(3);
            RowKind kind = v.isNull() ? RowKind.DELETE : RowKind.UPDATE_AFTER;
            String[] texts = {fact.get(0).textValue(), fact.get(1).textValue(), fact.get(2).textValue()};
            Long number = v.isNull() ? null : Long.valueOf(v.longValue());
            facts.add(Row.ofKind(kind, texts[0], texts[1], texts[2], number, fact.get(4).longValue()));
        }
        return facts;
    }

    private static DataStream<Row> timed(DataStream<Row> rows, long delay) {
        WatermarkStrategy<Row> strategy = WatermarkStrategy.<Row>forGenerator(context -> new EachEvent(delay))
            .withTimestampAssigner((row, before) -> (Long) row.getField("ms"));
        return rows.assignTimestampsAndWatermarks(strategy);
    }

    private static String told(int part, Row row) {
        StringBuilder text = new StringBuilder().append(part).append('\t').append(row.getKind().shortString());
        for (int field = 0; field < row.getArity(); field++) {
            text.append('\t').append(value(row.getField(field)));
        }
        return text.toString();
    }

    /** Times are told in milliseconds. */
    private static Object value(Object value) {
        if (value instanceof LocalDateTime) {
            return ((LocalDateTime) value).toInstant(ZoneOffset.UTC).toEpochMilli();
        }
        return value instanceof Instant ? ((Instant) value).toEpochMilli() : value;
    }

    /** A watermark behind each event. Flink's says that no event at or before it is to come: hence the millisecond. */
    private static final class EachEvent implements WatermarkGenerator<Row> {
        private final long delay;
        private long newest = Long.MIN_VALUE;

        EachEvent(long delay) {
            this.delay = delay;
        }

        @Override
        public void onEvent(Row event, long time, WatermarkOutput output) {
            if (time > newest) {
                newest = time;
                output.emitWatermark(new Watermark(newest - delay - 1));
            }
        }

        @Override
        public void onPeriodicEmit(WatermarkOutput output) {}
    }
}
