package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import java.util.Optional;

/** Runs jobs: their memory counts as that of any sandbox, and nothing can evict them. Safe for use by many threads. */
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
            return services.mechanism().run(job);
        } finally {
            services.memory().close(account);
        }
    }

    private static long bytes(Job job) {
        return (long) job.limits().memMb() << 20;
    }
}
