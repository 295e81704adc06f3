package io.zygotes.core.function;

import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.SandboxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The versions of one lambda's code: the newest serves, older ones end with their last call, and their folders go then.
 * Safe for use by many threads.
 */
final class FunctionVersions {

    private final String name;
    private final FunctionServices services;
    private final ReentrantLock lock;
    private final RequestLine line;
    private final List<Version> versions = new ArrayList<>();
    private Version current;
    private boolean closed;

    /** One version. Its fields are guarded by the function's lock. */
    static final class Version {
        private final LambdaCode code;
        private final VersionLeaves leaves;
        private final Optional<CallSlots> slots;
        private volatile boolean failsFresh;
        /** Requests and jobs that need the folder. */
        private int users;

        private volatile boolean retired;
        /** Whether it need not be compiled: that was done, or is under way. */
        private volatile boolean compiled;

        private Version(FunctionVersions all, LambdaCode code) {
            this.code = code;
            this.slots = CallSlots.of(
                    all.name, code.serving().concurrency(), all.services.maxWaiting(), all.services.maxWait());
            this.leaves = new VersionLeaves(code, all.services, all.lock, all.line, () -> all.forgetIfUnused(this));
        }

        /** Whether its import was tried in a fresh process, and failed there as well. */
        boolean failsFresh() {
            return failsFresh;
        }

        void rememberFailsFresh() {
            failsFresh = true;
        }

        LambdaCode code() {
            return code;
        }

        VersionLeaves leaves() {
            return leaves;
        }

        /** Bounds its calls; empty if it sets no bound. */
        Optional<CallSlots> slots() {
            return slots;
        }
    }

    /**
     * @param name the lambda's
     * @param lock the function's lock
     * @param line the function's line
     */
    FunctionVersions(String name, FunctionServices services, ReentrantLock lock, RequestLine line) {
        this.name = name;
        this.services = services;
        this.lock = lock;
        this.line = line;
    }

    /**
     * The version to serve with: the newest that anybody has seen. Older ones get no more requests. {@link #leave} must
     * follow.
     *
     * @param code the code as the registry has it now
     */
    Version enter(LambdaCode code) throws SandboxException.NoCapacity {
        List<PooledLeaf> drained = List.of();
        lock.lock();
        try {
            if (closed) {
                throw new SandboxException.NoCapacity(
                        FailureKind.OTHER, "the worker is stopping, or lambda " + name + " was removed");
            }
            if (current == null || code.generation() > current.code.generation()) {
                if (current == null || !code.spec().equals(current.code.spec())) {
                    Version last = current;
                    drained = retireCurrent();
                    current = new Version(this, code);
                    versions.add(current);
                    if (last != null) {
                        // Nobody may be left to hear of its end from.
                        forgetIfUnused(last);
                    }
                }
            }
            current.users++;
            return current;
        } finally {
            lock.unlock();
            services.destroyLater(drained);
        }
    }

    private List<PooledLeaf> retireCurrent() {
        if (current == null) {
            return List.of();
        }
        current.retired = true;
        current.leaves.own().ifPresent(FunctionZygote::close);
        return current.leaves.drain();
    }

    /** A request or a job needs the version's folder no longer. */
    void leave(Version version) {
        lock.lock();
        try {
            version.users--;
            forgetIfUnused(version);
        } finally {
            lock.unlock();
        }
    }

    /** Called with the lock held. */
    private void forgetIfUnused(Version version) {
        if (version.retired && version.users == 0 && version.leaves.count() == 0 && versions.remove(version)) {
            services.keepVersionsLater(name, this::inUse);
        }
    }

    private Set<String> inUse() {
        lock.lock();
        try {
            Set<String> inUse = new HashSet<>();
            versions.forEach(used -> inUse.add(used.code.version()));
            return inUse;
        } finally {
            lock.unlock();
        }
    }

    /** Compiles a version that served a call, if nobody did: behind the back of the requests. */
    void compile(Version version) {
        // Without the lock, for the calls of a version that is compiled: that is nearly all.
        if (version.compiled) {
            return;
        }
        lock.lock();
        try {
            if (version.compiled || version.retired) {
                return;
            }
            version.compiled = true;
            version.users++;
        } finally {
            lock.unlock();
        }
        services.compiler().compile(version.code, () -> !version.retired, finished -> {
            version.compiled = finished;
            leave(version);
        });
    }

    /**
     * The lambda is gone: idle leaves go now, the others when their calls end. A version that comes later serves again.
     */
    void retire() {
        List<PooledLeaf> drained;
        lock.lock();
        try {
            drained = retireCurrent();
            Version last = current;
            current = null;
            if (last != null) {
                forgetIfUnused(last);
            }
        } finally {
            lock.unlock();
        }
        services.destroyLater(drained);
    }

    /** Ends all if no version is in use; otherwise returns false. */
    boolean closeIfUnused() {
        lock.lock();
        try {
            closed |= versions.isEmpty();
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Ends all: idle leaves go now, the others when their calls end. */
    void close() {
        List<PooledLeaf> drained;
        lock.lock();
        try {
            closed = true;
            drained = retireCurrent();
        } finally {
            lock.unlock();
        }
        drained.forEach(PooledLeaf::destroy);
    }

    /** How many leaves all versions have. */
    int leaves() {
        lock.lock();
        try {
            return versions.stream().mapToInt(version -> version.leaves.count()).sum();
        } finally {
            lock.unlock();
        }
    }

    /** Versions, leaves and requests in half a line, for people. */
    String describe() {
        lock.lock();
        try {
            int idle = versions.stream()
                    .mapToInt(version -> version.leaves.idleCount())
                    .sum();
            return "version " + (current == null ? "-" : current.code.version()) + ", " + leaves() + " leaves (" + idle
                    + " idle), " + line.size() + " requests wait" + zygote();
        } finally {
            lock.unlock();
        }
    }

    /** Called with the lock held. */
    private String zygote() {
        Optional<FunctionZygote> own = current == null ? Optional.empty() : current.leaves.own();
        return own.map(zygote -> ", " + zygote.describe()).orElse("");
    }
}
