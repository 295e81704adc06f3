package io.zygotes.sandbox.sock.cgroup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The groups of one sandbox in version 1 hierarchies: one for each hierarchy that has a controller for its limits. */
final class LegacyGroups {

    /** With the files that processes join them by. */
    private final Map<Path, KernelFile> groups = new LinkedHashMap<>();

    private final Map<String, Path> byController = new LinkedHashMap<>();

    /**
     * Makes them.
     *
     * @param hierarchies mount points by controller
     * @param region the worker's folder name in each
     * @param name theirs
     */
    static LegacyGroups make(Map<String, Path> hierarchies, String region, String name) throws IOException {
        LegacyGroups all = new LegacyGroups();
        try {
            for (Map.Entry<String, Path> hierarchy : hierarchies.entrySet()) {
                Path group = hierarchy
                        .getValue()
                        .resolve(CgroupTree.FOLDER)
                        .resolve(region)
                        .resolve(name);
                all.groups.put(group, makeOne(group));
                all.byController.put(hierarchy.getKey(), group);
            }
            return all;
        } catch (IOException e) {
            all.remove();
            throw e;
        }
    }

    private static KernelFile makeOne(Path group) throws IOException {
        Files.createDirectory(group);
        KernelFile joining = KernelFile.toWrite(group + SandboxGroup.PROCESSES);
        try {
            joining.open(); // it is written to on the way of a request
            return joining;
        } catch (IOException e) {
            CgroupLayout.remove(group);
            throw e;
        }
    }

    /** The group with this controller, or the one given if version 1 does not have it. */
    String of(String controller, String otherwise) {
        Path group = byController.get(controller);
        return group == null ? otherwise : group.toString();
    }

    /** Puts a process under the limits. */
    void join(int pid) throws IOException {
        String number = Integer.toString(pid);
        for (KernelFile joining : groups.values()) {
            joining.write(number);
        }
    }

    /** Removes them; false if one is still in use. */
    boolean remove() {
        boolean gone = true;
        for (Map.Entry<Path, KernelFile> group : groups.entrySet()) {
            group.getValue().close();
            gone &= CgroupLayout.remove(group.getKey());
        }
        return gone;
    }
}
