package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.linux.FileIo;
import java.io.IOException;

/**
 * The files of the pids controller in one group. They are the same in both versions.
 *
 * @param folder the group
 */
record PidsFiles(String folder) {

    /** The kernel refuses to limit processes to more than it can ever have: PID_MAX_LIMIT. */
    private static final int MOST = 1 << 22;

    /** Sets how many processes and threads there may be. */
    void limit(int processes) throws IOException {
        FileIo.writeFile(folder + "/pids.max", Integer.toString(Math.min(processes, MOST)));
    }

    /** How many processes and threads there are. */
    long current() throws IOException {
        return Long.parseLong(FileIo.readFile(folder + "/pids.current").strip());
    }
}
