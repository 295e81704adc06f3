package io.zygotes.core.function;

import io.zygotes.core.function.Answer.Start;
import io.zygotes.core.function.FunctionVersions.Version;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.registry.ZygoteUse;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.spi.CreationSteps;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One lambda: runs its calls, each in a leaf of the version that is the newest when it comes. Safe for use by many
 * threads.
 */
final class LambdaFunction {

    private static final Logger LOG = System.getLogger(LambdaFunction.class.getName());

    private final String name;
    private final FunctionServices services;
    private final FunctionVersions versions;

    LambdaFunction(String name, FunctionServices services) {
        this.name = name;
        this.services = services;
        // One lock for all versions and the line: a leaf becomes idle, or is handed on, in one step.
        ReentrantLock lock = new ReentrantLock();
        RequestLine line = new RequestLine(name, services.pool(), services.maxWaiting());
        this.versions = new FunctionVersions(name, services, lock, line);
    }

    /**
     * Runs the lambda once.
     *
     * @param code the code as the registry has it now
     */
    Answer invoke(LambdaCode code, FunctionCall call)
            throws SandboxException, PackageException, OverloadException, InterruptedException {
        Version version = versions.enter(code);
        try {
            Answer answer = version.slots().isPresent()
                    ? callInSlot(version.slots().get(), version, call)
                    : callOrTryFresh(version, call);
            versions.compile(version);
            return answer;
        } finally {
            versions.leave(version);
        }
    }

    private Answer callInSlot(CallSlots slots, Version version, FunctionCall call)
            throws SandboxException, PackageException, OverloadException, InterruptedException {
        slots.enter();
        try {
            return callOrTryFresh(version, call);
        } finally {
            slots.leave();
        }
    }

    /**
     * What fails in a fork of a zygote may work in a fresh process: then the version is served so from now on. What
     * fails there, too, is the lambda's own fault, and is not tried twice again.
     */
    private Answer callOrTryFresh(Version version, FunctionCall call)
            throws SandboxException, PackageException, OverloadException, InterruptedException {
        boolean fresh = version.leaves().alone();
        try {
            return call(version, call);
        } catch (SandboxException.ImportFailed failed) {
            if (fresh || version.failsFresh()) {
                throw FailureHints.told(failed, version.code().spec(), services.packages());
            }
            Answer answer;
            try {
                answer = callIn(version.leaves().acquireFresh(), version, call);
            } catch (SandboxException | PackageException | OverloadException e) {
                if (e instanceof SandboxException.ImportFailed) {
                    version.rememberFailsFresh();
                }
                LOG.log(
                        Level.DEBUG,
                        "lambda " + name + " cannot be imported in a fresh process either: " + e.getMessage());
                throw FailureHints.told(failed, version.code().spec(), services.packages());
            }
            version.leaves().serveAlone();
            services.statistics().count(StatisticNames.SERVED_FRESH);
            LOG.log(
                    Level.WARNING,
                    "lambda " + name + " can be imported in a fresh process, but not in a fork of a zygote ("
                            + failed.getMessage() + "); this version is served by fresh processes from now on");
            return answer;
        }
    }

    /**
     * A leaf may have been killed while it rested, or while it was a spare, which is seen only when it is called;
     * others may have gone with it. So the second try, for a call that never reached the lambda, is with a leaf made
     * for it. Where there was no leaf yet, its zygote died while it was made: then it is a fresh process.
     */
    private Answer call(Version version, FunctionCall call)
            throws SandboxException, PackageException, OverloadException, InterruptedException {
        Lease lease;
        try {
            lease = acquire(version, false);
        } catch (SandboxException.Died e) {
            services.statistics().count(StatisticNames.RETRIES);
            return callIn(version.leaves().acquireFresh(), version, call);
        }
        try {
            return callIn(lease, version, call);
        } catch (SandboxException.Died e) {
            if (e.callStarted()) {
                throw e;
            }
            services.statistics().count(StatisticNames.RETRIES);
            return callIn(acquire(version, true), version, call);
        }
    }

    /**
     * A leaf for a call that has not run. Where files are too short to look at its packages, say, leaves at rest make
     * room; where the sandbox itself could not be made, that was tried.
     */
    private Lease acquire(Version version, boolean newly)
            throws SandboxException, PackageException, OverloadException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return version.leaves().acquire(newly);
            } catch (PackageException | RuntimeException e) {
                if (!services.pool().relieve(e, attempt)) {
                    throw e;
                }
            }
        }
    }

    private Answer callIn(Lease lease, Version version, FunctionCall call)
            throws SandboxException, InterruptedException {
        Duration timeout = Duration.ofSeconds(version.code().spec().limits().runtimeSec());
        boolean served = false;
        try {
            Answer answer = call.in(lease.leaf(), lease.start(), timeout);
            served = true;
            if (lease.start() != Start.WARM) {
                recordCreation(lease.leaf());
            }
            return FailureHints.told(answer, version.code().spec(), services.packages());
        } catch (SandboxException.BrokenOff e) {
            served = true; // only its answer is of no use
            throw e;
        } catch (SandboxException.Died e) {
            if (lease.start() == Start.FUNCTION && !e.callStarted()) {
                version.leaves().own().ifPresent(zygote -> zygote.leafFailed(e));
            }
            throw e;
        } finally {
            if (served && version.code().serving().reuse()) {
                version.leaves().release(lease.leaf());
            } else if (served) {
                // Its end, which takes some milliseconds, is nothing that the answer has to wait for.
                services.destroyLater(List.of(lease.leaf()));
            } else {
                lease.leaf().destroy();
            }
        }
    }

    private void recordCreation(PooledLeaf leaf) {
        record(leaf.creation().steps());
    }

    /** Records each step, and the parts of it that were measured, under names of their own. */
    private void record(List<CreationSteps.Step> steps) {
        for (CreationSteps.Step step : steps) {
            services.statistics().latency(StatisticNames.create(step.name())).record(step.nanos());
            record(step.parts());
        }
    }

    /** Has the own zygote made of the newest version, if that asks for one to be made before it is called. */
    void prepare(LambdaCode code) throws SandboxException.NoCapacity {
        if (code.zygote() instanceof ZygoteUse.Own own && own.eager()) {
            Version version = versions.enter(code);
            try {
                version.leaves().own().ifPresent(FunctionZygote::want);
            } finally {
                versions.leave(version);
            }
        }
    }

    /**
     * Its lambda is gone: idle leaves go now, the others when their calls end. It serves again if the lambda comes
     * back.
     */
    void retire() {
        versions.retire();
    }

    /** Ends it if nothing of it is in use; otherwise returns false. */
    boolean closeIfUnused() {
        return versions.closeIfUnused();
    }

    /** Ends it: idle leaves go now, the others when their calls end. */
    void close() {
        versions.close();
    }

    /** One line for people. */
    String describe() {
        return name + ": " + versions.describe();
    }

    /** How many leaves it has. */
    int leaves() {
        return versions.leaves();
    }
}
