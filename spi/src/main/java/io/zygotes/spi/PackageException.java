package io.zygotes.spi;

import java.util.Objects;

/** A package could not be installed. The message holds the installer's last lines. */
@Stability(Stability.Level.STABLE)
public final class PackageException extends Exception {

    private static final long serialVersionUID = 1L;
    private final transient PackageId id;

    /** Why, as far as whoever saw it knows. */
    private final FailureKind kind;

    /**
     * @param id the package that failed
     * @param message what failed, why, and what to do next
     */
    public PackageException(PackageId id, String message) {
        super(message);
        this.id = Objects.requireNonNull(id);
        this.kind = FailureKind.OTHER;
    }

    /**
     * @param id the package that failed
     * @param message what failed, why, and what to do next
     * @param cause the error below
     */
    public PackageException(PackageId id, String message, Throwable cause) {
        super(message, cause);
        this.id = Objects.requireNonNull(id);
        this.kind = FailureKind.OTHER;
    }

    /**
     * @param id the package that failed
     * @param kind why, as far as the caller knows; {@link FailureKind#GONE} if the package index cannot be reached
     * @param message what failed, why, and what to do next
     * @param cause the error below; null if there is none
     * @since 1.2
     */
    public PackageException(PackageId id, FailureKind kind, String message, Throwable cause) {
        super(message, cause);
        this.id = Objects.requireNonNull(id);
        this.kind = Objects.requireNonNull(kind);
    }

    /**
     * Why it failed, as far as whoever saw it knows.
     *
     * @return {@link FailureKind#OTHER} if nobody does
     * @since 1.2
     */
    public FailureKind kind() {
        return kind;
    }

    /** The package that failed. */
    public PackageId id() {
        return id;
    }
}
