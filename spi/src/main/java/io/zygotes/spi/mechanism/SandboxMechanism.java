package io.zygotes.spi.mechanism;

import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import java.net.InetSocketAddress;

/**
 * A way to make sandboxes, such as SOCK. It makes what it is told: memory accounting, eviction and the safety rule
 * are the core's.
 */
public interface SandboxMechanism extends Sandboxes, AutoCloseable {

    /**
     * Runs a program of the worker's own (an install, a compilation) in a fresh sandbox and waits for its end.
     *
     * @return how it ended; a program that fails is not an exception
     * @throws SandboxException.TimedOut if it ran longer than its limit
     * @throws SandboxException.OutOfMemory if it was ended for want of memory
     * @throws SandboxException if the sandbox cannot be made
     * @throws InterruptedException if the calling thread is interrupted; the job is killed
     */
    JobResult run(Job job) throws SandboxException, InterruptedException;

    /**
     * Changes how much memory a sandbox of this mechanism may use.
     *
     * @param sandbox a leaf or zygote that this mechanism made
     * @param bytes the new limit; less than what is in use now is raised to what is in use
     * @return the limit that is in force afterwards, in bytes
     */
    long limitMemory(io.zygotes.spi.Sandbox sandbox, long bytes);

    /**
     * Whether a TCP connection was opened by what runs in a sandbox, be it of this worker or of another one on this
     * machine. What cannot be found out counts as yes.
     *
     * @param client the end that opened it
     * @param server the end that was connected to, on this machine
     */
    default boolean isFromSandbox(InetSocketAddress client, InetSocketAddress server) {
        return false;
    }

    /** Destroys every sandbox and frees everything that it made on the machine. Idempotent. Must not throw. */
    @Override
    void close();
}
