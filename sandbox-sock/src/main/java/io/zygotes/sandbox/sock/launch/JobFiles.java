package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.cgroup.SandboxGroup;
import io.zygotes.sandbox.sock.identity.Ownership;
import io.zygotes.sandbox.sock.sandbox.SockJob;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The files that belong to a job while it runs. Of one thread. */
final class JobFiles {

    /** How long the last processes of a job may take to end, in milliseconds. */
    private static final int PATIENCE = 2000;

    private final List<Path> given = new ArrayList<>();

    /**
     * Gives a file, or a folder and all in it.
     *
     * @param owner the job's host id
     */
    void give(Path tree, int owner) throws IOException {
        given.add(tree);
        Ownership.give(tree, owner);
    }

    /** Looks after the disks of what was given. */
    DiskGuard guard() throws IOException {
        return new DiskGuard(given);
    }

    /** Files go back to root only when no process of the job can change them any more. */
    void takeBack(SockJob job) throws SandboxException, InterruptedException {
        if (given.isEmpty()) {
            return;
        }
        for (int i = 0; !isEmpty(job.group()); i++) {
            if (i == PATIENCE) {
                throw new SandboxException("the processes of " + job + " do not end");
            }
            Thread.sleep(1);
        }
        for (Path path : given) {
            try {
                Ownership.give(path, 0);
            } catch (IOException e) {
                throw new SandboxException("cannot take " + path + " back from a job: " + e.getMessage(), e);
            }
        }
    }

    private static boolean isEmpty(SandboxGroup group) {
        try {
            return group.isEmpty();
        } catch (IOException e) {
            return false; // not known to be
        }
    }
}
