package io.zygotes.core.registry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The texts of optional files in a lambda's folder. Of one thread. */
final class LambdaText {

    private static final long MOST = 1 << 20;
    private static final long MOST_OF_LOCK = 8 << 20;

    /** The pattern of PEP 263, and how far it is looked for. */
    private static final Pattern CODING = Pattern.compile("coding[:=]\\s*([-\\w.]+)");

    private static final int MOST_OF_CODING = 1000;

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
        return of(file, MOST);
    }

    /** As {@link #of(String)}, for a file that a program wrote, with a hash for each archive. */
    String ofLock(String file) throws IOException {
        return of(file, MOST_OF_LOCK);
    }

    private String of(String file, long most) throws IOException {
        Path path = folder.resolve(file);
        if (!has(file)) {
            return "";
        }
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) || Files.size(path) > most) {
            faults.add(file + " must be a file of at most " + (most >> 10) + " KiB, not a link or folder");
            return "";
        }
        byte[] bytes = Files.readAllBytes(path);
        return faults.of(() -> decoded(file, bytes), "");
    }

    /** As pip does it: a byte order mark says what it is, then a line as Python has it (PEP 263); else it is UTF-8. */
    private static String decoded(String file, byte[] bytes) {
        Charset charset = charset(file, bytes);
        try {
            // A decoder that is made here reports what it cannot read; String would put another character in its place.
            String text = charset.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + " is not " + charset + "; save it as UTF-8", e);
        }
    }

    private static Charset charset(String file, byte[] bytes) {
        // The mark of UTF-32 begins with that of UTF-16.
        if (startsWith(bytes, 0xFF, 0xFE, 0, 0) || startsWith(bytes, 0, 0, 0xFE, 0xFF)) {
            return StandardCharsets.UTF_32;
        }
        if (startsWith(bytes, 0xFF, 0xFE) || startsWith(bytes, 0xFE, 0xFF)) {
            return StandardCharsets.UTF_16;
        }
        String begin = new String(bytes, 0, Math.min(bytes.length, MOST_OF_CODING), StandardCharsets.ISO_8859_1);
        return begin.lines()
                .limit(2)
                .filter(line -> line.startsWith("#"))
                .map(CODING::matcher)
                .filter(Matcher::find)
                .findFirst()
                .map(found -> named(file, found.group(1)))
                .orElse(StandardCharsets.UTF_8);
    }

    private static boolean startsWith(byte[] bytes, int... begin) {
        for (int i = 0; i < begin.length; i++) {
            if (i >= bytes.length || bytes[i] != (byte) begin[i]) {
                return false;
            }
        }
        return true;
    }

    /** Python writes some names with other dashes. */
    private static Charset named(String file, String name) {
        String plain = name.toLowerCase(Locale.ROOT).replace('_', '-');
        for (String tried : List.of(plain, plain.replace("-", ""), plain.replace("-sig", ""))) {
            try {
                return Charset.forName(tried);
            } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
                continue; // by another name, maybe
            }
        }
        throw new IllegalArgumentException(
                file + " says that it is in '" + ErrorText.shortened(name) + "', which is not known; save it as UTF-8");
    }
}
