package io.zygotes.core.fake;

import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** A cache with at most one zygote, the root. */
public final class FakeCache implements ImportCache {

    private final boolean withRoot;
    private Optional<Zygote> root = Optional.empty();

    public final List<SandboxEvent> events = new CopyOnWriteArrayList<>();
    public volatile boolean closed;

    public FakeCache(boolean withRoot) {
        this.withRoot = withRoot;
    }

    @Override
    public Leaf createLeaf(LeafRequest request) throws SandboxException, PackageException, InterruptedException {
        LeafSpec spec = request.spec();
        Sandboxes sandboxes = request.sandboxes();
        return sandboxes.createLeaf(withRoot ? root(sandboxes, spec) : Optional.empty(), spec);
    }

    private synchronized Optional<Zygote> root(Sandboxes sandboxes, LeafSpec spec)
            throws SandboxException, InterruptedException {
        if (root.isEmpty() || !root.get().alive()) {
            root = Optional.of(sandboxes.createZygote(Optional.empty(), new ZygoteSpec(List.of(), spec.limits())));
        }
        return root;
    }

    @Override
    public void onEvent(SandboxEvent event) {
        events.add(event);
    }

    @Override
    public Map<String, Number> statistics() {
        return Map.of("roots", withRoot ? 1 : 0);
    }

    @Override
    public synchronized void close() {
        closed = true;
        root.ifPresent(Zygote::destroy);
    }
}
