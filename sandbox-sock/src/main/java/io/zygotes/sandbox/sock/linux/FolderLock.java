package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.util.Optional;

/**
 * A lock on a folder that the kernel takes away when its holder ends, however it does: flock(2). It works on folders of
 * cgroups, too, and is seen by everybody who reaches the same folder, whatever namespaces they are in. It belongs to
 * the open folder, which no program inherits that this process starts.
 */
public final class FolderLock implements AutoCloseable {

    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    /** EWOULDBLOCK is the same number: somebody else has the lock. */
    private static final int TAKEN = Errno.EAGAIN;

    private static final CFunction FLOCK = CFunction.ofInt("flock");

    private final Descriptor folder;

    private FolderLock(Descriptor folder) {
        this.folder = folder;
    }

    /**
     * Takes the lock if nobody has it, in this process or another one.
     *
     * @param path a folder
     * @return the lock, held until it is closed; empty if somebody has it
     * @throws LinuxException with {@link Errno#ENOENT} if there is no such folder
     * @throws IOException if it cannot be opened or locked
     */
    public static Optional<FolderLock> take(String path) throws IOException {
        Descriptor folder = FileIo.openToRead(path);
        long result = Native.make(folder, (s, number) -> FLOCK.call(s, number, LOCK_EX | LOCK_NB));
        if (result == 0) {
            return Optional.of(new FolderLock(folder));
        }
        folder.close();
        if (result == -TAKEN) {
            return Optional.empty();
        }
        throw Native.failure("flock " + path, result);
    }

    /** Gives it free. Idempotent. */
    @Override
    public void close() {
        folder.close();
    }
}
