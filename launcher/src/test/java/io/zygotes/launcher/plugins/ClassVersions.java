package io.zygotes.launcher.plugins;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/** Makes class files look as if a newer compiler had written them. */
final class ClassVersions {

    /** Where a class file has its major version. */
    private static final int MAJOR_OFFSET = 6;

    private ClassVersions() {}

    /** Copies a jar, with another version in one of its class files. */
    static void raise(Path from, Path to, String file, int major) throws IOException {
        try (JarFile in = new JarFile(from.toFile());
                JarOutputStream out = new JarOutputStream(Files.newOutputStream(to))) {
            for (JarEntry entry : in.stream().toList()) {
                byte[] bytes = in.getInputStream(entry).readAllBytes();
                if (entry.getName().equals(file)) {
                    ByteBuffer.wrap(bytes).putShort(MAJOR_OFFSET, (short) major);
                }
                out.putNextEntry(new JarEntry(entry.getName()));
                out.write(bytes);
            }
        }
    }
}
