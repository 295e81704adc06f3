package io.zygotes.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A lock on a folder that one worker has to itself: on a file in it, which says who holds it. Whoever ends without
 * giving it free, because he was killed, leaves that text.
 */
final class FolderLock implements AutoCloseable {

    private static final String FILE = "worker.lock";
    /**
     * Bytes of the lock's file. A worker has both. Who only looks takes the second one for a moment, so that it never
     * keeps a worker that starts just then from the first. Locks do not mind what the bytes are, or whether they are
     * there.
     */
    private static final long OWNED = 0, SEEN = 1;

    /**
     * Folders locked by this process. POSIX locks belong to the process and go with the first descriptor of the file
     * that it closes, so that a look must not open the file of a lock that this process holds.
     */
    private static final Map<Path, FolderLock> HELD = new ConcurrentHashMap<>();

    private final Path folder;
    private final FileChannel channel;
    private final Holder holder;

    private FolderLock(Path folder, FileChannel channel, Holder holder) {
        this.folder = folder;
        this.channel = channel;
        this.holder = holder;
    }

    /**
     * Who has a lock.
     *
     * @param directory the worker directory that it is for
     * @param process who has it
     */
    record Holder(String directory, ProcessMark process) {

        /** Of a lock that this process takes for a worker directory. */
        static Holder ofThisProcess(Path directory) {
            return new Holder(directory.toString(), ProcessMark.ofThisProcess());
        }
    }

    /** What is locked, without symbolic links. */
    Path folder() {
        return folder;
    }

    /**
     * Takes the lock of a folder.
     *
     * @param folder an existing folder, without symbolic links
     * @param holder who it is
     * @return empty if somebody has it
     * @throws IOException if the lock's file cannot be written
     */
    static Optional<FolderLock> take(Path folder, Holder holder) throws IOException {
        synchronized (HELD) {
            if (HELD.containsKey(folder)) {
                return Optional.empty();
            }
            FileChannel channel =
                    FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            boolean taken = false;
            try {
                if (channel.tryLock(OWNED, 1, false) == null) {
                    return Optional.empty();
                }
                channel.lock(SEEN, 1, false);
                write(channel, holder);
                FolderLock held = new FolderLock(folder, channel, holder);
                HELD.put(folder, held);
                taken = true;
                return Optional.of(held);
            } finally {
                if (!taken) {
                    channel.close();
                }
            }
        }
    }

    private static void write(FileChannel channel, Holder holder) throws IOException {
        ObjectNode node = Records.JSON.createObjectNode();
        node.put("directory", holder.directory());
        holder.process().write(node);
        ByteBuffer text = ByteBuffer.wrap(Records.JSON.writeValueAsBytes(node));
        channel.truncate(0);
        while (text.hasRemaining()) {
            channel.write(text);
        }
    }

    /**
     * Whether somebody has the lock of a folder.
     *
     * @throws IOException if the folder cannot be read
     */
    static boolean isTaken(Path folder) throws IOException {
        synchronized (HELD) {
            return HELD.containsKey(folder) || isTakenByOther(folder);
        }
    }

    private static boolean isTakenByOther(Path folder) throws IOException {
        // A shared lock is enough to see the worker's, and needs no right to write: others than root ask, too.
        try (FileChannel channel = FileChannel.open(folder.resolve(FILE), StandardOpenOption.READ)) {
            try (FileLock lock = channel.tryLock(SEEN, 1, true)) {
                return lock == null;
            }
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /**
     * Who took the lock of a folder last, and has not given it free.
     *
     * @return empty if there is nobody, or it cannot be told
     * @throws IOException if the folder cannot be read
     */
    static Optional<Holder> holder(Path folder) throws IOException {
        synchronized (HELD) {
            FolderLock held = HELD.get(folder);
            return held == null ? written(folder) : Optional.of(held.holder);
        }
    }

    private static Optional<Holder> written(Path folder) throws IOException {
        JsonNode node = Records.read(folder.resolve(FILE));
        return ProcessMark.read(node)
                .map(process -> new Holder(node.path("directory").asText(""), process));
    }

    /**
     * Whether the last one who had the lock ended without giving it free.
     *
     * @throws IOException if the folder cannot be read
     */
    static boolean isAbandoned(Path folder) throws IOException {
        try {
            return !isTaken(folder) && Files.size(folder.resolve(FILE)) > 0;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Gives the folder free. Idempotent. */
    @Override
    public void close() throws IOException {
        synchronized (HELD) {
            if (!channel.isOpen()) {
                return;
            }
            try {
                channel.truncate(0);
            } finally {
                HELD.remove(folder, this);
                channel.close();
            }
        }
    }
}
