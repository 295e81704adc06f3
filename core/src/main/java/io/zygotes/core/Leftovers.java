package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.files.Folders;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a dead worker left in its directory and on the machine. */
public final class Leftovers {

    private Leftovers() {}

    /**
     * Removes it. A lambda that was being replaced is put back.
     *
     * @param directory the worker directory, which is locked meanwhile
     * @param config its settings
     * @param mechanism the sandbox mechanism's part of it, which returns what it removed, a line each
     * @return what was removed or put back, a line each; empty if there was nothing
     * @throws ConfigException if a worker runs on the directory or uses its folders, or one of them is somebody else's;
     *     nothing is removed then
     * @throws SandboxException if cgroups or files of its sandboxes cannot be removed
     * @throws IOException if something cannot be removed
     * @throws InterruptedException if the calling thread is interrupted
     */
    public static List<String> remove(WorkerDirectory directory, WorkerConfig config, MechanismPart mechanism)
            throws ConfigException, SandboxException, IOException, InterruptedException {
        OwnFolders folders = OwnFolders.of(config);
        folders.requireNoneForeign();
        try (WorkerDirectory.Lock _ = directory.lockToClean(config)) {
            return remove(config, folders, mechanism);
        }
    }

    private static List<String> remove(WorkerConfig config, OwnFolders folders, MechanismPart mechanism)
            throws SandboxException, IOException, InterruptedException {
        List<String> done = new ArrayList<>();
        mechanism.clean(config.stateFolder()).forEach(what -> done.add("removed " + what));
        folders.sandboxes().removeIfEmpty();
        Path staging = folders.staging().path();
        if (Files.isDirectory(staging, LinkOption.NOFOLLOW_LINKS)) {
            Folders.delete(staging);
            done.add("removed the installs that went on in " + staging);
        }
        done.addAll(new LambdaStore(config.registryFolder()).tidy());
        removeSiblings(config.registryFolder(), done);
        try (DirectoryStream<Path> lambdas =
                Files.newDirectoryStream(folders.code().path(), Files::isDirectory)) {
            for (Path lambda : lambdas) {
                removeSiblings(lambda, done);
            }
        } catch (NoSuchFileException e) {
            return done; // this worker never ran
        }
        return done;
    }

    /** What a sandbox mechanism removes. */
    @FunctionalInterface
    public interface MechanismPart {

        /** As {@link io.zygotes.spi.mechanism.SandboxMechanismProvider#clean}. */
        List<String> clean(Path workerDirectory) throws SandboxException, InterruptedException;
    }

    private static void removeSiblings(Path folder, List<String> done) throws IOException {
        for (Path sibling : Folders.abandonedSiblings(folder)) {
            Path original = Folders.original(sibling);
            if (sibling.getFileName().toString().contains(".old-")
                    && !Files.exists(original, LinkOption.NOFOLLOW_LINKS)) {
                Files.move(sibling, original);
                done.add("put back " + original + ", which was being replaced");
            } else {
                Folders.delete(sibling);
                done.add("removed " + sibling);
            }
        }
    }
}
