package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.files.Folders;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.registry.LambdaStore;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a dead worker left in its directory, beside what its sandbox mechanism knows of: work that broke off. */
public final class Leftovers {

    private Leftovers() {}

    /**
     * Removes it. A lambda that was being replaced is put back.
     *
     * @param config the settings of the worker; the caller holds its lock
     * @return what was removed or put back, a line each; empty if there was nothing
     * @throws IOException if something cannot be removed
     */
    public static List<String> remove(WorkerConfig config) throws IOException {
        List<String> done = new ArrayList<>();
        Path staging = config.packagesFolder().resolve(PackageStore.STAGING);
        if (Files.isDirectory(staging, LinkOption.NOFOLLOW_LINKS)) {
            Folders.delete(staging);
            done.add("removed the installs that went on in " + staging);
        }
        done.addAll(new LambdaStore(config.registryFolder()).tidy());
        removeSiblings(config.registryFolder(), done);
        Path code = config.stateFolder().resolve("code");
        try (DirectoryStream<Path> lambdas = Files.newDirectoryStream(code, Files::isDirectory)) {
            for (Path lambda : lambdas) {
                removeSiblings(lambda, done);
            }
        } catch (NoSuchFileException e) {
            return done; // this worker never ran
        }
        return done;
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
