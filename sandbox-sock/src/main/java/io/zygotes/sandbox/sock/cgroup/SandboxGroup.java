package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Errno;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.linux.Mounts;
import io.zygotes.spi.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The cgroups of one sandbox: one in the version 2 hierarchy, and one in each version 1 hierarchy that has a limit.
 * Reused for another sandbox once it is empty.
 */
public final class SandboxGroup {

    /** What a sandbox may be over its memory limit before it is lowered no further. */
    private static final long SLACK = 1 << 20;
    /** How often a lower memory limit is tried, each time with twice the slack. */
    private static final int ATTEMPTS = 6;

    /** The file of a group that processes join it by, and that lists them. */
    static final String PROCESSES = "/cgroup.procs";

    private final Path folder;
    private final String unified;
    private final long id;
    private final LegacyGroups legacy;

    private final KernelFile processes;
    private final MemoryFiles memory;
    private final PidsFiles pids;
    private final CpuFiles cpu;
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
        Files.createDirectory(folder);
        LegacyGroups made = null;
        try {
            if (owner != 0) {
                CgroupLayout.delegateMoves(folder, owner);
            }
            made = LegacyGroups.make(layout.legacy(), region, parent.getFileName() + "." + name);
            processes.open(); // it is read on the way of a request
            tree = Mounts.detachedTree(unified, false);
            id = (long) Files.getAttribute(folder, "unix:ino");
        } catch (IOException e) {
            CgroupLayout.remove(folder);
            if (made != null) {
                made.remove();
            }
            processes.close();
            throw e;
        }
        legacy = made;
        memory = MemoryFiles.of(legacy.of("memory", unified), layout.owns("memory"));
        pids = new PidsFiles(legacy.of("pids", unified));
        cpu = CpuFiles.of(legacy.of("cpu", unified), layout.owns("cpu"));
    }

    /** The version 2 group. */
    public String path() {
        return unified;
    }

    /** The number that the kernel has for the version 2 group; never that of another one until the machine boots. */
    public long id() {
        return id;
    }

    /**
     * The version 2 group, to make processes in it. It stays open as long as the group is there: the end of a detached
     * mount waits for an RCU grace period (seen on 6.18), which is not for the way of a request.
     */
    public Descriptor tree() {
        return tree;
    }

    /** Gets ready for a sandbox with these limits. */
    void prepare(Limits wanted) throws IOException {
        oomKillsBefore = oomKills();
        limitTo(wanted);
    }

    /** Sets limits. */
    public synchronized void limitTo(Limits wanted) throws IOException {
        long bytes = (long) wanted.memMb() << 20;
        if (memoryLimit != bytes) {
            memoryLimit = 0;
            memory.most().write(Long.toString(bytes));
            memoryLimit = bytes;
        }
        if (!wanted.equals(limits)) {
            limits = null;
            memory.limitRest(wanted.swappiness(), bytes);
            pids.limit(wanted.procs());
            cpu.limit(wanted.cpuPercent());
            limits = wanted;
        }
    }

    /**
     * Changes the memory limit; never below what is in use.
     *
     * @return the limit in force
     */
    public synchronized long limitMemory(long bytes) throws IOException {
        for (int attempt = 0; ; attempt++) {
            long wanted = Math.max(bytes, memoryBytes() + (SLACK << attempt));
            try {
                memory.most().write(Long.toString(wanted));
                memoryLimit = wanted;
                return wanted;
            } catch (IOException e) {
                if (attempt == ATTEMPTS - 1) {
                    throw e;
                }
            }
        }
    }

    /** The memory limit in force, in bytes. */
    public synchronized long memoryLimit() {
        return memoryLimit;
    }

    /** Puts a process under the version 1 limits; version 2 it was born into. */
    public void join(int pid) throws IOException {
        legacy.join(pid);
    }

    /** Moves a process here in version 2, too. */
    public void adopt(int pid) throws IOException {
        FileIo.writeFile(unified + PROCESSES, Integer.toString(pid));
        join(pid);
    }

    /** Whether a process is in the version 2 group. */
    public boolean contains(int pid) throws IOException {
        String number = Integer.toString(pid);
        String all = processes();
        return all.equals(number + "\n") || all.lines().anyMatch(number::equals);
    }

    /** The ids of the processes in the version 2 group, one in each line; empty if the group is gone. */
    public String processes() throws IOException {
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
    public boolean isReusable() {
        return !killed;
    }

    /** Whether it has as many processes and threads as its limit allows, or but one less. */
    public boolean isFull() {
        try {
            return pids.current() >= limits.procs() - 1;
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether no process is in it. */
    public boolean isEmpty() throws IOException {
        return processes().isEmpty();
    }

    /**
     * Kills everything in it, frozen or not. The group cannot be used again: the kernel (seen on 6.18) also kills what
     * clone3 later makes in a group with this past, because it compares the kill count of the caller's group.
     *
     * @throws IOException if that is not possible now, for want of open files for example
     */
    public void kill() throws IOException {
        killed = true;
        try {
            FileIo.writeFile(unified + "/cgroup.kill", "1");
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    /** Somebody else killed what was in it, perhaps all at once as {@link #kill} does. */
    public void wasKilled() {
        killed = true;
    }

    /** Starts to freeze or thaw everything in it. Returns before it is done. */
    public void freeze(boolean on) throws IOException {
        frozen |= on;
        FileIo.writeFile(unified + "/cgroup.freeze", on ? "1" : "0");
        frozen = on;
        if (on) {
            processes.rest();
            memory.rest();
        }
    }

    /** Nothing in it is frozen any more, if something was. */
    public void thaw() throws IOException {
        if (frozen) {
            freeze(false);
        }
    }

    /** Memory charged now, in bytes; 0 if the group is gone, or that cannot be read now. */
    public long memoryBytes() {
        try {
            String text = read(memory.inUse()).strip();
            return text.isEmpty() ? 0 : Long.parseLong(text);
        } catch (IOException e) {
            return 0;
        }
    }

    /** Whether the kernel ended a process for want of memory since {@link #prepare}. */
    public boolean ranOutOfMemory() {
        return oomKills() > oomKillsBefore;
    }

    /**
     * How much memory was used of how much there was, for people. The kernel keeps the most since the group was made,
     * so what another sandbox used in it before counts, but for what is over the limit of this one.
     */
    public String memoryUse() {
        long limit = memoryLimit();
        try {
            long peak = Math.min(
                    limit, Long.parseLong(FileIo.readFile(memory.peak()).strip()));
            return String.format(
                    Locale.ROOT,
                    "it had used %.1f MiB of the %d MiB that it may",
                    peak / (double) (1 << 20),
                    limit >> 20);
        } catch (IOException | NumberFormatException e) {
            return "it had used all of the " + (limit >> 20) + " MiB that it may";
        }
    }

    private long oomKills() {
        try {
            return read(memory.events())
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
        boolean gone = CgroupLayout.remove(folder) & legacy.remove();
        if (gone) {
            processes.close();
            memory.close();
        }
        return gone;
    }
}
