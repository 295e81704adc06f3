package io.zygotes.sandbox.sock.protocol;

import io.zygotes.sandbox.sock.linux.Descriptor;
import java.util.List;

/**
 * Closes open files that came from a sandbox and that nobody asked for. To close somebody else's file may take as long
 * as that one likes: the last close of a TCP socket waits for its peer if the sender said so (SO_LINGER of socket(7)),
 * and so does that of a Unix socket in which such a socket is on its way.
 */
@FunctionalInterface
public interface UnaskedFiles {

    /**
     * Takes them over. Does not wait for their other sides. Any thread may call this.
     *
     * @param files at least one
     */
    void dispose(List<Descriptor> files);
}
