package io.zygotes.sandbox.sock.linux;

import java.io.IOException;

/** Lets a socket receive open files, as kernels before 6.16 always do. */
public final class OpenFiles {

    private OpenFiles() {}

    /** Takes back what {@link Sockets#refuseDescriptors} did. */
    public static void allow(Descriptor socket) throws IOException {
        try {
            Sockets.setOption(socket, Sockets.SO_PASSRIGHTS, 1);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOPROTOOPT) {
                throw e;
            }
        }
    }
}
