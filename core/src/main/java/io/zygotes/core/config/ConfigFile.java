package io.zygotes.core.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.config.WorkerConfig.Features;
import io.zygotes.core.config.WorkerConfig.Trace;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads and writes {@code config.json}. */
final class ConfigFile {

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final int MAX_MB = 64 << 20;
    private static final int MAX_COUNT = 1 << 22;
    private static final int MAX_SECONDS = 7 * 24 * 3600;

    private static final List<String> STORES = List.of("", "private", "memory");

    private ConfigFile() {}

    static WorkerConfig read(Path file) throws ConfigException, IOException {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            String where = file.getFileName()
                    + (e.getLocation() == null
                            ? ""
                            : ": line " + e.getLocation().getLineNr() + ", column "
                                    + e.getLocation().getColumnNr());
            throw new ConfigException(where, "is not JSON: " + e.getOriginalMessage(), e);
        } catch (NoSuchFileException e) {
            throw new ConfigException(
                    file.toString(), "does not exist; 'zygotes init' makes a worker directory with one", e);
        }
        Path folder = file.toAbsolutePath().normalize().getParent();
        if (!root.isObject()) {
            throw new ConfigException(file.getFileName() + ": $", "must be an object");
        }
        List<String> faults = new ArrayList<>();
        WorkerConfig config = read(folder, root, MachineMemory.megabytes(), faults);
        if (faults.size() == 1) {
            int end = faults.getFirst().indexOf(' ');
            throw new ConfigException(
                    file.getFileName() + ": " + faults.getFirst().substring(0, end),
                    faults.getFirst().substring(end + 1));
        }
        if (!faults.isEmpty()) {
            throw new ConfigException(
                    file.getFileName().toString(), faults.size() + " faults\n  " + String.join("\n  ", faults));
        }
        return config;
    }

    static WorkerConfig defaults(Path folder, int machineMb) {
        List<String> faults = new ArrayList<>();
        WorkerConfig config = read(folder.toAbsolutePath().normalize(), JSON.createObjectNode(), machineMb, faults);
        if (!faults.isEmpty()) {
            throw new IllegalStateException("the defaults do not fit this machine: " + faults);
        }
        return config;
    }

    private static WorkerConfig read(Path folder, JsonNode node, int machineMb, List<String> faults) {
        Section root = new Section("$", node, faults, ConfigFile::homeOf);
        int pool = root.integer("mem_pool_mb", Math.max(machineMb - 500, 500), 16, MAX_MB);

        Section limitsSection = root.section("limits");
        Limits limits = limits(limitsSection, new Limits(Math.clamp(pool / 2, 1, 256), 64, 100, 0, 30, 1024, 64));
        Section installerSection = root.section("installer_limits");
        Limits installer =
                limits(installerSection, new Limits(Math.clamp(pool / 2, 1, 1024), 256, 200, 0, 300, 4096, 256));
        int larger = Math.max(limits.memMb(), installer.memMb());
        if (pool < 2 * larger) {
            root.fault(
                    "mem_pool_mb",
                    "is " + pool + ", it must be at least twice the larger mem_mb of limits and installer_limits ("
                            + larger + "), so that a zygote and a leaf fit");
        }

        Section features = root.section("features");
        Features switches = new Features(
                features.text("import_cache", "tree"),
                features.flag("reuse_cgroups", true),
                features.flag("downsize_paused_mem", true),
                features.flag("enable_seccomp", true));
        features.finish();

        Section traces = root.section("trace");
        Trace trace = new Trace(
                traces.flag("cgroups", false),
                traces.flag("memory", false),
                traces.flag("evictor", false),
                traces.flag("package", false),
                traces.flag("latency", false));
        traces.finish();

        Section stores = root.section("storage");
        Map<String, String> storage = new TreeMap<>();
        storage.put("root", stores.choice("root", "private", STORES));
        storage.put("scratch", stores.choice("scratch", "", STORES));
        storage.put("code", stores.choice("code", "", STORES));
        stores.finish();

        Network network = Network.valueOf(
                root.choice("network", "host", List.of("host", "none")).toUpperCase(Locale.ROOT));
        WorkerConfig config = new WorkerConfig(
                folder,
                notEmpty(root, "worker_dir", "."),
                notEmpty(root, "worker_url", "localhost"),
                root.integer("worker_port", 5000, 0, 65535),
                registry(root),
                root.integer("registry_cache_ms", 5000, 0, 24 * 3600 * 1000),
                notEmpty(root, "pkgs_dir", "packages"),
                root.text("pip_mirror", ""),
                pool,
                tree(root),
                root.text("sock_base_path", ""),
                notEmpty(root, "sandbox", "sock"),
                root.choice("server_mode", "lambda", List.of("lambda")),
                limits,
                installer,
                switches,
                trace,
                storage,
                root.flag("log_output", true),
                notEmpty(root, "python", "python3"),
                network,
                root.flag("allow_lambda_calls", false),
                root.integer("max_waiting", 256, 0, 4096),
                root.integer("spare_leaves", 0, 0, 64),
                root.integer("max_wait_sec", 10, 0, 3600),
                plugins(root.section("plugins"), root),
                root.text("plugin_path", ""));
        root.finish();
        return config;
    }

    private static String notEmpty(Section section, String key, String fallback) {
        String text = section.text(key, fallback);
        if (text.isBlank()) {
            section.fault(key, "must not be empty; the default is '" + fallback + "'");
            return fallback;
        }
        return text;
    }

    private static String registry(Section root) {
        String registry = notEmpty(root, "registry", "registry");
        if (registry.contains("://") && !registry.startsWith("file://")) {
            root.fault("registry", "is '" + registry + "', it must be a folder (a path or file://…)");
        }
        return registry;
    }

    private static Optional<Object> tree(Section root) {
        JsonNode value = root.value("import_cache_tree");
        if (value == null) {
            return Optional.of(WorkerDirectory.DEFAULT_TREE);
        }
        if (value.isTextual()) {
            return value.textValue().isBlank() ? Optional.empty() : Optional.of(value.textValue());
        }
        if (value.isObject()) {
            return Optional.of(JSON.convertValue(value, Object.class));
        }
        root.fault("import_cache_tree", "must be a path, an object or a JSON text, not " + value);
        return Optional.empty();
    }

    private static Limits limits(Section section, Limits fallback) {
        Limits limits = new Limits(
                section.integer("mem_mb", fallback.memMb(), 1, MAX_MB),
                section.integer("procs", fallback.procs(), 1, MAX_COUNT),
                section.integer("cpu_percent", fallback.cpuPercent(), 1, 100 * 4096),
                section.integer("swappiness", fallback.swappiness(), 0, 100),
                section.integer("runtime_sec", fallback.runtimeSec(), 1, MAX_SECONDS),
                section.integer("open_files", fallback.openFiles(), 16, MAX_COUNT),
                section.integer("tmp_mb", fallback.tmpMb(), 1, MAX_MB));
        section.finish();
        return limits;
    }

    /** Plugins check their options themselves; here each must be an object under the plugin's name. */
    private static Map<String, Map<String, Object>> plugins(Section section, Section root) {
        Map<String, Map<String, Object>> all = new LinkedHashMap<>();
        JsonNode node = root.value("plugins");
        if (node == null || !node.isObject()) {
            return all;
        }
        for (Map.Entry<String, JsonNode> plugin : node.properties()) {
            JsonNode value = section.value(plugin.getKey());
            if (value == null || !value.isObject()) {
                section.fault(plugin.getKey(), "must be an object with the plugin's options, not " + plugin.getValue());
                continue;
            }
            Map<String, Object> options = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> option : value.properties()) {
                // null means "not set", as everywhere in the file
                if (!option.getValue().isNull()) {
                    options.put(option.getKey(), JSON.convertValue(option.getValue(), Object.class));
                }
            }
            all.put(plugin.getKey(), options);
        }
        return all;
    }

    /** Where a key that stands in the wrong object belongs. */
    private static Optional<String> homeOf(String key) {
        ObjectNode complete = toNode(defaults(Path.of("/"), 4096));
        if (complete.has(key)) {
            return Optional.of("$." + key);
        }
        for (Map.Entry<String, JsonNode> section : complete.properties()) {
            if (section.getValue().has(key)) {
                return Optional.of("$." + section.getKey() + "." + key);
            }
        }
        return Optional.empty();
    }

    static String write(WorkerConfig config) {
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter()
                .withObjectIndenter(new DefaultIndenter("  ", "\n"))
                .withArrayIndenter(new DefaultIndenter("  ", "\n"));
        try {
            return JSON.writer(printer).writeValueAsString(toNode(config)) + "\n";
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode toNode(WorkerConfig config) {
        ObjectNode root = JSON.createObjectNode();
        root.put("worker_dir", config.workerDir());
        root.put("worker_url", config.workerUrl());
        root.put("worker_port", config.workerPort());
        root.put("server_mode", config.serverMode());
        root.put("registry", config.registry());
        root.put("registry_cache_ms", config.registryCacheMs());
        root.put("pkgs_dir", config.pkgsDir());
        root.put("pip_mirror", config.pipMirror());
        root.put("python", config.python());
        root.put("mem_pool_mb", config.memPoolMb());
        root.put("max_waiting", config.maxWaiting());
        root.put("spare_leaves", config.spareLeaves());
        root.put("max_wait_sec", config.maxWaitSec());
        root.set("import_cache_tree", JSON.valueToTree(config.importCacheTree().orElse("")));
        root.put("sandbox", config.sandbox());
        root.put("sock_base_path", config.sockBasePath());
        root.put("network", config.network().name().toLowerCase(Locale.ROOT));
        root.put("allow_lambda_calls", config.allowLambdaCalls());
        write(root.putObject("limits"), config.limits());
        write(root.putObject("installer_limits"), config.installerLimits());
        ObjectNode features = root.putObject("features");
        features.put("import_cache", config.features().importCache());
        features.put("reuse_cgroups", config.features().reuseCgroups());
        features.put("downsize_paused_mem", config.features().downsizePausedMem());
        features.put("enable_seccomp", config.features().enableSeccomp());
        ObjectNode trace = root.putObject("trace");
        trace.put("cgroups", config.trace().cgroups());
        trace.put("memory", config.trace().memory());
        trace.put("evictor", config.trace().evictor());
        trace.put("package", config.trace().packages());
        trace.put("latency", config.trace().latency());
        ObjectNode storage = root.putObject("storage");
        new TreeMap<>(config.storage()).forEach(storage::put);
        root.put("log_output", config.logOutput());
        root.put("plugin_path", config.pluginPath());
        root.set("plugins", JSON.valueToTree(new TreeMap<>(config.plugins())));
        return root;
    }

    private static void write(ObjectNode node, Limits limits) {
        node.put("mem_mb", limits.memMb());
        node.put("procs", limits.procs());
        node.put("cpu_percent", limits.cpuPercent());
        node.put("swappiness", limits.swappiness());
        node.put("runtime_sec", limits.runtimeSec());
        node.put("open_files", limits.openFiles());
        node.put("tmp_mb", limits.tmpMb());
    }
}
