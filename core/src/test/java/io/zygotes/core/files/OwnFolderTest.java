package io.zygotes.core.files;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnFolderTest {

    @TempDir
    Path place;

    private OwnFolder own;

    @BeforeEach
    void aFolder() {
        own = new OwnFolder(
                place.resolve("own"),
                "change the setting",
                entry -> entry.getFileName().toString().startsWith("ours"));
    }

    private Path inside(String name) {
        return own.path().resolve(name);
    }

    @Test
    void oneThatIsMadeCarriesTheMark() throws Exception {
        own.claim();

        assertTrue(Files.isRegularFile(inside(OwnFolder.MARK)));
        assertDoesNotThrow(own::claim, "once more");
    }

    @Test
    void anEmptyOneIsTaken() throws Exception {
        Files.createDirectories(inside("lost+found"));
        own.claim();

        assertTrue(Files.exists(inside(OwnFolder.MARK)));
    }

    @Test
    void somebodyElsesIsRefusedWithWhatToDoAndNothingInItChanges() throws Exception {
        Files.createDirectories(own.path());
        Files.writeString(inside("ours-1"), "x");
        Files.writeString(inside("thesis.txt"), "x");

        for (Refused refused : new Refused[] {own::claim, own::renew, own::requireNotForeign}) {
            ConfigException e = assertThrows(ConfigException.class, refused::run);
            assertTrue(e.getMessage().contains("thesis.txt"), e.getMessage());
            assertTrue(e.getMessage().contains("change the setting"), e.getMessage());
            assertTrue(e.getMessage().contains(OwnFolder.MARK), e.getMessage());
        }
        own.removeIfEmpty();
        assertEquals("x", Files.readString(inside("thesis.txt")));
        assertFalse(Files.exists(inside(OwnFolder.MARK)));
    }

    private interface Refused {
        void run() throws Exception;
    }

    @Test
    void oneOfAWorkerThatMadeNoMarksIsTaken() throws Exception {
        Files.createDirectories(inside("ours-1"));
        own.claim();

        assertTrue(Files.exists(inside(OwnFolder.MARK)));
    }

    @Test
    void whoeverPutsTheMarkThereGivesItAway() throws Exception {
        Files.createDirectories(own.path());
        Files.writeString(inside("thesis.txt"), "x");
        Files.createFile(inside(OwnFolder.MARK));

        own.claim();
        own.renew();
        assertFalse(Files.exists(inside("thesis.txt")));
        assertTrue(Files.exists(inside(OwnFolder.MARK)));
    }

    @Test
    void aFileInItsPlaceIsRefused() throws Exception {
        Files.writeString(own.path(), "x");

        ConfigException e = assertThrows(ConfigException.class, own::claim);
        assertTrue(e.getMessage().contains("is not a folder"), e.getMessage());
    }

    @Test
    void itIsRemovedOnlyWithNothingInIt() throws Exception {
        own.removeIfEmpty();
        own.claim();
        Files.createFile(inside("mine"));
        own.removeIfEmpty();
        assertTrue(Files.exists(inside(OwnFolder.MARK)));
        Files.delete(inside("mine"));
        own.removeIfEmpty();
        assertFalse(Files.exists(own.path()));
    }
}
