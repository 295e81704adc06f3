package io.zygotes.launcher.control;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A path to a socket that fits into the address of a Unix socket. Where the path itself is too long, it leads through a
 * symbolic link in a temporary folder of its owner's, which is needed only to bind and to connect and goes with
 * {@link #close}.
 */
final class SocketPath implements AutoCloseable {

    /** What {@code sun_path} holds, without the byte 0 at its end (unix(7)). */
    static final int LONGEST = 107;

    private final Path path;
    private final Optional<Path> link;

    private SocketPath(Path path, Optional<Path> link) {
        this.path = path;
        this.link = link;
    }

    /**
     * @param folder an existing folder
     * @param name the file name of the socket
     * @throws IOException if the path is too long and so is that of the folder for temporary files, or it cannot be
     *     written
     */
    static SocketPath of(Path folder, String name) throws IOException {
        Path direct = folder.resolve(name);
        if (fits(direct)) {
            return new SocketPath(direct, Optional.empty());
        }
        Path temporary = Files.createTempDirectory("zygotes-");
        Path link = temporary.resolve("d");
        try {
            if (!fits(link.resolve(name))) {
                throw new IOException(direct + " is longer than " + LONGEST + " bytes, and " + temporary
                        + " is no shorter way to it; set java.io.tmpdir, or move the worker directory");
            }
            Files.createSymbolicLink(link, folder.toAbsolutePath());
        } catch (IOException | RuntimeException e) {
            Files.delete(temporary);
            throw e;
        }
        return new SocketPath(link.resolve(name), Optional.of(link));
    }

    private static boolean fits(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST;
    }

    Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        if (link.isPresent()) {
            Files.delete(link.get());
            Files.delete(link.get().getParent());
        }
    }
}
