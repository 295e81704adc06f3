package io.zygotes.core.packages;

import io.zygotes.core.files.OwnFolder;
import io.zygotes.core.python.HostPip;
import io.zygotes.core.python.PythonException;
import io.zygotes.core.threads.NoThreadException;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The worker's packages: each {@code name==version} in a folder of its own, installed by uv or pip in a sandbox when it
 * is first asked for. This is their face: it finds them, and hands installs to {@link InstallQueue} and costs to
 * {@link ImportCosts}. Safe for use by many threads.
 */
public final class PackageStore implements Packages, AutoCloseable {

    private static final Logger LOG = System.getLogger(PackageStore.class.getName());

    /** Folder below that of the packages: installs that go on, or that broke off. */
    public static final String STAGING = ".staging";

    private final Path folder;
    private final Supplier<String> cacheTag;
    private final InstalledPackages installed = new InstalledPackages();
    private final ImportCosts costs = new ImportCosts();
    private final FurtherModules modules = new FurtherModules(installed);
    private final UnfitPackages unfit;
    private final PackageInstaller installer;
    private final InstallQueue installs;

    /** Runs a job in a sandbox. */
    @FunctionalInterface
    public interface JobRunner {

        /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#run}. */
        JobResult run(Job job) throws SandboxException, InterruptedException;
    }

    /** Finds the host's pip. Asked for each install, because it may be installed while the worker runs. */
    @FunctionalInterface
    public interface PipSource {

        /** As {@link HostPip#probe}. */
        HostPip pip() throws PythonException, InterruptedException;
    }

    /**
     * Makes a store; nothing is read yet.
     *
     * @param folder where packages are kept
     * @param cacheTag what the packages are for, such as {@code cpython-311}; asked from {@link #open} on
     * @param limits limits of an install
     * @param pip the host's pip
     * @param network what installs reach
     * @param jobs runs the installers
     * @param wheels what was installed before, here or by other workers
     * @param trace whether to log each install with what was found
     */
    public PackageStore(
            Path folder,
            Supplier<String> cacheTag,
            Limits limits,
            PipSource pip,
            InstallNetwork network,
            JobRunner jobs,
            WheelCache wheels,
            boolean trace) {
        this.folder = folder;
        this.cacheTag = cacheTag;
        this.unfit = new UnfitPackages(folder);
        this.installer = new PackageInstaller(folder, cacheTag, limits, pip, network, jobs, wheels, trace);
        this.installs = new InstallQueue(installed, installer);
    }

    /** Says who hears of each package that was installed; on the thread of the install, which waits for it. */
    public void whenInstalled(Consumer<PackageInfo> listener) {
        installs.whenInstalled(listener);
    }

    /** Packages of which only the files have byte code that are imported first; a snapshot. */
    public List<PackageInfo> uncompiled() {
        return installed.all().stream().filter(info -> !isCompiled(info.id())).toList();
    }

    private boolean isCompiled(PackageId id) {
        try {
            return installer.isCompiled(id);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot read whether " + id + " is compiled", e);
            return true;
        }
    }

    /** Writes down that all files of a package have byte code, as far as they can be compiled. */
    public void markCompiled(PackageId id) {
        try {
            installer.markCompiled(id);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot write down that " + id + " is compiled; the next worker looks again", e);
        }
    }

    /** The folder in sandboxes where the files of a package are. */
    public static String seenAs(PackageId id) {
        return InstallJobs.target(id);
    }

    /** What packages and byte code are for, such as {@code cpython-311}. */
    public String cacheTag() {
        return cacheTag.get();
    }

    /**
     * The folder of installs, below that of packages.
     *
     * @param packages the folder of packages
     */
    public static OwnFolder staging(Path packages) {
        return new OwnFolder(
                packages.resolve(STAGING),
                "move that elsewhere, or set pkgs_dir in config.json to another folder",
                _ -> false);
    }

    /** Whether something in a folder of packages is a package, or the place of installs. */
    public static boolean isPackageOrStaging(Path entry) {
        return entry.getFileName().toString().equals(STAGING) || PackageFolder.isOne(entry);
    }

    /**
     * Removes what an interrupted install left, and reads what is installed.
     *
     * @throws ConfigException if the folder of installs, or the cache of wheels, is somebody else's
     * @throws IOException if a folder cannot be made or read
     */
    public void open() throws ConfigException, IOException {
        Files.createDirectories(folder);
        installer.open();
        installed.read(folder, cacheTag.get());
        installed.all().forEach(info -> unfit.read(info.id()));
    }

    @Override
    public PackageInfo install(PackageId id) throws PackageException, InterruptedException {
        return installs.install(new Wanted(id, Set.of()));
    }

    /**
     * Installs all of them, some at the same time. However many there are, others who ask need not wait for all of
     * them.
     *
     * @param packages each with the hashes of the archives that it may be installed from, such as {@code sha256:...};
     *     any may if there are none. What was installed before, and not from one of these, is compared with one of them
     * @throws PackageException if one of them fails; those that are under way go on
     * @throws NoThreadException if no thread may be started for one of them
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void installAll(Map<PackageId, Set<String>> packages) throws PackageException, InterruptedException {
        installs.installAll(packages.entrySet().stream()
                .map(wanted -> new Wanted(wanted.getKey(), wanted.getValue()))
                .toList());
    }

    /** How many packages were installed, and not only found, since this was made. */
    public long installedNow() {
        return installed.installedNow();
    }

    @Override
    public Optional<PackageInfo> installed(PackageId id) {
        return Optional.ofNullable(installed.get(id)).map(Installed::info);
    }

    @Override
    public Collection<PackageInfo> all() {
        return installed.all();
    }

    @Override
    public List<PackageInfo> closure(PackageId id, Set<PackageId> pins) throws PackageException, InterruptedException {
        return Closure.of(id, pins, needed -> {
            install(needed);
            return installed.get(needed);
        });
    }

    @Override
    public Optional<ImportCost> cost(PackageId id) {
        return costs.of(id);
    }

    @Override
    public Optional<String> unfit(PackageId id) {
        return unfit.reason(id);
    }

    /** Takes that packages turned out to be unfit for zygotes, with the reasons; told once in the log. */
    public void learnUnfit(Map<PackageId, String> found) {
        unfit.learn(found);
    }

    /** Packages that are known to be unfit for zygotes, with the reasons; a snapshot. */
    public Map<PackageId, String> allUnfit() {
        return unfit.all();
    }

    /** Which modules zygotes import beside those at the top of their packages. */
    public FurtherModules modules() {
        return modules;
    }

    /** Takes what zygotes measured; the newest measurement counts. */
    public void learnCosts(Map<PackageId, ImportCost> measured) {
        costs.learn(measured);
    }

    /**
     * Reads costs that an earlier worker measured.
     *
     * @param file what {@link #saveCosts} wrote; nothing happens if there is none
     * @throws IOException if it cannot be read
     */
    public void loadCosts(Path file) throws IOException {
        costs.load(file);
    }

    /**
     * Writes down what was measured, for the next worker.
     *
     * @throws IOException if it cannot be written
     */
    public void saveCosts(Path file) throws IOException {
        costs.save(file);
    }

    /**
     * Reads which modules zygotes import beside those at the top of their packages.
     *
     * @param file what {@link #saveModules} wrote; nothing happens if there is none
     * @throws IOException if it cannot be read
     */
    public void loadModules(Path file) throws IOException {
        modules.load(file);
    }

    /**
     * Writes that down for the next worker.
     *
     * @throws IOException if it cannot be written
     */
    public void saveModules(Path file) throws IOException {
        modules.save(file);
    }

    /** Ends running installs and starts none any more. */
    @Override
    public void close() {
        installs.close();
    }
}
