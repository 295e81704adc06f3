package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.Limits;
import java.io.IOException;

/**
 * What a sandbox needs that does not depend on what it will do: cgroups, a scratch folder, a channel, a pipe for its
 * output. Leaves get theirs made ahead.
 *
 * @param group its cgroups
 * @param limits what the group and the scratch folder were made for
 * @param scratch a detached tmpfs, its {@code /host}
 * @param ours the worker's end of the channel
 * @param theirs the sandbox's end
 * @param outputToRead reading end of the pipe
 * @param outputToWrite writing end
 */
record Kit(SandboxGroup group, Limits limits, int scratch, int ours, int theirs, int outputToRead, int outputToWrite) {

    /** Files in a scratch folder: some, and this many for each MiB. */
    private static final int SOME_INODES = 1024, INODES_PER_MB = 256;

    /**
     * Makes one.
     *
     * @param socketType of the channel
     * @param owner host id of the scratch folder
     * @throws LinuxException if a descriptor cannot be made; the group is untouched then
     */
    static Kit make(SandboxGroup group, Limits limits, int socketType, int owner) throws IOException {
        int scratch = -1;
        int[] sockets = null;
        int[] pipe;
        try {
            scratch = Linux.detachedTmpfs(limits.tmpMb(), SOME_INODES + INODES_PER_MB * limits.tmpMb(), owner);
            Linux.makeFolder(scratch, "tmp", 01777);
            sockets = Linux.socketPair(socketType);
            Linux.passCredentials(sockets[0]);
            Linux.refuseDescriptors(sockets[0]);
            pipe = Linux.pipe();
        } catch (IOException e) {
            closeAll(scratch);
            if (sockets != null) {
                closeAll(sockets);
            }
            throw e;
        }
        return new Kit(group, limits, scratch, sockets[0], sockets[1], pipe[0], pipe[1]);
    }

    /** Closes every descriptor of a kit that was not used. */
    void discard() {
        closeAll(scratch, ours, theirs, outputToRead, outputToWrite);
    }

    private static void closeAll(int... descriptors) {
        for (int descriptor : descriptors) {
            if (descriptor >= 0) {
                Linux.close(descriptor);
            }
        }
    }
}
