package io.zygotes.sandbox.sock.warden;

import io.zygotes.sandbox.sock.protocol.Protocol;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The plan of the root file system that every sandbox inherits: read-only, put together from the host's own files, or
 * from a folder. The warden carries it out, entry by entry, in the order of the list:
 *
 * <ul>
 *   <li>{@code folder PATH}: an empty folder
 *   <li>{@code link PATH TARGET}: a symbolic link
 *   <li>{@code text PATH CONTENT}: a small file
 *   <li>{@code tree PATH SOURCE}: a folder of the host and all below it, read-only, without devices and set-uid
 *   <li>{@code file PATH SOURCE}: a file of the host, read-only
 *   <li>{@code device PATH SOURCE}: a device node of the host
 *   <li>{@code mask PATH (NAME CONTENT)…}: hides what an earlier entry brought, under a read-only folder with these files
 * </ul>
 */
public final class BaseRoot {

    /** Where temporary files of a sandbox are. */
    private static final String TEMPORARY = Protocol.PATH_HOST + "/tmp";

    /** Folders that a sandbox gets of its own. The warden mounts {@code /proc}; {@code /tmp} lies in {@code /host}. */
    private static final List<String> OWN = List.of(
            "/proc",
            "/dev",
            "/etc",
            Protocol.PATH_HANDLER,
            Protocol.PATH_PACKAGES,
            Protocol.PATH_HOST,
            "/mnt",
            Protocol.PATH_RUNTIME);

    private static final Set<String> TAKEN = Set.of(
            "proc",
            "sys",
            "dev",
            "tmp",
            "host",
            "handler",
            "packages",
            "mnt",
            "runtime",
            "run",
            "boot",
            "lost+found",
            "old_root");

    private static final List<String> HOST_SYSTEM = List.of("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr");

    /** What programs look up in /etc, and what tells nothing about this machine's users. */
    private static final List<String> HOST_ETC = List.of(
            "alternatives",
            "ca-certificates",
            "fonts",
            "gai.conf",
            "host.conf",
            "hosts",
            "ld.so.cache",
            "ld.so.conf",
            "ld.so.conf.d",
            "localtime",
            "mime.types",
            "pki",
            "protocols",
            "resolv.conf",
            "services",
            "ssl",
            "timezone");

    /** The first of the uids that leaves see as their own. */
    public static final int FIRST_LAMBDA_ID = 10_000;

    /** How many there are; each has a line in a file that goes to the warden as one message. */
    public static final int LAMBDA_IDS = 128;

    private static final List<String> DEVICES = List.of("null", "zero", "full", "random", "urandom");

    /** A module that interpreters which a lambda starts import at their start, and that finds its packages for them. */
    private static final String PACKAGES_OF_SANDBOX = "_zygotes_packages";

    /** Not for the interpreter that becomes a sandbox: code of packages may only run when that is closed. */
    private static final String FIND_PACKAGES = """
        import os
        import site

        if "%s" not in os.environ and os.path.isdir("%2$s"):
            for name in sorted(os.listdir("%2$s")):
                if name != "bin":
                    site.addsitedir("%2$s/" + name)
        """.formatted(Protocol.START_VARIABLE, Protocol.PATH_PACKAGES);

    private final List<List<String>> entries = new ArrayList<>();
    private final RootFolder root;

    private BaseRoot(RootFolder root) {
        this.root = root;
    }

    /**
     * Makes the plan.
     *
     * @param base the folder to take everything from; empty for the host's own files
     * @return the entries
     * @throws IOException if a folder cannot be read
     */
    public static List<List<String>> plan(Optional<Path> base, PythonRuntime python) throws IOException {
        BaseRoot plan = new BaseRoot(RootFolder.of(base.orElse(Path.of("/"))));
        OWN.forEach(path -> plan.add(Protocol.ENTRY_FOLDER, path));
        if (base.isPresent()) {
            plan.takeAll();
        } else {
            plan.takeHost(python);
        }
        plan.add(Protocol.ENTRY_LINK, Protocol.PATH_TMP, TEMPORARY);
        for (String device : DEVICES) {
            plan.add(Protocol.ENTRY_DEVICE, "/dev/" + device, "/dev/" + device);
        }
        plan.add(Protocol.ENTRY_LINK, "/dev/shm", TEMPORARY);
        plan.add(Protocol.ENTRY_LINK, "/dev/fd", "/proc/self/fd");
        plan.add(Protocol.ENTRY_LINK, "/dev/stdin", "/proc/self/fd/0");
        plan.add(Protocol.ENTRY_LINK, "/dev/stdout", "/proc/self/fd/1");
        plan.add(Protocol.ENTRY_LINK, "/dev/stderr", "/proc/self/fd/2");
        python.sitePackages()
                .forEach(path -> plan.add(
                        Protocol.ENTRY_MASK,
                        path.toString(),
                        "zygotes.pth",
                        "import " + PACKAGES_OF_SANDBOX + "\n",
                        PACKAGES_OF_SANDBOX + ".py",
                        FIND_PACKAGES));
        plan.add(Protocol.ENTRY_TREE, Protocol.PATH_RUNTIME, python.folder().toString());
        return List.copyOf(plan.entries);
    }

    private void add(String... entry) {
        entries.add(List.of(entry));
    }

    private void takeAll() throws IOException {
        try (DirectoryStream<Path> children = Files.newDirectoryStream(root.top())) {
            for (Path child : children) {
                if (!TAKEN.contains(child.getFileName().toString()) && !child.endsWith("etc")) {
                    take("/" + child.getFileName());
                }
            }
        }
        takeEtc();
    }

    private void takeHost(PythonRuntime python) throws IOException {
        for (String name : HOST_SYSTEM) {
            take("/" + name);
        }
        for (Path prefix : python.prefixes()) {
            if (!prefix.startsWith("/usr")) {
                take(prefix.toString());
            }
        }
        takeEtc();
    }

    private void takeEtc() throws IOException {
        for (String name : HOST_ETC) {
            take("/etc/" + name);
        }
        StringBuilder users = new StringBuilder("root:x:0:0:root:/:/usr/sbin/nologin\n");
        StringBuilder groups = new StringBuilder("root:x:0:\n");
        for (int id = FIRST_LAMBDA_ID; id < FIRST_LAMBDA_ID + LAMBDA_IDS; id++) {
            users.append("lambda:x:%1$d:%1$d:lambda:/tmp:/bin/sh\n".formatted(id));
            groups.append("lambda:x:%d:\n".formatted(id));
        }
        // Zygotes and jobs, for packages that ask while they are imported or built.
        users.append("lambda:x:1000:1000:lambda:/tmp:/bin/sh\n");
        groups.append("lambda:x:1000:\n");
        users.append("nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n");
        groups.append("nogroup:x:65534:\n");
        add(Protocol.ENTRY_TEXT, "/etc/passwd", users.toString());
        add(Protocol.ENTRY_TEXT, "/etc/group", groups.toString());
        add(Protocol.ENTRY_TEXT, "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    }

    private void take(String path) throws IOException {
        Path inside = Path.of(path);
        Optional<Path> link = root.link(inside);
        // A link into what sandboxes see stays one; what lies elsewhere, such as /run, is brought by itself.
        if (link.isPresent()
                && (!link.get().isAbsolute() && inside.getNameCount() == 1
                        || link.get().startsWith("/usr"))) {
            add(Protocol.ENTRY_LINK, path, link.get().toString());
            return;
        }
        Optional<Path> found = root.find(inside);
        if (found.isEmpty()) {
            return;
        }
        Path real = found.get();
        if (Files.isDirectory(real, LinkOption.NOFOLLOW_LINKS)) {
            add(Protocol.ENTRY_TREE, path, real.toString());
        } else if (Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
            add(Protocol.ENTRY_FILE, path, real.toString());
        }
    }
}
