package io.zygotes.core.registry;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which packages a lambda has: what stands in its {@code requirements.txt}; without one, what stands in a lock, which
 * is {@code pylock.toml} or {@code uv.lock}. A {@code pyproject.toml} alone names packages without their versions, and
 * is not enough.
 */
final class PackageFiles {

    private static final String PROJECT = "pyproject.toml";
    private static final TomlMapper TOML = new TomlMapper();

    private PackageFiles() {}

    /**
     * Reads the files.
     *
     * @param texts the lambda's files
     * @param machine which machine it is for
     * @return the packages, each with the hashes of the archives that it may be installed from; none if any may
     * @throws IllegalArgumentException with all that is wrong
     * @throws IOException if a file cannot be read
     */
    static Map<PackageId, Set<String>> read(LambdaText texts, Machine machine) throws IOException {
        if (texts.has(Requirements.FILE)) {
            return Requirements.parse(texts.of(Requirements.FILE), machine.markers());
        }
        if (texts.has(PyLock.FILE)) {
            return PyLock.parse(toml(PyLock.FILE, texts.ofLock(PyLock.FILE)), machine);
        }
        JsonNode project = toml(PROJECT, texts.of(PROJECT));
        if (texts.has(UvLock.FILE)) {
            return UvLock.parse(toml(UvLock.FILE, texts.ofLock(UvLock.FILE)), wanted(project), machine);
        }
        Set<String> wanted = new TreeSet<>(wanted(project));
        project.at("/tool/poetry/dependencies").fieldNames().forEachRemaining(wanted::add);
        wanted.remove("python");
        if (!wanted.isEmpty()) {
            throw new IllegalArgumentException(PROJECT + " asks for " + ErrorText.shortened(String.join(", ", wanted))
                    + ", but there is no lock that says which versions. Make one with 'uv lock', or"
                    + " 'poetry export -o requirements.txt', or 'pip-compile " + PROJECT + "'");
        }
        return Map.of();
    }

    /** The names of the packages that a project asks for. */
    private static Set<String> wanted(JsonNode project) {
        Set<String> names = new TreeSet<>();
        for (JsonNode requirement : project.at("/project/dependencies")) {
            String text = requirement.asText().strip();
            int end = 0;
            while (end < text.length()
                    && (Character.isLetterOrDigit(text.charAt(end)) || "._-".indexOf(text.charAt(end)) >= 0)) {
                end++;
            }
            if (Requirements.isName(text.substring(0, end))) {
                names.add(new PackageId(text.substring(0, end), "0").name());
            }
        }
        return names;
    }

    private static JsonNode toml(String file, String text) {
        try {
            // The positions that errors have are those of lines that end as Unix has it.
            return TOML.readTree(text.replace("\r\n", "\n"));
        } catch (JsonProcessingException e) {
            JsonLocation place = e.getLocation();
            throw new IllegalArgumentException(
                    file + (place == null ? "" : ", line " + place.getLineNr() + ", column " + place.getColumnNr())
                            + ": is not TOML: " + ErrorText.shortened(String.valueOf(e.getOriginalMessage())),
                    e);
        }
    }

    /**
     * A machine that packages are chosen for.
     *
     * @param markers values of its environment markers
     * @param known whether it is that of a worker, so that what it lacks is a fault
     */
    record Machine(Map<String, String> markers, boolean known) {

        /** Copies the map. */
        Machine {
            markers = Map.copyOf(markers);
        }

        /**
         * Checks for which Python a file is.
         *
         * @param what the file or package, as errors name it
         * @param specifiers such as {@code >=3.9, <4}; empty for any
         * @throws IllegalArgumentException if it is for another one
         */
        void requirePython(String what, String specifiers) {
            if (!known) {
                return;
            }
            for (String specifier : List.of(specifiers.split(","))) {
                String version = specifier.replaceFirst("^[\\s<>=!~]+", "").strip();
                String operator = specifier.strip().replaceFirst("[^<>=!~].*$", "");
                if (!version.isEmpty()
                        && !Markers.hold("python_full_version " + operator + " '" + version + "'", markers)) {
                    throw new IllegalArgumentException(what + " is for Python " + ErrorText.shortened(specifiers)
                            + ", and this worker has " + markers.get("python_full_version")
                            + ": lock for that one, or set python in config.json");
                }
            }
        }

        /** Whether a marker holds; an empty one does. */
        boolean has(String marker) {
            return marker.isBlank() || Markers.hold(marker, markers);
        }
    }
}
