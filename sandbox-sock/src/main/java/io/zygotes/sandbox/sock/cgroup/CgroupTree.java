package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.linux.Mounts;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The cgroups of one worker, below {@code zygotes/worker-<region>} in every hierarchy. */
public final class CgroupTree implements AutoCloseable {

    /** Our folder in every hierarchy. */
    public static final String FOLDER = "zygotes";

    /** The file of a group that all processes in it and below are killed by. */
    static final String KILL = "cgroup.kill";

    private static final System.Logger LOG = System.getLogger(CgroupTree.class.getName());

    private final CgroupLayout layout;
    private final ClaimedRegion region;
    private final Path root;
    /** Holds the wish for fast moves; empty where version 2 has all controllers, or the kernel cannot. */
    private Optional<Descriptor> fastMoves = Optional.empty();

    private CgroupTree(CgroupLayout layout, ClaimedRegion region) {
        this.layout = layout;
        this.region = region;
        this.root = region.root();
    }

    /**
     * Claims a region for as long as this process lives, and makes the worker's groups.
     *
     * @param state the mechanism's folder in the worker directory; the caller holds the worker's lock
     * @param regions the numbers of those that it may have, as {@link HostIds} counts them
     * @throws SandboxException if all are taken, or the groups cannot be made
     * @throws InterruptedException if the calling thread is interrupted while leftovers die
     */
    public static CgroupTree claim(CgroupLayout layout, Path state, List<Integer> regions)
            throws SandboxException, InterruptedException {
        try {
            CgroupTree tree = new CgroupTree(layout, ClaimedRegion.first(layout, regions, state));
            boolean whole = false;
            try {
                Region.record(state, tree.region.number());
                tree.setUp();
                whole = true;
                return tree;
            } finally {
                if (!whole) {
                    tree.close();
                }
            }
        } catch (IOException e) {
            throw new SandboxException("cannot make cgroups below " + layout.unified() + ": " + e.getMessage(), e);
        }
    }

    /** Whether a file in the mechanism's folder is a record of ours. */
    public static boolean isRecord(String name) {
        return Region.isRecord(name);
    }

    /**
     * Removes what dead workers left, whoever they were. What cannot be removed is logged: it keeps nobody from
     * starting.
     *
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public static void sweepDead(CgroupLayout layout) throws InterruptedException {
        try {
            for (Path group : ClaimedRegion.sweepFree(layout)) {
                LOG.log(Level.INFO, "removed what a dead worker left in " + group);
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot remove what dead workers left: " + e.getMessage());
        }
    }

    /**
     * Whether a worker has a region, as far as this cgroup namespace shows.
     *
     * @param number of the region
     */
    public boolean isTaken(int number) {
        return Files.isDirectory(Region.of(layout, number).root());
    }

    private void setUp() throws IOException {
        layout.delegate(layout.unified());
        layout.delegate(root.getParent());
        layout.makeInner(root);
        // The warden makes fresh sandboxes into groups beside its own: it needs the right at their common ancestor.
        CgroupLayout.delegateMoves(root, hostId(0));
        if (!Files.exists(root.resolve(KILL))) {
            throw new IOException("this kernel has no cgroup.kill: Linux 5.14 or later is needed");
        }
        for (Path mount : Set.copyOf(layout.legacy().values())) {
            Files.createDirectories(mount.resolve(FOLDER).resolve(region.name()));
        }
        limitProcesses();
        if (!layout.legacy().isEmpty()) {
            try {
                // Not named after the region: the kernel is busy for a while with one of that name that has just gone.
                fastMoves = Optional.of(
                        Mounts.fastMoves(FOLDER + "-" + ProcessHandle.current().pid()));
            } catch (LinuxException e) {
                LOG.log(Level.INFO, "every cold start will take some ms longer: " + e.getMessage());
            }
        }
    }

    /** All sandboxes together leave some of the machine's process ids to others, however many there are. */
    private void limitProcesses() throws IOException {
        long all = Long.parseLong(FileIo.readFile("/proc/sys/kernel/pid_max").strip());
        FileIo.writeFile(top("pids") + "/pids.max", Long.toString(all / 4 * 3));
    }

    /** The worker's group in the version 2 hierarchy, which has all of its sandboxes. */
    public Path root() {
        return root;
    }

    /** The worker's group in the hierarchy that has this controller. */
    public Path top(String controller) {
        return region.top(controller);
    }

    /** The worker's group in every hierarchy. */
    public List<Path> tops() {
        return region.tops();
    }

    /** The host id that an id of the warden's user namespace means; unsigned, as the kernel's are. */
    public int hostId(int id) {
        return HostIds.of(region.number(), id);
    }

    /** A new group for a warden, without limits: one that was killed would kill the next warden, too. */
    public Path makeWardenGroup() throws IOException {
        Path group = root.resolve("warden");
        for (int i = 2; !CgroupLayout.remove(group); i++) {
            group = root.resolve("warden-" + i); // somebody is in it yet
        }
        return Files.createDirectory(group);
    }

    /** A subtree for one zygote and what it forks, or for fresh sandboxes; owned by a host uid. */
    public GroupPool pool(String name, int owner, GroupPool.Register register, GroupPool.Removals removals)
            throws IOException {
        Path folder = root.resolve(name);
        layout.makeInner(folder);
        CgroupLayout.delegateMoves(folder, owner);
        return new GroupPool(layout, register, removals, folder, region.name(), owner);
    }

    /** Removes everything; all processes must have been killed. What does not go now goes at the next start. */
    @Override
    public void close() {
        region.close();
        fastMoves.ifPresent(Descriptor::close);
    }
}
