package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Byte code of our Python files, whose writing may be cut short. */
class RuntimeFilesTest {

    @TempDir
    Path folder;

    private RuntimeFiles files;

    @BeforeEach
    void layOut() throws Exception {
        files = new RuntimeFiles(folder);
        assertTrue(files.layOut());
        assertFalse(files.areCompiled());
        files.compile("python3");
        assertTrue(files.areCompiled());
    }

    private Path someByteCode() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(path -> path.toString().endsWith(".pyc"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void whatIsThereIsNotWrittenAgain() throws Exception {
        assertFalse(files.layOut());
        assertTrue(files.areCompiled());
    }

    @Test
    void byteCodeThatWasCutShortIsCompleted() throws Exception {
        Path cut = someByteCode();
        byte[] whole = Files.readAllBytes(cut);
        Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
        assertFalse(files.areCompiled());

        files.compile("python3");
        assertTrue(files.areCompiled());
        assertTrue(Files.size(cut) == whole.length);
    }

    @Test
    void byteCodeThatWasNotAllWrittenIsCompleted() throws Exception {
        Files.delete(someByteCode());
        assertFalse(files.areCompiled());
    }

    @Test
    void aRecordThatIsEmptyIsNone() throws Exception {
        Files.writeString(folder.resolve("compiled"), "");
        assertFalse(files.areCompiled());
    }

    @Test
    void byteCodeOfOlderFilesIsNotTakenForWhole() throws Exception {
        Files.writeString(folder.resolve("_zygotes/__init__.py"), "# older");
        assertTrue(files.layOut());
        assertFalse(files.areCompiled(), "the worker may have been ended right here");
    }
}
