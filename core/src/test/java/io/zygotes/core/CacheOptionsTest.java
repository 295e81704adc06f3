package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.fake.FakeCaches;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Options;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheOptionsTest {

    private static final ImportCacheProvider RENAMED = new FakeCaches("forest", Set.of("trees"), context -> {
        throw new UnsupportedOperationException();
    });

    @TempDir
    Path folder;

    private WorkerConfig settings(String plugins) throws Exception {
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"plugins\": " + plugins + "}");
        return WorkerConfig.read(file);
    }

    private int size(WorkerConfig settings) throws ConfigException {
        Options options = CacheOptions.of(settings, RENAMED);
        int size = options.integer("size", 0, 0, 10);
        options.finish();
        return size;
    }

    @Test
    void optionsUnderTheNameCountBeforeThoseUnderAnAlias() throws Exception {
        WorkerConfig settings = settings("{\"trees\": {\"size\": 1}, \"forest\": {\"size\": 2}}");

        assertEquals(2, size(settings));
        assertEquals("config.json: $.plugins.forest", CacheOptions.where(settings, RENAMED));
    }

    @Test
    void optionsUnderAnAliasAreFoundAndErrorsSayWhereTheyStand() throws Exception {
        WorkerConfig settings = settings("{\"trees\": {\"size\": 1}}");

        assertEquals(1, size(settings));
        assertEquals("config.json: $.plugins.trees", CacheOptions.where(settings, RENAMED));
    }

    @Test
    void aCacheWithoutOptionsHasItsDefaults() throws Exception {
        WorkerConfig settings = settings("{}");

        assertEquals(0, size(settings));
        assertEquals("config.json: $.plugins.forest", CacheOptions.where(settings, RENAMED));
    }
}
