package io.zygotes.sandbox.sock.resource;

import io.zygotes.sandbox.sock.cgroup.SandboxGroup;
import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.Mounts;
import io.zygotes.sandbox.sock.linux.Pipe;
import io.zygotes.sandbox.sock.linux.SocketPair;
import io.zygotes.sandbox.sock.linux.Sockets;
import io.zygotes.spi.Limits;
import java.io.IOException;

/**
 * What a sandbox needs that does not depend on what it will do. Leaves get theirs made ahead.
 *
 * @param group its cgroups
 * @param limits what the group and the scratch folder were made for
 * @param scratch a detached tmpfs, its {@code /host}
 * @param channel the two ends of its channel
 * @param output the pipe that its standard output and error go into
 */
public record Kit(SandboxGroup group, Limits limits, Descriptor scratch, SocketPair channel, Pipe output) {

    /** Files in a scratch folder: some, and this many for each MiB. */
    private static final int SOME_INODES = 1024, INODES_PER_MB = 256;

    /** Permissions of a folder for temporary files of everybody. */
    private static final int STICKY_FOR_ALL = 01777;

    /**
     * Makes one.
     *
     * @param type of the channel
     * @param owner host id of the scratch folder
     * @throws IOException if a descriptor cannot be made; the group is untouched then
     */
    public static Kit make(SandboxGroup group, Limits limits, Sockets.Type type, int owner) throws IOException {
        Descriptor scratch = Mounts.detachedTmpfs(limits.tmpMb(), SOME_INODES + INODES_PER_MB * limits.tmpMb(), owner);
        try {
            FileIo.makeFolder(scratch, "tmp", STICKY_FOR_ALL);
            SocketPair channel = Sockets.pair(type);
            try {
                Sockets.passCredentials(channel.ours());
                Sockets.refuseDescriptors(channel.ours());
                Pipe output = Pipe.open();
                output.letOthersWrite();
                return new Kit(group, limits, scratch, channel, output);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            scratch.close();
            throw e;
        }
    }

    /** Closes every descriptor of a kit that was not used. */
    public void discard() {
        closeTheirs();
        channel.ours().close();
        output.reading().close();
    }

    /** Closes what the sandbox has now, or will never have. */
    public void closeTheirs() {
        scratch.close();
        channel.theirs().close();
        output.writing().close();
    }
}
