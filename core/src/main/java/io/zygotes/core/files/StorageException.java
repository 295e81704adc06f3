package io.zygotes.core.files;

import io.zygotes.spi.FailureKind;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.util.Objects;

/** The worker's own files cannot be read or written. Knows why, so that nobody has to search in messages. */
public final class StorageException extends IOException {

    private static final long serialVersionUID = 1L;
    private final FailureKind kind;

    /**
     * @param message what failed, on what, why, what to do next
     * @param cause what Java said; its kind is this one's, as far as Java tells it
     */
    public StorageException(String message, IOException cause) {
        super(message, Objects.requireNonNull(cause));
        this.kind = FileFailures.kindOf(cause);
    }

    /**
     * Why something failed: the first reason that is told by it, or by what is below it.
     *
     * @return {@link FailureKind#OTHER} if none is told
     */
    public static FailureKind kindOf(Throwable failure) {
        for (Throwable below = failure; below != null; below = below.getCause()) {
            FailureKind kind = switch (below) {
                case SandboxException e -> e.kind();
                case PackageException e -> e.kind();
                case IOException e -> FileFailures.kindOf(e);
                default -> FailureKind.OTHER;
            };
            if (kind != FailureKind.OTHER) {
                return kind;
            }
        }
        return FailureKind.OTHER;
    }

    /** Why, for programs; never null. */
    public FailureKind kind() {
        return kind;
    }
}
