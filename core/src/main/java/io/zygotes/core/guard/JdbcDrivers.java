package io.zygotes.core.guard;

import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.Constructor;
import java.sql.Driver;
import java.util.HashMap;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;

/**
 * The JDBC drivers among a plugin's jars. {@link java.sql.DriverManager} looks for drivers once, for the thread that
 * asks first; a plugin that is loaded later, by a reload say, would hear that there is "no suitable driver". So they
 * are registered while a cache of the plugin lives. Safe for use by many threads.
 */
final class JdbcDrivers {

    private static final Logger LOG = System.getLogger(JdbcDrivers.class.getName());

    /** How many caches live, by their plugins' class loaders. */
    private static final Map<ClassLoader, Integer> USERS = new HashMap<>();

    private final String cache;
    private final ClassLoader loader;
    private final ModuleLayer layer;

    private JdbcDrivers(String cache, ClassLoader loader, ModuleLayer layer) {
        this.cache = cache;
        this.loader = loader;
        this.layer = layer;
    }

    /**
     * Those of a plugin; those of the image and of the class path need nobody's help.
     *
     * @param cache the import cache's name, for messages
     * @param plugin a class of the plugin
     */
    static JdbcDrivers of(String cache, Class<?> plugin) {
        ModuleLayer layer = plugin.getModule().getLayer();
        boolean any = layer != null
                && layer != ModuleLayer.boot()
                && layer.modules().stream()
                        .flatMap(module -> module.getDescriptor().provides().stream())
                        .anyMatch(provided -> provided.service().equals("java.sql.Driver"));
        return new JdbcDrivers(cache, plugin.getClassLoader(), any ? layer : null);
    }

    /** A cache of the plugin begins. Where a driver cannot be loaded, the log says so: the plugin may do without. */
    void register() {
        if (layer == null) {
            return;
        }
        synchronized (USERS) {
            USERS.merge(loader, 1, Integer::sum);
        }
        try {
            Consumer<Driver> drivers = consumer(own());
            // A driver registers itself when its class is loaded, but for the second time.
            for (Driver driver : ServiceLoader.load(layer, Driver.class)) {
                if (driver.getClass().getClassLoader() == loader) {
                    drivers.accept(driver);
                }
            }
        } catch (Exception | LinkageError | ServiceConfigurationError e) {
            LOG.log(Level.WARNING, "a JDBC driver of the import cache \"" + cache + "\" cannot be used: " + e, e);
        }
    }

    /** A cache of the plugin has ended. */
    void release() {
        if (layer == null) {
            return;
        }
        synchronized (USERS) {
            if (USERS.merge(loader, -1, Integer::sum) > 0) {
                return;
            }
            USERS.remove(loader);
        }
        try {
            ((Runnable) own()).run();
        } catch (Exception | LinkageError e) {
            LOG.log(
                    Level.WARNING,
                    "a JDBC driver of the import cache \"" + cache + "\" stays registered, and its classes in memory: "
                            + e,
                    e);
        }
    }

    /** One of the plugin's {@link OwnDrivers}, which is another class than ours of that name. */
    private Object own() throws IOException, ReflectiveOperationException {
        return new Below(loader).define();
    }

    @SuppressWarnings("unchecked")
    private static Consumer<Driver> consumer(Object own) {
        return (Consumer<Driver>) own;
    }

    /** A class loader with nothing but its own copy of {@link OwnDrivers}. */
    private static final class Below extends ClassLoader {

        Below(ClassLoader plugin) {
            super(plugin);
        }

        Object define() throws IOException, ReflectiveOperationException {
            String name = OwnDrivers.class.getName();
            try (InputStream in = OwnDrivers.class.getResourceAsStream(OwnDrivers.class.getSimpleName() + ".class")) {
                byte[] bytes = in.readAllBytes();
                Constructor<?> made = defineClass(name, bytes, 0, bytes.length).getDeclaredConstructor();
                made.setAccessible(true);
                return made.newInstance();
            }
        }
    }
}
