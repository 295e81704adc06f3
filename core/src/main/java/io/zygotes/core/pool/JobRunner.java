package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import java.util.Optional;

/**
 * Runs what the worker has done in sandboxes: jobs, and work in leaves of its own. Their memory counts as that of any
 * sandbox, and nothing can evict them. Safe for use by many threads.
 */
final class JobRunner {

    private final PoolServices services;
    private final OwnAccord claimant;

    JobRunner(PoolServices services, OwnAccord claimant) {
        this.services = services;
        this.claimant = claimant;
    }

    JobResult run(Job job) throws SandboxException, InterruptedException {
        return run(job, services.memory().open(bytes(job), null, claimant, claimant.deadlineNanos()));
    }

    Optional<JobResult> runIfRoom(Job job) throws SandboxException, InterruptedException {
        Account account = services.memory().openNow(bytes(job));
        return account == null ? Optional.empty() : Optional.of(run(job, account));
    }

    private JobResult run(Job job, Account account) throws SandboxException, InterruptedException {
        try {
            return new Relief(services.memory()).make(() -> services.mechanism().run(job));
        } finally {
            services.memory().close(account);
        }
    }

    /** As {@link SandboxPool#inOwnLeaf}. */
    boolean inOwnLeaf(LeafSpec spec, SandboxPool.OwnWork work) throws SandboxException, InterruptedException {
        Account account = services.memory().openNow((long) spec.limits().memMb() << 20);
        if (account == null) {
            return false;
        }
        try {
            Leaf leaf = ownLeaf(spec);
            try {
                work.run(leaf);
            } finally {
                leaf.destroy();
            }
            return true;
        } finally {
            services.memory().close(account);
        }
    }

    /** Any zygote that has no packages will do: nothing of a lambda was ever in it. */
    private Leaf ownLeaf(LeafSpec spec) throws SandboxException, InterruptedException {
        for (PooledSandbox sandbox : services.living().all()) {
            if (sandbox instanceof PooledZygote zygote && zygote.packages().isEmpty()) {
                try {
                    return zygote.whileHeld(parent -> services.mechanism().createLeaf(parent, spec));
                } catch (SandboxException.ZygoteGone e) {
                    // Evicted or dead since the line before: others may be there.
                    continue;
                }
            }
        }
        return services.mechanism().createLeaf(Optional.empty(), spec);
    }

    private static long bytes(Job job) {
        return (long) job.limits().memMb() << 20;
    }
}
