package io.zygotes.core;

import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The import cache at work, which can be replaced by another one at any time. Keeps what the contract promises to a
 * cache: it is closed when none of its {@code createLeaf} is under way any more, and it hears of its own sandboxes only.
 */
final class CurrentCache implements ImportCache {

    private static final Logger LOG = System.getLogger(CurrentCache.class.getName());

    private final Sandboxes pool;
    /** Whose sandbox it is; from when it is made until it is gone. */
    private final Map<Sandbox, Generation> owners = new ConcurrentHashMap<>();
    /** Whose sandbox this thread makes. */
    private final ThreadLocal<Generation> making = new ThreadLocal<>();

    private volatile Generation current;

    /** Makes a cache that uses these sandboxes. */
    @FunctionalInterface
    interface Maker {
        ImportCache make(Sandboxes sandboxes) throws ConfigException;
    }

    /**
     * Makes the first one.
     *
     * @throws ConfigException as the maker
     */
    CurrentCache(Sandboxes pool, Maker maker) throws ConfigException {
        this.pool = pool;
        this.current = new Generation(maker);
    }

    /**
     * Replaces the cache. New leaves come from the new one when this returns; the old one is closed as soon as it does not
     * make leaves any more. After an exception the old one goes on as if nothing had happened. Not for many threads.
     *
     * @throws ConfigException as the maker
     */
    void replace(Maker maker) throws ConfigException {
        Generation old = current;
        current = new Generation(maker);
        old.retire();
    }

    @Override
    public Leaf createLeaf(LeafSpec spec) throws SandboxException, PackageException, InterruptedException {
        Generation entered = current;
        while (!entered.enter()) {
            // Replaced and closed since the line before.
            entered = current;
        }
        try {
            return entered.cache.createLeaf(spec);
        } finally {
            entered.leave();
        }
    }

    @Override
    public void onEvent(SandboxEvent event) {
        Generation owner = switch (event.kind()) {
            case MADE -> adopt(event.sandbox());
            case EVICTED, DESTROYED, DIED -> owners.remove(event.sandbox());
            case FROZEN, THAWED -> owners.get(event.sandbox());
        };
        if (owner != null && !owner.closed) {
            owner.cache.onEvent(event);
        }
    }

    private Generation adopt(Sandbox sandbox) {
        Generation maker = making.get();
        if (maker != null) {
            owners.put(sandbox, maker);
            if (!sandbox.alive()) {
                // It ended before this thread came here; nobody will take it out later.
                owners.remove(sandbox);
            }
        }
        return maker;
    }

    @Override
    public Map<String, Number> statistics() {
        return current.cache.statistics();
    }

    @Override
    public CacheShape shape() {
        return current.cache.shape();
    }

    /** Closes the present one, although it may still make leaves: the worker ends them. */
    @Override
    public void close() {
        current.close();
    }

    /** One cache from its making to its end, and the sandboxes as it sees them. */
    private final class Generation implements Sandboxes {

        private final ImportCache cache;
        private int users;
        private boolean retired;
        private volatile boolean closed;

        Generation(Maker maker) throws ConfigException {
            this.cache = Objects.requireNonNull(maker.make(this), "an import cache provider made no cache");
        }

        synchronized boolean enter() {
            if (retired) {
                return false;
            }
            users++;
            return true;
        }

        void leave() {
            boolean last;
            synchronized (this) {
                users--;
                last = retired && users == 0;
            }
            if (last) {
                close();
            }
        }

        void retire() {
            boolean last;
            synchronized (this) {
                retired = true;
                last = users == 0;
            }
            if (last) {
                close();
            }
        }

        void close() {
            closed = true;
            try {
                cache.close();
            } catch (RuntimeException | LinkageError e) {
                // A third party's code: the worker goes on without it.
                LOG.log(
                        Level.ERROR,
                        "an import cache failed to close; zygotes of its may stay until the worker ends",
                        e);
            }
        }

        @Override
        public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
            Generation before = making.get();
            making.set(this);
            try {
                return pool.createLeaf(parent, spec);
            } finally {
                making.set(before);
            }
        }

        @Override
        public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec)
                throws SandboxException, InterruptedException {
            Generation before = making.get();
            making.set(this);
            try {
                return pool.createZygote(parent, spec);
            } finally {
                making.set(before);
            }
        }
    }
}
