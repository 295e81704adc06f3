package io.zygotes.spi.mechanism;

import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Stability;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;

/**
 * A way to make sandboxes, such as SOCK. It makes what it is told: memory accounting, eviction and the safety rule
 * are the core's.
 */
@Stability(Stability.Level.EVOLVING)
public interface SandboxMechanism extends AutoCloseable {

    /**
     * Makes a leaf. The caller has checked that the lambda asked for all packages of the parent, and has reserved the
     * memory.
     *
     * @param parent the zygote to fork it from, made by this mechanism; empty for a fresh Python process
     * @param spec what it must be
     * @return the leaf; {@code f.py} may still be importing ({@link Leaf#awaitReady})
     * @throws SandboxException.NoCapacity if the machine has no process, memory or open file left for it
     * @throws SandboxException.ZygoteGone if the parent cannot fork any more
     * @throws SandboxException if it cannot be made
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException;

    /**
     * Makes a zygote and lets it import its packages. The caller has checked that the new zygote has all packages of
     * the parent, and has reserved the memory.
     *
     * @param parent the zygote to fork it from, made by this mechanism; empty for a fresh Python process
     * @param spec what it must be
     * @throws SandboxException.NoCapacity if the machine has no process, memory or open file left for it
     * @throws SandboxException.ZygoteGone if the parent cannot fork any more
     * @throws SandboxException.ImportFailed if a package cannot be imported
     * @throws SandboxException.TimedOut if the import takes longer than the limit
     * @throws SandboxException if it cannot be made
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException;

    /**
     * Makes the zygote of a function itself. The caller has checked that the function asked for all packages of the
     * parent, and has reserved the memory that a leaf of the function has; it forks leaves of that function only from
     * it.
     *
     * @param parent the zygote to fork it from, made by this mechanism; empty for a fresh Python process
     * @param spec what it must be
     * @throws SandboxException as {@link io.zygotes.spi.Sandboxes#createFunctionZygote}
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    default Zygote createFunctionZygote(Optional<Zygote> parent, FunctionZygoteSpec spec)
            throws SandboxException, InterruptedException {
        throw new SandboxException("this mechanism makes no zygotes of functions");
    }

    /**
     * Makes a spare leaf: forked ahead, set up, and waiting for its lambda.
     *
     * @param parent the zygote to fork it from, made by this mechanism
     * @param limits what it may use until it gets its own limits
     * @param network what it sees of the network; cannot be changed later
     * @return the spare; good for one {@link #specialise}
     * @throws SandboxException.ZygoteGone if the parent cannot fork any more
     * @throws SandboxException if it cannot be made
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    Sandbox createSpare(Zygote parent, Limits limits, Network network) throws SandboxException, InterruptedException;

    /**
     * Makes a spare the leaf of a lambda, with the rules that this lambda has for the network. The caller has checked
     * that the lambda asked for all packages of the spare's zygote, and that network and {@code tmpMb} are those that
     * the spare was made with.
     *
     * @param spare what {@link #createSpare} returned; of no use to anybody else from now on, even if this fails
     * @param spec what it must be
     * @throws SandboxException if it ended or cannot be set up
     * @throws InterruptedException if the calling thread is interrupted; the spare is destroyed
     */
    Leaf specialise(Sandbox spare, LeafSpec spec) throws SandboxException, InterruptedException;

    /**
     * Why a lambda would not answer the same in a leaf that is forked from a zygote as in a process of its own:
     * something that it sets, brings or does counts before packages are imported, and the zygote has imported them.
     *
     * @param zygote made by this mechanism
     * @param spec the lambda
     * @return a reason for people; empty if there is none that is known
     */
    default Optional<String> misfit(Zygote zygote, LeafSpec spec) {
        return Optional.empty();
    }

    /**
     * Why packages would not be the same in a zygote that is forked from another one as where they are imported
     * together: those of the other one looked for some of the new ones when they were imported, in vain.
     *
     * @param parent made by this mechanism
     * @param spec what would be forked from it
     * @return a reason for people; empty if there is none that is known
     */
    default Optional<String> misfit(Zygote parent, ZygoteSpec spec) {
        return Optional.empty();
    }

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
    long limitMemory(Sandbox sandbox, long bytes);

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

    /**
     * Whether this mechanism can hold sandboxes to rules of the network. If it cannot, it refuses to make a sandbox
     * that has some.
     *
     * @return why it cannot, for people; empty if it can
     */
    default Optional<String> cannotRuleNetwork() {
        return Optional.of("this mechanism has no rules for the network");
    }

    /**
     * How many connections and messages rules of the network refused since the start.
     *
     * @return by the name of the lambda, or of what else the sandbox was for
     */
    default Map<String, Long> networkRefusals() {
        return Map.of();
    }

    /** Destroys every sandbox and frees everything that it made on the machine. Idempotent. Must not throw. */
    @Override
    void close();
}
