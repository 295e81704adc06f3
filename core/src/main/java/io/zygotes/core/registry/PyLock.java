package io.zygotes.core.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.core.registry.PackageFiles.Machine;
import io.zygotes.spi.PackageId;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads {@code pylock.toml} (PEP 751), as pip, uv and pdm write it. */
final class PyLock {

    /** The file's name. */
    static final String FILE = "pylock.toml";

    private static final List<String> OTHER_SOURCES = List.of("vcs", "directory", "archive");

    private PyLock() {}

    /**
     * The packages for a machine. Extras are left out, and so are groups that are not taken by default.
     *
     * @param lock the file
     * @throws IllegalArgumentException with all that is wrong
     */
    static Map<PackageId, Set<String>> parse(JsonNode lock, Machine machine) {
        String version = LockedPins.text(lock, "lock-version");
        if (!version.equals("1") && !version.startsWith("1.")) {
            throw new IllegalArgumentException(FILE + ": lock-version is '" + ErrorText.shortened(version)
                    + "', known is 1.0; lock with a tool that writes that one");
        }
        Map<String, String> markers = new HashMap<>(machine.markers());
        markers.put(
                "dependency_groups",
                Stream.of(lock.path("default-groups"))
                        .flatMap(JsonNode::valueStream)
                        .map(JsonNode::asText)
                        .collect(Collectors.joining(",")));
        Machine with = new Machine(markers, machine.known());
        Faults faults = new Faults();
        faults.run(() -> with.requirePython(FILE, LockedPins.text(lock, "requires-python")));
        faults.run(() -> requireEnvironment(lock.path("environments"), with));
        LockedPins pins = new LockedPins(FILE, faults);
        for (JsonNode locked : lock.path("packages")) {
            faults.run(() -> add(locked, with, pins));
        }
        faults.end();
        return pins.all();
    }

    private static void requireEnvironment(JsonNode environments, Machine machine) {
        if (machine.known()
                && !environments.isEmpty()
                && environments.valueStream().noneMatch(marker -> machine.has(marker.asText()))) {
            throw new IllegalArgumentException(FILE + ": none of its environments is this machine, with Python "
                    + machine.markers().get("python_full_version") + " on "
                    + machine.markers().get("sys_platform") + "; lock for this one, too");
        }
    }

    private static void add(JsonNode locked, Machine machine, LockedPins pins) {
        String name = LockedPins.text(locked, "name");
        if (!holds(name, locked, machine)
                || LockedPins.text(locked.path("directory"), "path").equals(".")) {
            return;
        }
        for (String source : OTHER_SOURCES) {
            if (locked.has(source)) {
                JsonNode from = locked.path(source);
                pins.refuse(name, source + " " + LockedPins.text(from, from.has("url") ? "url" : "path"));
                return;
            }
        }
        machine.requirePython(FILE + ": " + name, LockedPins.text(locked, "requires-python"));
        Set<String> hashes = new TreeSet<>();
        addHashes(locked.path("sdist"), hashes);
        locked.path("wheels").forEach(wheel -> addHashes(wheel, hashes));
        pins.add(name, LockedPins.text(locked, "version"), hashes);
    }

    private static boolean holds(String name, JsonNode locked, Machine machine) {
        try {
            return machine.has(LockedPins.text(locked, "marker"));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(FILE + ": " + ErrorText.shortened(name) + ": " + e.getMessage(), e);
        }
    }

    private static void addHashes(JsonNode archive, Set<String> hashes) {
        archive.path("hashes")
                .properties()
                .forEach(hash ->
                        hashes.add((hash.getKey() + ":" + hash.getValue().asText()).toLowerCase(Locale.ROOT)));
    }
}
