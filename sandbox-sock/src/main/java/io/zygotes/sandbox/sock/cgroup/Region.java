package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.linux.FolderLock;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A worker's region: a number that is its own among all workers of the machine, which stands for a block of host ids
 * ({@link io.zygotes.sandbox.sock.identity.HostIds}) and for the cgroups under that number. Whoever has the lock on its
 * folder in the version 2 hierarchy has the region, and nobody touches what is in a region without that lock. The
 * kernel takes it away when its holder ends, so that one which nobody holds is free, whatever is left in it.
 *
 * @param number as {@code HostIds} counts them
 * @param root its group in the version 2 hierarchy
 */
record Region(int number, Path root) {

    private static final String PREFIX = "worker-";
    /** In the mechanism's folder: the number of the region that the worker of this directory had last. */
    private static final String RECORD = "region";

    private static final String BESIDE = RECORD + ".new";
    private static final String INODE = "unix:ino";
    /** How often a folder is made that somebody else removes at the same time. */
    private static final int TRIES = 100;

    static Region of(CgroupLayout layout, int number) {
        return new Region(number, layout.unified().resolve(CgroupTree.FOLDER).resolve(PREFIX + number));
    }

    /** The name of its folder in every hierarchy. */
    String name() {
        return PREFIX + number;
    }

    /** The number in the name of a region's folder; empty if it is no such name. */
    static OptionalInt numberIn(String name) {
        return name.startsWith(PREFIX) ? number(name.substring(PREFIX.length())) : OptionalInt.empty();
    }

    private static OptionalInt number(String text) {
        return text.matches("[0-9]{1,9}") ? OptionalInt.of(Integer.parseInt(text)) : OptionalInt.empty();
    }

    /**
     * Takes the region if nobody has it; makes its folder if that is not there.
     *
     * @return what holds it until it is closed; empty if a worker that lives has it, or may have
     */
    Optional<FolderLock> take() throws IOException {
        IOException failed = new IOException(root + " is removed again and again");
        for (int tries = 0; tries < TRIES; tries++) {
            try {
                Files.createDirectories(root);
                Object before = Files.getAttribute(root, INODE);
                if (isOfWorkersWithoutLocks()) {
                    return Optional.empty();
                }
                Optional<FolderLock> lock = FolderLock.take(root.toString());
                if (lock.isEmpty() || before.equals(Files.getAttribute(root, INODE))) {
                    return lock;
                }
                // It was removed and made anew in between, and this is the lock of the one that is gone.
                lock.get().close();
            } catch (IOException e) {
                // A worker that ends, or one that cleans up, removed it just now, or the folder above.
                failed = e;
            }
        }
        throw failed;
    }

    /**
     * The first workers took no locks, so that nobody can tell whether one lives. They counted their regions from
     * 0x70000000 on, and their wardens have other ids.
     */
    private boolean isOfWorkersWithoutLocks() throws IOException {
        int owner = (int) Files.getAttribute(root.resolve("cgroup.procs"), "unix:uid");
        return owner != 0 && owner != HostIds.of(number, 0);
    }

    /**
     * The number of the region that the worker with this state folder had last. Somebody else may have it by now: a
     * worker on a copy of the directory, for one.
     *
     * @return empty if there is no record, or none that can be read: it says nothing that is needed
     */
    static OptionalInt recorded(Path state) {
        try {
            return number(Files.readString(state.resolve(RECORD)).strip().split(" ", 2)[0]);
        } catch (IOException e) {
            return OptionalInt.empty();
        }
    }

    /** Whether a file has the name of a record, or of one that is being written. */
    static boolean isRecord(String name) {
        return name.equals(RECORD) || name.equals(BESIDE);
    }

    /** Keeps the number of a region, so that the next worker of this directory begins to look there. */
    static void record(Path state, int number) throws SandboxException {
        Path record = state.resolve(RECORD);
        Path beside = record.resolveSibling(BESIDE);
        try {
            Files.writeString(beside, Integer.toString(number));
            Files.move(beside, record, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot write " + record + ": " + e.getMessage() + "; is the disk full, or read-only?", e);
        }
    }
}
