package io.zygotes.spi;

import java.util.Objects;

/** A package could not be installed. The message holds the installer's last lines. */
@Stability(Stability.Level.STABLE)
public final class PackageException extends Exception {

    private static final long serialVersionUID = 1L;
    private final transient PackageId id;

    /**
     * @param id the package that failed
     * @param message what failed, why, and what to do next
     */
    public PackageException(PackageId id, String message) {
        super(message);
        this.id = Objects.requireNonNull(id);
    }

    /**
     * @param id the package that failed
     * @param message what failed, why, and what to do next
     * @param cause the error below
     */
    public PackageException(PackageId id, String message, Throwable cause) {
        super(message, cause);
        this.id = Objects.requireNonNull(id);
    }

    /** The package that failed. */
    public PackageId id() {
        return id;
    }
}
