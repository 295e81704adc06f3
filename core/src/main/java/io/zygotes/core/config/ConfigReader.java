package io.zygotes.core.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.config.WorkerConfig.Admin;
import io.zygotes.core.config.WorkerConfig.Features;
import io.zygotes.core.config.WorkerConfig.HostIds;
import io.zygotes.core.config.WorkerConfig.Trace;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads {@code config.json}, and says all that is wrong with it at once. */
final class ConfigReader {

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final int MAX_MB = 64 << 20;
    private static final int MAX_COUNT = 1 << 22;
    /** 2^32 - 1 means no user (chown(2)). */
    private static final long MAX_ID = (1L << 32) - 2;

    private static final int MAX_SECONDS = 7 * 24 * 3600;

    private static final List<String> STORES = List.of("", "private", "memory");
    /** Keys of {@code storage} with their defaults. */
    private static final Map<String, String> STORAGE =
            new TreeMap<>(Map.of("root", "private", "scratch", "", "code", ""));

    private ConfigReader() {}

    /** As {@link WorkerConfig#read}. */
    static WorkerConfig read(Path file, Overrides overrides) throws ConfigException, IOException {
        JsonNode root = parse(file);
        Path folder = file.toAbsolutePath().normalize().getParent();
        if (!root.isObject()) {
            throw new ConfigException(file.getFileName() + ": $", "must be an object");
        }
        overrides.applyTo((ObjectNode) root);
        List<String> faults = new ArrayList<>();
        WorkerConfig config = read(folder, root, MachineMemory.megabytes(), faults);
        refuse(file, faults);
        return config;
    }

    private static JsonNode parse(Path file) throws ConfigException, IOException {
        try {
            return JSON.readTree(Files.readAllBytes(file));
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
    }

    private static void refuse(Path file, List<String> faults) throws ConfigException {
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
    }

    /** As {@link WorkerConfig#defaults}, for a machine with so much memory. */
    static WorkerConfig defaults(Path folder, int machineMb) {
        List<String> faults = new ArrayList<>();
        WorkerConfig config = read(folder.toAbsolutePath().normalize(), JSON.createObjectNode(), machineMb, faults);
        if (!faults.isEmpty()) {
            throw new IllegalStateException("the defaults do not fit this machine: " + faults);
        }
        return config;
    }

    private static WorkerConfig read(Path folder, JsonNode node, int machineMb, List<String> faults) {
        Section root = new Section("$", node, faults, ConfigReader::homeOf);
        int pool = root.integer("mem_pool_mb", Math.max(machineMb - 500, 500), 16, MAX_MB);

        Section limitsSection = root.section("limits");
        // OpenLambda had it there before there was a section for installs.
        int installerMb = limitsSection.integerUnlessZero("installer_mem_mb", Math.clamp(pool / 2, 1, 1024), MAX_MB);
        Limits limits = limits(limitsSection, new Limits(Math.clamp(pool / 2, 1, 256), 64, 100, 0, 30, 1024, 64));
        Section installerSection = root.section("installer_limits");
        Limits installer = limits(installerSection, new Limits(installerMb, 256, 200, 0, 300, 4096, 256));
        int larger = Math.max(limits.memMb(), installer.memMb());
        if (pool < 2 * larger) {
            root.fault(
                    "mem_pool_mb",
                    "is " + pool + ", it must be at least " + 2 * larger + ", twice the larger mem_mb of limits ("
                            + limits.memMb() + ") and installer_limits (" + installer.memMb()
                            + "), so that a zygote and a leaf fit");
        }

        List<String> withoutEffect = new ArrayList<>();
        Trace trace = trace(root.section("trace"), withoutEffect);
        readStorage(root.section("storage"), withoutEffect);
        OpenLambdaKeys.passOver(root, withoutEffect);
        String base = OpenLambdaKeys.base(root.text("sock_base_path", ""), folder, withoutEffect);
        root.choice("server_mode", "lambda", List.of("lambda"));

        NetworkReader networks = new NetworkReader(root, faults);
        WorkerConfig config = new WorkerConfig(
                folder,
                notEmpty(root, "worker_dir", "."),
                notEmpty(root, "worker_url", "localhost"),
                root.integer("worker_port", 5000, 0, 65535),
                registry(root),
                root.integer("registry_cache_ms", 5000, 0, 24 * 3600 * 1000),
                notEmpty(root, "pkgs_dir", "packages"),
                root.text("pip_mirror", ""),
                root.choice("installer", "auto", List.of("auto", "pip", "uv")),
                root.text("wheel_cache", "wheels"),
                pool,
                tree(root),
                base,
                notEmpty(root, "sandbox", "sock"),
                limits,
                installer,
                features(root.section("features")),
                trace,
                root.flag("log_output", true),
                notEmpty(root, "python", "python3"),
                networks.ofLambdas(),
                networks.ofZygotes(),
                networks.ofInstalls(),
                hostIds(root.section("host_ids")),
                root.flag("allow_lambda_calls", false),
                root.integer("max_waiting", 256, 0, 4096),
                root.integer("spare_leaves", 0, 0, 64),
                root.integer("max_wait_sec", 10, 0, 3600),
                // AWS Lambda's limit of requests. A sandbox says no more than 16 MiB at once.
                new WorkerConfig.Bodies(
                        root.integer("max_request_mb", 6, 1, 64), root.integer("max_answer_mb", 16, 1, 16)),
                plugins(root.section("plugins"), root),
                root.text("plugin_path", ""),
                root.integer("max_upload_mb", 256, 1, 4096),
                admin(root.section("admin")),
                AwsReader.read(root.section("aws")),
                withoutEffect);
        root.finish();
        return config;
    }

    private static Admin admin(Section section) {
        Admin admin = new Admin(section.text("token_file", ""));
        section.finish();
        return admin;
    }

    private static HostIds hostIds(Section section) {
        HostIds ids = new HostIds(
                section.number("first", HostIds.DEFAULT.first(), 1, MAX_ID),
                section.number("count", HostIds.DEFAULT.count(), 1, MAX_ID));
        section.finish();
        if (ids.first() + ids.count() - 1 > MAX_ID) {
            section.fault(
                    "count", "is " + ids.count() + ", and with first " + ids.first() + " that leads beyond " + MAX_ID);
        }
        return ids;
    }

    private static Features features(Section section) {
        Features features = new Features(
                section.text("import_cache", "tree"),
                section.flag("reuse_cgroups", true),
                section.flag("downsize_paused_mem", true),
                section.flag("enable_seccomp", true));
        section.finish();
        return features;
    }

    private static Trace trace(Section section, List<String> withoutEffect) {
        Trace trace = new Trace(
                section.flag("memory", false),
                section.flag("evictor", false),
                section.flag("package", false),
                section.flag("latency", false));
        if (section.flag("cgroups", false)) {
            withoutEffect.add("trace.cgroups");
        }
        section.finish();
        return trace;
    }

    /** OpenLambda's choice of disk or memory: here scratch folders are in memory and code is mounted from disk. */
    private static void readStorage(Section section, List<String> withoutEffect) {
        STORAGE.forEach((key, fallback) -> {
            if (!section.choice(key, fallback, STORES).equals(fallback)) {
                withoutEffect.add("storage." + key);
            }
        });
        section.finish();
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
        // The name that runtime_sec had in OpenLambda.
        int runtimeSec = section.integerUnlessZero("max_runtime_default", fallback.runtimeSec(), MAX_SECONDS);
        Limits limits = new Limits(
                section.integerUnlessZero("mem_mb", fallback.memMb(), MAX_MB),
                section.integerUnlessZero("procs", fallback.procs(), MAX_COUNT),
                section.integerUnlessZero("cpu_percent", fallback.cpuPercent(), 100 * 4096),
                section.integer("swappiness", fallback.swappiness(), 0, 100),
                section.integerUnlessZero("runtime_sec", runtimeSec, MAX_SECONDS),
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
                // A null means "not set", as everywhere in the file.
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
        ObjectNode complete = ConfigWriter.toNode(defaults(Path.of("/"), 4096));
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
}
