package io.zygotes.sandbox.sock.warden;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What {@code /etc} of sandboxes is to hold: files of the host's, or of a base folder, that programs look up and that
 * tell nothing about users, and some of our own. Looks at them anew each time that it is asked.
 *
 * <p>A link to something below {@code /usr}, or to another file that is brought, stays one. What lies elsewhere, such
 * as {@code /run} or {@code /var/lib/ca-certificates}, is brought in the link's place. What not everybody may read is
 * left out.
 */
final class EtcSource {

    /** Names in /etc. A {@code *} at the end stands for all that begin so. */
    private static final List<String> NAMES = List.of(
            "ImageMagick*",
            "OpenCL",
            "alternatives",
            "ca-certificates",
            "ca-certificates.conf",
            "crypto-policies",
            "debian_version",
            "fonts",
            "gai.conf",
            "host.conf",
            "hosts",
            "ld.so.cache",
            "ld.so.conf",
            "ld.so.conf.d",
            "locale.alias",
            "localtime",
            "lsb-release",
            "magic",
            "magic.mime",
            "mailcap",
            "mime.types",
            "networks",
            "openssl",
            "os-release",
            "papersize",
            "pki",
            "protocols",
            "redhat-release",
            "resolv.conf",
            "services",
            "ssl",
            "terminfo",
            "timezone",
            "vulkan");

    private static final Path ETC = Path.of("/etc");
    private static final Path USR = Path.of("/usr");
    private static final String HOSTS = "hosts";
    /** Where there is no such file. */
    private static final String NO_HOSTS = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";

    /** A larger file is left out, in bytes: certificates of all authorities together have a few hundred KiB. */
    private static final long LARGEST = 4 << 20;
    /** Folders below folders: what is deeper leads in a circle. */
    private static final int DEEPEST = 12;

    private static final int READ_BY_OTHERS = 04, ENTERED_BY_OTHERS = 05;

    private final RootFolder root;

    EtcSource(RootFolder root) {
        this.root = root;
    }

    /** Something in {@code /etc}. Two that are equal have the same content. */
    sealed interface Node {}

    /** A folder. */
    record Folder() implements Node {}

    /** @param target what the link says */
    record Link(Path target) implements Node {}

    /** @param content what is in the file */
    record Text(String content) implements Node {}

    /**
     * A file of the host's.
     *
     * @param real where it is, without links
     * @param state changes with its content: device, inode, size and time of the last change
     * @param after what comes behind its content
     */
    record Copy(Path real, String state, String after) implements Node {

        byte[] content() throws IOException {
            byte[] read = Files.readAllBytes(real);
            String first = after.isEmpty() || read.length == 0 || read[read.length - 1] == '\n' ? "" : "\n";
            byte[] more = (first + after).getBytes(StandardCharsets.US_ASCII);
            byte[] all = Arrays.copyOf(read, read.length + more.length);
            System.arraycopy(more, 0, all, read.length, more.length);
            return all;
        }
    }

    /**
     * Looks at all.
     *
     * @return by path below {@code /etc}, folders before what is in them. Paths and not texts: names of certificates
     *     have letters that not every locale of the worker can write
     * @throws IOException if something cannot be looked at that is there; what went meanwhile is left out
     */
    SortedMap<Path, Node> all() throws IOException {
        return look(true);
    }

    /** Looks at what is no folder: it takes some 0.5 ms. */
    SortedMap<Path, Node> files() throws IOException {
        return look(false);
    }

    private SortedMap<Path, Node> look(boolean folders) throws IOException {
        SortedMap<Path, Node> found = new TreeMap<>();
        Optional<Path> etc = root.find(ETC);
        if (etc.isPresent() && Files.isDirectory(etc.get())) {
            for (Path name : names(etc.get())) {
                add(found, name, etc.get(), 0, folders);
            }
        }
        found.putIfAbsent(Path.of(HOSTS), new Text(NO_HOSTS + HostNames.lines()));
        addOwn(found);
        return found;
    }

    private static List<Path> names(Path etc) throws IOException {
        List<Path> names = new ArrayList<>();
        for (String name : NAMES) {
            if (!name.endsWith("*")) {
                names.add(Path.of(name));
            }
        }
        for (Path child : children(etc)) {
            if (isBrought(child) && !names.contains(child)) {
                names.add(child);
            }
        }
        return names;
    }

    private static List<Path> children(Path folder) throws IOException {
        List<Path> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            entries.forEach(entry -> names.add(entry.getFileName()));
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return names;
    }

    private static boolean isBrought(Path name) {
        String first = name.getName(0).toString();
        return NAMES.stream()
                .anyMatch(known -> known.endsWith("*")
                        ? first.startsWith(known.substring(0, known.length() - 1))
                        : known.equals(first));
    }

    /**
     * @param name below /etc
     * @param parent where the folder is that it is in, without links
     */
    private void add(Map<Path, Node> found, Path name, Path parent, int depth, boolean folders) throws IOException {
        try {
            Path here = parent.resolve(name.getFileName());
            if (!Files.isSymbolicLink(here)) {
                take(found, name, here, depth, folders);
                return;
            }
            Optional<Path> real = root.find(ETC.resolve(name));
            if (real.isEmpty()) {
                return;
            }
            Path inside = Path.of("/").resolve(root.top().relativize(real.get()));
            if (inside.startsWith(USR) || inside.startsWith(ETC) && isBrought(ETC.relativize(inside))) {
                found.put(name, new Link(inside));
            } else {
                take(found, name, real.get(), depth, folders);
            }
        } catch (NoSuchFileException | NotDirectoryException | AccessDeniedException e) {
            // It went while we looked, or not even root may look: as if it were not there.
            found.remove(name);
        }
    }

    private void take(Map<Path, Node> found, Path name, Path real, int depth, boolean folders) throws IOException {
        Map<String, Object> status =
                Files.readAttributes(real, "unix:mode,dev,ino,size,ctime", LinkOption.NOFOLLOW_LINKS);
        int mode = (int) status.get("mode");
        if (Files.isDirectory(real, LinkOption.NOFOLLOW_LINKS)) {
            if (folders && (mode & ENTERED_BY_OTHERS) == ENTERED_BY_OTHERS && depth < DEEPEST) {
                found.put(name, new Folder());
                for (Path child : children(real)) {
                    add(found, name.resolve(child), real, depth + 1, true);
                }
            }
        } else if (Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)
                && (mode & READ_BY_OTHERS) != 0
                && (long) status.get("size") <= LARGEST) {
            String state =
                    status.get("dev") + " " + status.get("ino") + " " + status.get("size") + " " + status.get("ctime");
            String after = name.toString().equals(HOSTS) ? HostNames.lines() : "";
            found.put(name, new Copy(real, state, after));
        }
    }

    private static void addOwn(Map<Path, Node> found) {
        StringBuilder users = new StringBuilder("root:x:0:0:root:/:/usr/sbin/nologin\n");
        StringBuilder groups = new StringBuilder("root:x:0:\n");
        for (int id = BaseRoot.FIRST_LAMBDA_ID; id < BaseRoot.FIRST_LAMBDA_ID + BaseRoot.LAMBDA_IDS; id++) {
            users.append("lambda:x:%1$d:%1$d:lambda:/tmp:/bin/sh\n".formatted(id));
            groups.append("lambda:x:%d:\n".formatted(id));
        }
        // Zygotes and jobs, for packages that ask while they are imported or built.
        users.append("lambda:x:1000:1000:lambda:/tmp:/bin/sh\n");
        groups.append("lambda:x:1000:\n");
        users.append("nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n");
        groups.append("nogroup:x:65534:\n");
        found.put(Path.of("passwd"), new Text(users.toString()));
        found.put(Path.of("group"), new Text(groups.toString()));
        found.put(Path.of("nsswitch.conf"), new Text("passwd: files\ngroup: files\nhosts: files dns\n"));
        found.put(Path.of("mtab"), new Link(Path.of("/proc/self/mounts")));
        found.put(Path.of("hostname"), new Link(Path.of("/proc/sys/kernel/hostname")));
    }
}
