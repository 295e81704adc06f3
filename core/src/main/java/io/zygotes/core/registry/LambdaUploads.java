package io.zygotes.core.registry;

import io.zygotes.core.files.StorageException;
import io.zygotes.core.registry.RegistryException.Kind;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Puts lambdas into the registry that come from people: over HTTP, by a command. Each is checked as a whole before it is
 * there, so that its author hears what is wrong, and not who calls it. Safe for use by many threads and processes.
 */
public final class LambdaUploads {

    private static final Logger LOG = System.getLogger(LambdaUploads.class.getName());
    /** Ends of archives' names, which are no part of lambdas'; the longest of those that end alike first. */
    private static final List<String> ENDINGS = List.of(LambdaRegistry.ARCHIVE, ".tgz", ".tar", ".zip", ".py");

    private final LambdaStore store;
    private final Addition addition;
    private final Consumer<String> told;
    private final Consumer<String> changed;

    private LambdaUploads(LambdaStore store, Addition addition, Consumer<String> told, Consumer<String> changed) {
        this.store = store;
        this.addition = addition;
        this.told = told;
        this.changed = changed;
    }

    /** Puts further files beside those of a lambda, before it is checked. */
    @FunctionalInterface
    public interface Addition {

        /**
         * @param name the lambda
         * @param content a folder with its files
         * @throws RegistryException if that cannot be done; says why
         * @throws IOException if it cannot be written
         */
        void add(String name, Path content) throws RegistryException, IOException;
    }

    /**
     * Those of a worker, which takes up at once what is put there.
     *
     * @param registry the worker's
     */
    public static LambdaUploads ofWorker(LambdaRegistry registry) {
        return new LambdaUploads(
                registry.store(), (_, _) -> {}, left -> LOG.log(Level.INFO, left), name -> takeUp(registry, name));
    }

    /**
     * Those of somebody else, such as a command.
     *
     * @param store where lambdas are put
     * @param addition what comes to each lambda
     * @param told takes a line that says what was left out, if something was
     */
    public static LambdaUploads into(LambdaStore store, Addition addition, Consumer<String> told) {
        return new LambdaUploads(store, addition, told, name -> {});
    }

    /**
     * What the lambda of a folder or an archive is called if nobody says: the file's name without {@code .tar.gz},
     * {@code .tgz}, {@code .tar}, {@code .zip} or {@code .py}. It need not be a name that a lambda may have.
     */
    public static String nameOf(Path source) {
        Path last = source.toAbsolutePath().normalize().getFileName();
        String file = last == null ? "" : last.toString();
        Optional<String> ending = ENDINGS.stream().filter(file::endsWith).findFirst();
        return ending.isEmpty() || Files.isDirectory(source)
                ? file
                : file.substring(0, file.length() - ending.get().length());
    }

    /**
     * Puts a lambda into the registry; one of the same name is replaced as a whole, and serves until then.
     *
     * @param name the lambda
     * @param source a folder, an archive of one (tar.gz, tar or zip, whatever it is called), or a file {@code .py}
     * @throws RegistryException if the name or the content is wrong, {@code ol.yaml} and {@code requirements.txt}
     *     included; the message has all that is wrong, and the registry is unchanged
     * @throws IOException if the registry cannot be written; a lambda that was there still is
     */
    public void install(String name, Path source) throws RegistryException, IOException {
        LambdaName.check(name);
        Path from = source.toAbsolutePath().normalize();
        if (!Files.isDirectory(from) && !Files.isRegularFile(from)) {
            throw new RegistryException(
                    Kind.BROKEN,
                    source + (Files.exists(from) ? " is neither a folder nor a file" : " does not exist")
                            + "; a lambda is a folder, or a tar.gz, tar or zip of one");
        }
        store.install(name, from, addition, told);
        changed.accept(name);
    }

    /**
     * Takes a lambda out of the registry. Calls under way end as if it was still there.
     *
     * @return false if there is none of that name
     * @throws RegistryException if that is no name
     * @throws IOException if it cannot be removed
     */
    public boolean remove(String name) throws RegistryException, IOException {
        boolean removed = store.remove(name);
        changed.accept(name);
        return removed;
    }

    /** The next call finds what is there now, and not what was looked at some seconds ago. */
    private static void takeUp(LambdaRegistry registry, String name) {
        try {
            registry.lookupNow(name);
        } catch (RegistryException e) {
            if (e.kind() != Kind.UNKNOWN) {
                LOG.log(Level.WARNING, "lambda " + name + " was installed and cannot be used: " + e.getMessage());
            }
        } catch (StorageException e) {
            LOG.log(Level.WARNING, "lambda " + name + " is taken up later: " + e.getMessage());
        }
    }
}
