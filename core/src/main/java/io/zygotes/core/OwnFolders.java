package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.files.OwnFolder;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The folders of a worker in which it removes things by itself. The registry is none of them: it is the user's.
 *
 * @param code versions of lambdas, unpacked
 * @param sandboxes what the sandbox mechanism keeps
 * @param packages what is installed
 * @param staging installs that go on
 */
record OwnFolders(OwnFolder code, OwnFolder sandboxes, OwnFolder packages, OwnFolder staging) {

    private static final String STATE = "move that elsewhere, or set worker_dir in config.json to another folder";
    private static final String PACKAGES = "move that elsewhere, or set pkgs_dir in config.json to another folder";
    /** What mechanisms put into their folder before there were marks. */
    private static final Pattern OF_MECHANISMS = Pattern.compile("region(\\.new)?|root|runtime-[0-9.]+");

    /** Those that settings name; they need not be there. */
    static OwnFolders of(WorkerConfig config) {
        Path state = config.stateFolder();
        Path packages = config.packagesFolder();
        return new OwnFolders(
                new OwnFolder(state.resolve("code"), STATE, LambdaRegistry::isUnpackedCode),
                new OwnFolder(
                        state.resolve("sandboxes"),
                        STATE,
                        entry -> OF_MECHANISMS
                                .matcher(entry.getFileName().toString())
                                .matches()),
                new OwnFolder(packages, PACKAGES, PackageStore::isPackageOrStaging),
                PackageStore.staging(packages));
    }

    private List<OwnFolder> all() {
        return List.of(code, sandboxes, packages, staging);
    }

    /**
     * Checks that none of them is somebody else's. Changes nothing.
     *
     * @throws ConfigException if one is; says what to do
     * @throws IOException if one cannot be read
     */
    void requireNoneForeign() throws ConfigException, IOException {
        for (OwnFolder folder : all()) {
            folder.requireNotForeign();
        }
    }

    /**
     * Makes those that are not there, and puts the mark into all.
     *
     * @throws ConfigException if one is somebody else's; says what to do
     * @throws IOException if one cannot be made
     */
    void claim() throws ConfigException, IOException {
        for (OwnFolder folder : all()) {
            folder.claim();
        }
    }
}
