package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.cgroup.CgroupLayout;
import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.warden.PythonRuntime;
import io.zygotes.sandbox.sock.warden.RootFolder;
import io.zygotes.sandbox.sock.warden.WardenPlan;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.MechanismContext;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The steps from a machine that is as it is to a mechanism that works. */
final class SockStart {

    private static final System.Logger LOG = System.getLogger(SockStart.class.getName());

    /**
     * The system property that leaves out what only makes sandboxes faster: {@code off} for all of it, or names as in
     * {@code tuning.py}. It is for tests and measurements.
     */
    private static final String TUNING = "zygotes.tuning";

    /** In our folder: where wardens mount the root of sandboxes, each in its own mount namespace. */
    private static final String ROOT = "root";

    private SockStart() {}

    /** Our folder in a worker directory. */
    static Path state(Path workerDirectory) {
        return workerDirectory.resolve("sandboxes");
    }

    /** Whether something in our folder is of a worker's making, by its name. */
    static boolean isOurs(String name) {
        return name.equals(ROOT) || CgroupTree.isRecord(name) || PythonRuntime.isFolder(name);
    }

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanismProvider#start}. */
    static SockMechanism start(MechanismContext context)
            throws ConfigException, SandboxException, InterruptedException {
        requireRoot();
        CgroupLayout layout = CgroupLayout.find();
        CgroupTree.sweepDead(layout);
        SockMechanism mechanism = start(context, layout);
        LOG.log(Level.INFO, "sandboxes: " + layout.describe());
        return mechanism;
    }

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanismProvider#tryOut}: a start is a trial. */
    static void tryOut(MechanismContext context) throws ConfigException, SandboxException, InterruptedException {
        requireRoot();
        start(context, CgroupLayout.find()).close();
    }

    private static SockMechanism start(MechanismContext context, CgroupLayout layout)
            throws ConfigException, SandboxException, InterruptedException {
        HostIds range = HostIdSetting.of(context.options());
        List<Integer> regions = HostIdSetting.regions(range);
        Path state = state(context.workerDirectory());
        try {
            Files.createDirectories(state);
        } catch (IOException e) {
            throw new SandboxException("cannot make " + state + ": " + e.getMessage(), e);
        }
        Optional<Path> base = base(context);
        PythonRuntime host =
                PythonRuntime.prepare(base.isEmpty() ? context.python() : "python3", Optional.empty(), state);
        PythonRuntime python = base.isEmpty() ? host : PythonRuntime.prepare(context.python(), base, state);
        WardenPlan plan = plan(base, python, host.executable(), state);
        return SockMechanism.start(context, plan, CgroupTree.claim(layout, state, regions), range);
    }

    /** Without links: it is what counts for how long paths below it are. */
    private static Optional<Path> base(MechanismContext context) throws SandboxException {
        if (context.baseFolder().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(context.baseFolder().get().toRealPath());
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot find the root file system for sandboxes (" + e + "): set sock_base_path"
                            + " in config.json to a folder that exists, at a path of at most " + RootFolder.LONGEST_PATH
                            + " bytes",
                    e);
        }
    }

    private static WardenPlan plan(Optional<Path> base, PythonRuntime python, String host, Path state)
            throws SandboxException {
        try {
            return WardenPlan.of(python, host, base, state.resolve(ROOT), System.getProperty(TUNING, ""));
        } catch (IOException e) {
            throw new SandboxException("cannot start the sandbox mechanism: " + e.getMessage(), e);
        }
    }

    private static void requireRoot() throws SandboxException {
        if (!System.getProperty("os.name").equals("Linux")) {
            throw new SandboxException("SOCK sandboxes need Linux, this is " + System.getProperty("os.name"));
        }
        try {
            if ((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != 0) {
                throw new SandboxException("SOCK sandboxes need root: run the worker with sudo");
            }
        } catch (IOException e) {
            throw new SandboxException("cannot look at /proc/self: " + e.getMessage() + "; is /proc mounted?", e);
        }
    }
}
