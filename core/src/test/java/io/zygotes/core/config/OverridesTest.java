package io.zygotes.core.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ConfigException;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OverridesTest {

    @TempDir
    Path folder;

    private WorkerDirectory directory;

    @BeforeEach
    void make() throws Exception {
        directory = WorkerDirectory.init(folder.resolve("w"), new ByteArrayInputStream("{}".getBytes()));
    }

    private WorkerConfig with(String... options) throws Exception {
        return directory.with(Overrides.parse(List.of(options))).config();
    }

    @Test
    void theyStandOnTopOfTheFileAndTheFileStaysAsItIs() throws Exception {
        byte[] before = Files.readAllBytes(directory.configFile());

        WorkerConfig config = with(
                "worker_port=5001,limits.mem_mb=77", "features.import_cache=", "Trace.Package=true", "python=3.11");

        assertEquals(5001, config.workerPort());
        assertEquals(77, config.limits().memMb());
        assertEquals("", config.features().importCache());
        assertTrue(config.trace().packages());
        assertEquals("3.11", config.python(), "a text stays one, whatever it looks like");
        assertEquals(new String(before), Files.readString(directory.configFile()));
        assertEquals(5000, directory.config().workerPort());
    }

    @Test
    void sectionsThatTheFileDoesNotHaveAreMade() throws Exception {
        Files.writeString(directory.configFile(), "{\"Limits\": {\"mem_mb\": 50}}");

        WorkerConfig config = with("limits.procs=5,plugins.multitree.trees=3");

        assertEquals(50, config.limits().memMb());
        assertEquals(5, config.limits().procs());
        assertEquals(3, config.pluginOptions("multitree").get("trees"));
    }

    @Test
    void theyCanBeHandedOnAsOptions() throws Exception {
        assertEquals(
                List.of("-o", "a.b=1", "-o", "c=x=y"),
                Overrides.parse(List.of("a.b=1,c=x=y")).asOptions());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        worker_port          | is not key=value
        =1                   | is not key=value
        worker_port=1,       | is not key=value
        worker_port=1,worker_port=2 | set twice
        pkgs_dir=x           | cannot be set for one run
        worker_prot=1        | did you mean 'worker_port'
        worker_port.x=1      | holds no keys
        worker_port=many     | must be a whole number
        log_output=maybe     | must be true or false
        """)
    void whatIsWrongIsSaid(String option, String message) {
        ConfigException e = assertThrows(ConfigException.class, () -> with(option));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
