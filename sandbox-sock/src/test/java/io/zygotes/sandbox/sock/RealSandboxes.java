package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.NetworkPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A mechanism over a temporary folder, with lambdas and packages written on the spot. */
final class RealSandboxes implements AutoCloseable {

    static final Limits LIMITS = new Limits(128, 16, 100, 0, 10, 256, 16);

    /**
     * For packages: starts a thread that Python does not list, with the name of one that its library starts anew in
     * each child (jemalloc's). Of any other the zygote would say that no fork has it. A new thread has the name of the
     * one that starts it. Python lists a thread as soon as it runs a line of Python, so that what is to do so waits, in
     * C alone, until the zygote {@linkplain #tell is told}.
     */
    static final String START_THREAD_OF_LIBRARY = """
        import _thread, ctypes, functools, os
        def start_thread_of_library(function, *arguments):
            set_name = ctypes.PyDLL(None).prctl
            set_name(15, b"jemalloc_bg_thd", 0, 0, 0)
            _thread.start_new_thread(function, arguments)
            set_name(15, b"python3", 0, 0, 0)
        def start_thread_when_told(function):
            told = "/host/tmp/told"
            os.mkfifo(told)
            opened = iter(functools.partial(os.open, told, os.O_RDONLY), None)
            start_thread_of_library(any, map(lambda number: function(), opened))
        """;

    /** Starts what a package of this zygote gave to {@code start_thread_when_told}. */
    static void tell(Zygote zygote) throws IOException {
        String pid = Integer.toString(((SockZygote) zygote).pid());
        Files.newOutputStream(Path.of("/proc", pid, "root", "host", "tmp", "told"))
                .close();
    }

    final Path folder;
    final SockMechanism mechanism;
    final Queue<String> printed = new ConcurrentLinkedQueue<>();
    final Queue<SandboxEvent> events = new ConcurrentLinkedQueue<>();
    private final Map<PackageId, PackageInfo> packages = new ConcurrentHashMap<>();

    RealSandboxes(Path folder) throws Exception {
        this(folder, "python3", Optional.empty());
    }

    /** @param base what the sandboxes have as their root; empty for the host's files */
    RealSandboxes(Path folder, String python, Optional<Path> base) throws Exception {
        this(folder, python, base, NetworkPlan.HOST);
    }

    /** With rules for the network. */
    RealSandboxes(Path folder, NetworkPlan network) throws Exception {
        this(folder, "python3", Optional.empty(), network);
    }

    private RealSandboxes(Path folder, String python, Optional<Path> base, NetworkPlan network) throws Exception {
        this.folder = folder;
        mechanism = SockStart.start(new MechanismContext(
                folder,
                python,
                base,
                true,
                true,
                new Written(),
                (sandbox, label, line) -> printed.add(label + ": " + line),
                events::add,
                network,
                Map.of()));
    }

    /** A lambda with this source and these packages. */
    LeafSpec lambda(String name, String source, PackageId... pins) {
        return new LeafSpec(
                name, write("code/" + name, Map.of("f.py", source)), Set.of(pins), LIMITS, Network.HOST, Map.of());
    }

    /** A package with one module of the same name. */
    PackageId pack(String name, String version, String source) {
        PackageId id = new PackageId(name, version);
        Path place = write("packages/" + id, Map.of(name + ".py", source));
        packages.put(id, new PackageInfo(id, List.of(), List.of(name), place, source.length()));
        return id;
    }

    static ZygoteSpec zygote(PackageId... packages) {
        return new ZygoteSpec(List.of(packages), LIMITS);
    }

    /** The warden's process. */
    int wardenPid() throws Exception {
        return mechanism.wardens().warden().pid();
    }

    /** The worker's own group in the hierarchy that has a controller. */
    Path top(String controller) {
        return mechanism.cgroups().top(controller);
    }

    /** The worker's own groups in all hierarchies. */
    List<Path> tops() {
        return mechanism.cgroups().tops();
    }

    Path write(String where, Map<String, String> files) {
        try {
            Path place = Files.createDirectories(folder.resolve(where));
            for (Map.Entry<String, String> file : new HashMap<>(files).entrySet()) {
                Files.writeString(place.resolve(file.getKey()), file.getValue());
            }
            return place;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        mechanism.close();
    }

    private final class Written implements Packages {
        @Override
        public PackageInfo install(PackageId id) {
            return packages.get(id);
        }

        @Override
        public Optional<PackageInfo> installed(PackageId id) {
            return Optional.ofNullable(packages.get(id));
        }

        @Override
        public List<PackageInfo> closure(PackageId id, Set<PackageId> pins) {
            return List.of(packages.get(id));
        }

        @Override
        public Optional<ImportCost> cost(PackageId id) {
            return Optional.empty();
        }

        @Override
        public Collection<PackageInfo> all() {
            return List.copyOf(packages.values());
        }
    }
}
