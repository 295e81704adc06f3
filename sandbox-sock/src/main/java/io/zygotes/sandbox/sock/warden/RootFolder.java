package io.zygotes.sandbox.sock.warden;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * A folder as the root of a file system: whatever a link in it says, it leads to somewhere in it, as it would for a
 * process whose root it is (openat2(2), RESOLVE_IN_ROOT). Nobody may be changing the folder meanwhile.
 *
 * @param top the folder, without links in its own path
 */
public record RootFolder(Path top) {

    /** As many as the kernel follows: path_resolution(7). */
    private static final int MOST_LINKS = 40;

    /** Bytes of the longest path that Linux takes, without the 0 at its end: path_resolution(7). */
    public static final int LONGEST_PATH = 4095;

    /** @param folder may be a link itself */
    static RootFolder of(Path folder) throws IOException {
        return new RootFolder(folder.toRealPath());
    }

    /**
     * Where a path leads.
     *
     * @param inside an absolute path, as seen from within
     * @return the path outside, without links; empty if there is nothing, or links lead in a circle
     * @throws IOException if a link cannot be read, or the path outside would be too long to look there
     */
    Optional<Path> find(Path inside) throws IOException {
        Deque<Path> left = new ArrayDeque<>();
        inside.forEach(left::add);
        Path at = top;
        int links = 0;
        while (!left.isEmpty()) {
            Path name = left.poll();
            if (name.toString().equals("..")) {
                at = at.equals(top) ? top : at.getParent();
                continue;
            }
            Path next = name.toString().equals(".") || name.toString().isEmpty() ? at : at.resolve(name);
            requireReachable(next);
            if (!Files.exists(next, LinkOption.NOFOLLOW_LINKS)) {
                return Optional.empty();
            }
            if (!Files.isSymbolicLink(next)) {
                at = next;
                continue;
            }
            if (++links > MOST_LINKS) {
                return Optional.empty();
            }
            Path target = Files.readSymbolicLink(next);
            if (target.isAbsolute()) {
                at = top;
            }
            for (int i = target.getNameCount() - 1; i >= 0; i--) {
                left.push(target.getName(i));
            }
        }
        return Optional.of(at);
    }

    /** To ask for a longer one would look as if there were nothing. */
    private void requireReachable(Path path) throws FileSystemException {
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
            throw new FileSystemException(
                    path.toString(),
                    null,
                    "longer than the " + LONGEST_PATH
                            + " bytes that Linux takes for a path: sock_base_path in config.json must lead to a"
                            + " shorter one");
        }
    }

    /** What a link says, if the last part of the path is one; links on the way are followed. */
    Optional<Path> link(Path inside) throws IOException {
        Optional<Path> parent = find(inside.getParent());
        if (parent.isEmpty()) {
            return Optional.empty();
        }
        Path last = parent.get().resolve(inside.getFileName());
        requireReachable(last);
        return Files.isSymbolicLink(last) ? Optional.of(Files.readSymbolicLink(last)) : Optional.empty();
    }
}
