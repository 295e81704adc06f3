package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.SandboxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes one zygote and one leaf from it, and destroys both: a machine may have all that sandboxes need and refuse them
 * all the same, by a rule of AppArmor or of a container, and whoever starts a worker is to hear of it before its
 * callers do.
 */
public final class Trial {

    /** Enough for processes that run nothing. */
    private static final Limits LIMITS = new Limits(64, 16, 100, 0, 10, 256, 4);

    private final ZygoteLauncher zygotes;
    private final LeafLauncher leaves;

    /**
     * @param zygotes makes the zygote
     * @param leaves makes the leaf
     */
    public Trial(ZygoteLauncher zygotes, LeafLauncher leaves) {
        this.zygotes = zygotes;
        this.leaves = leaves;
    }

    /**
     * Tries. Takes some milliseconds.
     *
     * @param code a folder that the leaf gets as its code
     * @param network what leaves see of it
     * @throws SandboxException if no leaf can be made; says at which step
     * @throws InterruptedException if the calling thread is interrupted
     */
    public void run(Path code, Network network) throws SandboxException, InterruptedException {
        SockZygote zygote = zygotes.launchTrial(LIMITS);
        try {
            SockLeaf leaf = leaves.launch(
                    Optional.of(zygote), new LeafSpec("trial", code, Set.of(), LIMITS, network, Map.of()));
            try {
                leaf.awaitReady(Duration.ofSeconds(Launch.patience()));
            } finally {
                leaf.destroy();
            }
        } finally {
            zygote.destroy();
        }
    }
}
