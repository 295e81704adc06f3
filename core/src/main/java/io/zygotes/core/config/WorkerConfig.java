package io.zygotes.core.config;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.Limits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The settings of a worker: {@code config.json} as it was read, with defaults for what it leaves out. The keys and
 * their meanings are described in {@code docs/configuration.md}. Relative paths are relative to {@link #folder}.
 *
 * @param folder absolute path of the folder that holds {@code config.json}
 * @param workerDir {@code worker_dir}: folder for the worker's state
 * @param workerUrl {@code worker_url}: host name or address that the HTTP server binds to
 * @param workerPort {@code worker_port}: TCP port, 0 for any free one
 * @param registry {@code registry}: folder with the lambdas
 * @param registryCacheMs {@code registry_cache_ms}: milliseconds for which a lambda's code counts as fresh
 * @param pkgsDir {@code pkgs_dir}: folder for installed packages
 * @param pipMirror {@code pip_mirror}: package index; empty for the one that the host's pip uses
 * @param installer {@code installer}: which program installs packages, {@code auto}, {@code pip} or {@code uv}
 * @param wheelCache {@code wheel_cache}: folder with wheels that were installed before; empty for none
 * @param memPoolMb {@code mem_pool_mb}: memory for all sandboxes together in MiB
 * @param importCacheTree {@code import_cache_tree}: a {@code String} or a {@code Map}; empty if not set
 * @param sockBasePath {@code sock_base_path}: root file system for sandboxes; empty for the host's own files
 * @param sandbox {@code sandbox}: name of the sandbox mechanism
 * @param limits {@code limits}: limits of a leaf
 * @param installerLimits {@code installer_limits}: limits of a package install
 * @param features {@code features}
 * @param trace {@code trace}
 * @param logOutput {@code log_output}: whether lines that lambdas print are kept in {@code logs}
 * @param python {@code python}: the interpreter's name or path
 * @param network {@code network}: what lambdas reach in the network
 * @param zygoteNetwork {@code zygote_network}: what zygotes reach; the word {@code lambdas} for the same
 * @param installerNetwork {@code installer_network}: what installs reach
 * @param hostIds {@code host_ids}: the user and group ids of the host among which sandboxes have theirs
 * @param allowLambdaCalls {@code allow_lambda_calls}: whether lambdas may call this worker over HTTP
 * @param maxWaiting {@code max_waiting}: requests that may wait for a leaf of one lambda
 * @param spareLeaves {@code spare_leaves}: leaves that are forked ahead for each busy zygote
 * @param maxWaitSec {@code max_wait_sec}: seconds that a request may wait for memory
 * @param bodies how large requests and answers may be
 * @param plugins {@code plugins}: options of import caches by their name
 * @param pluginPath {@code plugin_path}: folder with further import caches; empty for none
 * @param maxUploadMb {@code max_upload_mb}: MiB that one archive with a lambda may have
 * @param admin {@code admin}: who may change what the worker serves
 * @param aws {@code aws}: who may use the interface of AWS Lambda
 * @param withoutEffect keys of OpenLambda's that the file sets to something else than their default and that mean
 *     nothing here, such as {@code storage.code}; a worker says so when it starts
 */
public record WorkerConfig(
        Path folder,
        String workerDir,
        String workerUrl,
        int workerPort,
        String registry,
        int registryCacheMs,
        String pkgsDir,
        String pipMirror,
        String installer,
        String wheelCache,
        int memPoolMb,
        Optional<Object> importCacheTree,
        String sockBasePath,
        String sandbox,
        Limits limits,
        Limits installerLimits,
        Features features,
        Trace trace,
        boolean logOutput,
        String python,
        NetworkSetting network,
        NetworkSetting zygoteNetwork,
        NetworkSetting installerNetwork,
        HostIds hostIds,
        boolean allowLambdaCalls,
        int maxWaiting,
        int spareLeaves,
        int maxWaitSec,
        Bodies bodies,
        Map<String, Map<String, Object>> plugins,
        String pluginPath,
        int maxUploadMb,
        Admin admin,
        Aws aws,
        List<String> withoutEffect) {

    /** The file's name in a worker directory. */
    public static final String FILE = "config.json";

    /** Copies the collections and checks for null. */
    public WorkerConfig {
        Objects.requireNonNull(folder);
        Objects.requireNonNull(importCacheTree);
        Objects.requireNonNull(limits);
        Objects.requireNonNull(installerLimits);
        Objects.requireNonNull(features);
        Objects.requireNonNull(trace);
        Objects.requireNonNull(network);
        Objects.requireNonNull(zygoteNetwork);
        Objects.requireNonNull(installerNetwork);
        Objects.requireNonNull(hostIds);
        Objects.requireNonNull(bodies);
        Objects.requireNonNull(admin);
        Objects.requireNonNull(aws);
        plugins = Map.copyOf(plugins);
        withoutEffect = List.copyOf(withoutEffect);
    }

    /**
     * How large bodies may be.
     *
     * @param maxRequestMb {@code max_request_mb}: of a request, in MiB
     * @param maxAnswerMb {@code max_answer_mb}: of an answer that does not come in parts, in MiB
     */
    public record Bodies(int maxRequestMb, int maxAnswerMb) {

        /** The largest body of a request, in bytes. */
        public int maxRequestBytes() {
            return maxRequestMb << 20;
        }

        /** The largest body of an answer that does not come in parts, in bytes. */
        public int maxAnswerBytes() {
            return maxAnswerMb << 20;
        }
    }

    /**
     * Switches of the worker, {@code features} in the file.
     *
     * @param importCache name of the import cache; empty for none
     * @param reuseCgroups whether cgroups are kept for the next sandbox
     * @param downsizePausedMem whether an idle leaf gives back the memory that it does not use
     * @param enableSeccomp whether system calls are filtered
     */
    public record Features(String importCache, boolean reuseCgroups, boolean downsizePausedMem, boolean enableSeccomp) {

        /** Checks for null. */
        public Features {
            Objects.requireNonNull(importCache);
        }
    }

    /**
     * A range of user and group ids of the host, {@code host_ids} in the file. The mechanism decides how many of them a
     * worker takes, and checks that this machine has them.
     *
     * @param first the first id, from 1 on
     * @param count how many, from 1 on; all below 2^32
     */
    public record HostIds(long first, long count) {

        /**
         * Where nobody else takes ids unless told to: above those that SSSD and FreeIPA compute for the users of a
         * directory service (up to 2,000,200,000), and above those that systemd gives to containers (up to 0x6FFFFFFF).
         */
        static final HostIds DEFAULT = new HostIds(0x78000000L, 0x78000000L);
    }

    /**
     * Who may change what the worker serves, {@code admin} in the file.
     *
     * @param tokenFile the file with the token that lets somebody do so over HTTP; empty if nobody may
     */
    public record Admin(String tokenFile) {

        /** Checks for null. */
        public Admin {
            Objects.requireNonNull(tokenFile);
        }
    }

    /**
     * What the worker writes down beside errors, {@code trace} in the file.
     *
     * @param memory changes of the memory that is reserved
     * @param evictor evictions
     * @param packages installs with what they found, and the record of all calls for making trees from
     * @param latency how long each request took
     */
    public record Trace(boolean memory, boolean evictor, boolean packages, boolean latency) {}

    /**
     * Who may use the interface of AWS Lambda, {@code aws} in the file.
     *
     * @param credentials secrets by the ids of their access keys; empty if only calls are taken, from everybody
     * @param region the region that signatures must name, and that functions have; empty for any
     */
    public record Aws(Map<String, String> credentials, String region) {

        /** Copies. */
        public Aws {
            credentials = Map.copyOf(credentials);
            Objects.requireNonNull(region);
        }

        /** Without the secrets. */
        @Override
        public String toString() {
            return "Aws[keys " + credentials.keySet() + ", region '" + region + "']";
        }
    }

    /**
     * Reads a settings file. Keys that it leaves out get defaults fitted to this machine.
     *
     * @param file the file, usually {@code config.json} of a worker directory
     * @throws ConfigException if it is not JSON (with line and column), or holds unknown keys or wrong values (all of
     *     them, with their JSON paths)
     * @throws IOException if it cannot be read
     */
    public static WorkerConfig read(Path file) throws ConfigException, IOException {
        return read(file, Overrides.NONE);
    }

    /**
     * As {@link #read(Path)}, with other settings on top.
     *
     * @throws ConfigException as there; what is wrong may be one of those
     */
    static WorkerConfig read(Path file, Overrides overrides) throws ConfigException, IOException {
        return ConfigReader.read(file, overrides);
    }

    /**
     * The settings that {@code init} writes: all defaults, fitted to this machine's memory.
     *
     * @param folder the folder that the file will be in
     */
    public static WorkerConfig defaults(Path folder) {
        return ConfigReader.defaults(folder, MachineMemory.megabytes());
    }

    /**
     * These settings with the import cache of others: its name, its tree, all options, and where plugins lie. All that
     * a running worker can take up.
     */
    public WorkerConfig withCacheOf(WorkerConfig other) {
        Features mixed = new Features(
                other.features.importCache, features.reuseCgroups, features.downsizePausedMem, features.enableSeccomp);
        return new WorkerConfig(
                folder,
                workerDir,
                workerUrl,
                workerPort,
                registry,
                registryCacheMs,
                pkgsDir,
                pipMirror,
                installer,
                wheelCache,
                memPoolMb,
                other.importCacheTree,
                sockBasePath,
                sandbox,
                limits,
                installerLimits,
                mixed,
                trace,
                logOutput,
                python,
                network,
                zygoteNetwork,
                installerNetwork,
                hostIds,
                allowLambdaCalls,
                maxWaiting,
                spareLeaves,
                maxWaitSec,
                bodies,
                other.plugins,
                other.pluginPath,
                maxUploadMb,
                admin,
                aws,
                withoutEffect);
    }

    /** The whole file as JSON text, indented: every key that has an effect. */
    public String toJson() {
        return ConfigWriter.write(this);
    }

    /** Absolute path of the folder for the worker's state. */
    public Path stateFolder() {
        return resolve(workerDir);
    }

    /** Absolute path of the folder with the lambdas. */
    public Path registryFolder() {
        return resolve(registry.startsWith("file://") ? registry.substring("file://".length()) : registry);
    }

    /** Absolute path of the folder with the installed packages. */
    public Path packagesFolder() {
        return resolve(pkgsDir);
    }

    /** Absolute path of the folder with wheels that were installed before; empty for none. */
    public Optional<Path> wheelFolder() {
        return wheelCache.isEmpty() ? Optional.empty() : Optional.of(resolve(wheelCache));
    }

    /** Absolute path of the root file system for sandboxes; empty for the host's own files. */
    public Optional<Path> baseFolder() {
        return sockBasePath.isEmpty() ? Optional.empty() : Optional.of(resolve(sockBasePath));
    }

    /** Absolute path of the folder with further import caches; empty for none. */
    public Optional<Path> pluginFolder() {
        return pluginPath.isEmpty() ? Optional.empty() : Optional.of(resolve(pluginPath));
    }

    /** Absolute path of the file with the administrator's token; empty if nobody is one over HTTP. */
    public Optional<Path> adminTokenFile() {
        return admin.tokenFile().isEmpty() ? Optional.empty() : Optional.of(resolve(admin.tokenFile()));
    }

    /** Options of the import cache of this name; empty if the file has none. */
    public Map<String, Object> pluginOptions(String name) {
        return plugins.getOrDefault(name, Map.of());
    }

    /** The settings that only the sandbox mechanism knows the meaning of, by their names. */
    public Map<String, Object> mechanismOptions() {
        return Map.of("host_ids", Map.of("first", hostIds.first(), "count", hostIds.count()));
    }

    /**
     * What a zygote may use while it imports: as much memory and as many processors as an install, because packages
     * are imported for the first time, but only the time of a call.
     */
    public Limits zygoteLimits() {
        return new Limits(
                Math.max(limits.memMb(), installerLimits.memMb()),
                limits.procs(),
                Math.max(limits.cpuPercent(), installerLimits.cpuPercent()),
                limits.swappiness(),
                limits.runtimeSec(),
                limits.openFiles(),
                limits.tmpMb());
    }

    /** What zygotes reach. */
    public NetworkSetting networkOfZygotes() {
        return zygoteNetwork.word().equals(NetworkSetting.LAMBDAS_WORD) ? network : zygoteNetwork;
    }

    private Path resolve(String path) {
        return folder.resolve(path).normalize();
    }
}
