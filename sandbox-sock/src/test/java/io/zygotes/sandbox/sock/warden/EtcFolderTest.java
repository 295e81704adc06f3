package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.Mounts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder that follows another one, without sandboxes. */
class EtcFolderTest {

    @TempDir
    private Path base;

    private Path etc;
    private EtcFolder folder;
    private Path copy;

    @BeforeEach
    void make() throws Exception {
        etc = Files.createDirectories(base.resolve("etc"));
        Files.createDirectories(etc.resolve("ssl/certs"));
        Files.writeString(etc.resolve("ssl/certs/one.pem"), "one");
        Files.writeString(etc.resolve("services"), "ssh 22/tcp");
        folder = EtcFolder.make(new EtcSource(RootFolder.of(base)));
        copy = Mounts.path(folder.mount());
    }

    @AfterEach
    void close() {
        folder.close();
    }

    private void replace(String name, String content) throws Exception {
        Files.writeString(etc.resolve("beside"), content);
        Files.move(etc.resolve("beside"), etc.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private String read(String name) throws Exception {
        return Files.readString(copy.resolve(name));
    }

    private void lookAtAll() throws Exception {
        for (int i = 0; i < 30; i++) {
            folder.look();
        }
    }

    @Test
    void filesComeChangeAndGo() throws Exception {
        assertEquals("ssh 22/tcp", read("services"));
        assertFalse(Files.exists(copy.resolve("resolv.conf")), "there was none at the start");
        replace("resolv.conf", "nameserver 192.0.2.1");
        folder.look();
        assertEquals("nameserver 192.0.2.1", read("resolv.conf"));
        replace("resolv.conf", "nameserver 192.0.2.2");
        folder.look();
        assertEquals("nameserver 192.0.2.2", read("resolv.conf"));
        Files.delete(etc.resolve("services"));
        folder.look();
        assertFalse(Files.exists(copy.resolve("services")));
        assertEquals("one", read("ssl/certs/one.pem"), "a look at files leaves folders alone");
    }

    @Test
    void foldersAreFollowedMoreSlowly() throws Exception {
        Files.writeString(etc.resolve("ssl/certs/two.pem"), "two");
        Files.delete(etc.resolve("ssl/certs/one.pem"));
        lookAtAll();
        assertEquals("two", read("ssl/certs/two.pem"));
        assertFalse(Files.exists(copy.resolve("ssl/certs/one.pem")));
    }

    @Test
    void aFolderInAFilesPlaceAndTheOtherWayRoundReplaceIt() throws Exception {
        Files.delete(etc.resolve("services"));
        Files.createDirectory(etc.resolve("services"));
        Files.writeString(etc.resolve("services/inner"), "inner");
        Files.delete(etc.resolve("ssl/certs/one.pem"));
        Files.delete(etc.resolve("ssl/certs"));
        Files.writeString(etc.resolve("ssl/certs"), "all");
        lookAtAll();
        assertEquals("inner", read("services/inner"));
        assertEquals("all", read("ssl/certs"));
    }

    @Test
    void nothingIsLeftBesideAndAllMayReadIt() throws Exception {
        replace("services", "https 443/tcp");
        lookAtAll();
        try (Stream<Path> all = Files.walk(copy)) {
            for (Path path : all.filter(path -> !Files.isSymbolicLink(path)).toList()) {
                assertFalse(path.toString().endsWith(".new"), path::toString);
                int mode = (int) Files.getAttribute(path, "unix:mode");
                assertTrue((mode & 04) != 0 && (mode & 022) == 0, () -> path + " " + Integer.toOctalString(mode));
            }
        }
    }
}
