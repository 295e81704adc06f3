package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Options;
import io.zygotes.spi.SpiVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheOptionsTest {

    @TempDir
    Path folder;

    private static final class Renamed implements ImportCacheProvider {
        @Override
        public String name() {
            return "forest";
        }

        @Override
        public Set<String> aliases() {
            return Set.of("trees");
        }

        @Override
        public String version() {
            return "1";
        }

        @Override
        public String spiVersion() {
            return SpiVersion.CURRENT;
        }

        @Override
        public String description() {
            return "for tests";
        }

        @Override
        public ImportCache create(ImportCacheContext context) {
            throw new UnsupportedOperationException();
        }
    }

    private WorkerConfig settings(String plugins) throws Exception {
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"plugins\": " + plugins + "}");
        return WorkerConfig.read(file);
    }

    private int size(WorkerConfig settings) throws ConfigException {
        Options options = CacheOptions.of(settings, new Renamed());
        int size = options.integer("size", 0, 0, 10);
        options.finish();
        return size;
    }

    @Test
    void optionsUnderTheNameCountBeforeThoseUnderAnAlias() throws Exception {
        WorkerConfig settings = settings("{\"trees\": {\"size\": 1}, \"forest\": {\"size\": 2}}");

        assertEquals(2, size(settings));
        assertEquals("config.json: $.plugins.forest", CacheOptions.where(settings, new Renamed()));
    }

    @Test
    void optionsUnderAnAliasAreFoundAndErrorsSayWhereTheyStand() throws Exception {
        WorkerConfig settings = settings("{\"trees\": {\"size\": 1}}");

        assertEquals(1, size(settings));
        assertEquals("config.json: $.plugins.trees", CacheOptions.where(settings, new Renamed()));
    }

    @Test
    void aCacheWithoutOptionsHasItsDefaults() throws Exception {
        WorkerConfig settings = settings("{}");

        assertEquals(0, size(settings));
        assertEquals("config.json: $.plugins.forest", CacheOptions.where(settings, new Renamed()));
    }
}
