package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.files.OwnFolder;
import io.zygotes.spi.ConfigException;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose files a worker removes. */
class OwnFoldersTest {

    private static final List<String> FOLDERS = List.of("code", "sandboxes", "packages", "packages/.staging");

    @TempDir
    Path place;

    private WorkerDirectory made;
    private Path directory;
    private WorkerConfig config;

    @BeforeEach
    void aWorkerDirectory() throws Exception {
        made = WorkerDirectory.init(place.resolve("w"), new ByteArrayInputStream("{}".getBytes()));
        directory = made.path();
        config = made.config();
    }

    private List<String> clean(WorkerConfig config, List<String> mechanism) throws Exception {
        return Leftovers.remove(made, config, folder -> {
            mechanism.add(folder.toString());
            return List.of();
        });
    }

    @Test
    void aWorkerMarksAllOfItsFolders() throws Exception {
        assertTrue(Files.exists(directory.resolve("packages").resolve(OwnFolder.MARK)), "by init");
        OwnFolders.of(config).claim();

        for (String folder : FOLDERS) {
            assertTrue(Files.exists(directory.resolve(folder).resolve(OwnFolder.MARK)), folder);
        }
    }

    @Test
    void aForeignFolderIsRefusedAndNothingInItIsRemoved() throws Exception {
        for (String folder : FOLDERS) {
            Path foreign = directory.resolve(folder);
            Files.createDirectories(foreign);
            Files.deleteIfExists(foreign.resolve(OwnFolder.MARK));
            Path file = Files.createDirectories(foreign.resolve("mine")).resolve("main.py");
            Files.writeString(file, "mine");

            ConfigException e = assertThrows(
                    ConfigException.class, () -> OwnFolders.of(config).requireNoneForeign());
            assertTrue(e.getMessage().contains(foreign + ": is not a worker's"), e.getMessage());
            List<String> mechanism = new ArrayList<>();
            assertThrows(ConfigException.class, () -> clean(config, mechanism));
            assertEquals(List.of(), mechanism, "the mechanism may remove nothing either");
            assertEquals("mine", Files.readString(file));

            Files.delete(file);
            Files.delete(file.getParent());
            Files.writeString(foreign.resolve(OwnFolder.MARK), "");
        }
    }

    @Test
    void foldersOfAWorkerThatMadeNoMarksAreTaken() throws Exception {
        Files.delete(directory.resolve("packages").resolve(OwnFolder.MARK));
        Files.createDirectories(directory.resolve("packages/six==1.17.0/files"));
        Files.writeString(directory.resolve("packages/six==1.17.0/package.json"), "{}");
        Files.createDirectories(directory.resolve("packages/.staging"));
        Files.createDirectories(directory.resolve("code/hello/0123456789abcdef0123456789abcdef"));
        Files.createDirectories(directory.resolve("code/hello/.code.unpack-1-1"));
        Files.createDirectories(directory.resolve("sandboxes/runtime-3.11/_zygotes"));
        Files.createDirectories(directory.resolve("sandboxes/root"));
        Files.writeString(directory.resolve("sandboxes/region"), "7");

        OwnFolders.of(config).claim();
        assertTrue(Files.exists(directory.resolve("packages/six==1.17.0/package.json")));
    }

    @Test
    void cleaningRemovesWhatCarriesTheMarkAndLeavesTheRest() throws Exception {
        OwnFolders.of(config).claim();
        Files.writeString(directory.resolve("packages/.staging/half"), "x");
        Path note = Files.writeString(directory.resolve("code/NOTES.txt"), "mine");
        Path own = Files.createDirectories(directory.resolve("packages/mine")).resolve("x");
        Files.writeString(own, "mine");

        clean(config, new ArrayList<>());

        assertFalse(Files.exists(directory.resolve("packages/.staging")));
        assertFalse(Files.exists(directory.resolve("sandboxes")), "the mechanism left nothing in it");
        assertTrue(Files.exists(note));
        assertTrue(Files.exists(own));
    }
}
