package io.zygotes.core.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.core.registry.PackageFiles.Machine;
import io.zygotes.spi.PackageId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads {@code uv.lock}: goes from the project to what it needs, as far as markers say that this machine needs it. Of
 * one thread.
 */
final class UvLock {

    /** The file's name. */
    static final String FILE = "uv.lock";

    /** Sources of a package that is the project, or a part of it. */
    private static final List<String> OWN_SOURCES = List.of("virtual", "editable", "directory");

    private final Machine machine;
    private final Map<String, List<JsonNode>> packages = new HashMap<>();
    private final Faults faults = new Faults();
    private final LockedPins pins = new LockedPins(FILE, faults);
    private final ArrayDeque<Need> needs = new ArrayDeque<>();
    private final Set<Need> seen = new HashSet<>();

    /**
     * A package that is needed.
     *
     * @param extra one of its extras; empty for the package itself
     */
    private record Need(JsonNode locked, String extra) {}

    private UvLock(JsonNode lock, Machine machine) {
        this.machine = machine;
        for (JsonNode locked : lock.path("package")) {
            packages.computeIfAbsent(LockedPins.text(locked, "name"), name -> new ArrayList<>())
                    .add(locked);
        }
    }

    /**
     * The packages for a machine. Groups of dependencies, and the project's own extras, are left out.
     *
     * @param lock the file
     * @param wanted the packages that {@code pyproject.toml} asks for; none if there is no such file
     * @throws IllegalArgumentException with all that is wrong
     */
    static Map<PackageId, Set<String>> parse(JsonNode lock, Set<String> wanted, Machine machine) {
        if (lock.path("version").asInt() != 1) {
            throw new IllegalArgumentException(FILE + ": its version is '"
                    + ErrorText.shortened(LockedPins.text(lock, "version"))
                    + "', known is 1; export it with 'uv export -o requirements.txt'");
        }
        UvLock reader = new UvLock(lock, machine);
        reader.faults.run(() -> machine.requirePython(FILE, LockedPins.text(lock, "requires-python")));
        reader.read(wanted);
        reader.faults.end();
        return reader.pins.all();
    }

    private void read(Set<String> wanted) {
        List<JsonNode> projects = packages.values().stream()
                .flatMap(List::stream)
                .filter(UvLock::isProject)
                .toList();
        if (projects.size() != 1) {
            faults.add(FILE + ": it has " + projects.size() + " projects of this folder, and not one; export it with"
                    + " 'uv export --no-emit-project -o requirements.txt'");
            return;
        }
        JsonNode project = projects.getFirst();
        requireFresh(project, wanted);
        needs.add(new Need(project, ""));
        while (!needs.isEmpty()) {
            Need need = needs.remove();
            if (seen.add(need)) {
                faults.run(() -> take(need));
            }
        }
    }

    private static boolean isProject(JsonNode locked) {
        return OWN_SOURCES.stream()
                .anyMatch(
                        source -> LockedPins.text(locked.path("source"), source).equals("."));
    }

    private void requireFresh(JsonNode project, Set<String> wanted) {
        Set<String> missing = new TreeSet<>(wanted);
        project.at("/metadata/requires-dist").forEach(known -> missing.remove(LockedPins.text(known, "name")));
        project.path("dependencies").forEach(known -> missing.remove(LockedPins.text(known, "name")));
        if (!missing.isEmpty()) {
            faults.add(FILE + ": it is older than pyproject.toml, which asks for "
                    + ErrorText.shortened(String.join(", ", missing)) + " as well; run 'uv lock'");
        }
    }

    private void take(Need need) {
        JsonNode locked = need.locked();
        if (!isProject(locked)) {
            JsonNode source = locked.path("source");
            if (!source.has("registry")) {
                Map.Entry<String, JsonNode> from = source.properties().stream()
                        .findFirst()
                        .orElse(Map.entry("a source that is not named", source));
                pins.refuse(
                        LockedPins.text(locked, "name"),
                        from.getKey() + " " + from.getValue().asText(""));
                return;
            }
            pins.add(LockedPins.text(locked, "name"), LockedPins.text(locked, "version"), hashes(locked));
        }
        JsonNode wanted = need.extra().isEmpty()
                ? locked.path("dependencies")
                : locked.path("optional-dependencies").path(need.extra());
        for (JsonNode dependency : wanted) {
            faults.run(() -> follow(LockedPins.text(locked, "name"), dependency));
        }
    }

    private static Set<String> hashes(JsonNode locked) {
        Set<String> hashes = new TreeSet<>();
        List<JsonNode> archives = new ArrayList<>(List.of(locked.path("sdist")));
        locked.path("wheels").forEach(archives::add);
        for (JsonNode archive : archives) {
            String hash = LockedPins.text(archive, "hash");
            if (!hash.isEmpty()) {
                hashes.add(hash.toLowerCase(Locale.ROOT));
            }
        }
        return hashes;
    }

    private void follow(String by, JsonNode dependency) {
        String name = LockedPins.text(dependency, "name");
        if (!holds(name, LockedPins.text(dependency, "marker"))) {
            return;
        }
        JsonNode locked = chosen(by, name, LockedPins.text(dependency, "version"), dependency.path("source"));
        needs.add(new Need(locked, ""));
        dependency.path("extra").forEach(extra -> needs.add(new Need(locked, extra.asText())));
    }

    private boolean holds(String name, String marker) {
        try {
            return machine.has(marker);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(FILE + ": " + ErrorText.shortened(name) + ": " + e.getMessage(), e);
        }
    }

    /** There is more than one of a name where machines differ: then the dependency, or the package, says which. */
    private JsonNode chosen(String by, String name, String version, JsonNode source) {
        List<JsonNode> all = packages.getOrDefault(name, List.of()).stream()
                .filter(locked ->
                        version.isEmpty() || LockedPins.text(locked, "version").equals(version))
                .filter(locked ->
                        source.isMissingNode() || locked.path("source").equals(source))
                .toList();
        List<JsonNode> here = all.size() < 2
                ? all
                : all.stream().filter(locked -> isForHere(name, locked)).toList();
        if (here.size() != 1) {
            throw new IllegalArgumentException(FILE + ": " + ErrorText.shortened(by) + " needs "
                    + ErrorText.shortened(name) + ", of which there are " + here.size()
                    + " for this machine, and not one; run 'uv lock'");
        }
        return here.getFirst();
    }

    private boolean isForHere(String name, JsonNode locked) {
        JsonNode markers = locked.path("resolution-markers");
        return markers.isEmpty() || markers.valueStream().anyMatch(marker -> holds(name, marker.asText()));
    }
}
