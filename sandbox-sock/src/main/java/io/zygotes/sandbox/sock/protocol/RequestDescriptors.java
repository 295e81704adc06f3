package io.zygotes.sandbox.sock.protocol;

import io.zygotes.sandbox.sock.linux.Descriptor;
import java.util.ArrayList;
import java.util.List;

/**
 * The open files that come with a request. Their names stand in the request, in the order in which they are sent.
 *
 * @param channel the sandbox's end of its channel
 * @param output the end of a pipe to write to: its standard output and error
 * @param cgroup the folder of its version 2 cgroup
 * @param scratch a detached mount: its scratch folder
 * @param mounts a detached mount for each path that it is told ahead
 */
public record RequestDescriptors(
        Descriptor channel, Descriptor output, Descriptor cgroup, Descriptor scratch, List<Descriptor> mounts) {

    /** Copies the list. */
    public RequestDescriptors {
        mounts = List.copyOf(mounts);
    }

    List<Descriptor> inOrder() {
        List<Descriptor> all = new ArrayList<>(List.of(channel, output, cgroup, scratch));
        all.addAll(mounts);
        return all;
    }

    /** The names in the order of {@link #inOrder}. */
    static List<String> names(int mounts) {
        List<String> names = new ArrayList<>(List.of(
                Protocol.DESCRIPTOR_CHANNEL,
                Protocol.DESCRIPTOR_OUTPUT,
                Protocol.DESCRIPTOR_CGROUP,
                Protocol.DESCRIPTOR_SCRATCH));
        for (int i = 0; i < mounts; i++) {
            names.add(Protocol.DESCRIPTOR_MOUNT);
        }
        return names;
    }
}
