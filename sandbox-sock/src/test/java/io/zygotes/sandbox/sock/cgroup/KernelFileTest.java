package io.zygotes.sandbox.sock.cgroup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.zygotes.sandbox.sock.linux.LinuxException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelFileTest {

    @TempDir
    private Path folder;

    @Test
    void isReadFromItsBeginningEachTime() throws IOException {
        Path path = Files.writeString(folder.resolve("file"), "one");
        try (KernelFile file = KernelFile.toRead(path.toString())) {
            assertEquals("one", file.read());
            Files.writeString(path, "second");
            assertEquals("second", file.read());
        }
    }

    @Test
    void isOpenedOnce() throws IOException {
        Path path = Files.createFile(folder.resolve("file"));
        try (KernelFile file = KernelFile.toWrite(path.toString())) {
            file.write("a");
            Files.move(path, folder.resolve("other"));
            file.write("b");
        }
        assertEquals("ab", Files.readString(folder.resolve("other")));
    }

    @Test
    void isOpenedAgainAfterARest() throws IOException {
        Path path = Files.writeString(folder.resolve("file"), "one");
        try (KernelFile file = KernelFile.toRead(path.toString())) {
            file.read();
            file.rest();
            Files.move(Files.writeString(folder.resolve("other"), "two"), path, StandardCopyOption.REPLACE_EXISTING);
            assertEquals("two", file.read());
        }
    }

    /** Else a process would be missing, or memory not in use, because somebody else froze the leaf just then. */
    @Test
    void isNeverEmptyBecauseAnotherThreadLetsItRest() throws Exception {
        Path path = Files.writeString(folder.resolve("file"), "one");
        try (KernelFile file = KernelFile.toRead(path.toString())) {
            AtomicBoolean done = new AtomicBoolean();
            Thread resting = Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    file.rest();
                }
            });
            try {
                for (int i = 0; i < 200_000; i++) {
                    assertEquals("one", file.read());
                }
            } finally {
                done.set(true);
                resting.join();
            }
        }
    }

    @Test
    void isEmptyIfItIsGoneOrClosed() throws IOException {
        KernelFile gone = KernelFile.toRead(folder.resolve("gone").toString());
        assertEquals("", gone.read());
        gone.close();
        assertEquals("", gone.read());
    }

    /** Else processes that cannot be listed would be taken for none. */
    @Test
    void isNotEmptyIfItCannotBeRead() {
        try (KernelFile file = KernelFile.toRead(folder.toString())) { // a folder cannot be read as a file
            assertThrows(LinuxException.class, file::read);
        }
    }

    @Test
    void cannotBeWrittenToAfterItsEnd() {
        KernelFile file = KernelFile.toWrite(folder.resolve("file").toString());
        file.close();
        assertThrows(ClosedChannelException.class, () -> file.write("a"));
    }
}
