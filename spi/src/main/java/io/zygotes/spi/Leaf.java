package io.zygotes.spi;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A sandbox that serves one lambda; nothing is ever forked from it. One call at a time. */
@Stability(Stability.Level.STABLE)
public interface Leaf extends Sandbox {

    /** What it was made from. */
    LeafSpec spec();

    /**
     * Runs the lambda once. The first call waits until {@code f.py} is imported. The leaf must be thawed.
     *
     * @param invocation the request
     * @param timeout the longest that import (if it is still going on) and call may take together; the leaf is
     *     destroyed when it passes
     * @return what the lambda answered, an error of the lambda included (status 400, 500)
     * @throws SandboxException.TimedOut if the time passed
     * @throws SandboxException.ImportFailed if {@code f.py} could not be imported; the leaf is of no more use
     * @throws SandboxException.OutOfMemory if the leaf was ended, or a process in it, for want of memory
     * @throws SandboxException.Died if the leaf ended in any other way
     * @throws SandboxException for anything else
     * @throws InterruptedException if the calling thread is interrupted; the leaf is destroyed
     */
    Reply call(Invocation invocation, Duration timeout) throws SandboxException, InterruptedException;

    /**
     * As {@link #call(Invocation, Duration)}, for a caller that takes a reply in parts.
     *
     * @param invocation the request
     * @param timeout the longest that import and call may take together, all parts of the reply included
     * @param stream gets the reply if it comes in parts
     * @return the reply, if it came as a whole; if {@code stream} got it, what it was begun with
     * @throws SandboxException as {@link #call(Invocation, Duration)}. If the stream has got a part of the reply, there
     *     will be no more of it
     * @throws InterruptedException if the calling thread is interrupted; the leaf is destroyed
     * @since 1.3
     */
    default Reply call(Invocation invocation, Duration timeout, ReplyStream stream)
            throws SandboxException, InterruptedException {
        return call(invocation, timeout);
    }

    /**
     * Waits until {@code f.py} is imported, without a call. Returns at once after the first time.
     *
     * @param timeout the longest to wait; the leaf is destroyed when it passes
     * @throws SandboxException as {@link #call}
     * @throws InterruptedException if the calling thread is interrupted; the leaf is destroyed
     */
    void awaitReady(Duration timeout) throws SandboxException, InterruptedException;

    /** Stops all its processes until {@link #thaw}. Returns at once, before the last one may have stopped. */
    void freeze();

    /** Lets its processes run again. */
    void thaw();

    /** Private memory of its processes in bytes: what this leaf costs beside what it shares with others. */
    long privateBytes();

    /**
     * Modules that it loaded until its first call was over, for {@code f.py} or in that call, and that its zygote had
     * not: their full names in the order of their imports, as the leaf says, which is a stranger.
     *
     * @return the names; empty if there are none, or as long as they are not known
     * @since 1.2
     */
    default List<String> loadedModules() {
        return List.of();
    }

    /**
     * How long each step of making it took; for measuring.
     *
     * @return the steps; {@link CreationSteps#NONE} if nobody measured them
     * @since 1.2
     */
    default CreationSteps creation() {
        return CreationSteps.NONE;
    }

    /**
     * How long each step of making it took, in nanoseconds, by the step's name and in the order of the steps.
     *
     * @return the steps that {@link #creation} has at the top; empty if nobody measured them
     * @deprecated since 1.2 {@link #creation} takes its place, which also says what is a part of what
     */
    @Deprecated(since = "1.2")
    default Map<String, Long> creationNanos() {
        Map<String, Long> nanos = new LinkedHashMap<>();
        creation().steps().forEach(step -> nanos.put(step.name(), step.nanos()));
        return Collections.unmodifiableMap(nanos);
    }
}
