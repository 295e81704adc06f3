package io.zygotes.sandbox.sock;

import static io.zygotes.sandbox.sock.SockSandbox.JSON;

import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.SandboxMechanism;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Makes SOCK sandboxes. See {@code docs/sandbox.md} for the whole picture. */
final class SockMechanism implements SandboxMechanism {

    private static final System.Logger LOG = System.getLogger(SockMechanism.class.getName());

    /** How long a new process may take until it says hello, in seconds; a busy machine needs some. */
    private static final int BIRTH_PATIENCE = 20;
    /** After this many seconds of silence whoever was asked for a process is taken to be stopped, and told to go on. */
    private static final int GO_ON_AFTER = 2;
    /** How long to wait for word of why there will be no process, in milliseconds. */
    private static final int REFUSAL_PATIENCE = 500;

    private static final long LOOK_AT_DISK_EVERY = TimeUnit.MILLISECONDS.toNanos(250);
    /** User namespaces nest 32 deep (user_namespaces(7)): the warden's, the leaf's, and some to spare. */
    private static final int DEEPEST = 28;
    /**
     * The deepest zygote with a Landlock scope of its own: the kernel stacks 16 (landlock(7)), one is for the leaf, and
     * some are to spare. Those below share the one above them.
     */
    private static final int DEEPEST_SCOPE = 11;
    /** The first uid inside a zygote's user namespace, as in protocol.py. */
    private static final int FIRST_ID = 1000;
    /** Uids that leaves see as their own: from here on, different for each. */
    private static final int FIRST_LEAF_ID = 10_000;

    private static final int LEAF_IDS = 50_000;
    /** When the machine runs out of memory, sandboxes go before anything else: proc_pid_oom_score_adj(5). */
    private static final String EXPENDABLE = "500";
    /** Bytes of a leaf's environment that go into the request for it, beside all else: half of the most in protocol.py. */
    private static final int MOST_AHEAD = 1 << 12;
    /** Of requests to zygotes that are kept as JSON: there is one for each kind of limits and network that lambdas have. */
    private static final int MOST_REQUESTS = 64;
    /** Where a leaf finds its code. */
    private static final String HANDLER = "/handler";

    private static final byte[] GO_NOW = Frame.encode(Frame.GO, new byte[0]);
    /** What a forked zygote waits for: see protocol.py. */
    private static final byte[] MAPPED = {'m'};

    private final MechanismContext context;
    private final PythonRuntime python;
    private final String hostPython;
    private final List<List<String>> baseRoot;
    private final Path state;
    private final CgroupTree cgroups;
    private final GroupFamily fresh;
    private final OutputPump pump;
    private final Undertaker undertaker;
    private final ExecutorService supplier = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("sandbox-supplier").factory());
    private final IdBlock ids = IdBlock.ofWorker();
    /** Of zygotes: what no lambda gets, no package needs while it is imported. */
    private final Network network;

    private final FreshIds freshIds = new FreshIds(IdBlock.WORKER_IDS / 1024);
    private final Map<Integer, SockSandbox> byPid = new ConcurrentHashMap<>();
    private final Map<Map<String, Object>, String> requests = new ConcurrentHashMap<>();
    private final AtomicInteger numbers = new AtomicInteger();
    private final AtomicInteger leafIds = new AtomicInteger();
    private volatile Warden warden;
    private boolean closed;

    private SockMechanism(
            MechanismContext context,
            Optional<Path> base,
            PythonRuntime python,
            String hostPython,
            Path state,
            CgroupTree cgroups)
            throws IOException {
        this.context = context;
        this.python = python;
        this.hostPython = hostPython;
        this.state = state;
        this.cgroups = cgroups;
        network = "none".equals(context.options().get("network")) ? Network.NONE : Network.HOST;
        baseRoot = BaseRoot.plan(base, python);
        pump = new OutputPump();
        undertaker = new Undertaker(context.reuseCgroups());
        supplier.execute(() -> {}); // the thread is there before one is hard to get
        fresh = cgroups.family("fresh", cgroups.hostId(0), undertaker);
    }

    static SockMechanism start(MechanismContext context) throws SandboxException, InterruptedException {
        requireRoot();
        CgroupLayout layout = CgroupLayout.find();
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
        CgroupTree cgroups = CgroupTree.claim(layout, state);
        SockMechanism mechanism = null;
        try {
            mechanism = new SockMechanism(context, base, python, host.executable(), state, cgroups);
            mechanism.warden();
            LOG.log(Level.INFO, "sandboxes: " + layout.describe() + "; " + python.executable());
            return mechanism;
        } catch (IOException e) {
            throw new SandboxException("cannot start the sandbox mechanism: " + e.getMessage(), e);
        } finally {
            if (mechanism == null) {
                cgroups.close();
            } else if (mechanism.warden == null) {
                mechanism.close();
            }
        }
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

    /** Our folder in a worker directory. */
    static Path state(Path workerDirectory) {
        return workerDirectory.resolve("sandboxes");
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

    /** The warden; starts another one if it died, after all sandboxes died with it. */
    private synchronized Warden warden() throws SandboxException, InterruptedException {
        if (closed) {
            throw new SandboxException("the worker is stopping");
        }
        if (warden != null && !warden.gone().isDone()) {
            return warden;
        }
        if (warden != null) {
            warden.close(); // waits for the last of its sandboxes, and lets the kernel forget it
            warden = null; // its process id may be another's from now on
        }
        int output = -1;
        try {
            int[] pipe = Linux.pipe();
            output = pipe[1];
            pump.lines(pipe[0], line -> context.output().line("warden", "warden", line));
            warden = Warden.start(
                    python, baseRoot, state.resolve("root"), cgroups, output, hostPython, this::processEnded);
        } catch (IOException e) {
            String what = "cannot start the warden: " + e.getMessage();
            if (e instanceof LinuxException linux && linux.errno() == LinuxException.EAGAIN) {
                throw new SandboxException.NoCapacity(
                        what + ". The worker may have no more processes and threads: try again later, or raise"
                                + " pids.max of its cgroup (TasksMax in its service's unit) or 'ulimit -Hu'");
            }
            throw new SandboxException(what, e);
        } finally {
            if (output >= 0) {
                Linux.close(output);
            }
        }
        warden.gone().thenRun(this::wardenGone);
        return warden;
    }

    /** Lets the warden go on if somebody stopped it. */
    void wardenGoesOn() {
        Warden current = warden;
        if (current != null) {
            current.goOn();
        }
    }

    private String wardenArgument() {
        Warden current = warden;
        return current == null ? "" : " " + current.pid();
    }

    /** The warden's process; for tests of its sudden end. */
    int wardenPid() throws SandboxException, InterruptedException {
        return warden().pid();
    }

    /** The worker's own group in the hierarchy that has a controller; for tests of what holds for all sandboxes. */
    Path top(String controller) {
        return cgroups.top(controller);
    }

    /** The worker's own groups in all hierarchies; for tests of what is left. */
    List<Path> tops() {
        return cgroups.tops();
    }

    private void wardenGone() {
        byPid.values().forEach(sandbox -> sandbox.end(128 + 9));
        byPid.clear();
        synchronized (this) {
            if (!closed) {
                LOG.log(Level.ERROR, "the warden died, and all sandboxes with it; the next request starts it again");
            }
        }
    }

    private void processEnded(int pid, int status) {
        SockSandbox sandbox = byPid.remove(pid);
        if (sandbox != null) {
            sandbox.end(status);
        }
    }

    /** Passes an event on to the worker. */
    void tell(SandboxEvent event) {
        context.events().accept(event);
    }

    /** A sandbox was killed. */
    void buried(SockSandbox sandbox) {
        undertaker.bury(sandbox);
    }

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
        SockZygote zygote = (SockZygote) parent.orElse(null);
        if (zygote != null && zygote.hasAll(spec.packages()) && fitsAhead(spec.environment())) {
            return born(zygote, spec.limits(), spec.network(), Optional.of(spec), false);
        }
        return specialise(born(zygote, spec.limits(), spec.network(), Optional.empty(), false), spec);
    }

    /** Else it is told later, on the leaf's own channel: a request that is cut off would be the end of the zygote. */
    private static boolean fitsAhead(Map<String, String> environment) throws SandboxException {
        try {
            return environment.isEmpty() || JSON.writeValueAsBytes(environment).length <= MOST_AHEAD;
        } catch (IOException e) {
            throw new SandboxException("cannot write the environment of a leaf as JSON: " + e.getMessage(), e);
        }
    }

    @Override
    public Sandbox createSpare(Zygote parent, Limits limits, Network network)
            throws SandboxException, InterruptedException {
        SockZygote zygote = (SockZygote) parent;
        try {
            return born(zygote, limits, network, Optional.empty(), true);
        } finally {
            zygote.kits().replenish(limits);
        }
    }

    @Override
    public Leaf specialise(Sandbox spare, LeafSpec spec) throws SandboxException, InterruptedException {
        SockLeaf leaf = (SockLeaf) spare;
        if (!leaf.isSpare()) {
            throw new IllegalArgumentException(spare + " serves lambda " + leaf.label() + " already");
        }
        leaf.specialise(spec);
        leaf.times().resume();
        try (Orders orders = new Orders(leaf)) {
            leaf.group().limitTo(spec.limits());
            orders.mount(spec.handler(), HANDLER, true, false);
            boolean hasPackages = leaf.zygote() != null && leaf.zygote().hasAll(spec.packages());
            if (hasPackages && spec.environment().isEmpty() && leaf.knows(spec.limits())) {
                leaf.times().step("mount trees");
                orders.goAsUsual();
            } else {
                Map<String, Object> go = instructions(leaf.zygote(), spec);
                // Only what its zygote does not have.
                if (!hasPackages) {
                    orders.mountPackages(spec.packages());
                    go.put("packages", folders(spec.packages()));
                }
                leaf.times().step("mount trees");
                orders.go(go);
            }
            leaf.times().step("go");
            return leaf;
        } catch (IOException e) {
            throw leaf.obituary("being set up", false, e);
        } catch (TimeoutException e) {
            throw leaf.timeout("being set up");
        } catch (InterruptedException | SandboxException e) {
            leaf.destroy();
            throw e;
        }
    }

    /** How large a file may become: as large as the scratch folder. */
    private static long fileBytes(Limits limits) {
        return (long) limits.tmpMb() << 20;
    }

    private static Map<String, Object> instructions(SockZygote zygote, LeafSpec spec) {
        Map<String, Object> go = new HashMap<>();
        go.put("open_files", spec.limits().openFiles());
        go.put("file_bytes", fileBytes(spec.limits()));
        if (zygote == null || !spec.environment().isEmpty()) {
            go.put("environment", environment(spec.environment()));
        }
        return go;
    }

    /**
     * Makes a leaf.
     *
     * @param zygote what it is forked from; null for a fresh one
     * @param known what it is for, if all that it needs beside its code is in the zygote: then it is told so ahead, and
     *     goes at once. Empty for one that is to be specialised
     * @param spare whether there is time until it is specialised
     */
    private SockLeaf born(SockZygote zygote, Limits limits, Network network, Optional<LeafSpec> known, boolean spare)
            throws SandboxException, InterruptedException {
        Birth birth = new Birth("leaf", limits, network);
        try {
            int uid = FIRST_LEAF_ID + Math.floorMod(leafIds.getAndIncrement(), LEAF_IDS);
            Runnable release = birth.identity(zygote, uid);
            GroupFamily family = zygote == null ? fresh : zygote.family();
            SandboxGroup group = birth.kit(
                    zygote == null
                            ? birth.freshKit(Linux.SOCK_STREAM)
                            : zygote.kits().take(limits),
                    family);
            birth.times.step("cgroup, scratch and channel");
            birth.own.put("uid", uid);
            birth.idMap = uid + " " + FIRST_ID + " 1";
            if (spare) {
                birth.common.put("spare", true);
                birth.tellLimits(limits);
            }
            SockLeaf leaf =
                    new SockLeaf(birth.id, this, family, group, birth.takeChannel(), zygote, birth.times, release);
            if (spare) {
                leaf.toldLimits(limits);
            }
            birth.sandbox = leaf;
            birth.printTo(leaf::label);
            if (known.isPresent()) {
                leaf.specialise(known.get());
                birth.tellAhead(known.get());
                birth.times.step("mount trees");
            }
            birth.ask(zygote);
            birth.times.step("request");
            birth.awaitHello(pid -> requireMember(group, pid, leaf));
            birth.times.step("clone and hello");
            group.join(leaf.pid());
            birth.times.step("check and limits");
            if (known.isPresent()) {
                leaf.channel().send(GO_NOW, birth.deadline);
                birth.times.step("go");
            }
            birth.done();
            return leaf;
        } catch (IOException | TimeoutException e) {
            throw birth.failed(e);
        } finally {
            birth.close();
        }
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {
        long deadline =
                System.nanoTime() + TimeUnit.SECONDS.toNanos(spec.limits().runtimeSec());
        Birth birth = new Birth("zygote", spec.limits(), network);
        try {
            SockZygote above = (SockZygote) parent.orElse(null);
            int depth = above == null ? 0 : above.depth() + 1;
            if (depth > DEEPEST) {
                throw new SandboxException("a zygote cannot stand below more than " + DEEPEST
                        + " others: user namespaces nest 32 deep at the most. Make the tree flatter");
            }
            IdBlock block = (above == null ? ids : above.ids()).child();
            GroupFamily family = birth.ownFamily(cgroups, cgroups.hostId(block.start()), block);
            SandboxGroup group = birth.kit(birth.selfKit(family), family);
            birth.own.put("uid", FIRST_ID);
            birth.own.put("map", List.of(FIRST_ID, block.start(), block.count()));
            birth.common.put("scope", depth <= DEEPEST_SCOPE);
            birth.printTo(() -> "zygote");
            KitStock kits = new KitStock(family, supplier);
            SockZygote zygote =
                    new SockZygote(birth.id, this, family, kits, group, birth.takeChannel(), spec, block, depth);
            birth.sandbox = zygote;
            birth.ask(above);
            birth.awaitHello(pid -> {
                if (above == null) {
                    requireMember(group, pid, zygote);
                } else {
                    if (pid == above.pid()) {
                        throw new IOException(above + " answered in place of its child");
                    }
                    requireMember(above.group(), pid, zygote);
                    group.adopt(pid);
                    int outside = FIRST_ID + block.start() - above.ids().start();
                    await(warden().ask(Map.of("op", "map", "map", List.of(FIRST_ID, outside, block.count())), pid));
                    zygote.channel().send(MAPPED, deadline);
                }
            });
            group.join(zygote.pid());
            List<PackageId> inherited = above == null ? List.of() : above.packages();
            List<Map<String, Object>> imports = new ArrayList<>();
            for (PackageId id : spec.packages()) {
                if (!inherited.contains(id)) {
                    imports.add(Map.of(
                            "name", id.toString(), "modules", installed(id).modules()));
                }
            }
            try (Orders orders = new Orders(zygote)) {
                orders.mountPackages(spec.packages());
                orders.go(Map.of(
                        "open_files", spec.limits().openFiles(),
                        "environment", environment(Map.of()),
                        "visible", folders(spec.packages()),
                        "packages", imports));
            }
            zygote.awaitReady(deadline);
            birth.done();
            return zygote;
        } catch (IOException | TimeoutException e) {
            throw birth.failed(e);
        } finally {
            birth.close();
        }
    }

    @Override
    public JobResult run(Job job) throws SandboxException, InterruptedException {
        long deadline =
                System.nanoTime() + TimeUnit.SECONDS.toNanos(job.limits().runtimeSec());
        Birth birth = new Birth("job", job.limits(), job.network());
        List<Path> given = new ArrayList<>();
        SockJob sandbox = null;
        try {
            Runnable release = birth.identity(null, FIRST_ID);
            SandboxGroup group = birth.kit(birth.freshKit(Linux.SOCK_STREAM), fresh);
            birth.own.put("uid", FIRST_ID);
            CompletableFuture<String> output = birth.collectOutput();
            sandbox = new SockJob(birth.id, this, fresh, group, birth.takeChannel(), release);
            SockJob started = sandbox;
            birth.sandbox = started;
            birth.ask(null);
            birth.awaitHello(pid -> requireMember(group, pid, started));
            group.join(started.pid());
            try (Orders orders = new Orders(started)) {
                for (Job.Mount mount : job.mounts()) {
                    if (mount.writable()) {
                        given.add(mount.source());
                        Ownership.give(mount.source(), cgroups.hostId(birth.freshId));
                    }
                    orders.mount(mount.source(), mount.target(), Files.isDirectory(mount.source()), mount.writable());
                }
                orders.go(Map.of(
                        "open_files", job.limits().openFiles(),
                        "environment", environment(job.environment()),
                        "arguments", job.arguments(),
                        "name", job.name(),
                        "script", job.script()));
            }
            birth.done();
            int status = awaitEnd(job, started, new DiskGuard(given), deadline);
            if (sandbox.ranOutOfMemory()) {
                throw new SandboxException.OutOfMemory("job " + job.name() + " ran out of memory: raise "
                        + "installer_limits.mem_mb above " + job.limits().memMb());
            }
            return new JobResult(status, output.get(5, TimeUnit.SECONDS));
        } catch (TimeoutException e) {
            if (birth.isDone()) {
                sandbox.destroy();
                throw new SandboxException.TimedOut("job " + job.name() + " was not done after "
                        + job.limits().runtimeSec() + " s: raise installer_limits.runtime_sec");
            }
            throw birth.failed(e);
        } catch (IOException | ExecutionException e) {
            throw birth.failed(e);
        } finally {
            if (sandbox != null) {
                sandbox.destroy();
            }
            birth.close();
            takeBack(given, sandbox);
        }
    }

    private static int awaitEnd(Job job, SockJob sandbox, DiskGuard guard, long deadline)
            throws TimeoutException, ExecutionException, InterruptedException, IOException, SandboxException {
        while (true) {
            long left = deadline - System.nanoTime();
            try {
                return sandbox.ended().get(Math.min(left, LOOK_AT_DISK_EVERY), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                if (left <= LOOK_AT_DISK_EVERY) {
                    throw e;
                }
            }
            Optional<String> complaint = guard.complaint();
            if (complaint.isPresent()) {
                throw new SandboxException("job " + job.name() + " was ended: " + complaint.get());
            }
        }
    }

    private static boolean isEmpty(SandboxGroup group) {
        try {
            return group.isEmpty();
        } catch (IOException e) {
            return false; // not known to be
        }
    }

    /** Files go back to root only when no process of the job can change them any more. */
    private static void takeBack(List<Path> given, SockJob sandbox) throws SandboxException, InterruptedException {
        if (sandbox != null && !given.isEmpty()) {
            for (int i = 0; !isEmpty(sandbox.group()); i++) {
                if (i == 2000) {
                    throw new SandboxException("the processes of " + sandbox + " do not end");
                }
                Thread.sleep(1);
            }
        }
        for (Path path : given) {
            try {
                Ownership.give(path, 0);
            } catch (IOException e) {
                throw new SandboxException("cannot take " + path + " back from a job: " + e.getMessage(), e);
            }
        }
    }

    /** Waits for an answer of the warden. */
    private void await(CompletableFuture<Void> answer) throws IOException, TimeoutException, InterruptedException {
        try {
            try {
                answer.get(GO_ON_AFTER, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                wardenGoesOn();
                answer.get(BIRTH_PATIENCE, TimeUnit.SECONDS);
            }
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    /** A process that is not where it was to be born is somebody who answers in its place. */
    private static void requireMember(SandboxGroup group, int pid, SockSandbox sandbox) throws IOException {
        if (!group.contains(pid)) {
            throw new IOException("process " + pid + " said hello for " + sandbox + " and is not in " + group.path());
        }
    }

    private PackageInfo installed(PackageId id) throws SandboxException {
        return context.packages().installed(id).orElseThrow(() -> new SandboxException(id + " is not installed"));
    }

    /** The name of a package's folder below {@code /packages}. */
    private static String folder(PackageId id) {
        return id.name() + "-" + id.version();
    }

    private static List<String> folders(Collection<PackageId> packages) {
        return packages.stream().sorted().map(SockMechanism::folder).toList();
    }

    private static Map<String, String> environment(Map<String, String> own) {
        Map<String, String> all = new HashMap<>(
                Map.of("PATH", "/usr/local/bin:/usr/bin:/bin", "LANG", "C.UTF-8", "HOME", "/tmp", "USER", "lambda"));
        all.putAll(own);
        return all;
    }

    @Override
    public long limitMemory(Sandbox sandbox, long bytes) {
        long[] inForce = {bytes};
        try {
            ((SockSandbox) sandbox).onGroup(group -> inForce[0] = group.limitMemory(bytes));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "cannot limit the memory of " + sandbox + ": " + e.getMessage());
            return Math.max(bytes, ((SockSandbox) sandbox).group().memoryLimit());
        }
        return inForce[0];
    }

    @Override
    public boolean isFromSandbox(InetSocketAddress client, InetSocketAddress server) {
        try {
            Optional<Linux.TcpOwner> owner = Linux.tcpOwner(client, server);
            if (owner.isPresent() && owner.get().held()) {
                return CgroupTree.isSandbox(owner.get().uid());
            }
            // Somewhere else, or closed here in the meantime: whose it was is not known, so it is refused.
            return NetworkInterface.getByInetAddress(client.getAddress()) != null;
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "cannot find out who opened the connection from " + client + ", so it is taken for a lambda's: "
                            + e.getMessage());
            return true;
        }
    }

    @Override
    public void close() {
        Warden last;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            last = warden;
        }
        try {
            if (last != null) {
                last.close();
                last.gone().join();
            }
            supplier.shutdown();
            supplier.awaitTermination(5, TimeUnit.SECONDS);
            undertaker.stop();
            pump.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            fresh.retire();
            cgroups.close();
        }
    }

    /** The same text for the same content. Most requests have what they have in common with thousands of others. */
    private String written(Map<String, Object> common) throws IOException {
        String known = requests.get(common);
        if (known != null) {
            return known;
        }
        if (requests.size() >= MOST_REQUESTS) {
            requests.clear();
        }
        String text = JSON.writeValueAsString(common);
        requests.put(Map.copyOf(common), text);
        return text;
    }

    private static int[] numbers(List<Integer> list) {
        int[] numbers = new int[list.size()];
        Arrays.setAll(numbers, list::get);
        return numbers;
    }

    /** What a sandbox is told after its birth: which trees to mount, then to go. */
    private final class Orders implements AutoCloseable {

        /** How many descriptors one message may carry, less than SCM_MAX_FD of unix(7). */
        private static final int MOST = 200;

        private final SockSandbox sandbox;
        private final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(BIRTH_PATIENCE);
        private final List<Integer> trees = new ArrayList<>();
        private final List<List<Object>> places = new ArrayList<>();

        Orders(SockSandbox sandbox) {
            this.sandbox = sandbox;
        }

        void mount(Path source, String target, boolean isFolder, boolean writable)
                throws IOException, TimeoutException, InterruptedException {
            trees.add(Linux.detachedTree(source.toString(), writable));
            places.add(List.of(target, isFolder));
            if (trees.size() == MOST) {
                send(Frame.MOUNT, Map.of());
            }
        }

        void mountPackages(Collection<PackageId> packages)
                throws IOException, TimeoutException, InterruptedException, SandboxException {
            for (PackageId id : packages) {
                mount(installed(id).folder(), "/packages/" + folder(id), true, false);
            }
        }

        /** For a spare that is told nothing but where its code is. */
        void goAsUsual() throws IOException, TimeoutException, InterruptedException {
            sandbox.channel().send(GO_NOW, deadline, trees.getFirst());
            close();
        }

        void go(Map<String, Object> instructions) throws IOException, TimeoutException, InterruptedException {
            send(Frame.GO, instructions);
        }

        private void send(int kind, Map<String, Object> instructions)
                throws IOException, TimeoutException, InterruptedException {
            Map<String, Object> all = new HashMap<>(instructions);
            all.put("mounts", places);
            int[] descriptors = numbers(trees);
            sandbox.channel().send(Frame.encode(kind, JSON.writeValueAsBytes(all)), deadline, descriptors);
            close();
            places.clear();
        }

        @Override
        public void close() {
            trees.forEach(Linux::close);
            trees.clear();
        }
    }

    /** What checks a process that said hello. */
    @FunctionalInterface
    private interface Check {
        void run(int pid) throws IOException, TimeoutException, InterruptedException, SandboxException;
    }

    /** The making of one sandbox: collects what it needs, and undoes it if the making fails. */
    private final class Birth implements AutoCloseable {

        final String id;
        final String kind;
        final Limits limits;
        final StepTimes times = new StepTimes();
        /** What many sandboxes have in common: a zygote lays it out once. In an order, so that it is the same bytes. */
        final Map<String, Object> common = new TreeMap<>();
        /** The rest of a request to the warden. */
        final Map<String, Object> own = new HashMap<>();
        /** What a leaf writes into its uid_map, if it is forked from a zygote. */
        String idMap = "";
        /** What else a leaf is told ahead, as JSON. */
        private String rest = "";

        SockSandbox sandbox;
        int freshId;
        private final long started = System.nanoTime();
        private final long deadline = started + TimeUnit.SECONDS.toNanos(BIRTH_PATIENCE);
        /** Its end of the channel, its output, its scratch folder, its code if that is told ahead. */
        private final List<Integer> descriptors = new ArrayList<>();

        private SandboxGroup group;
        private final List<Runnable> undo = new ArrayList<>();
        private int ours = -1;
        private int outputToRead = -1;
        private Runnable endOfOutput = () -> {};
        private CompletableFuture<Void> answer = CompletableFuture.completedFuture(null);
        private SockZygote parent;
        private boolean done;

        Birth(String kind, Limits limits, Network network) {
            this.kind = kind;
            this.limits = limits;
            id = kind + "-" + numbers.incrementAndGet();
            common.put("kind", kind);
            common.put("private_network", network == Network.NONE);
            common.put("seccomp", context.seccomp());
            common.put("scope", true);
            own.put("name", id);
        }

        GroupFamily ownFamily(CgroupTree tree, int owner, IdBlock block) throws IOException {
            undo.add(block::release);
            GroupFamily family = tree.family(id, owner, undertaker);
            undo.add(family::retire);
            return family;
        }

        /** A kit for a sandbox of its own ids that is not forked from a zygote. */
        Kit freshKit(int socketType) throws IOException {
            SandboxGroup group = fresh.take(limits);
            undo.add(() -> fresh.giveBack(group, false));
            return Kit.make(group, limits, socketType, cgroups.hostId(freshId));
        }

        /** A kit for a zygote. */
        Kit selfKit(GroupFamily family) throws IOException {
            SandboxGroup group = family.makeSelf(limits);
            undo.add(() -> family.giveBack(group, false));
            return Kit.make(group, limits, Linux.SOCK_SEQPACKET, family.owner());
        }

        /** Takes a kit into use. */
        SandboxGroup kit(Kit kit, GroupFamily family) {
            ours = kit.ours();
            outputToRead = kit.outputToRead();
            group = kit.group();
            descriptors.addAll(List.of(kit.theirs(), kit.outputToWrite(), kit.scratch()));
            if (kind.equals("leaf") && family != fresh) {
                undo.add(() -> family.giveBack(kit.group(), false));
            }
            return group;
        }

        /** Ids for the sandbox: a fresh one's own, or a use of its zygote's. Returns what ends their use. */
        Runnable identity(SockZygote zygote, int uid) {
            Runnable release;
            if (zygote == null) {
                freshId = freshIds.take();
                int taken = freshId;
                own.put("map", List.of(uid, taken, 1));
                release = () -> freshIds.giveBack(taken);
            } else {
                zygote.ids().use();
                release = zygote.ids()::release;
            }
            undo.add(release);
            return release;
        }

        Channel takeChannel() {
            Channel channel = new Channel(ours);
            ours = -1;
            return channel;
        }

        /** What the sandbox prints goes to the worker's output, line by line. */
        void printTo(Supplier<String> label) throws LinuxException {
            endOfOutput = pump.lines(takeOutput(), line -> context.output().line(id, label.get(), line));
        }

        CompletableFuture<String> collectOutput() throws LinuxException {
            CompletableFuture<String> output = new CompletableFuture<>();
            endOfOutput = pump.collect(takeOutput(), output::complete);
            return output;
        }

        private int takeOutput() {
            int taken = outputToRead;
            outputToRead = -1;
            return taken;
        }

        /** Those that the process sets itself. */
        void tellLimits(Limits known) {
            common.put("limits", List.of(known.openFiles(), fileBytes(known)));
        }

        /** Puts what the leaf would be told with its go into the request. */
        void tellAhead(LeafSpec spec) throws IOException {
            descriptors.add(Linux.detachedTree(spec.handler().toString(), false));
            common.put("mounts", List.of(HANDLER));
            tellLimits(spec.limits());
            if (!spec.environment().isEmpty()) {
                rest = JSON.writeValueAsString(Map.of("environment", environment(spec.environment())));
            }
        }

        /** Sends the request to the zygote to fork from, or to the warden. */
        void ask(SockZygote zygote) throws IOException, TimeoutException, InterruptedException, SandboxException {
            parent = zygote;
            sandbox.atEndOfOutput(endOfOutput);
            common.put("descriptors", names());
            int tree = group.tree();
            try {
                List<Integer> sent = new ArrayList<>(descriptors);
                sent.add(2, tree);
                int[] all = numbers(sent);
                if (zygote == null) {
                    Map<String, Object> request = new HashMap<>(common);
                    request.putAll(own);
                    request.put("op", "spawn");
                    answer = warden().ask(request, 0, all);
                } else {
                    // Four lines: see protocol.py. JSON as it is written here has no line breaks.
                    byte[] request =
                            String.join("\n", written(common), id, idMap, rest).getBytes(StandardCharsets.UTF_8);
                    zygote.channel().send(request, deadline, all);
                }
            } finally {
                group.releaseTree();
            }
            closeDescriptors();
        }

        /** Of what is sent with the request, in its order: see protocol.py. */
        private List<String> names() {
            List<String> names = new ArrayList<>(List.of("channel", "output", "cgroup", "scratch"));
            while (names.size() <= descriptors.size()) {
                names.add("mount");
            }
            return names;
        }

        void awaitHello(Check check) throws IOException, TimeoutException, InterruptedException, SandboxException {
            Frame frame = firstFrame();
            if (frame.kind() == Frame.FAILED) {
                SandboxException failure = sandbox.failure(frame);
                throw parent != null && parent.group().isFull()
                        ? new SandboxException.ZygoteGone(
                                parent + " has as many processes as it may and cannot fork any more. Another one is"
                                        + " made in its place",
                                failure)
                        : failure;
            }
            if (frame.kind() != Frame.HELLO) {
                throw new IOException(id + " sent a message of kind " + frame.kind() + " instead of hello");
            }
            sandbox.born(frame.pid());
            byPid.put(frame.pid(), sandbox);
            check.run(frame.pid());
            if (parent == null) {
                // Written by whoever has CAP_SYS_RESOURCE, it is also the least that its children can choose.
                Linux.writeFile("/proc/" + frame.pid() + "/oom_score_adj", EXPENDABLE);
            }
        }

        private Frame firstFrame() throws IOException, TimeoutException, InterruptedException {
            try {
                return sandbox.channel().receive(started + TimeUnit.SECONDS.toNanos(GO_ON_AFTER));
            } catch (TimeoutException e) {
                if (parent == null) {
                    wardenGoesOn();
                } else {
                    parent.goOn();
                }
                return sandbox.channel().receive(deadline);
            }
        }

        void done() {
            done = true;
        }

        boolean isDone() {
            return done;
        }

        /** The exception for a making that failed. */
        SandboxException failed(Exception e) throws InterruptedException {
            if (e instanceof TimeoutException && parent == null) {
                return new SandboxException(id + " could not be made within " + BIRTH_PATIENCE
                        + " s: the machine is very busy, or the warden is frozen. If that goes on, 'kill -KILL"
                        + wardenArgument() + "' ends it and all sandboxes, and the next request starts another one");
            }
            if (e instanceof TimeoutException) {
                return new SandboxException.ZygoteGone(id + " could not be forked within " + BIRTH_PATIENCE + " s: "
                        + parent + " does not answer. Another one is made in its place");
            }
            if (parent != null
                    && (!parent.alive()
                            || e instanceof LinuxException linux && linux.peerGone()
                            || e instanceof java.io.EOFException
                            || e instanceof java.nio.channels.ClosedChannelException)) {
                return new SandboxException.ZygoteGone(
                        id + " could not be forked from " + parent + ": " + e.getMessage(), e);
            }
            if (e instanceof LinuxException linux && linux.outOfFiles()) {
                return new SandboxException.NoCapacity(id + " could not be made: " + e.getMessage());
            }
            if (parent == null && refusal().isPresent()) {
                return refusal().get().of(id);
            }
            return new SandboxException(id + " could not be made: " + e.getMessage(), e);
        }

        /** What the warden says; it closes the channel just before it says so. */
        private Optional<RefusedException> refusal() throws InterruptedException {
            try {
                answer.get(REFUSAL_PATIENCE, TimeUnit.MILLISECONDS);
                return Optional.empty();
            } catch (ExecutionException e) {
                return e.getCause() instanceof RefusedException refused ? Optional.of(refused) : Optional.empty();
            } catch (TimeoutException e) {
                return Optional.empty();
            }
        }

        private void closeDescriptors() {
            descriptors.forEach(Linux::close);
            descriptors.clear();
        }

        /** Frees what is not needed, and everything if the sandbox was not made. */
        @Override
        public void close() {
            closeDescriptors();
            if (ours >= 0) {
                Linux.close(ours);
            }
            if (outputToRead >= 0) {
                Linux.close(outputToRead);
            }
            if (done) {
                return;
            }
            if (sandbox != null) {
                sandbox.destroy(); // the undertaker frees the rest
            } else {
                undo.reversed().forEach(Runnable::run);
            }
        }
    }
}
