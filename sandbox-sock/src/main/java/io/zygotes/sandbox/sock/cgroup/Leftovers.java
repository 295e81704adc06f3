package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** What dead workers left: the cgroups of all, and what one of them has in its mechanism's folder. */
public final class Leftovers {

    private Leftovers() {}

    /**
     * Removes it.
     *
     * @param state the mechanism's folder in the worker directory; the caller holds the worker's lock
     * @param ours tells by its name what the mechanism made there; the rest is somebody's, and stays
     * @return what was removed
     */
    public static List<String> remove(CgroupLayout layout, Path state, Predicate<String> ours)
            throws SandboxException, InterruptedException {
        List<String> removed = new ArrayList<>();
        try {
            ClaimedRegion.sweepFree(layout).forEach(group -> removed.add("cgroups " + group));
            removed.addAll(removeFiles(state, ours));
            return removed;
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot remove what a worker left in " + state + ": " + e.getMessage() + "; are you root?", e);
        }
    }

    private static List<String> removeFiles(Path state, Predicate<String> ours) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(
                state, entry -> ours.test(entry.getFileName().toString()))) {
            entries.forEach(found::add);
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        }
        for (Path each : found) {
            delete(each);
        }
        return found.isEmpty() ? List.of() : List.of("the files of sandboxes in " + state);
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
