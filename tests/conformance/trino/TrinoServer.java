import io.trino.plugin.hive.HivePlugin;
import io.trino.plugin.iceberg.IcebergPlugin;
import io.trino.testing.DistributedQueryRunner;
import io.trino.testing.TestingSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

/**
 * A Trino server of one node. Arguments: a folder with a properties file for each catalog, and the
 * file that is to hold the server's address. It ends with its standard input, so it cannot outlive
 * whoever started it.
 */
class TrinoServer {
    public static void main(String[] arguments) throws Exception {
        var session = TestingSession.testSessionBuilder().build();
        var runner = DistributedQueryRunner.builder(session).setWorkerCount(0).build();
        runner.installPlugin(new HivePlugin());
        runner.installPlugin(new IcebergPlugin());
        try (var files = Files.list(Path.of(arguments[0]))) {
            for (Path file : files.sorted().toList()) {
                Map<String, String> settings = settings(file);
                String name = file.getFileName().toString().replace(".properties", "");
                runner.createCatalog(name, settings.remove("connector.name"), settings);
            }
        }
        var address = Path.of(arguments[1]);
        var beside = Path.of(arguments[1] + ".new");
        Files.writeString(beside, runner.getCoordinator().getBaseUrl().toString());
        Files.move(beside, address, StandardCopyOption.ATOMIC_MOVE);
        System.in.read();
        System.exit(0);
    }

    private static Map<String, String> settings(Path file) throws IOException {
        var properties = new Properties();
        try (var reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        Map<String, String> settings = new HashMap<>();
        properties.forEach((key, value) -> settings.put((String) key, (String) value));
        return settings;
    }
}
