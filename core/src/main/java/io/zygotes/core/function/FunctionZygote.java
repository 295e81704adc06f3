package io.zygotes.core.function;

import io.zygotes.core.pool.PendingRequest;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.registry.ZygoteUse;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The own zygote of one version of a function: made behind the back of the requests when a leaf is needed and there is
 * none, made again when it is gone, and ended with the version. Whatever is wrong with it costs a request nothing: its
 * leaf comes from elsewhere then. Safe for use by many threads.
 */
final class FunctionZygote {

    /**
     * How long it is let be after the first time that it was evicted, or could not be made or forked; then twice that.
     */
    private static final long FIRST_REST_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** The longest that it is let be. */
    private static final long LONGEST_EVICTED_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** How long it is not tried again when there was no memory. */
    private static final long NO_ROOM_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final long LONGEST_FAILED_NANOS = TimeUnit.MINUTES.toNanos(10);
    /** One that lived so long has nothing to do with why the one before went. */
    private static final long LONG_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** One that hangs counts for so many failures: others wait meanwhile for theirs to be made. */
    private static final int HANGING = 7;

    private final LambdaCode code;
    private final FunctionZygoteSpec spec;
    private final FunctionServices services;

    // The rest is guarded by this object's monitor.

    /** Null if there is none. */
    private Zygote zygote;

    private long madeNanos;
    private boolean making;
    private boolean closed;
    /** Why there is none, for people; null if nothing is known against it. */
    private String reason;
    /** Whether the reason is one for good. */
    private boolean never;
    /** Times in a row that there was no memory for it. */
    private int evictions;
    /** Times in a row that it could not be made or forked. */
    private int failures;
    /** Until when it is not made. */
    private long restsUntil = System.nanoTime();
    /** Until when it is made of free memory only. */
    private long scarceUntil = System.nanoTime();

    private FunctionZygote(LambdaCode code, ZygoteUse.Own wanted, FunctionServices services) {
        this.code = code;
        this.spec = new FunctionZygoteSpec(code.spec(), wanted.event());
        this.services = services;
    }

    /** That of a version; empty if it asks for none. */
    static Optional<FunctionZygote> of(LambdaCode code, FunctionServices services) {
        if (!(code.zygote() instanceof ZygoteUse.Own wanted)) {
            return Optional.empty();
        }
        FunctionZygote made = new FunctionZygote(code, wanted, services);
        wanted.fault().ifPresent(made::giveUp);
        return Optional.of(made);
    }

    /**
     * Has a leaf forked from it for a request. If it does not live it is made soon.
     *
     * @return empty if the leaf has to come from elsewhere
     * @throws SandboxException.NoCapacity if there is no memory for the leaf, which it needs wherever it comes from
     * @throws PackageException if the import cache throws it
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    Optional<Leaf> fork(PendingRequest request)
            throws SandboxException.NoCapacity, PackageException, InterruptedException {
        Optional<Zygote> live = live();
        if (live.isPresent()) {
            try {
                return Optional.of(services.leaves().createLeaf(request, live.get()));
            } catch (SandboxException.NoCapacity e) {
                throw e;
            } catch (SandboxException e) {
                failed(live.get(), e);
            }
        }
        return Optional.empty();
    }

    private Optional<Zygote> live() {
        synchronized (this) {
            if (zygote != null && !zygote.alive()) {
                gone(services.pool().wasEvicted(zygote));
            }
            if (zygote != null) {
                return Optional.of(zygote);
            }
        }
        want();
        return Optional.empty();
    }

    /** Has it made soon, unless it lives, is being made, or is to be let be. */
    void want() {
        synchronized (this) {
            boolean rests = System.nanoTime() - restsUntil < 0;
            if (zygote != null || making || closed || never || rests) {
                return;
            }
            making = true;
        }
        if (!services.inBackground(this::make)) {
            synchronized (this) {
                making = false;
            }
        }
    }

    private void failed(Zygote asked, SandboxException why) {
        synchronized (this) {
            if (zygote != asked) {
                return;
            }
            boolean evicted = services.pool().wasEvicted(asked);
            gone(evicted);
            if (evicted) {
                return;
            }
        }
        asked.destroy();
        tell("its own zygote " + asked.id() + " is given up, and made again later: " + why.getMessage(), "");
    }

    /** A leaf of it ended before its first call. */
    void leafFailed(SandboxException why) {
        Zygote asked;
        synchronized (this) {
            asked = zygote;
        }
        if (asked != null) {
            failed(asked, why);
        }
    }

    private void make() {
        boolean onlyFree;
        synchronized (this) {
            onlyFree = System.nanoTime() - scarceUntil < 0;
        }
        Optional<Zygote> made = Optional.empty();
        try {
            services.packages().installAll(code.hashes());
            made = services.leaves().createFunctionZygote(spec, onlyFree);
            if (made.isEmpty()) {
                refused();
            }
        } catch (SandboxException.CannotFork e) {
            giveUp(e.reason());
        } catch (SandboxException.NoCapacity e) {
            noRoom(onlyFree);
        } catch (SandboxException.ImportFailed e) {
            couldNot(1, e.getMessage(), e.traceback());
        } catch (SandboxException.TimedOut e) {
            couldNot(HANGING, e.getMessage(), "");
        } catch (SandboxException | PackageException | RuntimeException e) {
            couldNot(1, String.valueOf(e.getMessage()), "");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            keep(made);
        }
    }

    private void keep(Optional<Zygote> made) {
        boolean late;
        synchronized (this) {
            making = false;
            late = closed;
            if (made.isPresent() && !late) {
                zygote = made.get();
                madeNanos = System.nanoTime();
                reason = null;
            }
        }
        if (late) {
            made.ifPresent(Zygote::destroy);
        } else if (made.isPresent()) {
            services.statistics().count(StatisticNames.FUNCTION_ZYGOTES_MADE);
        }
    }

    /** Called with the monitor held. */
    private void gone(boolean evicted) {
        boolean stayed = System.nanoTime() - madeNanos > LONG_NANOS;
        zygote = null;
        if (evicted) {
            evictions = stayed ? 1 : evictions + 1;
            failures = 0;
            reason = "it was evicted, because others needed its memory";
            scarceUntil = System.nanoTime() + rest(evictions, LONGEST_EVICTED_NANOS);
        } else {
            failures = stayed ? 1 : failures + 1;
            reason = "it ended, or could not be forked";
            restsUntil = System.nanoTime() + rest(failures, LONGEST_FAILED_NANOS);
        }
    }

    private static long rest(int times, long longest) {
        return Math.min(longest, FIRST_REST_NANOS << Math.min(times - 1, 20));
    }

    /** The import cache makes none now; another one, or the same at another time, may. */
    private synchronized void refused() {
        failures++;
        reason = "the import cache makes none";
        restsUntil = System.nanoTime() + rest(failures, LONGEST_EVICTED_NANOS);
    }

    private synchronized void noRoom(boolean onlyFree) {
        reason = "there is no memory for it";
        restsUntil = System.nanoTime() + NO_ROOM_NANOS;
        if (!onlyFree) {
            evictions++;
            scarceUntil = System.nanoTime() + rest(evictions, LONGEST_EVICTED_NANOS);
        }
    }

    private void couldNot(int times, String why, String details) {
        synchronized (this) {
            failures += times;
            reason = why;
            restsUntil = System.nanoTime() + rest(failures, LONGEST_FAILED_NANOS);
        }
        tell("there is no zygote of its own yet: " + why, details);
    }

    private void giveUp(String why) {
        synchronized (this) {
            never = true;
            reason = why;
        }
        tell("this version is served without a zygote of its own: " + why, "");
    }

    private void tell(String what, String details) {
        synchronized (this) {
            if (closed) {
                return;
            }
        }
        services.statistics().count(StatisticNames.FUNCTION_ZYGOTES_FAILED);
        services.tell(code.spec().lambda(), what, details);
    }

    /** Ends it, with its version. */
    void close() {
        Zygote last;
        synchronized (this) {
            closed = true;
            last = zygote;
            zygote = null;
        }
        if (last != null) {
            services.destroyLater(last);
        }
    }

    /** Which it is, or why there is none, in some words for people. */
    synchronized String describe() {
        if (zygote != null) {
            return "own zygote " + zygote.id();
        }
        return reason != null ? "no zygote of its own: " + reason : "its own zygote is not made yet";
    }
}
