import com.hivemq.embedded.EmbeddedHiveMQ;
import java.nio.file.Path;

/** The broker, by the configuration in the folder that it is given, until SIGTERM. */
public class HiveMq {
  public static void main(String[] args) throws InterruptedException {
    Path home = Path.of(args[0]);
    EmbeddedHiveMQ broker = EmbeddedHiveMQ.builder()
        .withConfigurationFolder(home)
        .withDataFolder(home.resolve("data"))
        .withExtensionsFolder(home.resolve("extensions"))
        .build();
    broker.start().join();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> broker.stop().join()));
    Thread.currentThread().join();
  }
}
