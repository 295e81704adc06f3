package io.zygotes.sandbox.sock.network;

import io.zygotes.spi.NetworkRule;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.mechanism.MechanismContext.OutputSink;
import io.zygotes.spi.mechanism.Rounds;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * What holds sandboxes to their rules for the network. A cgroup that nobody enclosed has no network at all, so whoever
 * is forgotten is refused, and not let through. Safe for use by many threads.
 */
public final class NetworkWall implements AutoCloseable {

    private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");
    /** How often it is looked what names mean, in ms. Java itself asks for the same name once in 30 s. */
    private static final long LOOK_EVERY = 10_000;
    /** How often refusals are read, in ms. */
    private static final long READ_EVERY = 250;
    /** How long an address is kept that a name does not have any more. */
    private static final long KEPT_NANOS = TimeUnit.MINUTES.toNanos(10);
    /** How long a sandbox waits until the names of its rules are resolved for the first time, in ms. */
    private static final long NAMES_PATIENCE = 3_000;
    /** Counts all whose names came when there was no room for more. */
    private static final String OTHERS = "others";

    private final FilterMaps maps;
    private final GroupTable groups;
    private final RuleBook book;
    private final OutputSink output;

    private final Map<Long, Enclosed> enclosed = new HashMap<>();
    private final Map<String, Integer> accounts = new HashMap<>(Map.of(OTHERS, 0));
    private final Map<Integer, Told> told = new ConcurrentHashMap<>();
    private List<Integer> gone = new ArrayList<>();
    private int numbers;

    private final NameWatch watch;
    private final Thread reader;
    private volatile boolean closed;

    /** What a cgroup has. */
    private record Enclosed(NetworkRules rules, int number) {}

    /** Whom a refusal is told of. */
    private record Told(String sandbox, String label) {}

    private NetworkWall(
            FilterMaps maps, NameResolution resolution, List<NetworkRules> rules, OutputSink output, long lookEvery)
            throws IOException {
        this.maps = maps;
        this.output = output;
        groups = new GroupTable(maps);
        Set<String> names = new HashSet<>();
        rules.forEach(known -> names.addAll(names(known)));
        book = new RuleBook(maps, resolution.look(names));
        for (NetworkRules known : rules) {
            book.use(known); // they are there for the first sandbox, and stay
        }
        watch = new NameWatch(resolution, names, book::follow, lookEvery);
        reader = Rounds.start("network-refusals", "reading what network rules refused", this::readRefusals);
    }

    /**
     * Builds it around a cgroup and all that will be below it. Names are resolved before it returns.
     *
     * @param cgroup a folder of the version 2 hierarchy, in which no process is yet
     * @param known rules that are sure to be needed
     * @param output is told of refusals
     * @throws IOException if this kernel cannot do it, or does not let this process
     */
    public static NetworkWall around(Path cgroup, List<NetworkRules> known, OutputSink output) throws IOException {
        return around(
                cgroup,
                known,
                output,
                new NameResolution(RESOLV_CONF, InetAddress::getAllByName, KEPT_NANOS),
                LOOK_EVERY);
    }

    /** @param lookEvery how often it is looked what names mean, in ms */
    static NetworkWall around(
            Path cgroup, List<NetworkRules> known, OutputSink output, NameResolution resolution, long lookEvery)
            throws IOException {
        FilterMaps maps = KernelFilter.attach(cgroup);
        try {
            return new NetworkWall(maps, resolution, known, output, lookEvery);
        } catch (IOException e) {
            maps.close();
            throw e;
        }
    }

    /**
     * Whether this kernel has what it needs, as far as that can be seen without a cgroup.
     *
     * @throws IOException saying what it lacks
     */
    public static void tryOut() throws IOException {
        KernelFilter.tryOut();
    }

    private static Set<String> names(NetworkRules rules) {
        Set<String> names = new HashSet<>();
        for (NetworkRules.Layer layer : rules.layers()) {
            for (List<NetworkRule> list : List.of(layer.allow(), layer.deny())) {
                for (NetworkRule rule : list) {
                    if (rule.target() instanceof NetworkRule.Host host) {
                        names.add(host.name());
                    }
                }
            }
        }
        return names;
    }

    /**
     * There is a cgroup, without network until it gets rules. Said ahead, it spares {@link #enclose} a system call.
     *
     * @param cgroup its id: the number of its inode
     * @throws IOException if there is no room for one more
     */
    public synchronized void expect(long cgroup) throws IOException {
        requireOpen();
        groups.place(cgroup);
    }

    /** There is no such cgroup any more. */
    public void forget(long cgroup) throws IOException {
        leave(cgroup);
        synchronized (this) {
            if (!closed) {
                groups.remove(cgroup);
            }
        }
    }

    /**
     * Waits, for a while, until the names in rules mean something; called before {@link #enclose}.
     *
     * @throws InterruptedException if the calling thread is interrupted meanwhile
     */
    public void awaitNames(NetworkRules rules) throws InterruptedException {
        if (!book.knows(rules)) {
            watch.await(names(rules), NAMES_PATIENCE);
        }
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("the worker stops, and gives no sandbox rules for the network any more");
        }
    }

    /**
     * Gives a cgroup its rules, or other ones than it has. Whoever is in it, is held to them from now on.
     *
     * @param cgroup its id: the number of its inode
     * @param rules what is allowed there
     * @param sandbox the id of the sandbox that is, or will be, in it
     * @param label whose it is, for the log
     * @param account under which name its refusals are counted
     * @throws IOException if there is no room for the rules
     */
    public void enclose(long cgroup, NetworkRules rules, String sandbox, String label, String account)
            throws IOException {
        int rule = book.use(rules);
        boolean done = false;
        try {
            Enclosed before;
            synchronized (this) {
                requireOpen();
                int place = groups.place(cgroup);
                int number = ++numbers;
                told.put(number, new Told(sandbox, label));
                groups.set(place, rule, account(account), number);
                before = enclosed.put(cgroup, new Enclosed(rules, number));
                done = true;
            }
            forget(before);
        } finally {
            if (!done) {
                book.unuse(rules);
            }
        }
    }

    /** A cgroup has no network any more: nobody is in it. */
    public void leave(long cgroup) {
        Enclosed before;
        synchronized (this) {
            if (!closed) {
                groups.clear(cgroup);
            }
            before = enclosed.remove(cgroup);
        }
        forget(before);
    }

    private void forget(Enclosed before) {
        if (before != null) {
            book.unuse(before.rules());
            synchronized (this) {
                gone.add(before.number());
            }
        }
    }

    private int account(String name) {
        Integer known = accounts.get(name);
        if (known == null && accounts.size() < FilterMaps.MOST_ACCOUNTS) {
            known = accounts.size();
            accounts.put(name, known);
        }
        return known == null ? 0 : known;
    }

    /** How many refusals there were, by account; those of whom there were none are left out. */
    public Map<String, Long> refusals() throws IOException {
        Map<String, Integer> known;
        synchronized (this) {
            known = Map.copyOf(accounts);
        }
        Map<String, Long> counts = new TreeMap<>();
        for (Map.Entry<String, Integer> account : known.entrySet()) {
            byte[] count = maps.counts().get(RuleBook.word(account.getValue()));
            long number = count == null
                    ? 0
                    : ByteBuffer.wrap(count).order(ByteOrder.nativeOrder()).getLong();
            if (number > 0) {
                counts.put(account.getKey(), number);
            }
        }
        return counts;
    }

    private boolean readRefusals() throws IOException, InterruptedException {
        Thread.sleep(READ_EVERY);
        List<Integer> before;
        synchronized (this) {
            before = gone;
            gone = new ArrayList<>();
        }
        for (byte[] entry = maps.refusals().poll();
                entry != null;
                entry = maps.refusals().poll()) {
            Refusal refusal = Refusal.read(entry);
            Told whose = told.get(refusal.sandbox());
            if (whose != null) {
                output.line(whose.sandbox(), whose.label(), refusal.toString());
            }
        }
        // What they were refused before they were gone has been read.
        before.forEach(told::remove);
        return !closed;
    }

    /** Stops following and reading. What is in the kernel stays as long as the cgroup does. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        watch.close();
        reader.interrupt();
        try {
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        groups.close();
        maps.close();
    }
}
