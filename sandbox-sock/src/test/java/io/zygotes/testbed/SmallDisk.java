package io.zygotes.testbed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file system of a few MiB, for as long as a test runs.
 *
 * @param folder where it is mounted
 */
public record SmallDisk(Path folder) implements AutoCloseable {

    /** Mounts one on a folder that is there; needs root. */
    public static SmallDisk mount(Path folder, int megabytes) throws IOException, InterruptedException {
        run("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "small-disk", folder.toString());
        return new SmallDisk(folder);
    }

    private static void run(String... command) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor(), String.join(" ", command));
    }

    private Path ballast() {
        return folder.resolve("ballast");
    }

    /** Leaves no room for another byte. */
    public void fill() throws IOException {
        fillBut(0);
    }

    /** Leaves room for so many bytes, to a page. */
    public void fillBut(long bytes) throws IOException {
        try (OutputStream out =
                Files.newOutputStream(ballast(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (Files.getFileStore(folder).getUsableSpace() > bytes) {
                out.write(new byte[4096]);
            }
        }
    }

    /** There is room again. */
    public void free() throws IOException {
        Files.delete(ballast());
    }

    /** Unmounts it, with all that is on it. */
    @Override
    public void close() throws IOException {
        try {
            run("umount", folder.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
