package io.zygotes.core.python;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.spi.NetworkRule;
import io.zygotes.spi.mechanism.Job;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The host's pip as a sandbox can use it: its code, and its configuration with the files that it names. Paths of the
 * host are replaced by those where the sandbox sees the same file.
 *
 * @param environment variables for pip
 * @param mounts what pip needs of the host's files, pip itself included
 * @param defaultSources URLs of what pip uses where no setting names an index, the index first
 */
public record HostPip(Map<String, String> environment, List<Job.Mount> mounts, List<String> defaultSources) {

    /** Settings that would send the package elsewhere than told, or mean a folder of the host to write to. */
    private static final Set<String> LEFT_OUT = Set.of(
            "target",
            "prefix",
            "root",
            "user",
            "src",
            "build",
            "log",
            "log-file",
            "cache-dir",
            "config-file",
            "require-virtualenv",
            "python",
            "editable",
            "requirement",
            "constraint",
            "report",
            "dry-run",
            "no-deps",
            "upgrade",
            "no-compile",
            "require-hashes",
            "keyring-provider");
    /** Where packages come from; replaced as a whole by {@code pip_mirror}. */
    private static final Set<String> SOURCES = Set.of("index-url", "extra-index-url", "find-links", "no-index");

    private static final List<String> CARRIED_OVER = List.of(
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "NO_PROXY",
            "ALL_PROXY",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE");
    private static final Pattern PATH = Pattern.compile("(?:file://)?(/\\S*)");

    /** Copies the collections. */
    public HostPip {
        environment = Map.copyOf(environment);
        mounts = List.copyOf(mounts);
        defaultSources = List.copyOf(defaultSources);
    }

    /**
     * Asks the host's pip where it is and how it is configured.
     *
     * @param python the interpreter's name or path
     * @param mirror package index to use instead of the configured ones; empty for those
     * @param hostEnvironment the worker's environment
     * @throws PythonException if there is no pip
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public static HostPip probe(String python, String mirror, Map<String, String> hostEnvironment)
            throws PythonException, InterruptedException {
        JsonNode found = HostPython.run(python, Script.PROBE_PIP);
        if (found.has("error")) {
            throw new PythonException(
                    found.path("error").asText() + " ('" + python + "'); install it, for example with 'apt-get install"
                            + " python3-pip' or '" + python + " -m ensurepip'");
        }
        List<Setting> settings = new ArrayList<>();
        for (JsonNode setting : found.path("settings")) {
            settings.add(new Setting(
                    setting.path(0).asText(),
                    setting.path(1).asText(),
                    setting.path(2).asText()));
        }
        List<String> defaults = new ArrayList<>();
        found.path("sources").forEach(source -> defaults.add(source.asText()));
        return of(Path.of(found.path("folder").asText()), settings, mirror, hostEnvironment, defaults);
    }

    /**
     * One setting of pip.
     *
     * @param section {@code global}, {@code install}, {@code :env:}, or that of another command
     * @param key such as {@code index-url}
     * @param value several values are parted by blanks or ends of lines
     */
    record Setting(String section, String key, String value) {}

    static HostPip of(
            Path folder,
            List<Setting> settings,
            String mirror,
            Map<String, String> hostEnvironment,
            List<String> defaultSources) {
        Map<String, String> environment = new TreeMap<>();
        Mounts mounts = new Mounts();
        mounts.all.put(folder, "/mnt/pip/pip");
        // The order is pip's: the environment over the command's own section over the general one.
        for (String section : List.of("global", "install", ":env:")) {
            for (Setting setting : settings) {
                String key = setting.key().toLowerCase(Locale.ROOT).replace('_', '-');
                boolean replaced = !mirror.isEmpty() && SOURCES.contains(key);
                if (setting.section().equals(section) && !LEFT_OUT.contains(key) && !replaced) {
                    environment.put(
                            "PIP_" + key.toUpperCase(Locale.ROOT).replace('-', '_'), mounts.rewrite(setting.value()));
                }
            }
        }
        if (!mirror.isEmpty()) {
            environment.put("PIP_INDEX_URL", mounts.rewrite(mirror));
        }
        for (String name : CARRIED_OVER) {
            for (String variable : List.of(name, name.toLowerCase(Locale.ROOT))) {
                String value = hostEnvironment.get(variable);
                if (value != null) {
                    environment.put(variable, mounts.rewrite(value));
                }
            }
        }
        environment.put("PIP_CONFIG_FILE", "/dev/null");
        environment.put("PIP_ROOT_USER_ACTION", "ignore");
        List<Job.Mount> all = new ArrayList<>();
        mounts.all.forEach((source, target) -> all.add(new Job.Mount(source, target, false)));
        return new HostPip(environment, all, defaultSources);
    }

    /**
     * The servers that these settings name: indexes, mirrors, places of files and proxies, wherever they are. Files that
     * an index has somewhere else are not among them, but for those of pip's default index.
     */
    public List<NetworkRule> servers() {
        return PipServers.of(environment, defaultSources);
    }

    /** Files of the host that settings name, and where the sandbox sees them. */
    private static final class Mounts {

        private final Map<Path, String> all = new LinkedHashMap<>();

        String rewrite(String value) {
            Matcher matcher = PATH.matcher(value);
            StringBuilder rewritten = new StringBuilder();
            int end = 0;
            while (matcher.find()) {
                boolean starts = matcher.start() == 0 || Character.isWhitespace(value.charAt(matcher.start() - 1));
                rewritten.append(value, end, matcher.start());
                String prefix = value.substring(matcher.start(), matcher.start(1));
                rewritten.append(starts ? prefix + seen(matcher.group(1)) : matcher.group());
                end = matcher.end();
            }
            return rewritten.append(value, end, value.length()).toString();
        }

        /** The path in the sandbox; the same path if the host has no such file, so that pip says so. */
        private String seen(String path) {
            Path source;
            try {
                source = Path.of(path).toRealPath();
            } catch (IOException | InvalidPathException e) {
                return path;
            }
            if (!Files.isRegularFile(source) && !Files.isDirectory(source)) {
                return path;
            }
            int number = all.size();
            return all.computeIfAbsent(source, key -> "/mnt/host/" + number + "/" + key.getFileName());
        }
    }
}
