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
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The host's pip as a sandbox can use it: its code, and its configuration with the files that it names. Paths of the
 * host are replaced by those where the sandbox sees the same file. With it, where the host has one and may use it, uv.
 *
 * @param environment variables for pip, and for uv
 * @param mounts what pip needs of the host's files, pip itself included; uv, too, if it is to install
 * @param defaultSources URLs of what pip uses where no setting names an index, the index first
 * @param uv what there is to say of uv
 */
public record HostPip(Map<String, String> environment, List<Job.Mount> mounts, List<String> defaultSources, Uv uv) {

    /** Where the sandbox sees uv. */
    private static final String UV = "/mnt/uv/uv";

    /** Whether uv installs, or why it does not. */
    public enum Uv {
        /** It does. */
        INSTALLS,
        /** The host has none. */
        MISSING,
        /** {@code installer} says so. */
        NOT_WANTED,
        /** pip's settings mean something that uv does not do. */
        UNLIKE
    }

    /** pip alone. */
    public HostPip(Map<String, String> environment, List<Job.Mount> mounts, List<String> defaultSources) {
        this(environment, mounts, defaultSources, Uv.MISSING);
    }

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

    private static final String LINKS = "find-links";
    /** Where packages come from; replaced as a whole by {@code pip_mirror}. */
    private static final Set<String> SOURCES = Set.of("index-url", "extra-index-url", LINKS, "no-index");

    /** Settings that say how an index is reached, and not what it has. */
    private static final Set<String> OF_CONNECTION = Set.of(
            "timeout",
            "default-timeout",
            "retries",
            "cert",
            "client-cert",
            "proxy",
            "progress-bar",
            "quiet",
            "verbose");
    /** Below it the sandbox sees files of the host that settings name. */
    private static final String MOUNTED = "/mnt/host/";

    private static final List<String> CARRIED_OVER = List.of(
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "NO_PROXY",
            "ALL_PROXY",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE");
    private static final Pattern CREDENTIALS = Pattern.compile("://[^/\\s]*@");
    private static final Pattern PATH = Pattern.compile("(?:file://)?(/\\S*)");

    /** Copies the collections. */
    public HostPip {
        environment = Map.copyOf(environment);
        mounts = List.copyOf(mounts);
        defaultSources = List.copyOf(defaultSources);
    }

    /**
     * Asks the host's pip where it is and how it is configured, and looks for uv.
     *
     * @param python the interpreter's name or path
     * @param mirror package index to use instead of the configured ones; empty for those
     * @param installer which of the two is to install
     * @param hostEnvironment the worker's environment
     * @throws PythonException if there is no pip, or no uv that could install although it is asked for
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public static HostPip probe(
            String python, String mirror, InstallerChoice installer, Map<String, String> hostEnvironment)
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
        Path folder = Path.of(found.path("folder").asText());
        HostPip pip = of(folder, settings, mirror, hostEnvironment, defaults);
        JsonNode uv = found.path("uv");
        return pip.with(uv.isTextual() ? Optional.of(Path.of(uv.asText())) : Optional.empty(), installer);
    }

    /**
     * The same with uv, if it is to install.
     *
     * @param program uv's file; empty if the host has none
     * @throws PythonException if it is asked for and cannot install
     */
    HostPip with(Optional<Path> program, InstallerChoice installer) throws PythonException {
        if (installer == InstallerChoice.PIP) {
            return without(Uv.NOT_WANTED);
        }
        if (program.isEmpty()) {
            if (installer == InstallerChoice.UV) {
                throw new PythonException("config.json says \"installer\": \"uv\", but there is no uv on the PATH or"
                        + " beside the interpreter; install it, for example with 'pip install uv', or say \"auto\"");
            }
            return without(Uv.MISSING);
        }
        UvSettings settings = UvSettings.of(environment);
        if (!settings.unlike().isEmpty()) {
            if (installer == InstallerChoice.UV) {
                throw new PythonException("config.json says \"installer\": \"uv\", but uv cannot do what these settings"
                        + " of pip's say: " + String.join(", ", settings.unlike())
                        + "; take them away, or say \"auto\", with which pip installs");
            }
            return without(Uv.UNLIKE);
        }
        Map<String, String> both = new TreeMap<>(environment);
        both.putAll(settings.environment());
        List<Job.Mount> all = new ArrayList<>(mounts);
        all.add(new Job.Mount(program.get(), UV, false));
        return new HostPip(both, all, defaultSources, Uv.INSTALLS);
    }

    private HostPip without(Uv why) {
        return new HostPip(environment, mounts, defaultSources, why);
    }

    /**
     * What tells these sources of packages, and the settings that choose among what they have, from others. Folders of
     * links count with what lies in them now. Empty if an index is a folder of the host, in which anything may be
     * something else tomorrow.
     *
     * @throws IOException if a folder of links cannot be read
     */
    public Optional<String> sources() throws IOException {
        StringBuilder all = new StringBuilder();
        for (Map.Entry<String, String> setting : new TreeMap<>(environment).entrySet()) {
            String key = setting.getKey().startsWith("PIP_")
                    ? setting.getKey()
                            .substring("PIP_".length())
                            .toLowerCase(Locale.ROOT)
                            .replace('_', '-')
                    : "";
            boolean local = SOURCES.contains(key) && setting.getValue().contains(MOUNTED);
            if (local && !key.equals(LINKS)) {
                return Optional.empty();
            }
            if (!key.isEmpty() && !OF_CONNECTION.contains(key)) {
                all.append(key).append('=').append(setting.getValue()).append('\n');
            }
            if (local) {
                all.append(contentOfLinks(setting.getValue()));
            }
        }
        return Optional.of(all.append(defaultSources).toString());
    }

    /** Whether the address of a source has a name or a password in it. */
    public boolean hasCredentials() {
        return List.of("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS").stream()
                .anyMatch(name ->
                        CREDENTIALS.matcher(environment.getOrDefault(name, "")).find());
    }

    private String contentOfLinks(String links) throws IOException {
        StringBuilder all = new StringBuilder();
        for (Job.Mount mount : mounts) {
            if (mount.target().startsWith(MOUNTED) && links.contains(mount.target())) {
                List<Path> files = List.of(mount.source());
                if (Files.isDirectory(mount.source())) {
                    try (Stream<Path> found = Files.list(mount.source())) {
                        files = found.sorted().toList();
                    }
                }
                for (Path file : files) {
                    all.append(file)
                            .append(new TreeMap<>(Files.readAttributes(file, "size,lastModifiedTime")))
                            .append('\n');
                }
            }
        }
        return all.toString();
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
     * The servers that these settings name: indexes, mirrors, places of files and proxies, wherever they are. Files
     * that an index has somewhere else are not among them, but for those of pip's default index.
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
            return all.computeIfAbsent(source, key -> MOUNTED + number + "/" + key.getFileName());
        }
    }
}
