package io.zygotes.core.registry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** The texts of optional files in a lambda's folder. Of one thread. */
final class LambdaText {

    private static final long MOST = 1 << 20;

    private final Path folder;
    private final Faults faults;

    /** @param faults takes what is wrong with a file as such */
    LambdaText(Path folder, Faults faults) {
        this.folder = folder;
        this.faults = faults;
    }

    /** Whether there is something of that name. */
    boolean has(String file) {
        return Files.exists(folder.resolve(file), LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * The text of a file; empty if there is none, or it is wrong. Links are not followed: they could lead the worker to
     * files of the host.
     *
     * @throws IOException if it cannot be read
     */
    String of(String file) throws IOException {
        Path path = folder.resolve(file);
        if (!has(file)) {
            return "";
        }
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) || Files.size(path) > MOST) {
            faults.add(file + " must be a file of at most " + (MOST >> 10) + " KiB, not a link or folder");
            return "";
        }
        byte[] bytes = Files.readAllBytes(path);
        return faults.of(() -> decoded(file, bytes), "");
    }

    /** Some editors and shells write UTF-16, and say so with a byte order mark, which pip heeds, too. */
    private static String decoded(String file, byte[] bytes) {
        boolean little = bytes.length >= 2 && bytes[0] == (byte) 0xFF && bytes[1] == (byte) 0xFE;
        boolean big = bytes.length >= 2 && bytes[0] == (byte) 0xFE && bytes[1] == (byte) 0xFF;
        try {
            // A decoder that is made here reports what it cannot read; String would put another character in its place.
            return (little || big ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8)
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + " is not UTF-8; save it as that", e);
        }
    }
}
