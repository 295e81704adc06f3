package io.zygotes.sandbox.sock.cgroup;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The hierarchies in a mount table.
 *
 * @param unified mount point of the version 2 hierarchy; empty if it is not mounted
 * @param readOnly whether that one is mounted read-only
 * @param legacy mount points of version 1 hierarchies by controller; to be changed by whoever asked
 */
public record CgroupMounts(Optional<Path> unified, boolean readOnly, Map<String, Path> legacy) {

    /** Reads lines in the format of proc_pid_mountinfo(5). */
    public static CgroupMounts parse(List<String> mountInfo) {
        Optional<Path> unified = Optional.empty();
        boolean readOnly = false;
        Map<String, Path> legacy = new LinkedHashMap<>();
        for (String line : mountInfo) {
            String[] halves = line.split(" - ", 2);
            if (halves.length < 2) {
                continue;
            }
            String[] kind = halves[1].split(" ");
            String[] mount = halves[0].split(" ");
            Path point = Path.of(mount[4]);
            if (kind[0].equals("cgroup2") && unified.isEmpty()) {
                unified = Optional.of(point);
                readOnly = List.of(mount[5].split(",")).contains("ro");
            } else if (kind[0].equals("cgroup")) {
                for (String option : kind[2].split(",")) {
                    legacy.putIfAbsent(option, point);
                }
            }
        }
        return new CgroupMounts(unified, readOnly, legacy);
    }
}
