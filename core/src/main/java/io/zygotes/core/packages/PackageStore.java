package io.zygotes.core.packages;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import io.zygotes.core.python.HostPip;
import io.zygotes.core.python.PythonException;
import io.zygotes.core.python.Script;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
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
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;

/**
 * The worker's packages: each {@code name==version} in a folder of its own, installed by pip in a sandbox when it is
 * first asked for. An install happens in a staging folder that is renamed at its end, so a folder with a package's
 * name always holds the whole package.
 */
public final class PackageStore implements Packages, AutoCloseable {

    private static final Logger LOG = System.getLogger(PackageStore.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Folder below that of the packages: installs that go on, or that broke off. */
    public static final String STAGING = ".staging";

    private static final int AT_ONCE = 4;
    /** Less, so that a lambda with many packages, or with some whose builds never end, does not keep all others waiting. */
    private static final int AT_ONCE_OF_ONE = 3;

    private static final int LAST_LINES = 25;
    /** How pip says that it does not reach its index; its exit code is the same for all errors. */
    private static final String UNREACHABLE = "Retrying (Retry(";

    private final Path folder;
    private final String cacheTag;
    private final Limits limits;
    private final PipSource pip;
    private final JobRunner jobs;
    private final boolean trace;
    private final ExecutorService installers;
    private final Map<PackageId, PackageInfo> installed = new ConcurrentHashMap<>();
    private final Map<PackageId, CompletableFuture<PackageInfo>> underWay = new ConcurrentHashMap<>();
    private final Map<PackageId, ImportCost> costs = new ConcurrentHashMap<>();

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
     * @param folder where packages are kept
     * @param cacheTag what the packages are for, such as {@code cpython-311}
     * @param limits limits of an install
     * @param pip the host's pip
     * @param jobs runs the installers
     * @param trace whether to log each install with what was found
     */
    public PackageStore(Path folder, String cacheTag, Limits limits, PipSource pip, JobRunner jobs, boolean trace) {
        this.folder = folder;
        this.cacheTag = cacheTag;
        this.limits = limits;
        this.pip = pip;
        this.jobs = jobs;
        this.trace = trace;
        this.installers = Executors.newFixedThreadPool(
                AT_ONCE, Thread.ofPlatform().name("installer-", 0).daemon().factory());
    }

    /**
     * Removes what an interrupted install left, and reads what is installed.
     *
     * @throws IOException if the folder cannot be made or read
     */
    public void open() throws IOException {
        Files.createDirectories(folder);
        Folders.delete(folder.resolve(STAGING));
        Files.createDirectories(folder.resolve(STAGING));
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                String name = entry.getFileName().toString();
                if (!name.startsWith(".") && name.contains("==")) {
                    readInstalled(entry, name);
                }
            }
        }
    }

    private void readInstalled(Path entry, String name) {
        try {
            PackageId id = PackageId.parse(name);
            PackageFolder.read(entry, id, cacheTag).ifPresent(info -> installed.put(id, info));
        } catch (IOException | IllegalArgumentException e) {
            LOG.log(Level.WARNING, "passing over " + entry + ", which is not a package; it can be deleted", e);
        }
    }

    @Override
    public PackageInfo install(PackageId id) throws PackageException, InterruptedException {
        PackageInfo info = installed.get(id);
        return info != null ? info : await(id, start(id));
    }

    /**
     * Installs all of them, some at the same time. However many there are, others who ask need not wait for all of them.
     *
     * @throws PackageException if one of them fails; those that are under way go on
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void installAll(Collection<PackageId> ids) throws PackageException, InterruptedException {
        Map<PackageId, CompletableFuture<PackageInfo>> underWayHere = new LinkedHashMap<>();
        for (PackageId id : ids) {
            if (!installed.containsKey(id)) {
                if (underWayHere.size() == AT_ONCE_OF_ONE) {
                    awaitOne(underWayHere);
                }
                underWayHere.put(id, start(id));
            }
        }
        while (!underWayHere.isEmpty()) {
            awaitOne(underWayHere);
        }
    }

    /** Waits until one of them has ended, and takes those away that have. */
    private static void awaitOne(Map<PackageId, CompletableFuture<PackageInfo>> installs)
            throws PackageException, InterruptedException {
        try {
            CompletableFuture.anyOf(installs.values().toArray(CompletableFuture[]::new))
                    .get();
        } catch (ExecutionException | CancellationException e) {
            LOG.log(Level.DEBUG, "an install failed, which is told below", e);
        }
        for (PackageId id : List.copyOf(installs.keySet())) {
            if (installs.get(id).isDone()) {
                await(id, installs.remove(id));
            }
        }
    }

    /** One install for all who ask while it is under way. */
    private CompletableFuture<PackageInfo> start(PackageId id) throws PackageException {
        CompletableFuture<PackageInfo> mine = new CompletableFuture<>();
        CompletableFuture<PackageInfo> other = underWay.putIfAbsent(id, mine);
        if (other != null) {
            return other;
        }
        // between the caller's look and the entry above another install may have ended
        PackageInfo info = installed.get(id);
        if (info != null) {
            underWay.remove(id, mine);
            mine.complete(info);
            return mine;
        }
        try {
            installers.execute(() -> run(id, mine));
        } catch (RejectedExecutionException e) {
            underWay.remove(id, mine);
            PackageException stopping =
                    new PackageException(id, "cannot install " + id + ": the worker is stopping", e);
            mine.completeExceptionally(stopping);
            throw stopping;
        }
        return mine;
    }

    private void run(PackageId id, CompletableFuture<PackageInfo> result) {
        try {
            PackageInfo info = installNow(id);
            installed.put(id, info);
            underWay.remove(id, result);
            result.complete(info);
        } catch (PackageException | InterruptedException | RuntimeException | Error e) {
            underWay.remove(id, result);
            result.completeExceptionally(e);
        }
    }

    private static PackageInfo await(PackageId id, CompletableFuture<PackageInfo> install)
            throws PackageException, InterruptedException {
        try {
            return install.get();
        } catch (ExecutionException | CancellationException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            // a new exception, because several threads may throw it
            if (cause instanceof PackageException failed) {
                throw new PackageException(id, failed.kind(), failed.getMessage(), failed);
            }
            throw new PackageException(id, "cannot install " + id + ": " + cause, cause);
        }
    }

    private PackageInfo installNow(PackageId id) throws PackageException, InterruptedException {
        long start = System.nanoTime();
        Path staging = null;
        try {
            staging = Files.createTempDirectory(folder.resolve(STAGING), id.name() + "-");
            PackageInfo info = install(id, staging, pip.pip());
            if (trace) {
                LOG.log(
                        Level.INFO,
                        "installed " + id + " in " + (System.nanoTime() - start) / 1_000_000 + " ms: modules "
                                + info.modules() + ", needs " + info.dependencies() + ", " + info.bytes() + " bytes");
            }
            return info;
        } catch (IOException | IllegalArgumentException e) {
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
        PackageInfo info = PackageFolder.finish(content, out.resolve("metadata.json"), id, cacheTag, place);
        if (Files.exists(place)) {
            // for another Python, or damaged: nobody uses it, or it would have been read at the start
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

    @Override
    public Optional<PackageInfo> installed(PackageId id) {
        return Optional.ofNullable(installed.get(id));
    }

    @Override
    public List<PackageInfo> closure(PackageId id, Set<PackageId> pins) throws PackageException, InterruptedException {
        Map<String, PackageId> byName = new LinkedHashMap<>();
        pins.forEach(pin -> byName.put(pin.name(), pin));
        if (!id.equals(byName.get(id.name()))) {
            throw new IllegalArgumentException(id + " is not one of the pinned packages " + pins);
        }
        Map<PackageId, PackageInfo> order = new LinkedHashMap<>();
        visit(id, byName, order, new ArrayList<>());
        return List.copyOf(order.values());
    }

    /** Depth first; a package on the present path is passed over, which breaks cycles where they close. */
    private void visit(
            PackageId id, Map<String, PackageId> pins, Map<PackageId, PackageInfo> order, List<PackageId> path)
            throws PackageException, InterruptedException {
        if (order.containsKey(id) || path.contains(id)) {
            return;
        }
        path.add(id);
        PackageInfo info = install(id);
        for (String dependency : info.dependencies()) {
            PackageId pinned = pins.get(dependency);
            if (pinned != null) {
                visit(pinned, pins, order, path);
            }
        }
        path.removeLast();
        order.put(id, info);
    }

    @Override
    public Optional<ImportCost> cost(PackageId id) {
        return Optional.ofNullable(costs.get(id));
    }

    /** Takes what zygotes measured; the newest measurement counts. */
    public void learnCosts(Map<PackageId, ImportCost> measured) {
        costs.putAll(measured);
    }

    /**
     * Reads costs that an earlier worker measured.
     *
     * @param file what {@link #saveCosts} wrote; nothing happens if there is none
     * @throws IOException if it cannot be read
     */
    public void loadCosts(Path file) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        try {
            for (Map.Entry<String, JsonNode> cost :
                    JSON.readTree(Files.readAllBytes(file)).properties()) {
                costs.putIfAbsent(
                        PackageId.parse(cost.getKey()),
                        new ImportCost(
                                cost.getValue().path("ms").asDouble(-1),
                                cost.getValue().path("mb").asDouble(-1)));
            }
        } catch (JsonProcessingException | IllegalArgumentException e) {
            LOG.log(Level.WARNING, "passing over " + file + ", which is damaged; costs are measured again", e);
        }
    }

    /**
     * Writes down what was measured, for the next worker.
     *
     * @throws IOException if it cannot be written
     */
    public void saveCosts(Path file) throws IOException {
        ObjectNode node = JSON.createObjectNode();
        new TreeMap<>(costs)
                .forEach((id, cost) ->
                        node.putObject(id.toString()).put("ms", cost.millis()).put("mb", cost.megabytes()));
        Folders.write(file, JSON.writeValueAsBytes(node));
    }

    @Override
    public Collection<PackageInfo> all() {
        return List.copyOf(installed.values());
    }

    /** Ends running installs and starts none any more. */
    @Override
    public void close() {
        installers.shutdownNow();
    }
}
