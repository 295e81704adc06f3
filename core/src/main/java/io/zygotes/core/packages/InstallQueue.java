package io.zygotes.core.packages;

import io.zygotes.core.packages.PackageInstaller.Kept;
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
import java.util.function.Consumer;

/**
 * Who is to be installed: some packages at the same time, each of them once however many ask for it. Safe for use by
 * many threads.
 */
final class InstallQueue implements AutoCloseable {

    private static final Logger LOG = System.getLogger(InstallQueue.class.getName());
    private static final int AT_ONCE = 4;
    /**
     * Less, so that a lambda with many packages, or with some whose builds never end, does not keep all others waiting.
     */
    private static final int AT_ONCE_OF_ONE = 3;
    /** In one sandbox: each is a mount. */
    private static final int MOST_TOGETHER = 64;

    private final InstalledPackages installed;
    private final PackageInstaller installer;
    private final ExecutorService threads = Executors.newFixedThreadPool(
            AT_ONCE, Thread.ofPlatform().name("installer-", 0).daemon().factory());
    private final Map<PackageId, CompletableFuture<Installed>> underWay = new ConcurrentHashMap<>();
    private volatile Consumer<PackageInfo> whenInstalled = _ -> {};

    /**
     * @param installed what need not be installed, and where new packages are added
     * @param installer installs one
     */
    InstallQueue(InstalledPackages installed, PackageInstaller installer) {
        this.installed = installed;
        this.installer = installer;
    }

    /** Says who hears of each package that was installed; on the thread of the install, which waits for it. */
    void whenInstalled(Consumer<PackageInfo> listener) {
        whenInstalled = listener;
    }

    /**
     * Installs a package if it is not there.
     *
     * @throws PackageException if it cannot be installed
     * @throws NoThreadException if no thread may be started for it
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    PackageInfo install(Wanted wanted) throws PackageException, InterruptedException {
        while (!installed.has(wanted)) {
            await(wanted.id(), start(wanted));
        }
        return installed.get(wanted.id()).info();
    }

    /**
     * Installs all of them, some at the same time. However many there are, others who ask need not wait for all of
     * them.
     *
     * @throws PackageException if one of them fails; those that are under way go on
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    void installAll(Collection<Wanted> all) throws PackageException, InterruptedException {
        installTogether(all);
        Map<Wanted, CompletableFuture<Installed>> underWayHere = new LinkedHashMap<>();
        for (Wanted wanted : all) {
            if (!installed.has(wanted)) {
                if (underWayHere.size() == AT_ONCE_OF_ONE) {
                    awaitOne(underWayHere);
                }
                underWayHere.put(wanted, start(wanted));
            }
        }
        while (!underWayHere.isEmpty()) {
            awaitOne(underWayHere);
        }
    }

    /** Installs what can be in one sandbox; what cannot, or goes on already, is left. */
    private void installTogether(Collection<Wanted> all) throws InterruptedException {
        Map<Wanted, CompletableFuture<Installed>> mine = new LinkedHashMap<>();
        for (Wanted wanted : all) {
            CompletableFuture<Installed> result = new CompletableFuture<>();
            if (mine.size() < MOST_TOGETHER
                    && installed.get(wanted.id()) == null
                    && underWay.putIfAbsent(wanted.id(), result) == null) {
                mine.put(wanted, result);
            }
        }
        CompletableFuture<Void> end = new CompletableFuture<>();
        Runnable install = () -> {
            List<Kept> done = List.of();
            try {
                done = installer.installTogether(List.copyOf(mine.keySet()), this::added);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                release(mine);
                end.complete(null);
            }
            installer.keep(done);
        };
        if (mine.isEmpty()) {
            return;
        }
        try {
            ThreadStart.execute(threads, install);
        } catch (RejectedExecutionException | NoThreadException e) {
            LOG.log(Level.DEBUG, "packages are not installed together", e);
            release(mine);
            return;
        }
        try {
            end.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("it is completed with nothing only", e);
        }
    }

    /** Whoever waits for one of them that is not there now has it installed alone. */
    private void release(Map<Wanted, CompletableFuture<Installed>> mine) {
        mine.forEach((wanted, result) -> {
            underWay.remove(wanted.id(), result);
            result.complete(installed.get(wanted.id()));
        });
    }

    private void added(Installed found) {
        installed.addNew(found);
        whenInstalled.accept(found.info());
    }

    /** Waits until one of them has ended, and takes those away that have. */
    private void awaitOne(Map<Wanted, CompletableFuture<Installed>> installs)
            throws PackageException, InterruptedException {
        try {
            CompletableFuture.anyOf(installs.values().toArray(CompletableFuture[]::new))
                    .get();
        } catch (ExecutionException | CancellationException e) {
            LOG.log(Level.DEBUG, "an install failed, which is told below", e);
        }
        for (Wanted wanted : List.copyOf(installs.keySet())) {
            if (installs.get(wanted).isDone()) {
                await(wanted.id(), installs.remove(wanted));
                // Somebody else may have begun it, who wanted another archive.
                install(wanted);
            }
        }
    }

    /** One install for all who ask while it is under way. */
    private CompletableFuture<Installed> start(Wanted wanted) throws PackageException {
        PackageId id = wanted.id();
        CompletableFuture<Installed> mine = new CompletableFuture<>();
        CompletableFuture<Installed> other = underWay.putIfAbsent(id, mine);
        if (other != null) {
            return other;
        }
        // Between the caller's look and the entry above another install may have ended.
        if (installed.has(wanted)) {
            underWay.remove(id, mine);
            mine.complete(installed.get(id));
            return mine;
        }
        try {
            ThreadStart.execute(threads, () -> run(wanted, mine));
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

    private void fail(PackageId id, CompletableFuture<Installed> result, Throwable cause) {
        underWay.remove(id, result);
        result.completeExceptionally(cause);
    }

    private void run(Wanted wanted, CompletableFuture<Installed> result) {
        PackageId id = wanted.id();
        try {
            Installed known = installed.get(id);
            if (known == null) {
                added(installer.install(wanted));
            } else {
                installed.add(installer.verify(known, wanted));
            }
            Installed found = installed.get(id);
            underWay.remove(id, result);
            result.complete(found);
        } catch (PackageException | InterruptedException | RuntimeException | Error e) {
            fail(id, result, e);
        }
    }

    private static void await(PackageId id, CompletableFuture<Installed> install)
            throws PackageException, InterruptedException {
        try {
            install.get();
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
