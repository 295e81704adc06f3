package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a dead worker left: its cgroups, and its folder with our files and the number of its region. */
public final class Leftovers {

    private Leftovers() {}

    /**
     * Removes it.
     *
     * @param state the mechanism's folder in the worker directory; the caller holds the worker's lock
     * @return what was removed
     */
    public static List<String> remove(CgroupLayout layout, Path state) throws SandboxException, InterruptedException {
        List<String> removed = new ArrayList<>();
        try {
            CgroupTree.sweep(layout, state).ifPresent(group -> removed.add("cgroups " + group));
            if (Files.isDirectory(state, LinkOption.NOFOLLOW_LINKS)) {
                delete(state);
                removed.add("folder " + state);
            }
            return removed;
        } catch (IOException | NumberFormatException e) {
            throw new SandboxException(
                    "cannot remove what a worker left in " + state + ": " + e.getMessage() + "; are you root?", e);
        }
    }

    private static void delete(Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            try (DirectoryStream<Path> children = Files.newDirectoryStream(path)) {
                for (Path child : children) {
                    delete(child);
                }
            }
        }
        Files.delete(path);
    }
}
