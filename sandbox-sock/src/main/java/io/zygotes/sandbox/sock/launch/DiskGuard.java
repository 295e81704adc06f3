package io.zygotes.sandbox.sock.launch;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Looks after the disks that a job may write to, which nothing else bounds: a job must leave some room to others. */
final class DiskGuard {

    /** What must be left: this part of a disk, and not more than so many bytes. */
    private static final int PART = 20;

    private static final long MOST = 1L << 30;

    private record Disk(Path folder, FileStore store, long before) {}

    private final List<Disk> disks = new ArrayList<>();

    /** @param folders what the job may write to */
    DiskGuard(List<Path> folders) throws IOException {
        for (Path folder : folders) {
            FileStore store = Files.getFileStore(folder);
            disks.add(new Disk(folder, store, store.getUsableSpace()));
        }
    }

    /** What is wrong, if the job has used up what must be left; a disk that was as full before is not its fault. */
    Optional<String> complaint() throws IOException {
        for (Disk disk : disks) {
            long least = Math.min(disk.store().getTotalSpace() / PART, MOST);
            long now = disk.store().getUsableSpace();
            if (now < least && now < disk.before()) {
                return Optional.of("the disk of " + disk.folder() + " has only " + (now >> 20) + " MiB left of the "
                        + (disk.before() >> 20) + " MiB that there were, and " + (least >> 20)
                        + " MiB must stay free: make room");
            }
        }
        return Optional.empty();
    }
}
