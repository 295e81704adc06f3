package io.zygotes.core.packages;

import io.zygotes.core.files.Folders;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.packages.PackageStore.JobRunner;
import io.zygotes.core.packages.PackageStore.PipSource;
import io.zygotes.core.python.HostPip;
import io.zygotes.core.python.PythonException;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.SandboxException;
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
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Installs packages: runs pip in a sandbox that writes into staging folders, checks what it wrote, and renames the
 * folders, so that a folder with a package's name always holds the whole package. Safe for use by many threads, for
 * different packages.
 */
final class PackageInstaller {

    private static final Logger LOG = System.getLogger(PackageInstaller.class.getName());
    private static final int LAST_LINES = 25;
    /** What the script says when uv fails at something that pip might not fail at. */
    private static final String LEFT_TO_PIP = "uv leaves this to pip";

    private final Path folder;
    private final Supplier<String> cacheTag;
    private final InstallJobs jobs;
    private final PipSource pip;
    private final InstallNetwork network;
    private final JobRunner runner;
    private final WheelCache wheels;
    private final boolean trace;

    /** As {@link PackageStore}. */
    PackageInstaller(
            Path folder,
            Supplier<String> cacheTag,
            Limits limits,
            PipSource pip,
            InstallNetwork network,
            JobRunner runner,
            WheelCache wheels,
            boolean trace) {
        this.folder = folder;
        this.cacheTag = cacheTag;
        this.jobs = new InstallJobs(limits, network);
        this.pip = pip;
        this.network = network;
        this.runner = runner;
        this.wheels = wheels;
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
        wheels.open();
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
     * Installs packages that are not there, from the cache of wheels or from wheels alone and in one sandbox: nothing
     * of a package runs in it. The others are left to {@link #install}, which also says why one cannot be installed.
     *
     * @param added hears of each that was installed, before the others are
     * @return those that were installed in the sandbox, for {@link #keep}
     * @throws InterruptedException if the calling thread is interrupted; nothing half-done is left
     */
    List<Kept> installTogether(List<Wanted> all, Consumer<Installed> added) throws InterruptedException {
        Path staging = null;
        try {
            long start = System.nanoTime();
            staging = Files.createTempDirectory(staging(), "together-");
            HostPip hostPip = pip.pip();
            Optional<String> sources = hostPip.sources();
            List<Wanted> left = fromCache(all, sources, staging, added);
            List<Kept> done = left.isEmpty() ? List.of() : inSandbox(left, hostPip, sources, staging, added);
            LOG.log(
                    trace ? Level.INFO : Level.DEBUG,
                    "installed " + (all.size() - left.size()) + " of " + all.size()
                            + " packages from the cache of wheels and " + done.size() + " together in "
                            + (System.nanoTime() - start) / 1_000_000 + " ms");
            return done;
        } catch (IOException | PythonException | SandboxException | IllegalArgumentException e) {
            LOG.log(Level.DEBUG, "packages are installed one by one, which says why it fails", e);
            return List.of();
        } finally {
            removeStaging(staging);
        }
    }

    /** A package that was installed from a wheel, and where that came from; empty where hashes were asked for. */
    record Kept(Installed installed, Optional<String> sources) {}

    /** Puts packages into the cache of wheels, behind those who wait for them. */
    void keep(List<Kept> all) {
        for (Kept kept : all) {
            wheels.keep(kept.installed(), kept.sources());
        }
    }

    /** Returns those that are not there. */
    private List<Wanted> fromCache(
            List<Wanted> all, Optional<String> sources, Path staging, Consumer<Installed> added) {
        List<Wanted> left = new ArrayList<>();
        for (Wanted wanted : all) {
            Path content = staging.resolve("cached-" + wanted.id().name());
            try {
                if (wheels.take(wanted, sources, content)) {
                    added.accept(put(wanted.id(), content));
                    continue;
                }
            } catch (IOException e) {
                LOG.log(Level.WARNING, wanted.id() + " cannot be taken from the cache of wheels; it is installed", e);
            }
            left.add(wanted);
        }
        return left;
    }

    private List<Kept> inSandbox(
            List<Wanted> all, HostPip hostPip, Optional<String> sources, Path staging, Consumer<Installed> added)
            throws IOException, SandboxException, InterruptedException {
        JobResult result = runner.run(jobs.together(all, staging, hostPip));
        LOG.log(Level.DEBUG, "the install ended with " + result.exitCode() + ": " + lastLines(result.output()));
        List<Kept> done = new ArrayList<>();
        for (int i = 0; i < all.size() && result.exitCode() == 0; i++) {
            Wanted wanted = all.get(i);
            Path metadata = InstallJobs.metadata(staging, i);
            try {
                if (Files.exists(metadata, LinkOption.NOFOLLOW_LINKS)) {
                    Set<String> hashes = wanted.hashes().isEmpty() ? PackageFolder.hashes(metadata) : wanted.hashes();
                    Installed installed = accept(wanted.id(), hashes, InstallJobs.content(staging, i), metadata);
                    added.accept(installed);
                    done.add(new Kept(installed, wanted.hashes().isEmpty() ? sources : Optional.empty()));
                }
            } catch (IOException | IllegalArgumentException e) {
                LOG.log(Level.DEBUG, wanted.id() + " is installed alone, which says why it fails", e);
            }
        }
        return done;
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
     * Makes sure that a package that is there is the same as an archive with one of the wanted hashes: installs that
     * one, too, and compares. The package is in use and stays as it is.
     *
     * @throws PackageException if there is no such archive, or what is there differs from it
     * @throws InterruptedException if the calling thread is interrupted
     */
    Installed verify(Installed known, Wanted wanted) throws PackageException, InterruptedException {
        PackageId id = wanted.id();
        return staged(id, staging -> {
            runInstaller(wanted, staging);
            Optional<Path> different =
                    PackageFolder.difference(InstallJobs.content(staging), folder.resolve(id.toString()));
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
        runInstaller(wanted, staging);
        return accept(wanted.id(), wanted.hashes(), InstallJobs.content(staging), InstallJobs.metadata(staging));
    }

    /**
     * Puts what an installer wrote where packages are.
     *
     * @param hashes of which the archive that it installed certainly has one; may be none
     * @param content what is to be the package's folder, in a folder of this install
     * @param metadata what the installer wrote down of it
     */
    private Installed accept(PackageId id, Set<String> hashes, Path content, Path metadata) throws IOException {
        PackageFolder.finish(content, metadata, id, cacheTag.get());
        PackageFolder.markVerified(content, hashes);
        return put(id, content);
    }

    /** Puts a finished folder, which lies in a folder of this install, where packages are. */
    private Installed put(PackageId id, Path content) throws IOException {
        Path place = folder.resolve(id.toString());
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
        return PackageFolder.read(place, id, cacheTag.get())
                .orElseThrow(() -> new IOException(place + " is not the package that was put there"));
    }

    private void runInstaller(Wanted wanted, Path staging)
            throws IOException, PackageException, SandboxException, PythonException, InterruptedException {
        HostPip hostPip = pip.pip();
        JobResult result = runner.run(jobs.alone(wanted, staging, hostPip));
        if (result.exitCode() != 0) {
            String said = lastLines(result.output());
            InstallFailure failure = InstallFailure.of(said);
            String words = failure.words(hostPip.hasCredentials());
            boolean uv = hostPip.uv() == HostPip.Uv.INSTALLS && !result.output().contains(LEFT_TO_PIP);
            throw new PackageException(
                    wanted.id(),
                    failure.kind(),
                    (uv ? "uv" : "pip") + " cannot install " + wanted.id() + " (exit code " + result.exitCode() + ")"
                            + (words.isEmpty() ? "" : ", " + words) + ":\n" + said
                            + (failure == InstallFailure.UNREACHABLE ? network.advice(hostPip) : ""),
                    null);
        }
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
