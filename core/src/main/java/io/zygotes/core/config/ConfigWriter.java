package io.zygotes.core.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.network.NetworkSetting;
import io.zygotes.spi.Limits;
import java.io.UncheckedIOException;
import java.util.TreeMap;

/** Writes {@code config.json}: every key that has an effect. */
final class ConfigWriter {

    private static final ObjectMapper JSON = new ObjectMapper();

    private ConfigWriter() {}

    /** The whole file, indented. */
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

    /** The whole file as a tree: where each key stands. */
    static ObjectNode toNode(WorkerConfig config) {
        ObjectNode root = JSON.createObjectNode();
        root.put("worker_dir", config.workerDir());
        root.put("worker_url", config.workerUrl());
        root.put("worker_port", config.workerPort());
        root.put("registry", config.registry());
        root.put("registry_cache_ms", config.registryCacheMs());
        root.put("pkgs_dir", config.pkgsDir());
        root.put("pip_mirror", config.pipMirror());
        root.put("installer", config.installer());
        root.put("wheel_cache", config.wheelCache());
        root.put("python", config.python());
        root.put("mem_pool_mb", config.memPoolMb());
        root.put("max_waiting", config.maxWaiting());
        root.put("spare_leaves", config.spareLeaves());
        root.put("max_wait_sec", config.maxWaitSec());
        root.put("max_request_mb", config.bodies().maxRequestMb());
        root.put("max_answer_mb", config.bodies().maxAnswerMb());
        root.set("import_cache_tree", JSON.valueToTree(config.importCacheTree().orElse("")));
        root.put("sandbox", config.sandbox());
        root.put("sock_base_path", config.sockBasePath());
        root.set("network", network(config.network()));
        root.set("zygote_network", network(config.zygoteNetwork()));
        root.set("installer_network", network(config.installerNetwork()));
        root.putObject("host_ids")
                .put("first", config.hostIds().first())
                .put("count", config.hostIds().count());
        root.put("allow_lambda_calls", config.allowLambdaCalls());
        root.put("max_upload_mb", config.maxUploadMb());
        root.putObject("admin").put("token_file", config.admin().tokenFile());
        ObjectNode aws = root.putObject("aws");
        aws.set("credentials", JSON.valueToTree(new TreeMap<>(config.aws().credentials())));
        aws.put("region", config.aws().region());
        write(root.putObject("limits"), config.limits());
        write(root.putObject("installer_limits"), config.installerLimits());
        ObjectNode features = root.putObject("features");
        features.put("import_cache", config.features().importCache());
        features.put("reuse_cgroups", config.features().reuseCgroups());
        features.put("downsize_paused_mem", config.features().downsizePausedMem());
        features.put("enable_seccomp", config.features().enableSeccomp());
        ObjectNode trace = root.putObject("trace");
        trace.put("memory", config.trace().memory());
        trace.put("evictor", config.trace().evictor());
        trace.put("package", config.trace().packages());
        trace.put("latency", config.trace().latency());
        root.put("log_output", config.logOutput());
        root.put("plugin_path", config.pluginPath());
        root.set("plugins", JSON.valueToTree(new TreeMap<>(config.plugins())));
        return root;
    }

    private static JsonNode network(NetworkSetting setting) {
        if (!setting.word().isEmpty()) {
            return JSON.getNodeFactory().textNode(setting.word());
        }
        ObjectNode lists = JSON.createObjectNode();
        setting.allow().ifPresent(rules -> lists.set("allow", JSON.valueToTree(rules)));
        lists.set("deny", JSON.valueToTree(setting.deny()));
        return lists;
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
