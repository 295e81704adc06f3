package io.zygotes.core.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FoldersTest {

    @TempDir
    private Path place;

    private Path folder;

    @BeforeEach
    void make() throws IOException {
        folder = Files.createDirectory(place.resolve("folder"));
    }

    private void assertDeleted() throws IOException {
        Folders.delete(folder);
        assertFalse(Files.exists(folder, LinkOption.NOFOLLOW_LINKS));
    }

    /** What Java cannot make, because the name or the path is none for it. */
    private void python(String script) throws Exception {
        Process process = new ProcessBuilder("python3", "-I", "-S", "-c", script, folder.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
    }

    @Test
    void aFolderGoesWithAllThatIsInItAndLinksGoThemselves() throws IOException {
        Path other = Files.createDirectory(place.resolve("other"));
        Files.writeString(other.resolve("kept"), "kept");
        Files.createDirectories(folder.resolve("a/b/c"));
        Files.writeString(folder.resolve("a/b/file"), "");
        Files.createSymbolicLink(folder.resolve("a/link"), other);
        Files.createSymbolicLink(folder.resolve("dangling"), Path.of("nowhere"));
        assertDeleted();
        assertEquals("kept", Files.readString(other.resolve("kept")));
    }

    @Test
    void aLinkGoesItself() throws IOException {
        Files.writeString(folder.resolve("kept"), "kept");
        Path link = Files.createSymbolicLink(place.resolve("link"), folder);
        Folders.delete(link);
        assertFalse(Files.exists(link, LinkOption.NOFOLLOW_LINKS));
        assertTrue(Files.exists(folder.resolve("kept")));
    }

    @Test
    void whatIsNotThereIsNoError() throws IOException {
        Folders.delete(place.resolve("nothing"));
    }

    @Test
    void foldersThatForbidEverythingGoToo() throws IOException {
        Path below = Files.createDirectories(folder.resolve("closed/below"));
        Files.writeString(below.resolve("file"), "");
        for (Path closed : List.of(below, below.getParent(), folder)) {
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
        }
        assertDeleted();
    }

    @Test
    void foldersThatLieDeeperThanAPathReachesGoToo() throws Exception {
        python("""
            import os, sys
            os.chdir(sys.argv[1])
            for n in range(2000):
                open("file", "w").close()
                os.mkdir("d" * 200)
                os.chdir("d" * 200)
            """);
        assertDeleted();
    }

    @Test
    void namesThatAreNoTextGoToo() throws Exception {
        python("""
            import os, sys
            os.chdir(os.fsencode(sys.argv[1]))
            for name in (b"\\xff\\xfe", b"new\\nline", b"-rf", b"...", b"a" * 255, b"\\xc3"):
                os.mkdir(name)
                open(name + b"/" + name, "w").close()
            os.mkfifo("fifo")
            """);
        assertDeleted();
    }

    /** A26: somebody who still writes there puts a link in the place of a folder, over and over. */
    @Test
    void aLinkThatTakesAFoldersPlaceMeanwhileLeadsNowhere() throws Exception {
        Path host = Files.createDirectories(place.resolve("host/inner"));
        for (int i = 0; i < 20; i++) {
            Files.writeString(host.resolve("file-" + i), "kept");
        }
        AtomicBoolean ended = new AtomicBoolean();
        Path swapped = folder.resolve("swapped");
        Path aside = folder.resolve("aside");
        Thread attacker = Thread.ofPlatform().start(() -> {
            while (!ended.get()) {
                try {
                    Files.createDirectories(swapped.resolve("inner"));
                    Files.writeString(swapped.resolve("inner/file-1"), "");
                    Files.move(swapped, aside);
                    Files.createSymbolicLink(swapped, place.resolve("host"));
                    Files.delete(swapped);
                    Files.move(aside, swapped);
                } catch (IOException e) {
                    // the other one was faster
                }
            }
        });
        try {
            for (int i = 0; i < 1000; i++) {
                try {
                    Folders.delete(folder);
                    Files.createDirectories(folder);
                } catch (IOException e) {
                    // it was filled again before it could go
                }
            }
        } finally {
            ended.set(true);
            attacker.join();
        }
        try (Stream<Path> left = Files.list(host)) {
            assertEquals(20, left.count());
        }
        assertDeleted();
    }
}
