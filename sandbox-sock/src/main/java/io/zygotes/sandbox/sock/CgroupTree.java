package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The cgroups of one worker, below {@code zygotes/<region>} in every hierarchy.
 *
 * <p>The region is a small number that is the worker's own among all workers of the machine: it also says which block
 * of host ids the worker uses. A worker claims it by making its folder in the version 2 hierarchy, which only one can,
 * and writes it into its directory, so that the next worker there finds and removes what this one may leave.
 */
final class CgroupTree implements AutoCloseable {

    /** Our folder in every hierarchy. */
    static final String FOLDER = "zygotes";

    /**
     * In the mechanism's folder: the number of the region, and what tells its group from one that another worker made
     * under the same number since: the boot and the group's inode, which the kernel gives out once a boot.
     */
    private static final String RECORD = "region";
    /** How many regions there are: 2^31 host ids from {@link #FIRST_HOST_ID} on, 2^24 for each. */
    private static final int REGIONS = 128;
    /**
     * Ids from here on are given to nobody by systemd's and the distributions' rules up to 2^31 (systemd, "Users, Groups,
     * UIDs and GIDs on systemd Systems"), and rarely above.
     */
    private static final long FIRST_HOST_ID = 0x70000000L;
    /** How long leftovers may take to die, in milliseconds. */
    private static final int PATIENCE = 5000;

    private final CgroupLayout layout;
    private final int region;
    private final Path root;
    private final Descriptors fastMoves = new Descriptors();

    private CgroupTree(CgroupLayout layout, int region) {
        this.layout = layout;
        this.region = region;
        this.root = layout.unified().resolve(FOLDER).resolve(name(region));
    }

    /** Descriptors to close at the end. */
    private static final class Descriptors {
        private final List<Integer> open = new ArrayList<>();

        void closeAll() {
            open.forEach(Linux::close);
            open.clear();
        }
    }

    private static String name(int region) {
        return "worker-" + region;
    }

    /**
     * Claims a region and makes the worker's groups, after removing what a dead worker of this directory left.
     *
     * @param state the mechanism's folder in the worker directory; the caller holds the worker's lock
     */
    static CgroupTree claim(CgroupLayout layout, Path state) throws SandboxException, InterruptedException {
        Path record = state.resolve(RECORD);
        try {
            int preferred = Math.floorMod(state.toString().hashCode(), REGIONS);
            Optional<CgroupTree> dead = recorded(layout, state);
            if (dead.isPresent()) {
                preferred = dead.get().region;
                dead.get().sweep();
            }
            Path folder = layout.unified().resolve(FOLDER);
            for (int i = 0; i < REGIONS; i++) {
                int candidate = Math.floorMod(preferred + i, REGIONS);
                if (!claimed(folder, candidate)) {
                    continue;
                }
                CgroupTree tree = new CgroupTree(layout, candidate);
                boolean whole = false;
                try {
                    tree.writeDown(record);
                    tree.setUp();
                    whole = true;
                    return tree;
                } finally {
                    if (!whole) {
                        tree.close();
                    }
                }
            }
            throw new SandboxException("all " + REGIONS + " worker regions below " + folder
                    + " are taken: remove those of dead workers with 'rmdir', or stop a worker");
        } catch (IOException | NumberFormatException e) {
            throw new SandboxException("cannot make cgroups below " + layout.unified() + ": " + e.getMessage(), e);
        }
    }

    /** What the worker that had this state folder last used; it may be gone long since. */
    private static Optional<CgroupTree> recorded(CgroupLayout layout, Path state) throws IOException {
        Path record = state.resolve(RECORD);
        if (!Files.exists(record)) {
            return Optional.empty();
        }
        String[] parts = Files.readString(record).strip().split(" ", 2);
        CgroupTree dead = new CgroupTree(layout, Integer.parseInt(parts[0]));
        boolean another = Files.isDirectory(dead.root) && !(parts.length == 2 && parts[1].equals(dead.mark()));
        return another ? Optional.empty() : Optional.of(dead);
    }

    /** Keeps the number of the region, so that the next worker of this directory finds what this one leaves. */
    private void writeDown(Path record) throws IOException, SandboxException {
        Path beside = record.resolveSibling(RECORD + ".new");
        String text = region + " " + mark();
        try {
            Files.writeString(beside, text);
            Files.move(beside, record, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot write " + record + ": " + e.getMessage() + "; is the disk full, or read-only?", e);
        }
    }

    private String mark() throws IOException {
        return Linux.readFile("/proc/sys/kernel/random/boot_id").strip() + " " + Files.getAttribute(root, "unix:ino");
    }

    /**
     * Kills and removes what a dead worker left.
     *
     * @param state as for {@link #claim}
     * @return the version 2 group that there was; empty if there was none
     */
    static Optional<Path> sweep(CgroupLayout layout, Path state) throws IOException, InterruptedException {
        Optional<CgroupTree> dead = recorded(layout, state);
        if (dead.isEmpty()) {
            return Optional.empty();
        }
        boolean there = dead.get().tops().stream().anyMatch(Files::isDirectory);
        dead.get().sweep();
        return there ? Optional.of(dead.get().root) : Optional.empty();
    }

    private static boolean claimed(Path folder, int region) throws IOException {
        while (true) {
            try {
                Files.createDirectories(folder);
                Files.createDirectory(folder.resolve(name(region)));
                return true;
            } catch (FileAlreadyExistsException e) {
                return false;
            } catch (NoSuchFileException e) {
                // Another worker that ended just removed the folder above.
            }
        }
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
            claimed(mount.resolve(FOLDER), region); // what was there before is ours as well
        }
        limitProcesses();
        if (!layout.legacy().isEmpty()) {
            try {
                fastMoves.open.add(
                        Linux.fastMoves(FOLDER + "-" + ProcessHandle.current().pid()));
            } catch (LinuxException e) {
                System.getLogger(CgroupTree.class.getName())
                        .log(System.Logger.Level.INFO, "every cold start will take some ms longer: " + e.getMessage());
            }
        }
    }

    /** All sandboxes together leave some of the machine's process ids to others, however many there are. */
    private void limitProcesses() throws IOException {
        long all = Long.parseLong(Linux.readFile("/proc/sys/kernel/pid_max").strip());
        Linux.writeFile(top("pids") + "/pids.max", Long.toString(all / 4 * 3));
    }

    /** The worker's group in the hierarchy that has this controller. */
    Path top(String controller) {
        Path mount = layout.legacy().get(controller);
        return mount == null ? root : mount.resolve(FOLDER).resolve(name(region));
    }

    /** The host id that an id of the warden's user namespace means; unsigned, as the kernel's are. */
    int hostId(int id) {
        return (int) (FIRST_HOST_ID + (long) region * IdBlock.WORKER_IDS + id);
    }

    /** Whether a host id belongs to a sandbox of any worker. */
    static boolean isSandbox(int hostId) {
        long id = Integer.toUnsignedLong(hostId);
        return id >= FIRST_HOST_ID && id < FIRST_HOST_ID + (long) REGIONS * IdBlock.WORKER_IDS;
    }

    /** A new group for a warden, without limits: one that was killed would kill the next warden, too. */
    Path makeWardenGroup() throws IOException {
        Path group = root.resolve("warden");
        for (int i = 2; !CgroupLayout.remove(group); i++) {
            group = root.resolve("warden-" + i); // somebody is in it yet
        }
        return Files.createDirectory(group);
    }

    /** A subtree for one zygote and what it forks, or for fresh sandboxes; owned by a host uid. */
    GroupFamily family(String name, int owner, GroupFamily.Removals removals) throws IOException {
        Path folder = root.resolve(name);
        layout.makeInner(folder);
        CgroupLayout.delegateMoves(folder, owner);
        return new GroupFamily(layout, removals, folder, name(region), owner);
    }

    /** Kills and removes everything of this region, in every hierarchy. */
    private void sweep() throws IOException, InterruptedException {
        if (Files.isDirectory(root)) {
            Linux.writeFile(root + "/cgroup.kill", "1");
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
    List<Path> tops() {
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
            System.getLogger(CgroupTree.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            "cgroups are left for the next start to remove: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            fastMoves.closeAll();
        }
    }
}
