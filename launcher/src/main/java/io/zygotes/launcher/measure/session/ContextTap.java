package io.zygotes.launcher.measure.session;

import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.SpiVersion;

/**
 * Stands in the place of an import cache to hand out what a worker would give one: its packages and its sandboxes. A
 * worker with it serves no lambda.
 */
public final class ContextTap implements ImportCacheProvider {

    private volatile ImportCacheContext context;

    /** Has nothing to hand out before a worker starts with it. */
    public ContextTap() {}

    private static final class NoLeaves implements ImportCache {
        @Override
        public Leaf createLeaf(LeafRequest request) throws SandboxException {
            throw new SandboxException("this worker is for measuring, it serves no lambda");
        }

        @Override
        public void close() {
            // The zygotes belong to the measurement, and the pool ends what it leaves.
        }
    }

    @Override
    public String name() {
        return "measure";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String spiVersion() {
        return SpiVersion.CURRENT;
    }

    @Override
    public String description() {
        return "Makes no leaves.";
    }

    @Override
    public ImportCache create(ImportCacheContext given) {
        context = given;
        return new NoLeaves();
    }

    /** What the worker gave; null before it started. */
    public ImportCacheContext context() {
        return context;
    }
}
