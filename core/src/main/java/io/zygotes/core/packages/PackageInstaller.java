package io.zygotes.core.packages;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.zygotes.core.files.Folders;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.packages.PackageStore.JobRunner;
import io.zygotes.core.packages.PackageStore.PipSource;
import io.zygotes.core.python.HostPip;
import io.zygotes.core.python.PythonException;
import io.zygotes.core.python.Script;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Installs packages: runs pip in a sandbox that writes into staging folders, checks what it wrote, and renames the
 * folders, so that a folder with a package's name always holds the whole package. Safe for use by many threads, for
 * different packages.
 */
final class PackageInstaller {

    private static final Logger LOG = System.getLogger(PackageInstaller.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONTENT = "content";
    private static final String OUT = "out";
    private static final int LAST_LINES = 25;
    /** How pip says that it does not reach its index; its exit code is the same for all errors. */
    private static final String UNREACHABLE = "Retrying (Retry(";

    private final Path folder;
    private final Supplier<String> cacheTag;
    private final Limits limits;
    private final PipSource pip;
    private final InstallNetwork network;
    private final JobRunner jobs;
    private final boolean trace;

    /** As {@link PackageStore}. */
    PackageInstaller(
            Path folder,
            Supplier<String> cacheTag,
            Limits limits,
            PipSource pip,
            InstallNetwork network,
            JobRunner jobs,
            boolean trace) {
        this.folder = folder;
        this.cacheTag = cacheTag;
        this.limits = limits;
        this.pip = pip;
        this.network = network;
        this.jobs = jobs;
        this.trace = trace;
    }

    private Path staging() {
        return folder.resolve(PackageStore.STAGING);
    }

    /**
     * Removes what interrupted installs left.
     *
     * @throws ConfigException if the folder is somebody else's
     * @throws IOException if it cannot be removed, or the folder cannot be made
     */
    void open() throws ConfigException, IOException {
        PackageStore.staging(folder).renew();
    }

    /**
     * Installs a package that is not there.
     *
     * @throws PackageException if it cannot be installed; nothing of it is left
     * @throws InterruptedException if the calling thread is interrupted; nothing of it is left
     */
    Installed install(Wanted wanted) throws PackageException, InterruptedException {
        return staged(wanted.id(), staging -> {
            long start = System.nanoTime();
            Installed made = place(wanted, staging);
            if (trace) {
                PackageInfo info = made.info();
                LOG.log(
                        Level.INFO,
                        "installed " + wanted.id() + " in " + (System.nanoTime() - start) / 1_000_000
                                + " ms: modules " + info.modules() + ", needs " + info.dependencies() + ", "
                                + info.bytes() + " bytes");
            }
            return made;
        });
    }

    /**
     * Installs packages that are not there, from wheels alone and in one sandbox: nothing of a package runs in it. The
     * others are left to {@link #install}, which also says why one cannot be installed.
     *
     * @return those that were installed
     * @throws InterruptedException if the calling thread is interrupted; nothing half-done is left
     */
    List<Installed> installTogether(List<Wanted> all) throws InterruptedException {
        Path staging = null;
        try {
            long start = System.nanoTime();
            staging = Files.createTempDirectory(staging(), "together-");
            JobResult result = jobs.run(jobTogether(all, staging));
            List<Installed> done = new ArrayList<>();
            if (result.exitCode() == 0) {
                acceptAll(all, staging, done);
            }
            LOG.log(
                    trace ? Level.INFO : Level.DEBUG,
                    "installed " + done.size() + " of " + all.size() + " packages together in "
                            + (System.nanoTime() - start) / 1_000_000 + " ms: " + lastLines(result.output()));
            return done;
        } catch (IOException | PythonException | SandboxException | IllegalArgumentException e) {
            LOG.log(Level.DEBUG, "packages are installed one by one, which says why it fails", e);
            return List.of();
        } finally {
            removeStaging(staging);
        }
    }

    private void acceptAll(List<Wanted> all, Path staging, List<Installed> done) {
        for (int i = 0; i < all.size(); i++) {
            Path metadata = staging.resolve(OUT).resolve(i + ".json");
            try {
                if (Files.exists(metadata, LinkOption.NOFOLLOW_LINKS)) {
                    done.add(accept(all.get(i), staging.resolve(String.valueOf(i)), metadata));
                }
            } catch (IOException | IllegalArgumentException e) {
                LOG.log(Level.DEBUG, all.get(i).id() + " is installed alone, which says why it fails", e);
            }
        }
    }

    private Job jobTogether(List<Wanted> all, Path staging) throws IOException, PythonException, InterruptedException {
        HostPip hostPip = pip.pip();
        Path out = Files.createDirectory(staging.resolve(OUT));
        Path temporary = Files.createDirectory(staging.resolve("tmp"));
        List<Job.Mount> targets = new ArrayList<>();
        ArrayNode packages = JSON.createArrayNode();
        for (int i = 0; i < all.size(); i++) {
            PackageId id = all.get(i).id();
            Path content = Files.createDirectory(staging.resolve(String.valueOf(i)));
            targets.add(new Job.Mount(Files.createDirectory(PackageFolder.files(content)), target(id), true));
            ArrayNode hashes = packages.addObject()
                    .put("name", id.name())
                    .put("version", id.version())
                    .put("target", target(id))
                    .put("out", "/mnt/out/" + i + ".json")
                    .putArray("hashes");
            all.get(i).hashes().stream().sorted().forEach(hashes::add);
        }
        return job(
                "install " + all.size() + " packages",
                List.of("--together", packages.toString()),
                targets,
                out,
                temporary,
                hostPip);
    }

    /** Writes down that all files of a package have byte code, as far as they can be compiled. */
    void markCompiled(PackageId id) throws IOException {
        PackageFolder.markCompiled(folder.resolve(id.toString()));
    }

    /** Whether {@link #markCompiled} was called for a package. */
    boolean isCompiled(PackageId id) throws IOException {
        return PackageFolder.isCompiled(folder.resolve(id.toString()));
    }

    /**
     * Makes sure that a package that is there is the same as an archive with one of the wanted hashes: installs that one,
     * too, and compares. The package is in use and stays as it is.
     *
     * @throws PackageException if there is no such archive, or what is there differs from it
     * @throws InterruptedException if the calling thread is interrupted
     */
    Installed verify(Installed known, Wanted wanted) throws PackageException, InterruptedException {
        PackageId id = wanted.id();
        return staged(id, staging -> {
            runPip(wanted, staging);
            Optional<Path> different =
                    PackageFolder.difference(staging.resolve(CONTENT), folder.resolve(id.toString()));
            if (different.isPresent()) {
                throw new PackageException(
                        id,
                        id + " is installed already, but from another archive than those with the hashes in"
                                + " requirements.txt: " + different.get() + " differs. If it is the one that is there"
                                + " that is wrong, stop the worker and remove " + folder.resolve(id.toString()),
                        null);
            }
            Installed verified = known.verifiedBy(wanted.hashes());
            PackageFolder.markVerified(folder.resolve(id.toString()), verified.verified());
            return verified;
        });
    }

    /** What is done with a staging folder. */
    @FunctionalInterface
    private interface Step {
        Installed run(Path staging)
                throws IOException, PackageException, SandboxException, PythonException, InterruptedException;
    }

    private Installed staged(PackageId id, Step step) throws PackageException, InterruptedException {
        Path staging = null;
        try {
            staging = Files.createTempDirectory(staging(), id.name() + "-");
            return step.run(staging);
        } catch (IOException e) {
            StorageException failed =
                    new StorageException("cannot install " + id + " into " + folder + ": " + e.getMessage(), e);
            throw new PackageException(id, failed.kind(), failed.getMessage(), failed);
        } catch (IllegalArgumentException e) {
            throw new PackageException(id, "cannot install " + id + " into " + folder + ": " + e.getMessage(), e);
        } catch (PythonException e) {
            throw new PackageException(id, "cannot install " + id + ": " + e.getMessage(), e);
        } catch (SandboxException e) {
            throw new PackageException(
                    id,
                    e.kind(),
                    "cannot install " + id + ": " + e.getMessage()
                            + " (installer_limits in config.json bound the installer)",
                    e);
        } finally {
            removeStaging(staging);
        }
    }

    private Installed place(Wanted wanted, Path staging)
            throws IOException, PackageException, SandboxException, PythonException, InterruptedException {
        runPip(wanted, staging);
        return accept(wanted, staging.resolve(CONTENT), staging.resolve(OUT).resolve("metadata.json"));
    }

    /**
     * Puts what an installer wrote where packages are.
     *
     * @param content what is to be the package's folder, in a folder of this install
     * @param metadata what the installer wrote down of it
     */
    private Installed accept(Wanted wanted, Path content, Path metadata) throws IOException {
        PackageId id = wanted.id();
        Path place = folder.resolve(id.toString());
        Installed finished = PackageFolder.finish(content, metadata, id, cacheTag.get(), place);
        PackageFolder.markVerified(content, wanted.hashes());
        if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            if (!PackageFolder.isOne(place)) {
                throw new IOException(place + " is no package of a worker's, and nobody removes it: move it elsewhere");
            }
            // It is for another Python, or damaged: nobody uses it, or it would have been read at the start.
            Files.move(
                    place, content.resolveSibling(content.getFileName() + "-replaced"), StandardCopyOption.ATOMIC_MOVE);
        }
        Files.setPosixFilePermissions(content, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(content, place, StandardCopyOption.ATOMIC_MOVE);
        return finished.verifiedBy(wanted.hashes());
    }

    private void runPip(Wanted wanted, Path staging)
            throws IOException, PackageException, SandboxException, PythonException, InterruptedException {
        HostPip hostPip = pip.pip();
        Path files = Files.createDirectory(PackageFolder.files(Files.createDirectory(staging.resolve(CONTENT))));
        Path out = Files.createDirectory(staging.resolve(OUT));
        Path temporary = Files.createDirectory(staging.resolve("tmp"));
        JobResult result = jobs.run(job(wanted, files, out, temporary, hostPip));
        if (result.exitCode() != 0) {
            String said = lastLines(result.output());
            throw new PackageException(
                    wanted.id(),
                    said.contains(UNREACHABLE) ? FailureKind.GONE : FailureKind.OTHER,
                    "pip cannot install " + wanted.id() + " (exit code " + result.exitCode() + "):\n" + said
                            + (said.contains(UNREACHABLE) ? network.advice(hostPip) : ""),
                    null);
        }
    }

    /**
     * pip runs where lambdas will see the package, so that paths in byte code are right. Its temporary files go to
     * disk: a large wheel would not fit into the sandbox's memory.
     */
    private Job job(Wanted wanted, Path files, Path out, Path temporary, HostPip hostPip) {
        PackageId id = wanted.id();
        String target = target(id);
        List<String> arguments = new ArrayList<>(List.of(id.name(), id.version(), target, "/mnt/out/metadata.json"));
        wanted.hashes().stream().sorted().forEach(arguments::add);
        return job("install " + id, arguments, List.of(new Job.Mount(files, target, true)), out, temporary, hostPip);
    }

    /** Where lambdas, and installs, see the files of a package. */
    static String target(PackageId id) {
        return "/packages/" + id.name() + "-" + id.version();
    }

    private Job job(
            String name, List<String> arguments, List<Job.Mount> targets, Path out, Path temporary, HostPip hostPip) {
        List<Job.Mount> mounts = new ArrayList<>(hostPip.mounts());
        mounts.addAll(targets);
        mounts.add(new Job.Mount(out, "/mnt/out", true));
        mounts.add(new Job.Mount(temporary, "/mnt/tmp", true));
        Map<String, String> environment = new LinkedHashMap<>(hostPip.environment());
        environment.put("TMPDIR", "/mnt/tmp");
        environment.put("HOME", "/mnt/tmp");
        environment.put("PATH", "/usr/local/bin:/usr/bin:/bin");
        environment.put("LANG", "C.UTF-8");
        return new Job(
                name,
                Script.INSTALL.text(),
                arguments,
                environment,
                mounts,
                limits,
                network.network(),
                network.rules(hostPip));
    }

    private static String lastLines(String output) {
        List<String> lines = output.strip().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    }

    private static void removeStaging(Path staging) {
        if (staging == null) {
            return;
        }
        try {
            Folders.delete(staging);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot remove " + staging + "; the next start tries again", e);
        }
    }
}
