package com.example.zygotes.recent;

import io.zygotes.spi.PackageId;
import io.zygotes.spi.Zygote;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/** The place of one zygote: there is one for each set of packages. */
final class Place {

    /** Held while the zygote is made, so that two requests at once make one. */
    final ReentrantLock making = new ReentrantLock();

    final Set<PackageId> packages;

    // Guarded by the cache's lock.
    int users;
    long lastUsedNanos;
    long hits;

    private volatile Zygote zygote;
    private volatile boolean failed;
    private volatile long retryAtNanos;

    Place(Set<PackageId> packages) {
        this.packages = packages;
    }

    /** The zygote, if it lives. The worker may have evicted it, or its process may have ended. */
    Optional<Zygote> live() {
        Zygote now = zygote;
        return now != null && now.alive() ? Optional.of(now) : Optional.empty();
    }

    /** Call with {@link #making} held. */
    void made(Zygote fresh) {
        zygote = fresh;
        failed = false;
    }

    /** Do not try again before then. Call with {@link #making} held. */
    void failed(long retryAt) {
        retryAtNanos = retryAt;
        failed = true;
    }

    boolean resting(long nowNanos) {
        return failed && nowNanos - retryAtNanos < 0;
    }

    /** Gives the zygote up. Nothing happens if it is gone already. */
    void destroy() {
        Zygote now = zygote;
        if (now != null) {
            now.destroy();
        }
    }
}
