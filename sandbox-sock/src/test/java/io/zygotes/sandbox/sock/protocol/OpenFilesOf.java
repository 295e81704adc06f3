package io.zygotes.sandbox.sock.protocol;

import io.zygotes.sandbox.sock.linux.OpenFiles;
import java.io.IOException;

/** Lets a channel receive open files, as with kernels before 6.16. */
public final class OpenFilesOf {

    private OpenFilesOf() {}

    /** As {@link OpenFiles#allow}. */
    public static void allow(Channel channel) throws IOException {
        OpenFiles.allow(channel.socket);
    }
}
