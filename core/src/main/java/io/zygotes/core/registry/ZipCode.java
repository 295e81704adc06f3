package io.zygotes.core.registry;

import io.zygotes.core.registry.CodeWriter.RefusedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Locale;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipException;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.archivers.zip.ZipMethod;

/**
 * Unpacks a zip. Its directory at the end counts, as with {@code unzip} and Python: what stands between the entries, or
 * before the first one, is not looked at. Formats and numbers are those of PKWARE's APPNOTE 6.3.
 */
final class ZipCode {

    /** Signatures of the end record, of an entry in the directory, and of what leads to the directory of a zip64. */
    private static final int END = 0x06054b50, ENTRY = 0x02014b50, ZIP64 = 0x07064b50;
    /** Bytes of the end record without its comment, of what is fixed of an entry, and of zip64's locator. */
    private static final int END_BYTES = 22, ENTRY_BYTES = 46, ZIP64_BYTES = 20;
    /** The comment behind the end record has a length of 16 bits. */
    private static final int LONGEST_COMMENT = 0xffff;
    /** Of the directory, in bytes: it is read into memory as a whole, and is some 100 for an entry. */
    private static final int MOST_DIRECTORY = 16 << 20;
    /** Entries: as many as a lambda may have files. */
    private static final int MOST_ENTRIES = 50_000;
    /** A path, as the kernel has it: PATH_MAX. */
    private static final int LONGEST_LINK = 4096;

    private ZipCode() {}

    /**
     * Unpacks one.
     *
     * @return what was left out
     * @throws RefusedException if it holds what a lambda may not hold
     * @throws IOException if it is damaged, or cannot be read or written
     */
    static LeftAside unpack(Path archive, CodeWriter writer) throws IOException {
        requireSmallDirectory(archive);
        try (ZipFile zip = ZipFile.builder()
                .setPath(archive)
                .setUseUnicodeExtraFields(false)
                .setIgnoreLocalFileHeader(true)
                .get()) {
            boolean empty = true;
            for (ZipArchiveEntry entry : Collections.list(zip.getEntriesInPhysicalOrder())) {
                empty = false;
                write(zip, entry, writer);
            }
            return writer.finishArchive(empty);
        } catch (IllegalArgumentException e) {
            throw new RefusedException("is damaged: " + e.getMessage(), e);
        }
    }

    private static void write(ZipFile zip, ZipArchiveEntry entry, CodeWriter writer) throws IOException {
        String name = entry.getName();
        String shown = "'" + ErrorText.shortened(name) + "'";
        if (name.indexOf('\\') >= 0) {
            throw new RefusedException("the entry " + shown + " has a backslash, which is no separator in a zip;"
                    + " pack the folder with another program");
        }
        if (entry.getGeneralPurposeBit().usesEncryption()) {
            throw new RefusedException("the entry " + shown + " is encrypted; pack it without a password");
        }
        ZipMethod method = ZipMethod.getMethodByCode(entry.getMethod());
        if (method != ZipMethod.STORED && method != ZipMethod.DEFLATED) {
            String how = method == null
                    ? "number " + entry.getMethod()
                    : method.name().toLowerCase(Locale.ROOT);
            throw new RefusedException(
                    "the entry " + shown + " is compressed by the method " + how + "; only deflate is supported");
        }
        CRC32 sum = new CRC32();
        try (InputStream content = new CheckedInputStream(zip.getInputStream(entry), sum)) {
            if (entry.isUnixSymlink()) {
                writer.write(name, EntryKind.LINK, linkTo(content, shown), false, content);
            } else {
                EntryKind kind = kind(entry);
                writer.write(name, kind, null, (entry.getUnixMode() & 0111) != 0, content);
            }
            writer.passOver(content);
        }
        if (sum.getValue() != entry.getCrc()) {
            throw new ZipException("the entry " + shown + " has another check sum than it should have");
        }
    }

    /** By the type in the mode of Unix, if there is one: 0100000 is a file, 0040000 a folder (inode(7)). */
    private static EntryKind kind(ZipArchiveEntry entry) {
        return switch (entry.getUnixMode() & 0170000) {
            case 0, 0100000 -> entry.isDirectory() ? EntryKind.FOLDER : EntryKind.FILE;
            case 0040000 -> EntryKind.FOLDER;
            default -> EntryKind.OTHER;
        };
    }

    private static String linkTo(InputStream content, String shown) throws IOException {
        byte[] to = content.readNBytes(LONGEST_LINK + 1);
        if (to.length > LONGEST_LINK) {
            throw new RefusedException(
                    "the link " + shown + " leads to a path of more than " + LONGEST_LINK + " bytes");
        }
        return new String(to, StandardCharsets.UTF_8);
    }

    /**
     * Looks at the directory before it is read into memory, where an entry of 46 bytes takes a multiple: it could have
     * millions of them.
     */
    private static void requireSmallDirectory(Path archive) throws IOException {
        try (SeekableByteChannel file = Files.newByteChannel(archive)) {
            long size = file.size();
            int tail = (int) Math.min(size, LONGEST_COMMENT + END_BYTES + ZIP64_BYTES);
            ByteBuffer end = read(file, size - tail, tail);
            int at = tail - END_BYTES;
            while (at >= 0 && end.getInt(at) != END) {
                at--;
            }
            if (at < 0) {
                throw new ZipException("its directory is missing; it is cut off");
            }
            if (at >= ZIP64_BYTES && end.getInt(at - ZIP64_BYTES) == ZIP64) {
                throw new RefusedException("is a zip64, which only archives need that are larger than a lambda may be");
            }
            long from = Integer.toUnsignedLong(end.getInt(at + 16));
            long until = size - tail + at;
            if (from > until) {
                throw new ZipException("its directory is not where it says");
            }
            if (until - from > MOST_DIRECTORY) {
                throw new RefusedException("has a directory of more than " + (MOST_DIRECTORY >> 20) + " MiB");
            }
            requireFewEntries(read(file, from, (int) (until - from)));
        }
    }

    /** Entries are counted, not taken from the end record, which may say what it likes. */
    private static void requireFewEntries(ByteBuffer directory) throws RefusedException {
        int at = 0;
        for (int entries = 0; at + ENTRY_BYTES <= directory.limit() && directory.getInt(at) == ENTRY; entries++) {
            if (entries == MOST_ENTRIES) {
                throw new RefusedException("holds more than " + MOST_ENTRIES + " files");
            }
            at += ENTRY_BYTES + length(directory, at + 28) + length(directory, at + 30) + length(directory, at + 32);
        }
    }

    private static int length(ByteBuffer directory, int at) {
        return Short.toUnsignedInt(directory.getShort(at));
    }

    private static ByteBuffer read(SeekableByteChannel file, long from, int length) throws IOException {
        file.position(from);
        byte[] bytes = Channels.newInputStream(file).readNBytes(length);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
