package io.zygotes.core.pool;

import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The sandboxes that live now, by those of the mechanism, and whoever hears of them. Safe for use by many threads. */
final class LivingSandboxes {

    private static final Logger LOG = System.getLogger(LivingSandboxes.class.getName());

    private final Map<Sandbox, PooledSandbox> byInner = new ConcurrentHashMap<>();
    private final PoolListener listener;

    LivingSandboxes(PoolListener listener) {
        this.listener = listener;
    }

    /** What knows which further modules zygotes import. */
    ZygoteModules modules() {
        return listener.modules();
    }

    void add(PooledSandbox sandbox) {
        byInner.put(sandbox.inner(), sandbox);
    }

    /** It ended. */
    void remove(PooledSandbox sandbox) {
        byInner.remove(sandbox.inner(), sandbox);
    }

    /** The one that is made of a sandbox of the mechanism; null if there is none. */
    PooledSandbox find(Sandbox inner) {
        return byInner.get(inner);
    }

    /** A snapshot. */
    List<PooledSandbox> all() {
        return List.copyOf(byInner.values());
    }

    /** Tells the listener and the owner. Nobody hears of spares, which are the pool's own. */
    void tell(SandboxEvent.Kind kind, PooledSandbox sandbox) {
        if (sandbox instanceof PooledSpare) {
            return;
        }
        SandboxEvent event = new SandboxEvent(kind, sandbox);
        try {
            listener.onEvent(event);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the worker failed on the event " + kind + " of " + sandbox.id(), e);
        }
        try {
            sandbox.owner().onEvent(event);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the import cache failed on the event " + kind + " of " + sandbox.id(), e);
        }
    }
}
