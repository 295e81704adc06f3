package io.zygotes.core.registry;

import io.zygotes.core.files.Folders;
import io.zygotes.core.files.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Writes a lambda's code, out of a folder or an archive, into a new folder that every sandbox can read. Takes files,
 * folders and symbolic links that stay inside, and no more than the caps; anything else is refused, because code may
 * come from anybody. Not safe for use by many threads.
 */
final class CodeWriter {

    private static final Set<PosixFilePermission> READABLE = PosixFilePermissions.fromString("rw-r--r--");
    private static final Set<PosixFilePermission> RUNNABLE = PosixFilePermissions.fromString("rwxr-xr-x");
    /** Folders in folders: each file costs a look at all that it lies in. */
    private static final int MAX_DEPTH = 100;
    /** Characters of a path, as the kernel has it: PATH_MAX. */
    private static final int MAX_NAME = 4096;
    /** Characters of all names and of what links lead to; the latter are kept until the end. */
    private static final int MAX_NAMES = 16 << 20;
    /** Paths that are kept to tell what was left out. */
    private static final int MOST_TOLD = 1000;

    private final Path target;
    private final long maxBytes;
    private final int maxEntries;
    private long bytes;
    private int entries;
    private int folders;
    private int names;
    /** What was left out by its name, in an archive; a part of it, for people. */
    private final Set<Path> passedOver = new HashSet<>();

    /** Made last, so that nothing is written through one. */
    private final Map<Path, String> links = new LinkedHashMap<>();

    /** What was to be written is not what a lambda may hold. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }

        RefusedException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * @param target the folder to write; must not exist
     * @param maxBytes the most that its files may have together
     * @param maxEntries the most files, folders and links
     */
    CodeWriter(Path target, long maxBytes, int maxEntries) throws IOException {
        this.target = target;
        this.maxBytes = maxBytes;
        this.maxEntries = maxEntries;
        Files.createDirectory(target);
        Files.setPosixFilePermissions(target, RUNNABLE);
    }

    /**
     * Copies one file, under another name.
     *
     * @return what was left out: nothing
     */
    LeftAside copyFile(Path source, String name) throws IOException {
        try (InputStream in = Files.newInputStream(source)) {
            file(target.resolve(name), in, false);
        }
        return LeftAside.byNames();
    }

    /**
     * Copies a folder.
     *
     * @return what was left out
     */
    LeftAside copy(Path source) throws IOException {
        Path from = source.toRealPath();
        LeftAside aside = LeftAside.of(from);
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                if (folder.equals(from)) {
                    return FileVisitResult.CONTINUE;
                }
                if (aside.is(from, folder, true)) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                folder(place(from.relativize(folder).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (aside.is(from, file, false)) {
                    return FileVisitResult.CONTINUE;
                }
                Path place = place(from.relativize(file).toString());
                if (attributes.isSymbolicLink()) {
                    link(place, Files.readSymbolicLink(file).toString());
                } else if (attributes.isRegularFile()) {
                    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
                        file(place, in, Files.isExecutable(file));
                    }
                } else {
                    throw new RefusedException(from.relativize(file) + " is neither a file nor a folder nor a link");
                }
                return FileVisitResult.CONTINUE;
            }
        });
        finish();
        return aside;
    }

    /**
     * Unpacks a tar.gz.
     *
     * @return what was left out
     */
    LeftAside unpack(InputStream archive) throws IOException {
        return unpackTar(new GZIPInputStream(archive, 1 << 16));
    }

    /**
     * Unpacks a plain tar.
     *
     * @return what was left out
     */
    LeftAside unpackTar(InputStream archive) throws IOException {
        boolean empty = true;
        TarHeaders headers = new TarHeaders(archive);
        try (TarArchiveInputStream tar = new TarArchiveInputStream(headers, "UTF-8")) {
            for (TarArchiveEntry entry = headers.next(tar); entry != null; entry = headers.next(tar)) {
                empty = false;
                write(entry, tar);
                passOver(tar);
            }
        } catch (IllegalArgumentException e) {
            throw new RefusedException("is damaged: " + e.getMessage(), e);
        }
        return finishArchive(empty);
    }

    /**
     * Ends what {@link #write} wrote.
     *
     * @param empty whether that was nothing
     * @return what was left out
     */
    LeftAside finishArchive(boolean empty) throws IOException {
        if (empty) {
            throw new RefusedException("holds nothing");
        }
        LeftAside aside = leaveAside();
        finish();
        return aside;
    }

    private void write(TarArchiveEntry entry, TarArchiveInputStream tar) throws IOException {
        write(entry.getName(), kind(entry), entry.getLinkName(), (entry.getMode() & 0111) != 0, tar);
    }

    private static EntryKind kind(TarArchiveEntry entry) {
        if (entry.isDirectory()) {
            return EntryKind.FOLDER;
        }
        if (entry.isSymbolicLink()) {
            return EntryKind.LINK;
        }
        boolean special = entry.isLink() || entry.isFIFO() || entry.isBlockDevice() || entry.isCharacterDevice();
        return entry.isFile() && !special ? EntryKind.FILE : EntryKind.OTHER;
    }

    /**
     * Writes one entry of an archive.
     *
     * @param name its path as the archive has it
     * @param linkTo where a link leads to; null if it is none
     * @param runnable whether a file is a program
     * @param content of a file; not closed
     */
    void write(String name, EntryKind kind, String linkTo, boolean runnable, InputStream content) throws IOException {
        Path place = place(name);
        if (place.equals(target)) {
            return;
        }
        if (LeftAside.isNamed(target.relativize(place))) {
            if (passedOver.size() < MOST_TOLD) {
                passedOver.add(target.relativize(place));
            }
            return;
        }
        switch (kind) {
            case FOLDER -> folder(place);
            case LINK -> link(place, linkTo);
            case FILE -> {
                folder(place.getParent());
                file(place, content, runnable);
            }
            case OTHER ->
                throw new RefusedException(
                        "'" + ErrorText.shortened(name) + "' is neither a file nor a folder nor a symbolic link");
        }
    }

    /** What is left of an entry; it counts as if it was written, because it takes as long to read. */
    void passOver(InputStream content) throws IOException {
        byte[] buffer = new byte[1 << 16];
        for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
            count(n);
        }
    }

    private void count(int more) throws RefusedException {
        bytes += more;
        if (bytes > maxBytes) {
            throw new RefusedException("holds more than " + (maxBytes >> 20) + " MiB");
        }
    }

    /** In an archive a virtual environment is known as one, and the patterns are known, only when they are there. */
    private LeftAside leaveAside() throws IOException {
        LeftAside aside = LeftAside.of(target);
        passedOver.forEach(aside::passedOver);
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(target, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                if (folder.equals(target) || !aside.is(target, folder, true)) {
                    return FileVisitResult.CONTINUE;
                }
                found.add(folder);
                return FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (aside.is(target, file, false)) {
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        for (Path place : found) {
            Folders.delete(place);
            links.keySet().removeIf(link -> link.startsWith(place));
        }
        for (Path link : List.copyOf(links.keySet())) {
            if (aside.covers(target, link)) {
                links.remove(link);
            }
        }
        return aside;
    }

    /** Where an entry of that name goes; refuses names that lead outside. */
    private Path place(String name) throws IOException {
        count(name);
        Path place;
        try {
            place = target.resolve(name).normalize();
        } catch (InvalidPathException e) {
            throw new RefusedException(
                    "an entry has the name '" + ErrorText.shortened(name) + "', which is no path", e);
        }
        if (name.startsWith("/") || !place.startsWith(target)) {
            throw new RefusedException(
                    "the entry '" + ErrorText.shortened(name) + "' leads outside of the lambda's folder");
        }
        if (++entries > maxEntries) {
            throw new RefusedException("holds more than " + maxEntries + " files");
        }
        return place;
    }

    private void count(String name) throws RefusedException {
        if (name.length() > MAX_NAME) {
            throw new RefusedException("holds a name or a link of " + name.length() + " characters");
        }
        if (name.chars().filter(letter -> letter == '/').count() > MAX_DEPTH) {
            throw new RefusedException("holds folders in folders, or a link, more than " + MAX_DEPTH + " deep");
        }
        if (name.length() > MAX_NAMES - names) {
            throw new RefusedException(
                    "holds names and links of more than " + (MAX_NAMES >> 20) + " million characters");
        }
        names += name.length();
    }

    private void folder(Path place) throws IOException {
        for (Path at = target, rest = target.relativize(place); ; ) {
            if (Files.exists(at, LinkOption.NOFOLLOW_LINKS)) {
                if (!Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
                    throw new RefusedException("'" + target.relativize(at) + "' is a file and a folder");
                }
            } else {
                // Those above an entry need no entries of their own.
                if (++folders > maxEntries) {
                    throw new RefusedException("holds more than " + maxEntries + " folders");
                }
                Files.createDirectory(at);
                Files.setPosixFilePermissions(at, RUNNABLE);
            }
            if (at.equals(place)) {
                return;
            }
            at = at.resolve(rest.getName(at.getNameCount() - target.getNameCount()));
        }
    }

    private void file(Path place, InputStream in, boolean runnable) throws IOException {
        try (OutputStream out = create(place)) {
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                count(n);
                write(place, out, buffer, n);
            }
        }
        Files.setPosixFilePermissions(place, runnable ? RUNNABLE : READABLE);
    }

    private OutputStream create(Path place) throws IOException {
        requireOnce(place);
        return Files.newOutputStream(place, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** What cannot be written is told from what cannot be read: a full disk says nothing about the lambda. */
    private static void write(Path place, OutputStream out, byte[] buffer, int length) throws StorageException {
        try {
            out.write(buffer, 0, length);
        } catch (IOException e) {
            throw new StorageException("cannot write " + place + ": " + e.getMessage(), e);
        }
    }

    private void link(Path place, String to) throws IOException {
        count(to);
        requireOnce(place);
        links.put(place, to);
    }

    /** One of two would count, and which of them depends on who unpacks. */
    private void requireOnce(Path place) throws RefusedException {
        if (links.containsKey(place) || Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            throw new RefusedException(
                    "holds '" + ErrorText.shortened(target.relativize(place).toString()) + "' twice; pack it anew");
        }
    }

    private void requireInside(Path place, String to) throws RefusedException {
        Path leadsTo;
        try {
            leadsTo = place.getParent().resolve(to).normalize();
        } catch (InvalidPathException e) {
            throw new RefusedException("a link leads to '" + ErrorText.shortened(to) + "', which is no path", e);
        }
        if (to.isEmpty() || to.startsWith("/") || !leadsTo.startsWith(target)) {
            throw new RefusedException("the link '" + target.relativize(place)
                    + "' leads outside of the lambda's folder (to '" + ErrorText.shortened(to) + "')");
        }
    }

    private void finish() throws IOException {
        for (Map.Entry<Path, String> link : links.entrySet()) {
            requireInside(link.getKey(), link.getValue());
        }
        for (Map.Entry<Path, String> link : links.entrySet()) {
            folder(link.getKey().getParent());
            if (Files.exists(link.getKey(), LinkOption.NOFOLLOW_LINKS)) {
                throw new RefusedException("'" + target.relativize(link.getKey()) + "' is a link and a folder");
            }
            Files.createSymbolicLink(link.getKey(), Path.of(link.getValue()));
        }
    }
}
