package io.zygotes.core.python;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * pip's settings as uv knows them: uv reads neither pip's files nor its variables.
 *
 * @param environment variables for uv alone, each with {@link #PREFIX} before its name; {@code OPTIONS} are words for
 *     its command line
 * @param unlike names of settings that mean something that uv does not do, or does in another way; with one of these
 *     pip has to install
 */
record UvSettings(Map<String, String> environment, List<String> unlike) {

    /** Keeps them from what pip, and builds, see. */
    static final String PREFIX = "FOR_UV_";

    private static final String INDEX = "PIP_INDEX_URL";
    private static final String MORE_INDEXES = "PIP_EXTRA_INDEX_URL";
    private static final String LINKS = "PIP_FIND_LINKS";
    private static final String PROXY = "PIP_PROXY";
    /** Where a path of the host is seen in the sandbox; a path elsewhere is one that the host does not have. */
    private static final String SEEN = "/mnt/";

    /** Settings of pip with one value, and the variable that means the same to uv. */
    private static final Map<String, String> SAME = Map.of(
            "PIP_TRUSTED_HOST", "UV_INSECURE_HOST",
            "PIP_DEFAULT_TIMEOUT", "UV_HTTP_TIMEOUT",
            "PIP_TIMEOUT", "UV_HTTP_TIMEOUT",
            "PIP_RETRIES", "UV_HTTP_RETRIES",
            "PIP_CLIENT_CERT", "SSL_CLIENT_CERT");

    /** What pip takes certificates from, first come first served. */
    private static final List<String> CERTIFICATES = List.of("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE");

    /** Settings that change nothing of what is installed: what is said, and what an install here never does. */
    private static final Set<String> WITHOUT_MEANING = Set.of(
            "PIP_CONFIG_FILE",
            "PIP_ROOT_USER_ACTION",
            "PIP_DISABLE_PIP_VERSION_CHECK",
            "PIP_NO_CACHE_DIR",
            "PIP_NO_INPUT",
            "PIP_NO_COLOR",
            "PIP_PROGRESS_BAR",
            "PIP_QUIET",
            "PIP_VERBOSE",
            "PIP_NO_WARN_SCRIPT_LOCATION",
            "PIP_NO_WARN_CONFLICTS",
            "PIP_NO_PYTHON_VERSION_WARNING",
            "PIP_BREAK_SYSTEM_PACKAGES",
            "PIP_PREFER_BINARY");

    /** Copies the collections. */
    UvSettings {
        environment = Map.copyOf(environment);
        unlike = List.copyOf(unlike);
    }

    /**
     * @param pip pip's settings as variables, with paths as the sandbox sees them, and those of proxies and
     * certificates
     */
    static UvSettings of(Map<String, String> pip) {
        Map<String, String> uv = new TreeMap<>();
        List<String> unlike = new ArrayList<>();
        List<String> options = new ArrayList<>();
        for (Map.Entry<String, String> setting : new TreeMap<>(pip).entrySet()) {
            String name = setting.getKey();
            String value = setting.getValue().strip();
            if (!name.startsWith("PIP_") || value.isEmpty() || WITHOUT_MEANING.contains(name)) {
                continue;
            }
            switch (name) {
                case INDEX, MORE_INDEXES, LINKS, PROXY, "PIP_CERT" -> {}
                case "PIP_NO_INDEX" -> options.addAll(isOn(value) ? List.of("--no-index") : List.of());
                default -> {
                    if (SAME.containsKey(name)) {
                        uv.put(SAME.get(name), String.join(" ", words(value)));
                    } else {
                        unlike.add(name);
                    }
                }
            }
        }
        indexes(pip, uv, options);
        links(pip, uv, unlike);
        surroundings(pip, uv);
        uv.put("OPTIONS", String.join(" ", options));
        Map<String, String> prefixed = new TreeMap<>();
        uv.forEach((name, value) -> prefixed.put(PREFIX + name, value));
        return new UvSettings(prefixed, unlike);
    }

    /** pip takes the best of all indexes, and the first of equals; uv asks the default one last. */
    private static void indexes(Map<String, String> pip, Map<String, String> uv, List<String> options) {
        List<String> all = new ArrayList<>(words(pip.getOrDefault(INDEX, "")));
        List<String> more = words(pip.getOrDefault(MORE_INDEXES, ""));
        if (more.isEmpty() && all.isEmpty()) {
            return;
        }
        if (all.isEmpty()) {
            // Beside pip's default index, which is uv's as well: then it comes last.
            uv.put("UV_INDEX", String.join(" ", urls(more)));
        } else {
            all.addAll(more);
            uv.put("UV_DEFAULT_INDEX", urls(all).getLast());
            if (all.size() > 1) {
                uv.put("UV_INDEX", String.join(" ", urls(all.subList(0, all.size() - 1))));
            }
        }
        options.addAll(List.of("--index-strategy", "unsafe-best-match"));
    }

    private static List<String> urls(List<String> indexes) {
        return indexes.stream()
                .map(index -> index.startsWith("/") ? "file://" + index : index)
                .toList();
    }

    /** pip passes over what is not there, at which uv fails. */
    private static void links(Map<String, String> pip, Map<String, String> uv, List<String> unlike) {
        List<String> links = new ArrayList<>();
        for (String link : words(pip.getOrDefault(LINKS, ""))) {
            String path = link.startsWith("file://") ? link.substring("file://".length()) : link;
            boolean local = path.startsWith("/");
            if (link.contains(",") || local && path.endsWith(".html") || !local && !link.contains("://")) {
                unlike.add(LINKS);
                return;
            }
            if (!local || path.startsWith(SEEN)) {
                links.add(local ? path : link);
            }
        }
        if (!links.isEmpty()) {
            uv.put("UV_FIND_LINKS", String.join(",", links));
        }
    }

    private static void surroundings(Map<String, String> pip, Map<String, String> uv) {
        CERTIFICATES.stream()
                .map(name -> pip.getOrDefault(name, "").strip())
                .filter(value -> !value.isEmpty())
                .findFirst()
                .ifPresent(value -> uv.put("SSL_CERT_FILE", value));
        String proxy = pip.getOrDefault(PROXY, "").strip();
        if (!proxy.isEmpty()) {
            for (String name : List.of("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")) {
                uv.put(name, proxy);
                uv.put(name.toLowerCase(java.util.Locale.ROOT), proxy);
            }
        }
    }

    private static boolean isOn(String value) {
        return !Set.of("0", "false", "no", "off", "n", "f").contains(value.toLowerCase(java.util.Locale.ROOT));
    }

    private static List<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
    }
}
