package io.zygotes.core.packages;

import io.zygotes.spi.FailureKind;
import java.util.List;

/** Why an installer failed, by what it said: its exit code is the same for all errors. The same for pip and for uv. */
enum InstallFailure {
    HASHES(
            "its archive is another one than the hashes in requirements.txt, or that of the index, say",
            FailureKind.OTHER,
            "DO NOT MATCH THE HASHES",
            "Hash mismatch for"),
    UNREACHABLE("the index does not answer", FailureKind.GONE, "Retrying (Retry(", "error sending request for url"),
    UNAUTHORIZED(
            "the index does not accept the credentials in pip's settings, or asks for some",
            FailureKind.OTHER,
            "401 Error",
            "401 Client Error",
            "403 Client Error",
            "401 Unauthorized",
            "403 Forbidden"),
    NO_VERSION(
            "no index has that version for this Python and this machine",
            FailureKind.OTHER,
            "No matching distribution found",
            "No solution found when resolving"),
    OTHER("", FailureKind.OTHER);

    private final String words;
    private final FailureKind kind;
    private final List<String> said;

    InstallFailure(String words, FailureKind kind, String... said) {
        this.words = words;
        this.kind = kind;
        this.said = List.of(said);
    }

    static InstallFailure of(String output) {
        for (InstallFailure one : values()) {
            if (one.said.stream().anyMatch(output::contains)) {
                return one;
            }
        }
        return OTHER;
    }

    /**
     * In a few words, without an end; empty if it is none of those that are known.
     *
     * @param credentials whether pip's settings have some: neither pip, which may ask nobody, nor uv always tells an
     *     index that does not accept them from one that has nothing
     */
    String words(boolean credentials) {
        return this == NO_VERSION && credentials
                ? words + ", or it does not accept the credentials in pip's settings"
                : words;
    }

    FailureKind kind() {
        return kind;
    }
}
