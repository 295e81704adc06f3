package io.zygotes.core.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.spi.PackageId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The packages of a lock as they are found. Of one thread. */
final class LockedPins {

    private final String file;
    private final Faults faults;
    private final Map<String, PackageId> ids = new LinkedHashMap<>();
    private final Map<PackageId, Set<String>> hashes = new LinkedHashMap<>();

    /**
     * @param file the lock, as errors name it
     * @param faults takes what is wrong with one package
     */
    LockedPins(String file, Faults faults) {
        this.file = file;
        this.faults = faults;
    }

    /**
     * Takes a package.
     *
     * @param name its name
     * @param version its version; empty if the lock has none
     * @param archives the hashes of its archives; those of a kind that pip does not take are passed over
     */
    void add(String name, String version, Set<String> archives) {
        if (!Requirements.isName(name) || !Requirements.isVersion(version)) {
            fault(name, "has no version; only packages of the index can be used");
            return;
        }
        PackageId id = new PackageId(name, version);
        PackageId other = ids.putIfAbsent(id.name(), id);
        if (other != null && !other.equals(id)) {
            fault(name, "is locked twice for this machine, to " + other.version() + " and " + id.version());
            return;
        }
        if (ids.size() > Requirements.MAX_PACKAGES) {
            throw new IllegalArgumentException(
                    file + ": there are more than " + Requirements.MAX_PACKAGES + " packages");
        }
        Set<String> taken = new TreeSet<>();
        archives.stream()
                .filter(hash -> Requirements.HASH_VALUE.matcher(hash).matches())
                .forEach(taken::add);
        if (taken.isEmpty() && !archives.isEmpty()) {
            fault(name, "has hashes of no kind that is taken: sha256, sha384 or sha512");
        }
        hashes.put(id, taken);
    }

    /** A package that cannot be used. */
    void fault(String name, String why) {
        faults.add(file + ": " + ErrorText.shortened(name) + " " + why);
    }

    /**
     * A package that does not come from the index.
     *
     * @param from where it comes from instead
     */
    void refuse(String name, String from) {
        fault(
                name,
                "comes from " + ErrorText.shortened(from)
                        + "; only packages of the index can be used: publish it there,"
                        + " or put its files beside f.py and take it out of the project's dependencies");
    }

    /** All packages, each with its hashes. */
    Map<PackageId, Set<String>> all() {
        return hashes;
    }

    /** The text of a key; empty if there is none. */
    static String text(JsonNode node, String key) {
        return node.path(key).asText("");
    }
}
