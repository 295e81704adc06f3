package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.identity.Ownership;
import io.zygotes.sandbox.sock.linux.Errno;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Where the cgroup hierarchies of this machine are, and which of them owns each controller.
 *
 * <p>Membership, freezing and killing always use the version 2 hierarchy, which needs no controller for them
 * ({@code cgroup.kill} since Linux 5.14). Limits are set wherever their controller is: in version 2, or, on hybrid
 * machines, in version 1 hierarchies.
 *
 * @param unified mount point of the version 2 hierarchy
 * @param unifiedControllers those of memory, pids and cpu that version 2 owns
 * @param legacy mount points of version 1 hierarchies by controller, for the others of the three
 */
public record CgroupLayout(Path unified, Set<String> unifiedControllers, Map<String, Path> legacy) {

    /** The controllers that limits need. */
    public static final List<String> NEEDED = List.of("memory", "pids", "cpu");

    /**
     * Looks at the mount table.
     *
     * @throws SandboxException if version 2 is not mounted, or nobody has a controller that limits need
     */
    public static CgroupLayout find() throws SandboxException {
        try {
            return find(Files.readAllLines(Path.of("/proc/self/mountinfo")));
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot read /proc/self/mountinfo: " + e.getMessage() + "; is /proc mounted?", e);
        }
    }

    /** As {@link #find()}, from lines in the format of proc_pid_mountinfo(5). */
    static CgroupLayout find(List<String> mountInfo) throws SandboxException, IOException {
        CgroupMounts mounted = CgroupMounts.parse(mountInfo);
        Path unified = mounted.unified().orElse(null);
        Map<String, Path> legacy = mounted.legacy();
        if (unified == null) {
            throw new SandboxException("there is no cgroup v2 hierarchy on this machine, which sandboxes are frozen and"
                    + " killed through: mount one with 'mount -t cgroup2 none /sys/fs/cgroup/unified', or boot with"
                    + " systemd.unified_cgroup_hierarchy=1");
        }
        Set<String> present = new HashSet<>(Arrays.asList(
                Files.readString(unified.resolve("cgroup.controllers")).strip().split(" ")));
        present.retainAll(NEEDED);
        List<String> missing = new ArrayList<>(NEEDED);
        missing.removeAll(present);
        missing.removeAll(legacy.keySet());
        if (!missing.isEmpty()) {
            throw new SandboxException("no cgroup hierarchy has the controllers " + missing
                    + ", and sandboxes must not run without limits: check the kernel's command line for cgroup_disable,"
                    + " and mount them with 'mount -t cgroup -o " + missing.getFirst() + " none /sys/fs/cgroup/"
                    + missing.getFirst() + "'");
        }
        legacy.keySet().retainAll(NEEDED);
        legacy.keySet().removeAll(present);
        return new CgroupLayout(unified, Set.copyOf(present), Map.copyOf(legacy));
    }

    /** Whether version 2 has a controller. */
    boolean owns(String controller) {
        return unifiedControllers.contains(controller);
    }

    /** One line for people. */
    public String describe() {
        return "cgroup v2 at " + unified + " with "
                + (unifiedControllers.isEmpty() ? "no controller" : unifiedControllers)
                + (legacy.isEmpty() ? "" : ", v1 with " + legacy.keySet());
    }

    /** Makes a version 2 group whose children can be limited. */
    void makeInner(Path group) throws IOException {
        Files.createDirectories(group);
        delegate(group);
    }

    /** Lets the children of a group have the controllers. */
    void delegate(Path group) throws IOException {
        String file = group + "/cgroup.subtree_control";
        // Whole words: cpuset is another controller than cpu.
        Set<String> present = Set.of(FileIo.readFile(file).strip().split(" "));
        String wanted = unifiedControllers.stream()
                .filter(controller -> !present.contains(controller))
                .map(controller -> "+" + controller)
                .collect(Collectors.joining(" "));
        if (wanted.isEmpty()) {
            return;
        }
        try {
            // All at once: cpu alone is given in spite of the processes below, and nothing else works after that.
            FileIo.writeFile(file, wanted);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EBUSY && e.errno() != Errno.EOPNOTSUPP) {
                throw e;
            }
            // Only the true root may have both (cgroups(7)); a container's is a group like any other.
            throw new IOException(
                    "controllers cannot be given to groups below " + group + " (" + e.getMessage()
                            + "), because processes"
                            + " are in that group itself: move them with 'mkdir " + group + "/init; for p in $(cat "
                            + group + "/cgroup.procs); do echo $p > " + group + "/init/cgroup.procs; done'",
                    e);
        }
    }

    /**
     * Lets a host id put processes into a group. User and group, so that the warden's capabilities, which hold for ids
     * of its user namespace only, cover the file.
     */
    static void delegateMoves(Path group, int owner) throws IOException {
        Ownership.change(group.resolve("cgroup.procs"), owner);
    }

    /** Removes a group that should be gone; false if it is in use. */
    static boolean remove(Path group) {
        try {
            Files.deleteIfExists(group);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
