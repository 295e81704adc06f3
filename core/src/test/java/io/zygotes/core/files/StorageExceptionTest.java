package io.zygotes.core.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.zygotes.spi.FailureKind;
import io.zygotes.spi.SandboxException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StorageExceptionTest {

    private static FailureKind kind(IOException cause) {
        return new StorageException("cannot do it", cause).kind();
    }

    /** {@code /dev/full} answers every write with ENOSPC: full(4). */
    @Test
    void aFullDiskIsKnownHoweverJavaWritesToIt() throws Exception {
        Path full = Path.of("/dev/full");
        try (FileChannel channel = FileChannel.open(full, StandardOpenOption.WRITE)) {
            assertEquals(
                    FailureKind.NO_SPACE,
                    kind(assertThrows(IOException.class, () -> channel.write(ByteBuffer.allocate(1)))));
        }
        assertEquals(FailureKind.NO_SPACE, kind(assertThrows(IOException.class, () -> Files.write(full, new byte[1]))));
        try (FileOutputStream out = new FileOutputStream(full.toFile())) {
            assertEquals(FailureKind.NO_SPACE, kind(assertThrows(IOException.class, () -> out.write(1))));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "Too many open files, TOO_MANY_FILES",
        "Too many open files in system, TOO_MANY_FILES",
        "No space left on device, NO_SPACE",
        "Disk quota exceeded, NO_SPACE",
        "Read-only file system, REFUSED",
        "Cannot allocate memory, NO_MEMORY",
        "Input/output error, OTHER"
    })
    void whatJavaSaysAsTextOnlyIsKnown(String text, FailureKind kind) {
        assertEquals(kind, kind(new FileSystemException("/some/file", null, text)));
        assertEquals(kind, kind(new IOException(text)));
    }

    @Test
    void aTextThatOnlyHoldsAReasonIsNone() {
        assertEquals(
                FailureKind.OTHER,
                kind(new FileSystemException("No space left on device", null, "Is a directory")),
                "the name of a file is no reason");
        assertEquals(FailureKind.OTHER, kind(new IOException("lambda says: No space left on device")));
        assertEquals(FailureKind.OTHER, kind(new IOException()));
        assertEquals(FailureKind.OTHER, kind(new NoSuchFileException("x")));
    }

    @Test
    void typesCountAsWellAndAKindIsHandedOn() {
        assertEquals(FailureKind.REFUSED, kind(new AccessDeniedException("x")));
        assertEquals(
                FailureKind.NO_SPACE, kind(new StorageException("below", new IOException("No space left on device"))));
    }

    @Test
    void theReasonIsFoundBelowWhateverWasMadeOfIt() {
        IOException few = new FileSystemException("/some/file", null, "Too many open files");
        assertEquals(FailureKind.TOO_MANY_FILES, StorageException.kindOf(new UncheckedIOException(few)));
        assertEquals(
                FailureKind.TOO_MANY_FILES,
                StorageException.kindOf(new IllegalStateException("x", new StorageException("below", few))));
        assertEquals(
                FailureKind.NO_PROCESSES,
                StorageException.kindOf(new SandboxException(FailureKind.NO_PROCESSES, "x", few)));
        assertEquals(FailureKind.OTHER, StorageException.kindOf(new IllegalStateException("Too many open files")));
    }
}
