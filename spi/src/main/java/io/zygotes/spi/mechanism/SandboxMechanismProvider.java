package io.zygotes.spi.mechanism;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Stability;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Makes mechanisms of one kind; found with {@link java.util.ServiceLoader} by the name in {@code sandbox}. */
@Stability(Stability.Level.EVOLVING)
public interface SandboxMechanismProvider {

    /** The name in {@code config.json}'s {@code sandbox}, such as {@code sock}. */
    String name();

    /**
     * Starts the mechanism: checks the machine, removes what a dead worker of the same directory left, and gets
     * ready to make sandboxes.
     *
     * @throws ConfigException if a setting is wrong
     * @throws SandboxException if this machine cannot run it; says what is missing and how to mend it
     */
    SandboxMechanism start(MechanismContext context) throws ConfigException, SandboxException;

    /**
     * Looks whether this machine has what the mechanism needs. Changes nothing, and needs no rights: what cannot be
     * seen without them is said to be so. Python is not among it.
     *
     * @return what was found, the most general first; none for a mechanism that needs nothing
     */
    default List<Finding> check() {
        return List.of();
    }

    /**
     * Makes a sandbox as a worker would, and destroys it: a machine may have all that {@link #check} looks for and
     * refuse sandboxes all the same. Needs the rights of a worker; nothing is left.
     *
     * @param context as for {@link #start}, with an empty folder as its worker directory
     * @return what came of it; empty if the mechanism has no such trial
     * @throws InterruptedException if the calling thread is interrupted
     * @since 1.2
     */
    default Optional<Finding> tryOut(MechanismContext context) throws InterruptedException {
        return Optional.empty();
    }

    /**
     * Removes everything that a dead worker left, on the machine and in its directory, as {@link #start} would, and
     * what the mechanism keeps from one run of a worker to the next.
     *
     * @param workerDirectory as {@link MechanismContext#workerDirectory}; the caller holds the worker's lock
     * @return what was removed, a line each; empty if there was nothing
     * @throws SandboxException if something cannot be removed
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    default List<String> clean(Path workerDirectory) throws SandboxException, InterruptedException {
        return List.of();
    }
}
