package io.zygotes.core.packages;

import io.zygotes.core.threads.NoThreadException;
import io.zygotes.core.threads.ThreadStart;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/**
 * Who is to be installed: some packages at the same time, each of them once however many ask for it. Safe for use by many
 * threads.
 */
final class InstallQueue implements AutoCloseable {

    private static final Logger LOG = System.getLogger(InstallQueue.class.getName());
    private static final int AT_ONCE = 4;
    /** Less, so that a lambda with many packages, or with some whose builds never end, does not keep all others waiting. */
    private static final int AT_ONCE_OF_ONE = 3;

    private final InstalledPackages installed;
    private final PackageInstaller installer;
    private final ExecutorService threads = Executors.newFixedThreadPool(
            AT_ONCE, Thread.ofPlatform().name("installer-", 0).daemon().factory());
    private final Map<PackageId, CompletableFuture<PackageInfo>> underWay = new ConcurrentHashMap<>();

    /**
     * @param installed what need not be installed, and where new packages are added
     * @param installer installs one
     */
    InstallQueue(InstalledPackages installed, PackageInstaller installer) {
        this.installed = installed;
        this.installer = installer;
    }

    /**
     * Installs a package if it is not there.
     *
     * @throws PackageException if it cannot be installed
     * @throws NoThreadException if no thread may be started for it
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    PackageInfo install(PackageId id) throws PackageException, InterruptedException {
        PackageInfo info = installed.get(id);
        return info != null ? info : await(id, start(id));
    }

    /**
     * Installs all of them, some at the same time. However many there are, others who ask need not wait for all of them.
     *
     * @throws PackageException if one of them fails; those that are under way go on
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    void installAll(Collection<PackageId> ids) throws PackageException, InterruptedException {
        Map<PackageId, CompletableFuture<PackageInfo>> underWayHere = new LinkedHashMap<>();
        for (PackageId id : ids) {
            if (!installed.has(id)) {
                if (underWayHere.size() == AT_ONCE_OF_ONE) {
                    awaitOne(underWayHere);
                }
                underWayHere.put(id, start(id));
            }
        }
        while (!underWayHere.isEmpty()) {
            awaitOne(underWayHere);
        }
    }

    /** Waits until one of them has ended, and takes those away that have. */
    private static void awaitOne(Map<PackageId, CompletableFuture<PackageInfo>> installs)
            throws PackageException, InterruptedException {
        try {
            CompletableFuture.anyOf(installs.values().toArray(CompletableFuture[]::new))
                    .get();
        } catch (ExecutionException | CancellationException e) {
            LOG.log(Level.DEBUG, "an install failed, which is told below", e);
        }
        for (PackageId id : List.copyOf(installs.keySet())) {
            if (installs.get(id).isDone()) {
                await(id, installs.remove(id));
            }
        }
    }

    /** One install for all who ask while it is under way. */
    private CompletableFuture<PackageInfo> start(PackageId id) throws PackageException {
        CompletableFuture<PackageInfo> mine = new CompletableFuture<>();
        CompletableFuture<PackageInfo> other = underWay.putIfAbsent(id, mine);
        if (other != null) {
            return other;
        }
        // Between the caller's look and the entry above another install may have ended.
        PackageInfo info = installed.get(id);
        if (info != null) {
            underWay.remove(id, mine);
            mine.complete(info);
            return mine;
        }
        try {
            ThreadStart.execute(threads, () -> run(id, mine));
        } catch (RejectedExecutionException e) {
            PackageException stopping =
                    new PackageException(id, "cannot install " + id + ": the worker is stopping", e);
            fail(id, mine, stopping);
            throw stopping;
        } catch (NoThreadException e) {
            fail(id, mine, e);
            throw e;
        }
        return mine;
    }

    private void fail(PackageId id, CompletableFuture<PackageInfo> result, Throwable cause) {
        underWay.remove(id, result);
        result.completeExceptionally(cause);
    }

    private void run(PackageId id, CompletableFuture<PackageInfo> result) {
        try {
            PackageInfo info = installer.install(id);
            installed.add(info);
            underWay.remove(id, result);
            result.complete(info);
        } catch (PackageException | InterruptedException | RuntimeException | Error e) {
            fail(id, result, e);
        }
    }

    private static PackageInfo await(PackageId id, CompletableFuture<PackageInfo> install)
            throws PackageException, InterruptedException {
        try {
            return install.get();
        } catch (ExecutionException | CancellationException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            // Several threads may wait for the same install, so each of them throws an exception of its own.
            if (cause instanceof NoThreadException) {
                throw new NoThreadException(cause.getMessage(), cause);
            }
            if (cause instanceof PackageException failed) {
                throw new PackageException(id, failed.kind(), failed.getMessage(), failed);
            }
            throw new PackageException(id, "cannot install " + id + ": " + cause, cause);
        }
    }

    /** Ends running installs and starts none any more. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
