package io.zygotes.spi;

import java.util.Objects;

/** A setting is wrong. Says where and why. */
@Stability(Stability.Level.STABLE)
public final class ConfigException extends Exception {

    private static final long serialVersionUID = 1L;
    private final String where;

    /**
     * @param where file and JSON path of the setting, such as {@code config.json: $.limits.mem_mb}
     * @param reason what is wrong with it and what would be right
     */
    public ConfigException(String where, String reason) {
        super(where + ": " + reason);
        this.where = Objects.requireNonNull(where);
    }

    /**
     * @param where file and JSON path of the setting
     * @param reason what is wrong with it and what would be right
     * @param cause the error below
     */
    public ConfigException(String where, String reason, Throwable cause) {
        super(where + ": " + reason, cause);
        this.where = Objects.requireNonNull(where);
    }

    /** File and JSON path of the setting. */
    public String where() {
        return where;
    }
}
