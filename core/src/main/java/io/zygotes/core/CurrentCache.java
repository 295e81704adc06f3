package io.zygotes.core;

import io.zygotes.core.function.LeafSource;
import io.zygotes.core.guard.GuardedCache;
import io.zygotes.core.pool.PendingRequest;
import io.zygotes.core.pool.SandboxOwner;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.CallEvent;
import io.zygotes.spi.CallObserver;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;

/**
 * The import cache at work, which can be replaced by another one at any time. Keeps what the contract promises to a
 * cache: it is closed when none of its {@code createLeaf} is under way any more, and it hears of its own sandboxes
 * only.
 */
final class CurrentCache implements LeafSource, AutoCloseable {

    private static final Logger LOG = System.getLogger(CurrentCache.class.getName());

    private final SandboxPool pool;
    private volatile Generation current;

    /** Makes a cache that uses these sandboxes for what it makes of its own accord. */
    @FunctionalInterface
    interface Maker {
        ImportCache make(Sandboxes sandboxes) throws ConfigException;
    }

    /**
     * Makes the first one.
     *
     * @throws ConfigException as the maker
     */
    CurrentCache(SandboxPool pool, Maker maker) throws ConfigException {
        this.pool = pool;
        this.current = start(maker);
    }

    private Generation start(Maker maker) throws ConfigException {
        Generation generation = new Generation(pool);
        GuardedCache guarded = GuardedCache.around(maker.make(pool.sandboxes(generation)));
        generation.cache = guarded;
        generation.observer = guarded.observer().orElse(null);
        return generation;
    }

    /**
     * Replaces the cache. New leaves come from the new one when this returns; the old one is closed as soon as it does
     * not make leaves any more. After an exception the old one goes on as if nothing had happened. Not for many
     * threads.
     *
     * @throws ConfigException as the maker
     */
    void replace(Maker maker) throws ConfigException {
        Generation old = current;
        current = start(maker);
        old.retire();
    }

    @Override
    public Leaf createLeaf(PendingRequest request) throws SandboxException, PackageException, InterruptedException {
        Generation entered = enter();
        try {
            return createLeaf(entered, pool.request(request, entered));
        } finally {
            entered.leave();
        }
    }

    @Override
    public Leaf createLeaf(PendingRequest request, Zygote function)
            throws SandboxException, PackageException, InterruptedException {
        Generation entered = enter();
        try {
            return entered.cache.createLeaf(pool.request(request, entered), function);
        } finally {
            entered.leave();
        }
    }

    @Override
    public Optional<Zygote> createFunctionZygote(FunctionZygoteSpec spec, boolean onlyFree)
            throws SandboxException, PackageException, InterruptedException {
        Generation entered = enter();
        try {
            return entered.cache.createFunctionZygote(pool.request(spec, onlyFree, entered));
        } finally {
            entered.leave();
        }
    }

    private Generation enter() {
        Generation entered = current;
        while (!entered.enter()) {
            // Replaced and closed since the line before.
            entered = current;
        }
        return entered;
    }

    private static Leaf createLeaf(Generation entered, LeafRequest request)
            throws SandboxException, PackageException, InterruptedException {
        try {
            return entered.cache.createLeaf(request);
        } catch (SandboxException.ZygoteGone e) {
            if (e.kind() != FailureKind.NO_MEMORY) {
                throw e;
            }
            // A cache for which an evicted zygote is a dead one. There is less room than it thinks, but a call needs
            // none.
            LOG.log(Level.DEBUG, "a leaf without a zygote, because that was evicted twice", e);
            return request.sandboxes().createLeaf(Optional.empty(), request.spec());
        }
    }

    /** Whether the present cache is a {@link io.zygotes.spi.CallObserver}. */
    boolean observesCalls() {
        return current.observer != null;
    }

    /** Tells the present cache of a call, if it wants to hear of it. */
    void onCall(CallEvent event) {
        CallObserver observer = current.observer;
        if (observer != null) {
            observer.onCall(event);
        }
    }

    /** Numbers of the present cache, as {@link ImportCache#statistics}. */
    Map<String, Number> statistics() {
        return current.cache.statistics();
    }

    /** The shape of the present cache, as {@link ImportCache#shape}. */
    CacheShape shape() {
        return current.cache.shape();
    }

    /** Closes the present one, although it may still make leaves: the worker ends them. */
    @Override
    public void close() {
        current.close();
    }

    /** One cache from its making to its end. It hears of the sandboxes that were made with the pool in its name. */
    private static final class Generation implements SandboxOwner {

        private final SandboxPool pool;
        /** Null while it is being made. */
        private volatile ImportCache cache;
        /** Null if the cache does not want to hear of calls. */
        private volatile CallObserver observer;

        private int users;
        private boolean retired;
        private volatile boolean closed;

        Generation(SandboxPool pool) {
            this.pool = pool;
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
            } finally {
                pool.forget(this);
            }
        }

        @Override
        public boolean closed() {
            return closed;
        }

        @Override
        public void onEvent(SandboxEvent event) {
            ImportCache listening = cache;
            if (listening != null && !closed) {
                listening.onEvent(event);
            }
        }
    }
}
