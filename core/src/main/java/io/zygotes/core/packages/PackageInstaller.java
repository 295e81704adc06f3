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
import io.zygotes.spi.Network;
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
import java.util.function.Supplier;

/**
 * Installs one package: runs pip in a sandbox that writes into a staging folder, checks what it wrote, and renames the
 * folder, so that a folder with a package's name always holds the whole package. Safe for use by many threads, for
 * different packages.
 */
final class PackageInstaller {

    private static final Logger LOG = System.getLogger(PackageInstaller.class.getName());
    private static final int LAST_LINES = 25;
    /** How pip says that it does not reach its index; its exit code is the same for all errors. */
    private static final String UNREACHABLE = "Retrying (Retry(";

    private final Path folder;
    private final Supplier<String> cacheTag;
    private final Limits limits;
    private final PipSource pip;
    private final JobRunner jobs;
    private final boolean trace;

    /** As {@link PackageStore}. */
    PackageInstaller(
            Path folder, Supplier<String> cacheTag, Limits limits, PipSource pip, JobRunner jobs, boolean trace) {
        this.folder = folder;
        this.cacheTag = cacheTag;
        this.limits = limits;
        this.pip = pip;
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
     * Installs a package.
     *
     * @throws PackageException if it cannot be installed; nothing of it is left
     * @throws InterruptedException if the calling thread is interrupted; nothing of it is left
     */
    PackageInfo install(PackageId id) throws PackageException, InterruptedException {
        long start = System.nanoTime();
        Path staging = null;
        try {
            staging = Files.createTempDirectory(staging(), id.name() + "-");
            PackageInfo info = install(id, staging, pip.pip());
            if (trace) {
                LOG.log(
                        Level.INFO,
                        "installed " + id + " in " + (System.nanoTime() - start) / 1_000_000 + " ms: modules "
                                + info.modules() + ", needs " + info.dependencies() + ", " + info.bytes() + " bytes");
            }
            return info;
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

    private PackageInfo install(PackageId id, Path staging, HostPip hostPip)
            throws IOException, PackageException, SandboxException, InterruptedException {
        Path content = Files.createDirectory(staging.resolve("content"));
        Path files = Files.createDirectory(PackageFolder.files(content));
        Path out = Files.createDirectory(staging.resolve("out"));
        Path temporary = Files.createDirectory(staging.resolve("tmp"));
        JobResult result = jobs.run(job(id, files, out, temporary, hostPip));
        if (result.exitCode() != 0) {
            String said = lastLines(result.output());
            throw new PackageException(
                    id,
                    said.contains(UNREACHABLE) ? FailureKind.GONE : FailureKind.OTHER,
                    "pip cannot install " + id + " (exit code " + result.exitCode() + "):\n" + said,
                    null);
        }
        Path place = folder.resolve(id.toString());
        PackageInfo info = PackageFolder.finish(content, out.resolve("metadata.json"), id, cacheTag.get(), place);
        if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            if (!PackageFolder.isOne(place)) {
                throw new IOException(place + " is no package of a worker's, and nobody removes it: move it elsewhere");
            }
            // It is for another Python, or damaged: nobody uses it, or it would have been read at the start.
            Files.move(place, staging.resolve("replaced"), StandardCopyOption.ATOMIC_MOVE);
        }
        Files.setPosixFilePermissions(content, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(content, place, StandardCopyOption.ATOMIC_MOVE);
        return info;
    }

    /**
     * pip runs where lambdas will see the package, so that paths in byte code are right. Its temporary files go to
     * disk: a large wheel would not fit into the sandbox's memory.
     */
    private Job job(PackageId id, Path files, Path out, Path temporary, HostPip hostPip) {
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
        return new Job(
                "install " + id,
                Script.INSTALL.text(),
                List.of(id.name(), id.version(), target, "/mnt/out/metadata.json"),
                environment,
                mounts,
                limits,
                Network.HOST);
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
