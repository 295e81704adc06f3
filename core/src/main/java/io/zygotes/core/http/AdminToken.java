package io.zygotes.core.http;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.Set;

/**
 * The word that makes somebody an administrator, in a file that nobody but its owner may read. It is read each time, so
 * that a new one counts at once. Safe for use by many threads.
 */
final class AdminToken {

    private static final int LEAST = 16;
    private static final int MOST = 4096;
    private static final Set<PosixFilePermission> OF_THE_OWNER =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private final Path file;

    /** @param file the file; need not be there yet */
    AdminToken(Path file) {
        this.file = file;
    }

    /**
     * Checks that there is one that can be used.
     *
     * @throws ConfigException if not; says what to do
     */
    void require() throws ConfigException {
        try {
            read();
        } catch (IOException e) {
            throw new ConfigException(WorkerConfig.FILE + ": $.admin.token_file", e.getMessage(), e);
        }
    }

    /**
     * Whether it is the right one; takes the same time for each wrong one.
     *
     * @throws IOException if the file is not there, or not as it must be; says what to do
     */
    boolean is(String token) throws IOException {
        // Digests have the same length, so nothing is told of the length either.
        return MessageDigest.isEqual(digest(token), digest(read()));
    }

    private String read() throws IOException {
        PosixFileAttributes attributes;
        try {
            attributes = Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            throw new IOException(
                    "names " + file + ", which does not exist; make one with: (umask 077; openssl rand -hex 32 > "
                            + file + ")",
                    e);
        }
        if (!attributes.isRegularFile() || attributes.size() > MOST) {
            throw new IOException("names " + file + ", which is no file of at most " + MOST + " bytes");
        }
        if (!OF_THE_OWNER.containsAll(attributes.permissions())) {
            throw new IOException("names " + file + ", which others may read or use ("
                    + PosixFilePermissions.toString(attributes.permissions())
                    + "); chmod 600 it, and change the token");
        }
        String token = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
        if (token.length() < LEAST || token.chars().anyMatch(letter -> letter <= ' ' || letter > '~')) {
            throw new IOException("names " + file + ", which must hold one word of at least " + LEAST
                    + " letters, digits or signs, and nothing else");
        }
        return token;
    }

    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
