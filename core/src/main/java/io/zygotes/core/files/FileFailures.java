package io.zygotes.core.files;

import io.zygotes.spi.FailureKind;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.util.Map;

/**
 * Tells why Java could not use a file. Java has types for some causes and texts for the others, so this is the one
 * place where texts of errors are compared, as a whole.
 *
 * <p>The text is that of {@code strerror(3)} for the {@code errno} of the call: {@code sun.nio.fs.UnixException}
 * makes it the reason of a {@link FileSystemException} (for a path), and {@code JNU_ThrowIOExceptionWithLastError} the
 * message of an {@link IOException} (for a file that is open). The
 * texts are those of glibc and of musl in English.
 */
final class FileFailures {

    private static final Map<String, FailureKind> BY_TEXT = Map.of(
            // EMFILE and ENFILE
            "Too many open files", FailureKind.TOO_MANY_FILES,
            "Too many open files in system", FailureKind.TOO_MANY_FILES,
            "No file descriptors available", FailureKind.TOO_MANY_FILES,
            // ENOSPC and EDQUOT
            "No space left on device", FailureKind.NO_SPACE,
            "Disk quota exceeded", FailureKind.NO_SPACE,
            "Quota exceeded", FailureKind.NO_SPACE,
            // EPERM and EROFS; EACCES has a type
            "Operation not permitted", FailureKind.REFUSED,
            "Read-only file system", FailureKind.REFUSED,
            // ENOMEM
            "Cannot allocate memory", FailureKind.NO_MEMORY,
            "Out of memory", FailureKind.NO_MEMORY);

    private FileFailures() {}

    /** The kind of an error of Java's; {@link FailureKind#OTHER} if it is none of those that are told. */
    static FailureKind kindOf(IOException e) {
        return switch (e) {
            case StorageException known -> known.kind();
            case AccessDeniedException _ -> FailureKind.REFUSED;
            case FileSystemException ofPath -> byText(ofPath.getReason());
            default -> byText(e.getMessage());
        };
    }

    private static FailureKind byText(String text) {
        return text == null ? FailureKind.OTHER : BY_TEXT.getOrDefault(text, FailureKind.OTHER);
    }
}
