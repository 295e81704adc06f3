package io.zygotes.core.registry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/** The name of a version of code: what tells one content from another. */
final class ContentHash {

    private static final int BYTES = 16;

    private static final Pattern NAME = Pattern.compile("[0-9a-f]{" + 2 * BYTES + "}");

    private ContentHash() {}

    /** Whether a file's name is one that {@link #of} gives. */
    static boolean isOne(String name) {
        return NAME.matcher(name).matches();
    }

    /** Hash over names, kinds and contents of all files, in the order of their names. */
    static String of(Path folder) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                files.add(file);
                return FileVisitResult.CONTINUE;
            }
        });
        files.sort(null);
        for (Path file : files) {
            boolean link = Files.isSymbolicLink(file);
            byte[] text = link ? Files.readSymbolicLink(file).toString().getBytes(StandardCharsets.UTF_8) : new byte[0];
            byte[] name = folder.relativize(file).toString().getBytes(StandardCharsets.UTF_8);
            digest.update(ByteBuffer.allocate(13)
                    .putInt(name.length)
                    .putLong(link ? text.length : Files.size(file))
                    .put((byte) (link ? 'l' : Files.isExecutable(file) ? 'x' : 'f'))
                    .flip());
            digest.update(name);
            digest.update(text);
            if (!link) {
                update(digest, file);
            }
        }
        return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
    }

    /** Piece by piece: a file may be larger than Java's memory. */
    private static void update(MessageDigest digest, Path file) throws IOException {
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
    }
}
