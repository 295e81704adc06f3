package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.linux.Mounts;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The cgroups of one worker, below {@code zygotes/worker-<region>} in every hierarchy. */
public final class CgroupTree implements AutoCloseable {

    /** Our folder in every hierarchy. */
    public static final String FOLDER = "zygotes";

    private static final System.Logger LOG = System.getLogger(CgroupTree.class.getName());
    /** How long leftovers may take to die, in milliseconds. */
    private static final int PATIENCE = 5000;

    private final CgroupLayout layout;
    private final Region region;
    private final Path root;
    /** Holds the wish for fast moves; empty where version 2 has all controllers, or the kernel cannot. */
    private Optional<Descriptor> fastMoves = Optional.empty();

    private CgroupTree(CgroupLayout layout, Region region) {
        this.layout = layout;
        this.region = region;
        this.root = region.root();
    }

    /**
     * Claims a region and makes the worker's groups, after removing what a dead worker of this directory left.
     *
     * @param state the mechanism's folder in the worker directory; the caller holds the worker's lock
     * @throws SandboxException if the groups cannot be made
     * @throws InterruptedException if the calling thread is interrupted while leftovers die
     */
    public static CgroupTree claim(CgroupLayout layout, Path state) throws SandboxException, InterruptedException {
        try {
            Optional<Region> dead = Region.recorded(layout, state);
            if (dead.isPresent()) {
                new CgroupTree(layout, dead.get()).sweep();
            }
            int preferred = dead.map(Region::number).orElse(Region.preferred(state));
            CgroupTree tree = new CgroupTree(layout, Region.claim(layout, preferred));
            boolean whole = false;
            try {
                tree.region.record(state);
                tree.setUp();
                whole = true;
                return tree;
            } finally {
                if (!whole) {
                    tree.close();
                }
            }
        } catch (IOException | NumberFormatException e) {
            throw new SandboxException("cannot make cgroups below " + layout.unified() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Kills and removes what a dead worker left.
     *
     * @param state as for {@link #claim}
     * @return the version 2 group that there was; empty if there was none
     */
    static Optional<Path> sweep(CgroupLayout layout, Path state) throws IOException, InterruptedException {
        Optional<Region> dead = Region.recorded(layout, state);
        if (dead.isEmpty()) {
            return Optional.empty();
        }
        CgroupTree tree = new CgroupTree(layout, dead.get());
        boolean there = tree.tops().stream().anyMatch(Files::isDirectory);
        tree.sweep();
        return there ? Optional.of(tree.root) : Optional.empty();
    }

    private void setUp() throws IOException {
        layout.delegate(layout.unified());
        layout.delegate(root.getParent());
        layout.makeInner(root);
        // The warden makes fresh sandboxes into groups beside its own: it needs the right at their common ancestor.
        CgroupLayout.delegateMoves(root, hostId(0));
        if (!Files.exists(root.resolve("cgroup.kill"))) {
            throw new IOException("this kernel has no cgroup.kill: Linux 5.14 or later is needed");
        }
        for (Path mount : Set.copyOf(layout.legacy().values())) {
            region.claimed(mount.resolve(FOLDER)); // what was there before is ours as well
        }
        limitProcesses();
        if (!layout.legacy().isEmpty()) {
            try {
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
        Path mount = layout.legacy().get(controller);
        return mount == null ? root : mount.resolve(FOLDER).resolve(region.name());
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
    public GroupPool pool(String name, int owner, GroupPool.Removals removals) throws IOException {
        Path folder = root.resolve(name);
        layout.makeInner(folder);
        CgroupLayout.delegateMoves(folder, owner);
        return new GroupPool(layout, removals, folder, region.name(), owner);
    }

    /** Kills and removes everything of this region, in every hierarchy. */
    private void sweep() throws IOException, InterruptedException {
        if (Files.isDirectory(root)) {
            FileIo.writeFile(root + "/cgroup.kill", "1");
        }
        long deadline = System.nanoTime() + PATIENCE * 1_000_000L;
        for (Path top : tops()) {
            while (!removeTree(top)) {
                if (System.nanoTime() > deadline) {
                    throw new IOException("processes of a dead worker do not end: see " + top + "/cgroup.procs");
                }
                Thread.sleep(5);
            }
            CgroupLayout.remove(top.getParent());
        }
    }

    /** The worker's group in every hierarchy. */
    public List<Path> tops() {
        List<Path> tops = new ArrayList<>(List.of(root));
        layout.legacy().keySet().stream().map(this::top).distinct().forEach(tops::add);
        return tops;
    }

    private static boolean removeTree(Path group) throws IOException {
        try (DirectoryStream<Path> children = Files.newDirectoryStream(group, Files::isDirectory)) {
            boolean gone = true;
            for (Path child : children) {
                gone &= removeTree(child);
            }
            return gone && CgroupLayout.remove(group);
        } catch (NoSuchFileException | NotDirectoryException e) {
            return true;
        }
    }

    /** Removes everything; all processes must have been killed. What does not go now goes at the next start. */
    @Override
    public void close() {
        try {
            sweep();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cgroups are left for the next start to remove: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            fastMoves.ifPresent(Descriptor::close);
        }
    }
}
