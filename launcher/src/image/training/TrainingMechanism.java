package training;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import io.zygotes.spi.mechanism.SandboxMechanism;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** Sandboxes without processes: all that Zygotes itself does around a sandbox is done, and nothing else. */
final class TrainingMechanism implements SandboxMechanism {

    private final AtomicInteger made = new AtomicInteger();

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) {
        return new Served("leaf-" + made.incrementAndGet(), spec);
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) {
        return new Forked("zygote-" + made.incrementAndGet(), spec);
    }

    @Override
    public Sandbox createSpare(Zygote parent, Limits limits, Network network) throws SandboxException {
        throw new SandboxException("the training has no spare leaves");
    }

    @Override
    public Leaf specialise(Sandbox spare, LeafSpec spec) throws SandboxException {
        throw new SandboxException("the training has no spare leaves");
    }

    @Override
    public JobResult run(Job job) {
        return new JobResult(0, "");
    }

    @Override
    public long limitMemory(Sandbox sandbox, long bytes) {
        return bytes;
    }

    @Override
    public void close() {
        // Nothing was made.
    }

    private static class Made implements Sandbox {

        private final String id;
        private volatile boolean alive = true;

        Made(String id) {
            this.id = id;
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public boolean alive() {
            return alive;
        }

        @Override
        public long memoryBytes() {
            return 1 << 20;
        }

        @Override
        public void destroy() {
            alive = false;
        }
    }

    private static final class Forked extends Made implements Zygote {

        private final ZygoteSpec spec;

        Forked(String id, ZygoteSpec spec) {
            super(id);
            this.spec = spec;
        }

        @Override
        public List<PackageId> packages() {
            return spec.packages();
        }

        @Override
        public Map<PackageId, ImportCost> importCosts() {
            return Map.of();
        }
    }

    private static final class Served extends Made implements Leaf {

        private final LeafSpec spec;

        Served(String id, LeafSpec spec) {
            super(id);
            this.spec = spec;
        }

        @Override
        public LeafSpec spec() {
            return spec;
        }

        @Override
        public Reply call(Invocation invocation, Duration timeout) {
            return new Reply(200, "{\"hello\": \"training\"}".getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void awaitReady(Duration timeout) {
            // It always is.
        }

        @Override
        public void freeze() {
            // It does nothing anyway.
        }

        @Override
        public void thaw() {
            // As for freeze.
        }

        @Override
        public long privateBytes() {
            return memoryBytes();
        }
    }
}
