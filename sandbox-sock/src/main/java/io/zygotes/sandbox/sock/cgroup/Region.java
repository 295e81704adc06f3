package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * A worker's region: a small number that is its own among all workers of the machine. A worker claims it by making its
 * folder in the version 2 hierarchy, which only one can, and writes it into its directory, so that the next worker there
 * finds and removes what this one may leave.
 *
 * @param number from 0 on
 * @param root its group in the version 2 hierarchy
 */
record Region(int number, Path root) {

    /**
     * In the mechanism's folder: the number of the region, and what tells its group from one that another worker made
     * under the same number since: the boot and the group's inode, which the kernel gives out once a boot.
     */
    private static final String RECORD = "region";

    private static Region of(CgroupLayout layout, int number) {
        return new Region(number, layout.unified().resolve(CgroupTree.FOLDER).resolve(name(number)));
    }

    private static String name(int number) {
        return "worker-" + number;
    }

    /** The name of its folder in every hierarchy. */
    String name() {
        return name(number);
    }

    /** The region that a worker looks at first if none is recorded in its directory. */
    static int preferred(Path state) {
        return Math.floorMod(state.toString().hashCode(), HostIds.REGIONS);
    }

    /**
     * Claims the first region that is free.
     *
     * @param preferred where to begin
     * @throws SandboxException if there is none
     */
    static Region claim(CgroupLayout layout, int preferred) throws IOException, SandboxException {
        Path folder = layout.unified().resolve(CgroupTree.FOLDER);
        for (int i = 0; i < HostIds.REGIONS; i++) {
            Region candidate = of(layout, Math.floorMod(preferred + i, HostIds.REGIONS));
            if (candidate.claimed(folder)) {
                return candidate;
            }
        }
        throw new SandboxException("all " + HostIds.REGIONS + " worker regions below " + folder
                + " are taken: remove those of dead workers with 'rmdir', or stop a worker");
    }

    /**
     * Makes its folder.
     *
     * @param above our folder in a hierarchy
     * @return false if it was there
     */
    boolean claimed(Path above) throws IOException {
        while (true) {
            try {
                Files.createDirectories(above);
                Files.createDirectory(above.resolve(name()));
                return true;
            } catch (FileAlreadyExistsException e) {
                return false;
            } catch (NoSuchFileException e) {
                // Another worker that ended just removed the folder above.
            }
        }
    }

    /** What the worker that had this state folder last used; it may be gone long since. */
    static Optional<Region> recorded(CgroupLayout layout, Path state) throws IOException {
        Path record = state.resolve(RECORD);
        if (!Files.exists(record)) {
            return Optional.empty();
        }
        String[] parts = Files.readString(record).strip().split(" ", 2);
        Region dead = of(layout, Integer.parseInt(parts[0]));
        boolean another = Files.isDirectory(dead.root) && !(parts.length == 2 && parts[1].equals(dead.mark()));
        return another ? Optional.empty() : Optional.of(dead);
    }

    /** Keeps the number, so that the next worker of this directory finds what this one leaves. */
    void record(Path state) throws IOException, SandboxException {
        Path record = state.resolve(RECORD);
        Path beside = record.resolveSibling(RECORD + ".new");
        String text = number + " " + mark();
        try {
            Files.writeString(beside, text);
            Files.move(beside, record, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot write " + record + ": " + e.getMessage() + "; is the disk full, or read-only?", e);
        }
    }

    private String mark() throws IOException {
        return FileIo.readFile("/proc/sys/kernel/random/boot_id").strip() + " " + Files.getAttribute(root, "unix:ino");
    }
}
