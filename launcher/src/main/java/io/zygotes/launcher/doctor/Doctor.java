package io.zygotes.launcher.doctor;

import io.zygotes.core.Leftovers;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.files.Folders;
import io.zygotes.core.python.HostPip;
import io.zygotes.core.python.HostPython;
import io.zygotes.core.python.InstallerChoice;
import io.zygotes.core.python.PythonException;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.plugins.Mechanisms;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Finding;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Looks at this machine through the eyes of the worker of one directory, which need not exist. */
public final class Doctor {

    private static final long MB = 1 << 20;
    /** A few packages like pandas. */
    private static final long ENOUGH_DISK_MB = 1024;
    /** A worker's own memory, and some sandboxes. */
    private static final long ENOUGH_MEMORY_MB = 1024;

    /** What a small leaf at rest reserves. */
    private static final long LEAF_MB = 8;
    /** What a worker has open for a leaf where cgroup version 1 has the controllers; with version 2 it is five. */
    private static final long FILES_OF_LEAF = 8;
    /** Its own, those of zygotes, and of some clients. */
    private static final long OTHER_FILES = 512;

    private final Path path;
    private final WorkerConfig config;
    private final SandboxMechanismProvider mechanism;

    private Doctor(Path path, WorkerConfig config, SandboxMechanismProvider mechanism) {
        this.path = path;
        this.config = config;
        this.mechanism = mechanism;
    }

    /**
     * Reads the settings; those of a new directory if there is none.
     *
     * @param path the worker directory
     * @throws ConfigException if the settings are wrong
     * @throws IOException if they cannot be read
     */
    public static Doctor of(Path path) throws ConfigException, IOException {
        WorkerConfig config =
                WorkerDirectory.exists(path) ? WorkerDirectory.open(path).config() : WorkerConfig.defaults(path);
        String where = path.resolve(WorkerConfig.FILE) + ": $.sandbox";
        return new Doctor(path, config, mechanisms(config).byName(where, config.sandbox()));
    }

    /** Plugins are looked at only for a mechanism that the image does not have. */
    private static Mechanisms mechanisms(WorkerConfig config) throws ConfigException {
        Mechanisms ofImage = Mechanisms.ofImage();
        return ofImage.has(config.sandbox())
                ? ofImage
                : Mechanisms.of(ImportCaches.find(
                        Image.current().folder(), config.pluginFolder().stream().toList(), "plugin_path"));
    }

    /**
     * Looks, and where nothing is missing makes a sandbox and destroys it. Nothing is left of that.
     *
     * @throws IOException if the system's files cannot be read
     * @throws InterruptedException if the calling thread is interrupted
     */
    public Diagnosis examine() throws IOException, InterruptedException {
        List<Finding> findings = new ArrayList<>(mechanism.check());
        findings.add(python());
        findings.addAll(installers());
        findings.add(disk());
        findings.add(openFiles(Files.readString(Path.of("/proc/self/limits")), config.memPoolMb()));
        findings.add(memory(Files.readString(Path.of("/proc/meminfo")), config.memPoolMb()));
        if (Diagnosis.of(findings).ok()) {
            sandboxes().ifPresent(findings::add);
        }
        return Diagnosis.of(findings);
    }

    private Optional<Finding> sandboxes() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("zygotes-doctor-");
        try {
            return mechanism.tryOut(new MechanismContext(
                    folder,
                    config.python(),
                    config.baseFolder(),
                    config.features().enableSeccomp(),
                    config.features().reuseCgroups(),
                    new NoPackages(),
                    (sandbox, label, line) -> {},
                    event -> {},
                    config.mechanismOptions()));
        } finally {
            Folders.delete(folder);
        }
    }

    /**
     * Removes what a dead worker left.
     *
     * @return what was done, a line each; empty if there was nothing to do
     * @throws ConfigException if a worker runs on the directory or uses its folders, there is no such directory, or a
     *     folder in it is somebody else's
     * @throws SandboxException if cgroups or files of its sandboxes cannot be removed
     * @throws IOException if other files cannot be removed
     * @throws InterruptedException if the calling thread is interrupted
     */
    public List<String> clean() throws ConfigException, SandboxException, IOException, InterruptedException {
        return Leftovers.remove(WorkerDirectory.open(path), config, mechanism::clean);
    }

    private Finding python() throws InterruptedException {
        try {
            HostPython python = HostPython.probe(config.python());
            return Finding.good("Python", python.version() + " (" + python.command() + ")");
        } catch (PythonException e) {
            return Finding.missing("Python", e.getMessage(), "apt-get install python3");
        }
    }

    private List<Finding> installers() throws InterruptedException {
        InstallerChoice choice = InstallerChoice.of(config.installer());
        try {
            InstallerChoice looked = choice == InstallerChoice.UV ? InstallerChoice.AUTO : choice;
            HostPip pip = HostPip.probe(config.python(), config.pipMirror(), looked, System.getenv());
            return List.of(Finding.good("pip", "there"), uv(pip.uv(), choice));
        } catch (PythonException e) {
            return List.of(Finding.lacking(
                    "pip",
                    e.getMessage(),
                    "apt-get install python3-pip; without it only lambdas without packages run"));
        }
    }

    static Finding uv(HostPip.Uv uv, InstallerChoice choice) {
        String instead = choice == InstallerChoice.UV ? "nothing can be installed" : "pip installs";
        return switch (uv) {
            case INSTALLS -> Finding.good("uv", "there, and installs packages");
            case NOT_WANTED -> Finding.good("uv", "not used: config.json says \"installer\": \"pip\"");
            case MISSING ->
                Finding.lacking(
                        "uv",
                        "not there, so " + instead,
                        "pip install uv; with it packages are installed in a part of the time");
            case UNLIKE ->
                Finding.lacking(
                        "uv",
                        "cannot do what pip's settings say, so " + instead,
                        choice == InstallerChoice.UV
                                ? "say \"installer\": \"auto\" in config.json, or take the settings away"
                                : "say \"installer\": \"pip\" in config.json, or see docs/configuration.md");
        };
    }

    private Finding disk() throws IOException {
        Path there = config.folder();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        return disk(there, Files.isWritable(there), Files.getFileStore(there).getUsableSpace() / MB);
    }

    static Finding disk(Path folder, boolean writable, long freeMb) {
        if (!writable) {
            return Finding.missing("disk", folder + " cannot be written", "choose another directory with -p");
        }
        String found = freeMb + " MB free at " + folder;
        return freeMb >= ENOUGH_DISK_MB
                ? Finding.good("disk", found)
                : Finding.lacking(
                        "disk", found, "make room there, or choose another directory with -p: packages are large");
    }

    static Finding memory(String memInfo, int poolMb) {
        long total = megabytes(memInfo, "MemTotal");
        String found = total + " MB, " + megabytes(memInfo, "MemAvailable") + " MB available, mem_pool_mb is " + poolMb;
        if (poolMb > total) {
            return Finding.lacking("memory", found, "lower mem_pool_mb in config.json below " + total);
        }
        return total >= ENOUGH_MEMORY_MB
                ? Finding.good("memory", found)
                : Finding.lacking("memory", found, "use a machine with " + ENOUGH_MEMORY_MB + " MB or more");
    }

    /** The hard limit: the Java runtime raises the soft one to it by itself. */
    static Finding openFiles(String limits, int poolMb) {
        String name = "open files for mem_pool_mb";
        long hard = limits.lines()
                .filter(line -> line.startsWith("Max open files"))
                .map(line -> line.split("\\s+")[4])
                .mapToLong(value -> value.matches("\\d+") ? Long.parseLong(value) : Long.MAX_VALUE)
                .findFirst()
                .orElse(Long.MAX_VALUE);
        long leaves = Math.max(1, poolMb / LEAF_MB);
        long wanted = leaves * FILES_OF_LEAF + OTHER_FILES;
        if (hard >= wanted) {
            return Finding.good(name, "enough for the " + leaves + " leaves that it may hold");
        }
        return Finding.lacking(
                name,
                hard + ", enough for " + Math.max(0, (hard - OTHER_FILES) / FILES_OF_LEAF) + " leaves at rest; "
                        + poolMb + " MB may hold " + leaves,
                "ulimit -Hn " + wanted + ", or LimitNOFILE=" + wanted + " in the service's unit, or lower mem_pool_mb");
    }

    private static long megabytes(String memInfo, String key) {
        return memInfo.lines()
                .filter(line -> line.startsWith(key + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElse(0);
    }
}
