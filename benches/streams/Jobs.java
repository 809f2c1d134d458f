import static java.nio.charset.StandardCharsets.UTF_8;
import static org.apache.kafka.streams.kstream.Suppressed.BufferConfig.unbounded;
import static org.apache.kafka.streams.kstream.Suppressed.untilWindowCloses;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.RocksDBDslStoreSuppliers;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;

/**
 * The five jobs of the benchmark in Kafka Streams, tuned for little CPU: keys and values stay bytes, JSON is read by a streaming parser
 * and only as far as needed. Arguments: job, brokers, input topic, output topic, application id, state directory.
 */
public final class Jobs {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final long RANGE_MS = 300_000;
    private static final long OUT_OF_ORDER_MS = 5_000;

    /**
     * State by card is kept in memory, as 100,000 cards fit: it needs less CPU than RocksDB behind a cache. Its changelog keeps it through
     * a crash. STREAMS_STORES=rocksdb tells to keep it in RocksDB behind a cache, as one would if it did not fit.
     */
    private static final boolean IN_MEMORY = !"rocksdb".equals(System.getenv("STREAMS_STORES"));

    private static final Serde<byte[]> BYTES = Serdes.ByteArray();
    private static final Serde<Total> TOTALS = Serdes.serdeFrom((topic, total) -> total.bytes(), (topic, bytes) -> Total.of(bytes));

    public static void main(String[] arguments) {
        try {
            run(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
        } catch (Throwable error) {
            end(error);
        }
    }

    private static void run(String job, String brokers, String input, String output, String id, String dir) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<byte[], byte[]> payments = builder.stream(input, consumed((record, time) -> Payment.at((byte[]) record.value())));
        KStream<byte[], byte[]> rows = switch (job) {
            case "w1" -> payments.filter((card, payment) -> isLarge(payment));
            case "w2" -> hourly(payments);
            case "w3" -> payments.process(new Velocity());
            case "w4" -> enriched(payments, builder);
            case "w5" -> totals(payments);
            default -> throw new IllegalArgumentException("there is no job " + job);
        };
        rows.to(output, Produced.with(BYTES, BYTES));
        Properties settings = settings(brokers, id, dir);
        KafkaStreams streams = new KafkaStreams(builder.build(settings), settings);
        streams.setUncaughtExceptionHandler(error -> {
            end(error);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
    }

    /** The benchmark must see that it failed; an orderly shutdown would wait for the thread that this runs on. */
    private static void end(Throwable error) {
        error.printStackTrace();
        System.err.flush();
        Runtime.getRuntime().halt(1);
    }

    private static Properties settings(String brokers, String id, String dir) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, id);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, dir);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        // As the other programs: exactly once, committed every 100 ms, one thread that works.
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
        settings.put(
            StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG,
            IN_MEMORY ? InMemoryDslStoreSuppliers.class : RocksDBDslStoreSuppliers.class);
        // Where there is a cache it evicts nothing: entries are written once for each commit, and reads stay off RocksDB.
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
        settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, Rocks.class);
        // Large polls, and buffers that hold them: partitions are not paused and resumed all the time.
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
        settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_BYTES_CONFIG), 50 << 20);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 1 << 20);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        // A commit flushes anyway, so lingering as long as the commit interval costs no time and makes full batches.
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 128L << 20);
        return settings;
    }

    private static Consumed<byte[], byte[]> consumed(TimestampExtractor time) {
        return Consumed.with(BYTES, BYTES).withTimestampExtractor(time);
    }

    /** A store by card. The cache would collapse little here, as an event's card is rarely that of another of the same commit. */
    private static <V> Materialized<byte[], V, KeyValueStore<Bytes, byte[]>> byCard(String name, Serde<V> values) {
        Materialized<byte[], V, KeyValueStore<Bytes, byte[]>> store = Materialized.as(name);
        store.withKeySerde(BYTES).withValueSerde(values);
        return IN_MEMORY ? store.withCachingDisabled() : store.withCachingEnabled();
    }

    // W1: large payments of two countries, as they came.

    private static boolean isLarge(byte[] json) {
        Payment payment = Payment.read(json, Payment.AMOUNT | Payment.COUNTRY);
        return payment.cents >= 50_000 && (payment.country.equals("FR") || payment.country.equals("DE"));
    }

    // W2: volume by hour and currency, told once the hour is over. The cache collapses nearly all updates of the few windows.

    private static KStream<byte[], byte[]> hourly(KStream<byte[], byte[]> payments) {
        return payments
            .map((card, json) -> {
                Payment payment = Payment.read(json, Payment.AMOUNT | Payment.CURRENCY);
                return KeyValue.pair(payment.currency.getBytes(UTF_8), payment.cents);
            })
            .groupByKey(Grouped.with("currency", BYTES, Serdes.Long()))
            .windowedBy(TimeWindows.ofSizeAndGrace(HOUR, GRACE))
            .aggregate(
                () -> Total.NONE,
                (currency, cents, total) -> total.plus(cents),
                Materialized.<byte[], Total, WindowStore<Bytes, byte[]>>as("hourly")
                    .withKeySerde(BYTES)
                    .withValueSerde(TOTALS)
                    .withCachingEnabled())
            .suppress(untilWindowCloses(unbounded()))
            .toStream()
            .map((key, total) -> {
                String row = "{\"currency\":" + quoted(text(key.key()))
                    + ",\"window\":{\"start\":\"" + Instant.ofEpochMilli(key.window().start())
                    + "\",\"end\":\"" + Instant.ofEpochMilli(key.window().end())
                    + "\"},\"volume\":\"" + money(total.cents) + "\",\"payments\":" + total.payments + "}";
                return KeyValue.pair(key.key(), row.getBytes(UTF_8));
            });
    }

    // W3: payments whose card has more than two in the five minutes up to them.

    private static final class Velocity implements ProcessorSupplier<byte[], byte[], byte[], byte[]> {
        private static final String TIMES = "times";

        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(IN_MEMORY
                ? Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(TIMES), Serdes.Bytes(), BYTES)
                : Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(TIMES), Serdes.Bytes(), BYTES).withCachingEnabled());
        }

        @Override
        public Processor<byte[], byte[], byte[], byte[]> get() {
            return new Processor<>() {
                private ProcessorContext<byte[], byte[]> context;
                private KeyValueStore<Bytes, byte[]> times;

                @Override
                public void init(ProcessorContext<byte[], byte[]> context) {
                    this.context = context;
                    times = context.getStateStore(TIMES);
                }

                @Override
                public void process(Record<byte[], byte[]> payment) {
                    long at = payment.timestamp();
                    Bytes card = Bytes.wrap(payment.key());
                    byte[] old = times.get(card);
                    // What even a payment that is late by the disorder would not count is forgotten.
                    ByteBuffer kept = ByteBuffer.allocate((old == null ? 0 : old.length) + Long.BYTES);
                    int n = 1;
                    for (ByteBuffer rest = ByteBuffer.wrap(old == null ? new byte[0] : old); rest.hasRemaining();) {
                        long before = rest.getLong();
                        if (before > at - RANGE_MS - OUT_OF_ORDER_MS) {
                            kept.putLong(before);
                            n += before > at - RANGE_MS && before <= at ? 1 : 0;
                        }
                    }
                    kept.putLong(at);
                    times.put(card, Arrays.copyOf(kept.array(), kept.position()));
                    if (n > 2) {
                        String id = Payment.read(payment.value(), Payment.ID).id;
                        String row = "{\"id\":" + quoted(id) + ",\"card\":" + quoted(text(payment.key())) + ",\"n\":" + n + "}";
                        context.forward(payment.withValue(row.getBytes(UTF_8)));
                    }
                }
            };
        }
    }

    // W4: payments with what is known of their card.

    private static KStream<byte[], byte[]> enriched(KStream<byte[], byte[]> payments, StreamsBuilder builder) {
        // Rows of the table have no event time: at 0 they come before every payment. Streams takes the oldest record of its inputs first,
        // and waits for what the broker still has (max.task.idle.ms is 0, the default), so the table is complete.
        KTable<byte[], byte[]> cards = builder.stream("cards", consumed((record, time) -> 0))
            .mapValues(json -> json == null ? null : rest(json))
            .toTable(byCard("table", BYTES));
        return payments.join(cards, (card, json, rest) -> {
            Payment payment = Payment.read(json, Payment.ID | Payment.AMOUNT | Payment.COUNTRY);
            String row = "{\"id\":" + quoted(payment.id) + ",\"card\":" + quoted(text(card)) + ",\"amount\":\"" + money(payment.cents)
                + "\",\"country\":" + quoted(payment.country) + text(rest);
            return row.getBytes(UTF_8);
        });
    }

    /** What a card's row adds to a payment's: made once, when the table is read. */
    private static byte[] rest(byte[] json) {
        String tier = null;
        String home = null;
        try (JsonParser parser = Payment.JSON.createParser(json)) {
            parser.nextToken();
            for (String field; (field = parser.nextFieldName()) != null;) {
                parser.nextToken();
                switch (field) {
                    case "tier" -> tier = parser.getText();
                    case "home" -> home = parser.getText();
                    default -> parser.skipChildren();
                }
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return (",\"tier\":" + quoted(tier) + ",\"home\":" + quoted(home) + "}").getBytes(UTF_8);
    }

    // W5: running count and sum of each card, changes.

    private static KStream<byte[], byte[]> totals(KStream<byte[], byte[]> payments) {
        return payments
            .groupByKey(Grouped.with(BYTES, BYTES))
            .aggregate(
                () -> Total.NONE,
                (card, json, total) -> total.plus(Payment.read(json, Payment.AMOUNT).cents),
                byCard("totals", TOTALS))
            .toStream()
            .mapValues((card, total) -> {
                String row = "{\"card\":" + quoted(text(card)) + ",\"payments\":" + total.payments
                    + ",\"paid\":\"" + money(total.cents) + "\"}";
                return row.getBytes(UTF_8);
            });
    }

    /** A count and a sum; 16 bytes in a store. */
    private record Total(long payments, long cents) {
        static final Total NONE = new Total(0, 0);

        Total plus(long more) {
            return new Total(payments + 1, cents + more);
        }

        byte[] bytes() {
            return ByteBuffer.allocate(16).putLong(payments).putLong(cents).array();
        }

        static Total of(byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            return new Total(buffer.getLong(), buffer.getLong());
        }
    }

    /** What a job needs of a payment. */
    private static final class Payment {
        static final int ID = 1;
        static final int AMOUNT = 2;
        static final int COUNTRY = 4;
        static final int CURRENCY = 8;
        static final int AT = 16;
        static final JsonFactory JSON = new JsonFactory();

        String id;
        long cents;
        String country;
        String currency;
        long at;

        /** Reads the wanted fields and not a byte more. */
        static Payment read(byte[] json, int wanted) {
            Payment payment = new Payment();
            try (JsonParser parser = JSON.createParser(json)) {
                parser.nextToken();
                for (String field; wanted != 0 && (field = parser.nextFieldName()) != null;) {
                    JsonToken token = parser.nextToken();
                    int bit = switch (field) {
                        case "id" -> ID;
                        case "amount" -> AMOUNT;
                        case "country" -> COUNTRY;
                        case "merchant" -> CURRENCY;
                        case "at" -> AT;
                        default -> 0;
                    };
                    if ((bit & wanted) == 0) {
                        parser.skipChildren();
                        continue;
                    }
                    switch (bit) {
                        case ID -> payment.id = parser.getText();
                        case AMOUNT -> payment.cents = cents(parser);
                        case COUNTRY -> payment.country = parser.getText();
                        case CURRENCY -> payment.currency = currency(parser, token);
                        default -> payment.at = parser.getLongValue();
                    }
                    wanted &= ~bit;
                }
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            if (wanted != 0) {
                throw new IllegalArgumentException("fields are missing: " + text(json));
            }
            return payment;
        }

        /** A merchant's currency. */
        private static String currency(JsonParser parser, JsonToken token) throws IOException {
            String currency = null;
            for (String field; token == JsonToken.START_OBJECT && (field = parser.nextFieldName()) != null;) {
                parser.nextToken();
                if (field.equals("currency")) {
                    currency = parser.getText();
                } else {
                    parser.skipChildren();
                }
            }
            return currency;
        }

        /** The amount, without a BigDecimal where it is as plain as amounts are. */
        private static long cents(JsonParser parser) throws IOException {
            char[] text = parser.getTextCharacters();
            int end = parser.getTextOffset() + parser.getTextLength();
            long cents = 0;
            int decimals = -1;
            for (int i = parser.getTextOffset(); i < end; i++) {
                char c = text[i];
                if (c >= '0' && c <= '9' && decimals < 2) {
                    cents = cents * 10 + (c - '0');
                    decimals += decimals < 0 ? 0 : 1;
                } else if (c == '.' && decimals < 0) {
                    decimals = 0;
                } else {
                    return new BigDecimal(parser.getText()).movePointRight(2).longValueExact();
                }
            }
            return decimals == 2 ? cents : decimals == 1 ? cents * 10 : cents * 100;
        }

        /** Event time. As a rule it ends the row, and is found from there; the parser finds it where it does not. */
        static long at(byte[] json) {
            int i = json.length - 2;
            long at = 0;
            for (long scale = 1; i > 5 && json[i] >= '0' && json[i] <= '9' && scale < 1_000_000_000_000_000L; i--, scale *= 10) {
                at += (json[i] - '0') * scale;
            }
            boolean found = at > 0 && i > 5 && json[json.length - 1] == '}' && json[i] == ':' && json[i - 1] == '"'
                && json[i - 2] == 't' && json[i - 3] == 'a' && json[i - 4] == '"' && json[i - 5] == ',';
            return found ? at : read(json, AT).at;
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, UTF_8);
    }

    private static String money(long cents) {
        if (cents < 0) {
            return "-" + money(-cents);
        }
        long rest = cents % 100;
        return cents / 100 + (rest < 10 ? ".0" : ".") + rest;
    }

    /** A JSON string. */
    private static String quoted(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c == '"' || c == '\\') {
                return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
            }
        }
        return '"' + text + '"';
    }

    /** One block cache for all stores; memtables that hold more before they are written. Streams sets Bloom filters and no compression. */
    public static final class Rocks implements RocksDBConfigSetter {
        private static final Cache CACHE = new LRUCache(128L << 20);

        @Override
        public void setConfig(String store, Options options, Map<String, Object> settings) {
            BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
            table.setBlockCache(CACHE);
            table.setCacheIndexAndFilterBlocks(true);
            options.setTableFormatConfig(table);
            options.setWriteBufferSize(32L << 20);
        }

        @Override
        public void close(String store, Options options) {
            // The cache lives as long as the process.
        }
    }
}
