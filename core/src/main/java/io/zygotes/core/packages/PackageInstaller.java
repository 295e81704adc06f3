package io.zygotes.core.packages;

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
 * Installs one package: runs pip in a sandbox that writes into a staging folder, checks what it wrote, and renames the
 * folder, so that a folder with a package's name always holds the whole package. Safe for use by many threads, for
 * different packages.
 */
final class PackageInstaller {

    private static final Logger LOG = System.getLogger(PackageInstaller.class.getName());
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
        PackageId id = wanted.id();
        runPip(wanted, staging);
        Path content = staging.resolve(CONTENT);
        Path place = folder.resolve(id.toString());
        Path metadata = staging.resolve(OUT).resolve("metadata.json");
        Installed finished = PackageFolder.finish(content, metadata, id, cacheTag.get(), place);
        PackageFolder.markVerified(content, wanted.hashes());
        if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            if (!PackageFolder.isOne(place)) {
                throw new IOException(place + " is no package of a worker's, and nobody removes it: move it elsewhere");
            }
            // It is for another Python, or damaged: nobody uses it, or it would have been read at the start.
            Files.move(place, staging.resolve("replaced"), StandardCopyOption.ATOMIC_MOVE);
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
        String target = "/packages/" + id.name() + "-" + id.version();
        List<Job.Mount> mounts = new ArrayList<>(hostPip.mounts());
        mounts.add(new Job.Mount(files, target, true));
        mounts.add(new Job.Mount(out, "/mnt/out", true));
        mounts.add(new Job.Mount(temporary, "/mnt/tmp", true));
        Map<String, String> environment = new LinkedHashMap<>(hostPip.environment());
        environment.put("TMPDIR", "/mnt/tmp");
        environment.put("HOME", "/mnt/tmp");
        environment.put("PATH", "/usr/local/bin:/usr/bin:/bin");
        environment.put("LANG", "C.UTF-8");
        List<String> arguments = new ArrayList<>(List.of(id.name(), id.version(), target, "/mnt/out/metadata.json"));
        wanted.hashes().stream().sorted().forEach(arguments::add);
        return new Job(
                "install " + id,
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
