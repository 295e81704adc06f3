package io.zygotes.sandbox.sock.warden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The Python interpreter of the sandboxes, and our own Python files.
 *
 * @param executable path of the real interpreter, as the sandboxes see it
 * @param prefixes folders that hold the interpreter and its standard library
 * @param sitePackages folders with packages of the host, which sandboxes must not see
 * @param folder host folder with our Python package {@code _zygotes}
 */
public record PythonRuntime(String executable, List<Path> prefixes, List<Path> sitePackages, Path folder) {

    /** What the names of folders with our files begin with; the version of Python follows. */
    private static final String FOLDER = "runtime-";

    private static final String PROBE = """
        import json, os, site, sys, sysconfig

        def c_library():
            try:
                return os.confstr("CS_GNU_LIBC_VERSION") or ""
            except (OSError, ValueError):
                built_for = sysconfig.get_config_var("HOST_GNU_TYPE") or ""
                return "musl" if "musl" in built_for else ""

        paths = set(site.getsitepackages())
        paths.update(sysconfig.get_path(name) for name in ("purelib", "platlib"))
        paths.add("/usr/lib/python3/dist-packages")
        print(json.dumps({
            "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
            "prefixes": sorted({os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)}),
            "site": sorted({os.path.realpath(path) for path in paths if os.path.isdir(path)}),
            "version": list(sys.version_info[:2]),
            "machine": os.uname().machine,
            "library": c_library(),
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
    public static PythonRuntime prepare(String python, Optional<Path> base, Path state)
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
        requireGlibc(python, answer.path("library").asText());
        Path folder = state.resolve(FOLDER + major + "." + minor);
        try {
            RuntimeFiles files = new RuntimeFiles(folder);
            boolean changed = files.layOut();
            files.link(answer.path("executable").asText());
            if (base.isEmpty() && (changed || !files.areCompiled())) {
                files.compile(answer.path("executable").asText());
            }
            files.letSandboxesRead();
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot write the Python files of the sandboxes to " + folder + ": " + e.getMessage()
                            + "; is the disk full?",
                    e);
        }
        return new PythonRuntime(
                answer.path("executable").asText(), paths(answer.path("prefixes")), paths(answer.path("site")), folder);
    }

    /**
     * Forks go around the C library and give the kernel the address where it keeps the thread's id
     * (PR_GET_TID_ADDRESS). With musl that is the lock of its list of threads: a leaf's first thread would wait for
     * ever.
     */
    private static void requireGlibc(String python, String library) throws SandboxException {
        if (!library.startsWith("glibc")) {
            throw new SandboxException("the Python interpreter '" + python + "' uses "
                    + (library.isEmpty() ? "another C library than glibc" : "the C library " + library)
                    + ", in which threads would hang in every forked sandbox: set \"python\" in config.json to an"
                    + " interpreter that uses glibc (of Debian, Ubuntu, Fedora, RHEL, openSUSE or Arch; not of Alpine),"
                    + " or sock_base_path to a root file system with one");
        }
    }

    /** Whether a folder in the mechanism's folder has the name of one with our files. */
    public static boolean isFolder(String name) {
        return name.startsWith(FOLDER);
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
}
