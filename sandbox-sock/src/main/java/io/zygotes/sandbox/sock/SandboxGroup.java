package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The cgroups of one sandbox: one in the version 2 hierarchy, and one in each version 1 hierarchy that has a limit.
 * Reused for another sandbox once it is empty.
 */
final class SandboxGroup {

    /** What a sandbox may be over its memory limit before it is lowered no further. */
    private static final long SLACK = 1 << 20;
    /** What version 1 allows for the buffers of sockets, which it does not count as memory: a part of the memory. */
    private static final int SOCKET_PART = 8;
    /** The kernel refuses to limit processes to more than it can ever have: PID_MAX_LIMIT. */
    private static final int MOST_PROCESSES = 1 << 22;

    private static final String PROCESSES = "/cgroup.procs";

    private final Path folder;
    private final String unified;
    private final Map<String, Path> byController = new LinkedHashMap<>();
    /** The version 1 groups, with the files that processes join them by. */
    private final Map<Path, KernelFile> legacy = new LinkedHashMap<>();

    private final boolean memoryIsUnified;
    private final boolean cpuIsUnified;
    private final String memory;
    private final KernelFile processes;
    private final KernelFile memoryInUse;
    private final KernelFile memoryEvents;
    private final KernelFile memoryMost;
    /** The folder as a detached mount, so that no way leads from it up to the cgroups of others. */
    private final Descriptor tree;

    private Limits limits;
    private long memoryLimit;
    private long oomKillsBefore;
    private volatile boolean killed;
    private volatile boolean frozen;

    /**
     * Makes the groups.
     *
     * @param layout where the hierarchies are
     * @param parent the version 2 group above
     * @param region the worker's folder name in the version 1 hierarchies
     * @param name its name below parent; in version 1 hierarchies the parent's name is put before it
     * @param owner the host uid that may put processes into it; 0 for root alone
     */
    SandboxGroup(CgroupLayout layout, Path parent, String region, String name, int owner) throws IOException {
        folder = parent.resolve(name);
        unified = folder.toString();
        processes = KernelFile.toRead(unified + PROCESSES);
        memoryIsUnified = layout.unifiedControllers().contains("memory");
        cpuIsUnified = layout.unifiedControllers().contains("cpu");
        Files.createDirectory(folder);
        try {
            if (owner != 0) {
                CgroupLayout.delegateMoves(folder, owner);
            }
            for (String controller : layout.unifiedControllers()) {
                byController.put(controller, folder);
            }
            for (Map.Entry<String, Path> entry : layout.legacy().entrySet()) {
                Path group = entry.getValue()
                        .resolve(CgroupTree.FOLDER)
                        .resolve(region)
                        .resolve(parent.getFileName() + "." + name);
                legacy.put(group, makeLegacy(group));
                byController.put(entry.getKey(), group);
            }
            processes.open(); // it is read on the way of a request
            tree = new Descriptor(Linux.detachedTree(unified, false));
        } catch (IOException e) {
            removeFolders();
            processes.close();
            throw e;
        }
        memory = byController.get("memory").toString();
        memoryInUse = KernelFile.toRead(memory + (memoryIsUnified ? "/memory.current" : "/memory.usage_in_bytes"));
        memoryEvents = KernelFile.toRead(memory + (memoryIsUnified ? "/memory.events" : "/memory.oom_control"));
        memoryMost = KernelFile.toWrite(memory + (memoryIsUnified ? "/memory.max" : "/memory.limit_in_bytes"));
    }

    private static KernelFile makeLegacy(Path group) throws IOException {
        Files.createDirectory(group);
        KernelFile joining = KernelFile.toWrite(group + PROCESSES);
        try {
            joining.open(); // it is written to on the way of a request
            return joining;
        } catch (IOException e) {
            CgroupLayout.remove(group);
            throw e;
        }
    }

    /** The version 2 group. */
    String path() {
        return unified;
    }

    /**
     * A descriptor of the version 2 group, to make processes in it. It stays open as long as the group is there: the end
     * of a detached mount waits for an RCU grace period (seen on 6.18), which is not for the way of a request.
     */
    int tree() throws IOException {
        return tree.acquire();
    }

    /** What {@link #tree} gave is not in use any more. */
    void releaseTree() {
        tree.release();
    }

    /** Gets ready for a sandbox with these limits. */
    void prepare(Limits wanted) throws IOException {
        oomKillsBefore = oomKills();
        limitTo(wanted);
    }

    /** Sets limits. */
    synchronized void limitTo(Limits wanted) throws IOException {
        long bytes = (long) wanted.memMb() << 20;
        if (memoryLimit != bytes) {
            memoryLimit = 0;
            memoryMost.write(Long.toString(bytes));
            memoryLimit = bytes;
        }
        if (!wanted.equals(limits)) {
            limits = null;
            limitRest(wanted, bytes);
            limits = wanted;
        }
    }

    private void limitRest(Limits wanted, long bytes) throws IOException {
        if (memoryIsUnified) {
            // Version 2 has no swappiness of a group; off swap is what 0 asks for (cgroups-v2, memory.swap.max).
            writeIfThere(memory + "/memory.swap.max", wanted.swappiness() == 0 ? "0" : "max");
        } else {
            writeIfThere(memory + "/memory.swappiness", Integer.toString(wanted.swappiness()));
            // Of TCP and UDP both, in spite of its name. Without it nothing bounds them below what the machine has.
            writeIfThere(memory + "/memory.kmem.tcp.limit_in_bytes", Long.toString(bytes / SOCKET_PART));
        }
        Linux.writeFile(
                byController.get("pids") + "/pids.max", Integer.toString(Math.min(wanted.procs(), MOST_PROCESSES)));
        int period = 100_000;
        long quota = (long) wanted.cpuPercent() * period / 100;
        if (cpuIsUnified) {
            Linux.writeFile(unified + "/cpu.max", quota + " " + period);
        } else {
            Path cpu = byController.get("cpu");
            writeIfThere(cpu + "/cpu.cfs_period_us", Integer.toString(period));
            writeIfThere(cpu + "/cpu.cfs_quota_us", Long.toString(quota));
        }
    }

    /** For files that a kernel may be built without. */
    private static void writeIfThere(String file, String text) throws IOException {
        try {
            Linux.writeFile(file, text);
        } catch (LinuxException e) {
            if (e.errno() != LinuxException.ENOENT) {
                throw e;
            }
        }
    }

    /**
     * Changes the memory limit; never below what is in use.
     *
     * @return the limit in force
     */
    synchronized long limitMemory(long bytes) throws IOException {
        for (int attempt = 0; ; attempt++) {
            long wanted = Math.max(bytes, memoryBytes() + (SLACK << attempt));
            try {
                memoryMost.write(Long.toString(wanted));
                memoryLimit = wanted;
                return wanted;
            } catch (IOException e) {
                if (attempt == 5) {
                    throw e;
                }
            }
        }
    }

    /** The memory limit in force, in bytes. */
    synchronized long memoryLimit() {
        return memoryLimit;
    }

    /** Puts a process under the version 1 limits; version 2 it was born into. */
    void join(int pid) throws IOException {
        String number = Integer.toString(pid);
        for (KernelFile joining : legacy.values()) {
            joining.write(number);
        }
    }

    /** Moves a process here in version 2, too. */
    void adopt(int pid) throws IOException {
        Linux.writeFile(unified + PROCESSES, Integer.toString(pid));
        join(pid);
    }

    /** Whether a process is in the version 2 group. */
    boolean contains(int pid) throws IOException {
        String number = Integer.toString(pid);
        String all = processes();
        return all.equals(number + "\n") || all.lines().anyMatch(number::equals);
    }

    /** The ids of the processes in the version 2 group, one in each line; empty if the group is gone. */
    String processes() throws IOException {
        return read(processes);
    }

    /** There may be thousands of frozen leaves: they keep open only what is needed on the way of their next request. */
    private String read(KernelFile file) throws IOException {
        String text = file.read();
        if (frozen) {
            file.rest();
        }
        return text;
    }

    /** Whether another sandbox may be made in it. */
    boolean isReusable() {
        return !killed;
    }

    /** Whether it has as many processes and threads as its limit allows, or but one less. */
    boolean isFull() {
        try {
            return Long.parseLong(Linux.readFile(byController.get("pids") + "/pids.current")
                            .strip())
                    >= limits.procs() - 1;
        } catch (LinuxException e) {
            return false;
        }
    }

    boolean isEmpty() throws IOException {
        return processes().isEmpty();
    }

    /**
     * Kills everything in it, frozen or not. The group cannot be used again: the kernel (seen on 6.18) also kills what
     * clone3 later makes in a group with this past, because it compares the kill count of the caller's group.
     *
     * @throws LinuxException if that is not possible now, for want of open files for example
     */
    void kill() throws LinuxException {
        killed = true;
        try {
            Linux.writeFile(unified + "/cgroup.kill", "1");
        } catch (LinuxException e) {
            if (e.errno() != LinuxException.ENOENT) {
                throw e;
            }
        }
    }

    /** Somebody else killed what was in it, perhaps all at once as {@link #kill} does. */
    void wasKilled() {
        killed = true;
    }

    /** Starts to freeze or thaw everything in it. Returns before it is done. */
    void freeze(boolean on) throws IOException {
        frozen |= on;
        Linux.writeFile(unified + "/cgroup.freeze", on ? "1" : "0");
        frozen = on;
        if (on) {
            processes.rest();
            memoryInUse.rest();
            memoryEvents.rest();
        }
    }

    /** Nothing in it is frozen any more, if something was. */
    void thaw() throws IOException {
        if (frozen) {
            freeze(false);
        }
    }

    /** Memory charged now, in bytes; 0 if the group is gone, or that cannot be read now. */
    long memoryBytes() {
        try {
            String text = read(memoryInUse).strip();
            return text.isEmpty() ? 0 : Long.parseLong(text);
        } catch (IOException e) {
            return 0;
        }
    }

    /** Whether the kernel ended a process for want of memory since {@link #prepare}. */
    boolean ranOutOfMemory() {
        return oomKills() > oomKillsBefore;
    }

    private long oomKills() {
        try {
            return read(memoryEvents)
                    .lines()
                    .filter(line -> line.startsWith("oom_kill "))
                    .mapToLong(line -> Long.parseLong(line.substring(9)))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    /** Removes the groups; false if one is still in use. */
    synchronized boolean remove() {
        tree.close();
        boolean gone = removeFolders();
        if (gone) {
            processes.close();
            memoryInUse.close();
            memoryEvents.close();
            memoryMost.close();
        }
        return gone;
    }

    private boolean removeFolders() {
        boolean gone = CgroupLayout.remove(folder);
        for (Map.Entry<Path, KernelFile> group : legacy.entrySet()) {
            group.getValue().close();
            gone &= CgroupLayout.remove(group.getKey());
        }
        return gone;
    }
}
