package io.zygotes.sandbox.sock;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The Python interpreter of the sandboxes, and our own Python files.
 *
 * @param executable path of the real interpreter, as the sandboxes see it
 * @param prefixes folders that hold the interpreter and its standard library
 * @param sitePackages folders with packages of the host, which sandboxes must not see
 * @param folder host folder with our Python package {@code _zygotes}
 */
record PythonRuntime(String executable, List<Path> prefixes, List<Path> sitePackages, Path folder) {

    private static final List<String> FILES = List.of(
            "__init__",
            "protocol",
            "tuning",
            "wire",
            "linux/__init__",
            "linux/calls",
            "linux/clone",
            "linux/files",
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
            "serving/__init__",
            "serving/boot",
            "serving/forking",
            "serving/fresh",
            "serving/handover",
            "serving/id_maps",
            "serving/imports",
            "serving/requests",
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
            "work/code",
            "work/job",
            "work/leaf");

    private static final Set<PosixFilePermission> FOLDER = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-r--r--");

    /**
     * Without texts and tables that nothing needs: they would lie between what children write to, and be copied with it.
     */
    private static final String COMPILE = """
        import importlib.util, pathlib, py_compile, sys
        for file in map(str, pathlib.Path(sys.argv[1]).rglob("*.py")):
            py_compile.compile(file, importlib.util.cache_from_source(file), doraise=True, optimize=2,
                invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
        """;

    private static final String PROBE = """
        import json, os, site, sys, sysconfig
        paths = set(site.getsitepackages())
        paths.update(sysconfig.get_path(name) for name in ("purelib", "platlib"))
        paths.add("/usr/lib/python3/dist-packages")
        print(json.dumps({
            "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
            "prefixes": sorted({os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)}),
            "site": sorted({os.path.realpath(path) for path in paths if os.path.isdir(path)}),
            "version": list(sys.version_info[:2]),
            "machine": os.uname().machine,
        }))
        """;

    /**
     * Asks the interpreter about itself and lays out our files.
     *
     * @param python name or path of the interpreter
     * @param base the root file system in which it lies; empty for the host's
     * @param state the mechanism's folder in the worker directory
     * @throws SandboxException if there is no such interpreter, or it is too old
     */
    static PythonRuntime prepare(String python, Optional<Path> base, Path state)
            throws SandboxException, InterruptedException {
        List<String> command = new ArrayList<>();
        base.ifPresent(root -> command.addAll(List.of("chroot", root.toString())));
        command.addAll(List.of(python, "-I", "-S", "-c", PROBE));
        JsonNode answer;
        try {
            answer = new ObjectMapper().readTree(run(command, python));
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot run the Python interpreter '" + python + "'"
                            + base.map(root -> " in " + root).orElse("") + ": " + e.getMessage()
                            + "; install Python 3.9 or later, or set \"python\" in config.json",
                    e);
        }
        int major = answer.path("version").path(0).asInt();
        int minor = answer.path("version").path(1).asInt();
        if (major != 3 || minor < 9) {
            throw new SandboxException("'" + python + "' is Python " + major + "." + minor
                    + ", sandboxes need 3.9 or later: set \"python\" in config.json to a newer one");
        }
        Path folder = state.resolve("runtime-" + major + "." + minor);
        try {
            boolean changed = layOut(folder);
            if (base.isEmpty() && (changed || !Files.isDirectory(folder.resolve("_zygotes/__pycache__")))) {
                compile(folder, answer.path("executable").asText());
            }
            letSandboxesRead(folder);
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot write the Python files of the sandboxes to " + folder + ": " + e.getMessage()
                            + "; is the disk full?",
                    e);
        }
        return new PythonRuntime(
                answer.path("executable").asText(), paths(answer.path("prefixes")), paths(answer.path("site")), folder);
    }

    /** @param interpreter its path; its name may be that of a version manager's wrapper, which takes its time */
    private static void compile(Path folder, String interpreter) throws IOException, InterruptedException {
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
    }

    /** Whatever the worker's umask is, sandboxes read our files as somebody else, and nobody but root writes them. */
    private static void letSandboxesRead(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.toList()) {
                Files.setPosixFilePermissions(path, Files.isDirectory(path) ? FOLDER : FILE);
            }
        }
    }

    private static List<Path> paths(JsonNode array) {
        List<Path> paths = new ArrayList<>();
        array.forEach(element -> paths.add(Path.of(element.asText())));
        return List.copyOf(paths);
    }

    private static String run(List<String> command, String python)
            throws IOException, SandboxException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new SandboxException("the Python interpreter '" + python + "' does not work: " + output
                    + "; install Python 3.9 or later, or set \"python\" in config.json");
        }
        return output;
    }

    /**
     * Writes our files, each beside its place first; those that are there already are replaced only if they differ.
     *
     * @return whether any was written
     */
    private static boolean layOut(Path folder) throws IOException {
        boolean changed = false;
        Path target = folder.resolve("_zygotes");
        Files.createDirectories(target);
        for (String name : FILES) {
            String file = name + ".py";
            try (InputStream in = PythonRuntime.class.getResourceAsStream("runtime/_zygotes/" + file)) {
                byte[] content = in.readAllBytes();
                Path place = target.resolve(file);
                Files.createDirectories(place.getParent());
                if (Files.exists(place) && java.util.Arrays.equals(Files.readAllBytes(place), content)) {
                    continue;
                }
                Path beside = target.resolve(file + ".new");
                Files.write(beside, content);
                Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                changed = true;
            }
        }
        return changed;
    }
}
