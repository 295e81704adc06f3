package io.zygotes.core.registry;

import io.zygotes.core.registry.CodeWriter.RefusedException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * What a tar reader reads, with a bound for headers. The reader takes a long name, and the records of a pax header,
 * into memory as a whole, however long they say they are; a tar.gz of 1 MB may hold a name of 1 GiB. Content is not
 * bounded here. Not safe for use by many threads.
 */
final class TarHeaders extends FilterInputStream {

    /** Bytes of all that comes before one entry's content. A path has 4096 characters at the most. */
    private static final int MAX_HEADER = 256 << 10;
    /**
     * Bytes of all headers together: what many entries with a few records each need, and some long names. It bounds the
     * time, not the memory.
     */
    private static final long MAX_HEADERS = 192L << 20;
    /** Records that are kept for all later entries are copied for each of them. */
    private static final int MAX_RECORDS = 100;

    private boolean inHeader;
    private int header;
    private long headers;

    /** @param tar the archive, unpacked; closed with this stream */
    TarHeaders(InputStream tar) {
        super(tar);
    }

    /**
     * The next entry. The content of the one before must have been read to its end, because what is read here counts
     * as header.
     *
     * @param reader what reads from this stream
     * @return null at the end
     * @throws RefusedException if its header is too long
     */
    TarArchiveEntry next(TarArchiveInputStream reader) throws IOException {
        inHeader = true;
        header = 0;
        TarArchiveEntry entry = reader.getNextEntry();
        inHeader = false;
        if (entry != null) {
            Map<String, String> records = entry.getExtraPaxHeaders();
            if (records.size() > MAX_RECORDS) {
                throw new RefusedException("holds an entry with " + records.size() + " pax records");
            }
        }
        return entry;
    }

    @Override
    public int read() throws IOException {
        int read = super.read();
        count(read < 0 ? 0 : 1);
        return read;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int read = super.read(buffer, offset, length);
        count(read);
        return read;
    }

    @Override
    public long skip(long length) throws IOException {
        long skipped = super.skip(inHeader ? Math.min(length, MAX_HEADER) : length);
        count((int) Math.min(skipped, MAX_HEADER));
        return skipped;
    }

    private void count(int more) throws RefusedException {
        if (!inHeader || more <= 0) {
            return;
        }
        header += more;
        headers += more;
        if (header > MAX_HEADER) {
            throw new RefusedException(
                    "holds a header of more than " + (MAX_HEADER >> 10) + " KiB (a long name, or pax records)");
        }
        if (headers > MAX_HEADERS) {
            throw new RefusedException("holds headers of more than " + (MAX_HEADERS >> 20) + " MiB");
        }
    }
}
