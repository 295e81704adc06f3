package io.zygotes.sandbox.sock.protocol;

import io.zygotes.spi.Limits;
import java.util.List;

/**
 * The limits that a leaf sets itself: setrlimit(2).
 *
 * @param openFiles how many files a process of it may have open
 * @param fileBytes how large a file of it may become: as large as the scratch folder
 */
public record ProcessLimits(int openFiles, long fileBytes) {

    /** Those among a sandbox's limits. */
    public static ProcessLimits of(Limits limits) {
        return new ProcessLimits(limits.openFiles(), (long) limits.tmpMb() << 20);
    }

    /** Written out for the reason of {@link CommonPart#hashCode}. */
    @Override
    public int hashCode() {
        return openFiles * 31 + Long.hashCode(fileBytes);
    }

    /** As {@link #hashCode}. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ProcessLimits limits && openFiles == limits.openFiles && fileBytes == limits.fileBytes;
    }

    List<Long> written() {
        return List.of((long) openFiles, fileBytes);
    }
}
