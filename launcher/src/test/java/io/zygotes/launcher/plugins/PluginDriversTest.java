package io.zygotes.launcher.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.core.guard.GuardedProvider;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Sandboxes;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A plugin's caches find the JDBC drivers beside it, as any program finds those on its path. */
class PluginDriversTest {

    private static final String DRIVER = """
        package db;
        import java.sql.*;
        import java.util.*;
        public final class Driver implements java.sql.Driver {
            static {
                try {
                    DriverManager.registerDriver(new Driver());
                } catch (SQLException e) {
                    throw new ExceptionInInitializerError(e);
                }
            }
            public Connection connect(String url, Properties info) {
                return !acceptsURL(url) ? null : (Connection) java.lang.reflect.Proxy.newProxyInstance(
                        Driver.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, values) -> null);
            }
            public boolean acceptsURL(String url) { return url.startsWith("jdbc:acme:"); }
            public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) { return null; }
            public int getMajorVersion() { return 1; }
            public int getMinorVersion() { return 0; }
            public boolean jdbcCompliant() { return false; }
            public java.util.logging.Logger getParentLogger() { return null; }
        }
        """;

    private static final String PROVIDER = """
        package acme;
        import io.zygotes.spi.*;
        import java.sql.*;
        import java.util.*;
        public final class Counting implements ImportCacheProvider {
            public String name() { return "counting"; }
            public String version() { return "1"; }
            public String spiVersion() { return "1.0"; }
            public String description() {
                return DriverManager.drivers()
                        .filter(driver -> driver.getClass().getClassLoader() == Counting.class.getClassLoader())
                        .count() + " drivers";
            }
            public ImportCache create(ImportCacheContext context) {
                connect();
                return new Cache();
            }
            static void connect() {
                try (Connection connection = DriverManager.getConnection("jdbc:acme:it")) {
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        final class Cache implements ImportCache {
            public Leaf createLeaf(LeafRequest request) { return null; }
            public Map<String, Number> statistics() {
                Counting.connect();
                return Map.of("connected", 1);
            }
            public void close() {}
        }
        """;

    @TempDir
    private Path folder;

    private Path plugins;

    @BeforeEach
    void makeFolder() throws Exception {
        plugins = Files.createDirectory(folder.resolve("plugins"));
    }

    private void writePlugin(boolean explicit) throws Exception {
        PluginJar driver = new PluginJar().source("db/Driver.java", DRIVER);
        if (explicit) {
            // Its package is nobody else's business.
            driver.module("acme.db", "requires java.sql;", "provides java.sql.Driver with db.Driver;");
        } else {
            driver.resource("META-INF/services/java.sql.Driver", "db.Driver\n")
                    .manifest("Automatic-Module-Name: acme.db");
        }
        driver.write(plugins.resolve("counting/db.jar"));
        new PluginJar()
                .source("acme/Counting.java", PROVIDER)
                .module(
                        "acme.counting",
                        "requires io.zygotes.spi;",
                        "requires java.sql;",
                        "provides " + ImportCacheProvider.class.getName() + " with acme.Counting;")
                .write(plugins.resolve("counting/counting.jar"));
    }

    private ImportCacheProvider found() throws Exception {
        ImportCaches caches = ImportCaches.find(folder, List.of(), "--plugin-path");
        assertEquals(List.of(), caches.broken());
        return caches.byName("it", "counting").provider();
    }

    private static ImportCache made(ImportCacheProvider provider) throws Exception {
        return GuardedProvider.around(provider).create(idle(ImportCacheContext.class));
    }

    /** Does nothing, and has parts that do nothing. */
    private static <T> T idle(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(
                PluginDriversTest.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, values) ->
                        method.getReturnType().equals(Sandboxes.class) ? idle(Sandboxes.class) : null));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theyAreFoundFromTheMakingOfACacheToItsEndAndNoLonger(boolean explicit) throws Exception {
        DriverManager.drivers().count(); // somebody asked before: it looks for drivers once
        writePlugin(explicit);
        ImportCacheProvider first = found();
        ImportCache cache = made(first);
        assertEquals(1, cache.statistics().get("connected"));
        // As after a reload: the same jars once more, while the old cache lives.
        ImportCacheProvider second = found();
        ImportCache after = made(second);
        assertEquals(1, after.statistics().get("connected"));
        cache.close();
        assertEquals("0 drivers", first.description(), "one that is registered keeps its class loader for ever");
        assertEquals(1, after.statistics().get("connected"));
        after.close();
        assertEquals("0 drivers", second.description());
    }

    @Test
    void twoCachesOfOnePluginShareThem() throws Exception {
        writePlugin(true);
        ImportCacheProvider provider = found();
        ImportCache one = made(provider);
        ImportCache two = made(provider);
        assertEquals("1 drivers", provider.description());
        one.close();
        assertEquals(1, two.statistics().get("connected"));
        two.close();
        ImportCache again = made(provider);
        assertEquals(1, again.statistics().get("connected"));
        again.close();
        assertEquals("0 drivers", provider.description());
    }
}
