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
 *   <li>{@code device PATH SOURCE}: a device like the host's
 *   <li>{@code mask PATH (NAME CONTENT)…}: hides what an earlier entry brought, under a read-only folder with these
 *   files
 * </ul>
 */
public final class BaseRoot {

    /** Where temporary files of a sandbox are. */
    private static final String TEMPORARY = Protocol.PATH_HOST + "/tmp";

    /**
     * Folders that a sandbox gets of its own. The warden mounts {@code /proc}, and {@code /etc}, which is an
     * {@link EtcFolder}; {@code /tmp} lies in {@code /host}.
     */
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

    /** The first of the uids that leaves see as their own. */
    public static final int FIRST_LAMBDA_ID = 10_000;

    /** How many there are; each has a line in a file that goes to the warden as one message. */
    public static final int LAMBDA_IDS = 128;

    private static final List<String> DEVICES = List.of("null", "zero", "full", "random", "urandom", "tty");

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
    static List<List<String>> plan(Optional<Path> base, PythonRuntime python) throws IOException {
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
        if (hasTerminals()) {
            plan.add(Protocol.ENTRY_FOLDER, "/dev/pts");
            plan.add(Protocol.ENTRY_LINK, "/dev/ptmx", "pts/ptmx");
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
        plan.entries.addAll(ProcessorFiles.entries(Path.of("/sys")));
        plan.add(Protocol.ENTRY_TREE, Protocol.PATH_RUNTIME, python.folder().toString());
        return List.copyOf(plan.entries);
    }

    /** Whether the kernel has the file system of pseudo terminals, of which each sandbox mounts one: devpts. */
    private static boolean hasTerminals() throws IOException {
        return Files.readAllLines(Path.of("/proc/filesystems")).stream().anyMatch(line -> line.endsWith("\tdevpts"));
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
