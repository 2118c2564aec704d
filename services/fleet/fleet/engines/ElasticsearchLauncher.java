// Starts one Elasticsearch node from its published jars: the full distribution's own launcher is in no registry.
import java.nio.file.Path;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

public class ElasticsearchLauncher {
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Path data = Path.of(arguments[1]);
        LogConfigurator.configureESLogging();
        Settings settings = Settings.builder()
            .put("path.home", home.toString())
            .put("path.data", data.toString())
            .put("path.logs", data.resolve("logs").toString())
            .put("cluster.name", "marketplace")
            .put("node.name", "marketplace-1")
            .put("http.port", arguments[2])
            .put("transport.port", arguments[3])
            .put("network.host", "127.0.0.1")
            .put("discovery.type", "single-node")
            // A laptop's disk is often nearly full; the default would turn the index read-only.
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
        var modules = PluginsLoader.loadModulesBundles(home.resolve("modules"), false);
        var plugins = PluginsLoader.loadPluginsBundles(home.resolve("plugins"), false);
        Node node = new Node(
            new Environment(settings, home.resolve("config")),
            PluginsLoader.createPluginsLoader(modules, plugins, Map.of())
        );
        node.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception problem) {
                problem.printStackTrace();
            }
        }));
        Thread.currentThread().join();
    }
}
