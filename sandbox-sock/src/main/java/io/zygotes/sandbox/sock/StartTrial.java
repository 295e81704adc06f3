package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.launch.LeafLauncher;
import io.zygotes.sandbox.sock.launch.Trial;
import io.zygotes.sandbox.sock.launch.ZygoteLauncher;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.Network;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** The trial leaf of a start: a machine that refuses sandboxes is told of before anybody calls. */
final class StartTrial {

    private static final System.Logger LOG = System.getLogger(StartTrial.class.getName());

    /** What a busy machine lacks now, and may have when somebody calls. */
    private static final Set<FailureKind> PASSING = EnumSet.of(
            FailureKind.NO_MEMORY, FailureKind.NO_PROCESSES, FailureKind.TOO_MANY_FILES, FailureKind.TIMED_OUT);

    private StartTrial() {}

    /**
     * Makes a leaf that runs nothing.
     *
     * @param empty a folder with nothing in it, which everybody may look into from now on, whatever the worker's umask
     *     is
     * @param network what it sees
     * @throws SandboxException if the machine refuses it, with what to do. What it lacks only now is logged
     */
    static void run(ZygoteLauncher zygotes, LeafLauncher leaves, Path empty, Network network)
            throws SandboxException, InterruptedException {
        try {
            Files.setPosixFilePermissions(empty, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new SandboxException("cannot let sandboxes read " + empty + ": " + e.getMessage(), e);
        }
        try {
            new Trial(zygotes, leaves).run(empty, network);
        } catch (SandboxException e) {
            if (!PASSING.contains(e.kind())) {
                throw new SandboxException(
                        e.kind(),
                        "no sandbox can be made on this machine: " + e.getMessage() + Mends.ofThisMachine(),
                        e);
            }
            LOG.log(Level.WARNING, "could not try whether sandboxes can be made: " + e.getMessage());
        }
    }
}
