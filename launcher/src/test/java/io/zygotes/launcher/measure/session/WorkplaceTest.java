package io.zygotes.launcher.measure.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.launcher.console.Failure;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WorkplaceTest {

    private static final byte[] TREE = "{\"packages\": [], \"children\": []}".getBytes(StandardCharsets.UTF_8);

    private final List<String> ended = new ArrayList<>();
    private Workplace place;

    @BeforeEach
    void make() throws Exception {
        place = Workplace.of("test");
    }

    @AfterEach
    void close() throws Exception {
        place.close();
    }

    private Workplace.Running running(String name) {
        return () -> ended.add(name);
    }

    @Test
    void nothingOfItIsLeft() throws Exception {
        place.furnish(TREE);
        Files.writeString(place.folder().resolve("more"), "x");
        place.beside(() -> running("beside"));
        place.worker(() -> running("worker"));

        place.close();
        place.close();

        assertEquals(List.of("beside", "worker"), ended);
        assertFalse(Files.exists(place.folder()));
    }

    @Test
    void nothingOfItIsLeftWhenAnEndFails() throws Exception {
        place.beside(() -> () -> {
            throw new IllegalStateException("on purpose");
        });
        place.worker(() -> running("worker"));

        assertThrows(IllegalStateException.class, place::close);

        assertEquals(List.of("worker"), ended);
        assertFalse(Files.exists(place.folder()));
    }

    @Test
    void aWorkerTakesThePlaceOfTheOneBefore() throws Exception {
        place.worker(() -> running("first"));
        assertEquals(List.of(), ended);

        place.worker(() -> {
            assertEquals(List.of("first"), ended, "two workers on one directory");
            return running("second");
        });
        place.stopWorker();

        assertEquals(List.of("first", "second"), ended);
    }

    @Test
    void nothingStartsOnceItIsClosed() throws Exception {
        place.close();

        assertThrows(Failure.class, () -> place.worker(() -> running("worker")));
        assertThrows(Failure.class, () -> place.beside(() -> running("beside")));

        assertFalse(Files.exists(place.folder()));
    }

    @Test
    void theNextWorkerHasTheSettingsThatWereChosen() throws Exception {
        Path packages = place.folder().resolve("elsewhere");
        place.furnish(TREE);

        place.choose("none");
        place.keepPackages(Optional.of(packages));
        place.keepPackages(Optional.empty());
        place.change(config -> config.put("spare_leaves", 3));

        assertEquals("none", place.config().features().importCache());
        String settings = Files.readString(place.directory().configFile());
        assertTrue(settings.contains(packages.toString()), settings);
        assertTrue(settings.contains("\"worker_port\" : 0"), settings);
        assertTrue(settings.contains("\"spare_leaves\" : 3"), settings);
    }
}
