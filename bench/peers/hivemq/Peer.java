import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import com.hivemq.client.mqtt.mqtt5.Mqtt5Client;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5Publish;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * HiveMQ's client with manual acknowledgement: a message is acknowledged when its copy is confirmed, or the work is done. The window is the
 * broker's: a Receive Maximum of the same size mosquitto exceeds, and the client ends its connection.
 */
public final class Peer {
  private static long sum = 0;

  public static void main(String[] args) throws InterruptedException {
    String work = args[0];
    Mqtt5AsyncClient from = client(args[4], args[1]);
    Mqtt5AsyncClient to = work.equals("bridge") ? client(args[4] + "-to", args[2]) : null;
    if (to != null) {
      to.connect().join();
    }
    Consumer<Mqtt5Publish> handle = to == null ? Peer::consume : publish -> forward(to, publish);
    from.publishes(MqttGlobalPublishFilter.ALL, handle, true);
    from.connectWith()
        .cleanStart(false)
        .sessionExpiryInterval(3600)
        .keepAlive(0)
        .send()
        .join();
    from.subscribeWith().topicFilter(args[5]).qos(MqttQos.AT_LEAST_ONCE).send().join();
    Thread.currentThread().join();
  }

  private static Mqtt5AsyncClient client(String id, String port) {
    return Mqtt5Client.builder()
        .identifier(id)
        .serverHost("127.0.0.1")
        .serverPort(Integer.parseInt(port))
        .automaticReconnectWithDefaultConfig()
        .buildAsync();
  }

  private static void forward(Mqtt5AsyncClient to, Mqtt5Publish publish) {
    Mqtt5Publish copy =
        Mqtt5Publish.builder()
            .topic(publish.getTopic())
            .payload(publish.getPayloadAsBytes())
            .qos(MqttQos.AT_LEAST_ONCE)
            .build();
    to.publish(copy)
        .whenComplete(
            (result, error) -> {
              if (error == null) {
                publish.acknowledge();
              }
            });
  }

  private static void consume(Mqtt5Publish publish) {
    String text = new String(publish.getPayloadAsBytes(), StandardCharsets.UTF_8);
    int end = 0;
    while (end < text.length() && Character.isDigit(text.charAt(end))) {
      end += 1;
    }
    sum += end == 0 ? 0 : Long.parseLong(text.substring(0, end));
    publish.acknowledge();
  }
}
