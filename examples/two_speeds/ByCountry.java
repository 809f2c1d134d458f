import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;

/**
 * The same topology in Kafka Streams, with its defaults but for the guarantee. Arguments: brokers, state directory. It writes the count of a country's hour whenever it changes, and tells
 * how many records it dropped when its standard input ends.
 */
public final class ByCountry {
    private static final JsonFactory JSON = new JsonFactory();

    public static void main(String[] arguments) throws IOException {
        StreamsBuilder builder = new StreamsBuilder();
        builder
            .stream(
                "payments",
                Consumed.with(Serdes.String(), Serdes.String())
                    .withTimestampExtractor((record, time) -> Long.parseLong(field((String) record.value(), "at"))))
            .selectKey((card, payment) -> field(payment, "country"))
            .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofHours(1), Duration.ofSeconds(10)))
            .count()
            .toStream((key, count) -> key.key() + " " + Instant.ofEpochMilli(key.window().start()))
            .mapValues(count -> Long.toString(count))
            .to("streams.hourly", Produced.with(Serdes.String(), Serdes.String()));
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "by-country");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[1]);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.start();
        while (System.in.read() >= 0) {
            // Until the other side closes it.
        }
        double dropped = streams.metrics().values().stream()
            .filter(metric -> metric.metricName().name().equals("dropped-records-total"))
            .mapToDouble(metric -> ((Number) metric.metricValue()).doubleValue())
            .sum();
        System.out.println((long) dropped);
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static String field(String json, String name) {
        try (JsonParser parser = JSON.createParser(json)) {
            parser.nextToken();
            for (String field; (field = parser.nextFieldName()) != null;) {
                parser.nextToken();
                if (field.equals(name)) {
                    return parser.getText();
                }
                parser.skipChildren();
            }
            return null;
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
