package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file system of a few MiB, for as long as a test runs. */
record SmallDisk(Path folder) implements AutoCloseable {

    static SmallDisk mount(Path folder, int megabytes) throws IOException, InterruptedException {
        run("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "small-disk", folder.toString());
        return new SmallDisk(folder);
    }

    private static void run(String... command) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor(), String.join(" ", command));
    }

    private Path ballast() {
        return folder.resolve("ballast");
    }

    /** Writes until there is no room for another byte. */
    void fill() throws IOException {
        try (OutputStream out = Files.newOutputStream(ballast(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (int size = 4096; ; ) {
                out.write(new byte[size]);
            }
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains("No space left")) {
                throw e;
            }
        }
    }

    /** There is room again. */
    void free() throws IOException {
        Files.delete(ballast());
    }

    @Override
    public void close() throws IOException {
        try {
            run("umount", folder.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
