package io.zygotes.sandbox.sock.warden;

import io.zygotes.sandbox.sock.protocol.Protocol;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Our Python package as files, which the warden and sandboxes run.
 *
 * @param folder what is on their path for modules
 */
public record RuntimeFiles(Path folder) {

    /** In a sandbox: the interpreter by its usual names. */
    public static final String PATH_PROGRAMS = Protocol.PATH_RUNTIME + "/bin";

    private static final List<String> PROGRAMS = List.of("python3", "python");

    private static final String PACKAGE = "_zygotes";
    /** Written when all byte code is: what there is then. */
    private static final String COMPILED = "compiled";

    private static final String RESOURCES = "/io/zygotes/sandbox/sock/runtime/" + PACKAGE + "/";
    private static final List<String> FILES = List.of(
            "__init__",
            "protocol",
            "tuning",
            "wire",
            "linux/__init__",
            "linux/calls",
            "linux/clone",
            "linux/endings",
            "linux/files",
            "linux/libraries",
            "linux/mounts",
            "linux/namespaces",
            "linux/numbers",
            "linux/privileges",
            "memory/__init__",
            "memory/address_space",
            "memory/arrangement",
            "memory/contexts",
            "memory/folios",
            "memory/holes",
            "memory/mappings",
            "memory/rehearsal",
            "provided/snapshot_restore_py",
            "serving/__init__",
            "serving/asked_ids",
            "serving/boot",
            "serving/examination",
            "serving/fork_trial",
            "serving/forking",
            "serving/fresh",
            "serving/handover",
            "serving/id_maps",
            "serving/imports",
            "serving/requests",
            "serving/snapshot",
            "serving/trial",
            "serving/warden",
            "serving/zygote",
            "setup/__init__",
            "setup/child",
            "setup/first",
            "setup/interpreter",
            "setup/last",
            "setup/orders",
            "setup/seccomp",
            "setup/seccomp_lists",
            "work/__init__",
            "work/answers",
            "work/asgi",
            "work/aws",
            "work/children",
            "work/code",
            "work/entries",
            "work/function",
            "work/gateway",
            "work/hooks",
            "work/incoming",
            "work/inheritance",
            "work/job",
            "work/leaf",
            "work/outgoing",
            "work/wsgi",
            "work/loaded");

    private static final Set<PosixFilePermission> READ_BY_ALL = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> FILE_READ_BY_ALL = PosixFilePermissions.fromString("rw-r--r--");

    /**
     * Without texts and tables that nothing needs: they would lie between what children write to, and be copied with
     * it.
     */
    private static final String COMPILE = """
        import importlib.util, pathlib, py_compile, sys
        for file in map(str, pathlib.Path(sys.argv[1]).rglob("*.py")):
            py_compile.compile(file, importlib.util.cache_from_source(file), doraise=True, optimize=2,
                invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
        """;

    /** Links the interpreter's usual names to it, for what a lambda starts by name. */
    void link(String interpreter) throws IOException {
        Path programs = Files.createDirectories(folder.resolve("bin"));
        for (String name : PROGRAMS) {
            Path beside = programs.resolve(name + ".new");
            Files.deleteIfExists(beside);
            Files.createSymbolicLink(beside, Path.of(interpreter));
            Files.move(beside, programs.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Whether there is byte code of all files, as it was written. */
    boolean areCompiled() throws IOException {
        try {
            return Files.readString(folder.resolve(COMPILED)).equals(byteCode());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** All files of byte code with their sizes: one that was cut short when the machine went down has another. */
    private String byteCode() throws IOException {
        List<String> lines = new ArrayList<>();
        try (Stream<Path> all = Files.walk(folder.resolve(PACKAGE))) {
            for (Path file :
                    all.filter(path -> path.toString().endsWith(".pyc")).toList()) {
                lines.add(folder.relativize(file) + " " + Files.size(file) + "\n");
            }
        }
        Collections.sort(lines);
        return String.join("", lines);
    }

    /** @param interpreter its path; its name may be that of a version manager's wrapper, which takes its time */
    void compile(String interpreter) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        interpreter, "-I", "-S", "-X", "no_debug_ranges", "-c", COMPILE, folder.toString())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        List<String> output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .strip()
                .lines()
                .toList();
        if (process.waitFor() != 0) {
            throw new IOException(
                    "compiling them failed: " + (output.isEmpty() ? "no reason given" : output.getLast()));
        }
        Path beside = folder.resolve(COMPILED + ".new");
        Files.writeString(beside, byteCode());
        Files.move(beside, folder.resolve(COMPILED), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Whatever the worker's umask is, sandboxes read our files as somebody else, and nobody but root writes them. */
    void letSandboxesRead() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.filter(path -> !Files.isSymbolicLink(path)).toList()) {
                Files.setPosixFilePermissions(path, Files.isDirectory(path) ? READ_BY_ALL : FILE_READ_BY_ALL);
            }
        }
    }

    /**
     * Writes our files, each beside its place first; those that are there already are replaced only if they differ.
     *
     * @return whether any was written
     */
    boolean layOut() throws IOException {
        boolean changed = false;
        Path target = folder.resolve(PACKAGE);
        Files.createDirectories(target);
        for (String name : FILES) {
            String file = name + ".py";
            try (InputStream in = RuntimeFiles.class.getResourceAsStream(RESOURCES + file)) {
                byte[] content = in.readAllBytes();
                Path place = target.resolve(file);
                Files.createDirectories(place.getParent());
                if (Files.exists(place) && Arrays.equals(Files.readAllBytes(place), content)) {
                    continue;
                }
                // Before the first of them, so that whoever is ended in between leaves no byte code that seems to be
                // whole.
                Files.deleteIfExists(folder.resolve(COMPILED));
                Path beside = target.resolve(file + ".new");
                Files.write(beside, content);
                Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                changed = true;
            }
        }
        return changed;
    }
}
