package io.zygotes.plugin.tree.fit;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Lines of bytes, numbered from 1; knows whether the last one was ended. */
final class Lines {
    private final InputStream in;
    private final Path file;
    private final byte[] chunk = new byte[1 << 16];
    private int at;
    private int end;
    private byte[] line = new byte[1 << 12];
    private int length;
    private boolean terminated;
    private long number;

    /**
     * Opens a trace, plain or gzip: told apart by the first bytes, because a name says little about what is in a file.
     */
    static InputStream open(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException("cannot read trace " + file + ": it is a folder; name the files in it");
        }
        InputStream in;
        try {
            in = new BufferedInputStream(Files.newInputStream(file));
        } catch (NoSuchFileException e) {
            throw new IOException("cannot read trace " + file + ": there is no such file", e);
        } catch (AccessDeniedException e) {
            throw new IOException("cannot read trace " + file + ": permission denied", e);
        } catch (IOException e) {
            throw new IOException("cannot read trace " + file + ": " + e, e);
        }
        try {
            in.mark(2);
            boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
            in.reset();
            return gzip ? new GZIPInputStream(in, 1 << 16) : in;
        } catch (IOException e) {
            in.close();
            throw unreadable(file, 0, e);
        }
    }

    private static IOException unreadable(Path file, long lines, IOException e) {
        String where = "cannot read trace " + file + " beyond line " + lines + ": ";
        return switch (e) {
            case EOFException cut ->
                new IOException(
                        where + "its compressed data are cut off; copy it again, or use the"
                                + " lines that are there: gzip -dc FILE > PART",
                        cut);
            case ZipException damaged ->
                new IOException(
                        where + "its compressed data are damaged (" + damaged.getMessage() + "); copy it again",
                        damaged);
            default -> new IOException(where + e, e);
        };
    }

    /**
     * @param in what to read, from {@link #open}
     * @param file its name, for errors
     */
    Lines(InputStream in, Path file) {
        this.in = in;
        this.file = file;
    }

    boolean next() throws IOException {
        length = 0;
        terminated = false;
        while (true) {
            if (at == end) {
                at = 0;
                end = Math.max(0, read());
                if (end == 0) {
                    number += length > 0 ? 1 : 0;
                    return length > 0;
                }
            }
            int from = at;
            while (at < end && chunk[at] != '\n') {
                at++;
            }
            append(from, at);
            if (at < end) {
                at++;
                terminated = true;
                number++;
                return true;
            }
        }
    }

    private int read() throws IOException {
        try {
            return in.read(chunk);
        } catch (IOException e) {
            throw unreadable(file, number, e);
        }
    }

    private void append(int from, int to) {
        if (length + to - from > line.length) {
            line = Arrays.copyOf(line, Math.max(2 * line.length, length + to - from));
        }
        System.arraycopy(chunk, from, line, length, to - from);
        length += to - from;
    }

    /** The number of the line, from 1. */
    long number() {
        return number;
    }

    byte[] buffer() {
        return line;
    }

    int length() {
        return length;
    }

    boolean terminated() {
        return terminated;
    }

    boolean isBlank() {
        for (int i = 0; i < length; i++) {
            if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
                return false;
            }
        }
        return true;
    }
}
