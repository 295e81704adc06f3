package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.FolderLock;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * A region that this process has, until it gives it free or ends. Only who has it kills and removes what is in it,
 * which may be what a dead worker left there. Of one thread at a time.
 */
final class ClaimedRegion implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(ClaimedRegion.class.getName());
    /** How long leftovers may take to die, in milliseconds. */
    private static final int PATIENCE = 5000;

    private final CgroupLayout layout;
    private final Region region;
    private final FolderLock lock;

    private ClaimedRegion(CgroupLayout layout, Region region, FolderLock lock) {
        this.layout = layout;
        this.region = region;
        this.lock = lock;
    }

    /** Takes a region, with what is left in it; empty if a worker that lives has it. */
    private static Optional<ClaimedRegion> take(CgroupLayout layout, int number) throws IOException {
        Region region = Region.of(layout, number);
        return region.take().map(lock -> new ClaimedRegion(layout, region, lock));
    }

    /**
     * Takes the first region that is free, and empties it.
     *
     * @param numbers of those that may be taken; at least one
     * @param state the mechanism's folder in the worker directory; says where to begin
     * @throws SandboxException if all are taken
     * @throws InterruptedException if the calling thread is interrupted while leftovers die
     */
    static ClaimedRegion first(CgroupLayout layout, List<Integer> numbers, Path state)
            throws IOException, SandboxException, InterruptedException {
        // Without a record it begins where rarely another worker does.
        int preferred = Region.recorded(state)
                .orElse(numbers.get(Math.floorMod(state.toString().hashCode(), numbers.size())));
        List<Integer> order = new ArrayList<>(numbers);
        order.sort(Comparator.comparing((Integer number) -> number < preferred).thenComparing(number -> number));
        for (int number : order) {
            Optional<ClaimedRegion> taken = take(layout, number);
            if (taken.isPresent() && taken.get().isEmptied(deadline())) {
                return taken.get();
            }
        }
        throw new SandboxException("all " + numbers.size() + " regions below "
                + layout.unified().resolve(CgroupTree.FOLDER)
                + " are taken by other workers: stop one, or set host_ids in config.json to a larger range");
    }

    private static long deadline() {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE);
    }

    /**
     * Kills and removes what dead workers left, be it of this directory or of one that is gone: all that is in regions
     * which nobody has.
     *
     * @return the version 2 groups of these regions; empty if there were none
     */
    static List<Path> sweepFree(CgroupLayout layout) throws IOException, InterruptedException {
        List<Path> swept = new ArrayList<>();
        long deadline = deadline();
        for (int number : numbers(layout)) {
            Optional<ClaimedRegion> dead = take(layout, number);
            if (dead.isPresent() && dead.get().isEmptied(deadline)) {
                swept.add(dead.get().root());
                dead.get().release();
            }
        }
        return swept;
    }

    /** The numbers of all regions that have a folder in some hierarchy. */
    private static Set<Integer> numbers(CgroupLayout layout) throws IOException {
        Set<Path> mounts = new LinkedHashSet<>(List.of(layout.unified()));
        mounts.addAll(layout.legacy().values());
        Set<Integer> numbers = new TreeSet<>();
        for (Path mount : mounts) {
            try (DirectoryStream<Path> folders =
                    Files.newDirectoryStream(mount.resolve(CgroupTree.FOLDER), Files::isDirectory)) {
                for (Path folder : folders) {
                    Region.numberIn(folder.getFileName().toString()).ifPresent(numbers::add);
                }
            } catch (NoSuchFileException e) {
                continue; // no worker ever had groups there
            }
        }
        return numbers;
    }

    int number() {
        return region.number();
    }

    /** The name of its folder in every hierarchy. */
    String name() {
        return region.name();
    }

    /** Its group in the version 2 hierarchy. */
    Path root() {
        return region.root();
    }

    /** Its group in the hierarchy that has this controller. */
    Path top(String controller) {
        Path mount = layout.legacy().get(controller);
        return mount == null ? root() : mount.resolve(CgroupTree.FOLDER).resolve(name());
    }

    /** Its group in every hierarchy, that of version 2 first. */
    List<Path> tops() {
        List<Path> tops = new ArrayList<>(List.of(root()));
        layout.legacy().keySet().stream().map(this::top).distinct().forEach(tops::add);
        return tops;
    }

    /** Removes what a dead worker left in it; if that does not go, says so and gives it free. */
    private boolean isEmptied(long deadline) throws InterruptedException {
        boolean emptied = false;
        try {
            sweep(deadline);
            emptied = true;
        } catch (IOException e) {
            // Its ids are those of processes that live on, so nobody else must have them.
            LOG.log(Level.WARNING, "what a dead worker left is passed over: " + e.getMessage());
        } finally {
            if (!emptied) {
                lock.close();
            }
        }
        return emptied;
    }

    /**
     * Kills and removes everything in it, in every hierarchy. The folder that is locked stays: with it the lock would
     * go, and somebody else could take the region before all is gone.
     *
     * @param deadline the moment ({@link System#nanoTime}) until which processes may take to end
     */
    private void sweep(long deadline) throws IOException, InterruptedException {
        Path kill = root().resolve(CgroupTree.KILL);
        if (Files.exists(kill)) {
            FileIo.writeFile(kill.toString(), "1");
        }
        for (Path top : tops().reversed()) {
            while (!(top.equals(root()) ? isBare(top) : removeTree(top))) {
                if (System.nanoTime() > deadline) {
                    throw new IOException("processes of a dead worker do not end: see " + top + "/cgroup.procs");
                }
                Thread.sleep(5);
            }
        }
    }

    /** Removes what is below a group; false if that, or the group itself, is in use. */
    private static boolean isBare(Path group) throws IOException {
        return removeBelow(group)
                && FileIo.readFile(group + SandboxGroup.PROCESSES).isEmpty();
    }

    private static boolean removeTree(Path group) throws IOException {
        return removeBelow(group) && CgroupLayout.remove(group);
    }

    private static boolean removeBelow(Path group) throws IOException {
        try (DirectoryStream<Path> children = Files.newDirectoryStream(group, Files::isDirectory)) {
            boolean gone = true;
            for (Path child : children) {
                gone &= removeTree(child);
            }
            return gone;
        } catch (NoSuchFileException | NotDirectoryException e) {
            return true;
        }
    }

    /** Removes its folders, which are empty, and gives it free. */
    private void release() {
        CgroupLayout.remove(root());
        tops().forEach(top -> CgroupLayout.remove(top.getParent()));
        lock.close();
    }

    /** Removes everything and gives it free; all processes must have been killed. What does not go now goes later. */
    @Override
    public void close() {
        try {
            sweep(deadline());
            release();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cgroups are left for the next start to remove: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.close();
        }
    }
}
